"""The store -> what a list of all feeds shows of each, in a few queries however many feeds and entries there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, desc, func, or_, select

from . import schema as t
from .serialization import from_timestamp
from .store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySummary:
    """As much of an entry as a list shows."""

    id: str
    source: str
    title: str
    published: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """A feed at a glance."""

    entries: int
    newest: tuple[EntrySummary, ...]
    """Newest first."""
    months: tuple[tuple[str, int], ...]
    """How many entries each of the last months brought (`2020-06`, oldest first); months without any are left out."""


def get_feed_summaries(store: Store, each: int, months: int = 12) -> dict[str, FeedSummary]:
    """Every feed that has had an entry, by path: its `each` newest entries and its last `months` months, counted back
    from the newest month of any feed."""
    e = t.entries.c
    with store.read_transaction() as connection:
        newest = {row[0]: [id for id in row[1:] if id] for row in connection.execute(_newest(each))}
        wanted = {id for ids in newest.values() for id in ids}
        query = select(e.id, e.source, e.title, e.published).where(e.id.in_(wanted))
        found = {row.id: _headline(row.id, row.source, row.title, row.published) for row in connection.execute(query)}
        last = connection.execute(select(func.max(t.feed_months.c.month)).where(t.feed_months.c.entries > 0)).scalar()
        counted: dict[str, list[tuple[str, int]]] = defaultdict(list)
        if last:
            c = t.feed_months.c
            since = select(c.feed, c.month, c.entries).where(c.month > subtract_months(last, months), c.entries > 0)
            for feed, month, entries in connection.execute(since.order_by(c.feed, c.month)):
                counted[feed].append((month, entries))
        totals = dict(connection.execute(select(t.feeds.c.path, t.feeds.c.entries)).all())
    return {
        path: FeedSummary(
            entries=totals[path],
            newest=tuple(found[id] for id in ids if id in found),
            months=tuple(counted[path]),
        )
        for path, ids in newest.items()
    }


def get_copies(store: Store, id: str) -> tuple[EntrySummary, ...]:
    """The other entries that hold the same text as this one, oldest first: of them all, each feed shows one."""
    e = t.entries.c
    with store.read_transaction() as connection:
        first = connection.execute(select(e.repost_of).where(e.id == id)).scalar() or id
        same = select(e.id, e.source, e.title, e.published).where(
            or_(e.id == first, e.repost_of == first), e.id != id, e.withdrawn.is_(None)
        )
        return tuple(
            _headline(row.id, row.source, row.title, row.published)
            for row in connection.execute(same.order_by(e.published, e.id))
        )


def subtract_months(month: str, count: int) -> str:
    """The month that lies `count` months before: 2020-06 and 12 give 2019-06."""
    number = int(month[:4]) * 12 + int(month[5:7]) - 1 - count
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def _newest(each: int) -> Select[Any]:
    """A few steps down an index for each feed. A window function would read every member of every feed."""
    m = t.feed_members.c
    columns = [
        select(m.entry)
        .where(m.feed == t.feeds.c.path)
        .order_by(desc(m.published), desc(m.entry))
        .limit(1)
        .offset(place)
        .correlate(t.feeds)
        .scalar_subquery()
        .label(f"newest{place}")
        for place in range(each)
    ]
    return select(t.feeds.c.path, *columns)


def _headline(id: str, source: str, title: str, published: int) -> EntrySummary:
    return EntrySummary(id=id, source=source, title=title, published=from_timestamp(published))

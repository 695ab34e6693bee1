"""The store -> what lists show of feeds and entries: a few queries, however many feeds and entries there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, desc, func, or_, select

from ..model import FeedPath
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

    @classmethod
    def from_row(cls, row: Any) -> EntrySummary:
        """From a row of `entries`."""
        return cls(id=row.id, source=row.source, title=row.title, published=from_timestamp(row.published))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """As much of a feed as a list shows."""

    entries: int
    newest: tuple[EntrySummary, ...]
    """Newest first."""
    months: tuple[tuple[str, int], ...]
    """The number of entries of each of the last months (`2020-06`, oldest first); months without any are left out."""


def get_feed_summaries(store: Store, each: int, months: int = 12) -> dict[FeedPath, FeedSummary]:
    """Every feed that has ever had an entry, by path: its `each` newest entries, and its last `months` months.

    The months are counted back from the newest month of any feed.
    """
    c = t.feed_months.c
    with store.read_transaction() as connection:
        newest = {row[0]: [id for id in row[1:] if id] for row in connection.execute(_newest_query(each))}
        query = _summaries_query(t.entries.c.id.in_({id for ids in newest.values() for id in ids}))
        found = {row.id: EntrySummary.from_row(row) for row in connection.execute(query)}
        counts: dict[str, list[tuple[str, int]]] = defaultdict(list)
        last = connection.execute(select(func.max(c.month)).where(c.entries > 0)).scalar()
        if last:
            number = int(last[:4]) * 12 + int(last[5:7]) - 1 - months
            before = f"{number // 12:04d}-{number % 12 + 1:02d}"
            since = select(c.feed, c.month, c.entries).where(c.month > before, c.entries > 0)
            for feed, month, entries in connection.execute(since.order_by(c.feed, c.month)):
                counts[feed].append((month, entries))
        totals = dict(connection.execute(select(t.feeds.c.path, t.feeds.c.entries)).all())
    return {
        FeedPath.parse(path): FeedSummary(
            entries=totals[path],
            newest=tuple(found[id] for id in ids if id in found),
            months=tuple(counts[path]),
        )
        for path, ids in newest.items()
    }


def get_copies(store: Store, id: str) -> tuple[EntrySummary, ...]:
    """The other entries with the same text as this one, oldest first: feeds with several sources show one of them."""
    e = t.entries.c
    with store.read_transaction() as connection:
        original = connection.execute(select(e.repost_of).where(e.id == id)).scalar() or id
        query = _summaries_query(or_(e.id == original, e.repost_of == original), e.id != id, e.withdrawn.is_(None))
        return tuple(EntrySummary.from_row(row) for row in connection.execute(query.order_by(e.published, e.id)))


def _newest_query(each: int) -> Select[Any]:
    """A few steps down an index for each feed. A window function would read every member of every feed."""
    m = t.feed_members.c
    columns = [
        select(m.entry_id)
        .where(m.feed == t.feeds.c.path)
        .order_by(desc(m.published), desc(m.entry_id))
        .limit(1)
        .offset(number)
        .correlate(t.feeds)
        .scalar_subquery()
        .label(f"newest{number}")
        for number in range(each)
    ]
    return select(t.feeds.c.path, *columns)


def _summaries_query(*conditions: ColumnElement[bool]) -> Select[Any]:
    e = t.entries.c
    return select(e.id, e.source, e.title, e.published).where(*conditions)

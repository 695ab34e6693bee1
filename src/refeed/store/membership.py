"""An entry's places in feeds, and what moves with them: members, months, feed versions. Inside one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Dialect, Table, and_, delete, func, or_, select, tuple_

from . import schema as t
from .notifications import notify_change
from .serialization import to_timestamp

_CHUNK = 200
"""Rows of one multi-row statement: PostgreSQL and SQLite both take far more, and larger ones gain nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where an entry stands: the feeds it is in, and its position and size there."""

    feeds: frozenset[str]
    published: int = 0
    size_estimate: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any] | None, feeds: frozenset[str] = frozenset()) -> Placement:
        """The place of an entry's row that stands in these feeds; a row that is not there yet has none."""
        if row is None or not feeds:
            return IN_NO_FEED
        return cls(feeds=feeds, published=row["published"], size_estimate=row["weight"])


IN_NO_FEED = Placement(feeds=frozenset())


def month_of(published: int) -> str:
    """The calendar month (UTC) of an instant: `2020-06`."""
    return datetime.fromtimestamp(published, UTC).strftime("%Y-%m")


def month_bounds(month: str) -> tuple[int, int]:
    """First second of a month (`2020-06`, UTC), and first second after it."""
    year, number = int(month[:4]), int(month[5:7])
    first = datetime.fromisoformat(f"{year:04d}-{number:02d}-01T00:00:00+00:00")
    year, number = (year + 1, 1) if number == 12 else (year, number + 1)
    after = datetime.fromisoformat(f"{year:04d}-{number:02d}-01T00:00:00+00:00")
    return int(first.timestamp()), int(after.timestamp())


class MembershipWriter:
    """Collects moves and writes them at once with `flush`; `feeds` then names the feeds whose version moved."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = to_timestamp(now)
        self._gone: list[tuple[str, int, str]] = []
        self._there: dict[tuple[str, int, str], int] = {}
        self._entries: Counter[str] = Counter()
        self._months: Counter[tuple[str, ...]] = Counter()
        self.feeds: frozenset[str] = frozenset()

    def move(self, entry: str, old: Placement, new: Placement) -> None:
        """An entry that stood at `old` stands at `new`; every feed that holds or held it changes."""
        for feed in old.feeds:
            if feed not in new.feeds or old.published != new.published:
                self._gone.append((feed, old.published, entry))
            self._entries[feed] -= 1
            self._months[feed, month_of(old.published)] -= 1
        for feed in new.feeds:
            self._there[feed, new.published, entry] = new.size_estimate
            self._entries[feed] += 1
            self._months[feed, month_of(new.published)] += 1

    def touch_feed(self, feed: str) -> None:
        """A feed changes though no entry moved in it."""
        self._entries[feed] += 0

    def flush(self) -> int:
        """Write it all; returns the revision that the change got (the last one when nothing changed)."""
        self.feeds = frozenset(self._entries)
        if not self.feeds:
            return self._revision(0)
        revision = self._revision(1)
        for start in range(0, len(self._gone), _CHUNK):
            self._connection.execute(
                delete(t.feed_members).where(or_(*map(_member, self._gone[start : start + _CHUNK])))
            )
        there = [
            {"feed": feed, "published": published, "entry": entry, "weight": weight}
            for (feed, published, entry), weight in self._there.items()
        ]
        upsert(self._connection, t.feed_members, there)
        self._count(t.feeds, ("path",), {(feed,): count for feed, count in self._entries.items()}, revision)
        self._count(t.feed_months, ("feed", "month"), self._months, revision)
        notify_change(self._connection, revision)
        return revision

    def _revision(self, step: int) -> int:
        query = select(t.meta.c.value).where(t.meta.c.name == "revision")
        revision = int(self._connection.execute(query).scalar_one_or_none() or 0) + step
        if step:
            upsert(self._connection, t.meta, [{"name": "revision", "value": str(revision)}])
        return revision

    def _count(self, table: Table, key: tuple[str, ...], counts: Mapping[tuple[str, ...], int], revision: int) -> None:
        names = [table.c[name] for name in key]
        before: dict[tuple[str, ...], tuple[int, int]] = {}
        rows, keys = [], list(counts)
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            wanted = or_(*(and_(*(n == v for n, v in zip(names, values, strict=True))) for values in chunk))
            query = select(*names, table.c.entries, table.c.changed).where(wanted)
            before |= {tuple(row)[: len(key)]: (row.entries, row.changed) for row in self._connection.execute(query)}
        for values, count in sorted(counts.items()):
            entries, changed = before.get(values, (0, 0))
            # Last-Modified never goes back, whatever the clock does.
            row = {"entries": entries + count, "version": revision, "changed": max(self._now, changed)}
            rows.append(dict(zip(key, values, strict=True)) | row)
        upsert(self._connection, table, rows)


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace what they name in those with the same key. All name the same columns, in one order."""
    if not rows:
        return
    sql, places = _insert(connection.dialect, table, tuple(rows[0]))
    # Past SQLAlchemy, which looks at each value of each row: a third of its time with thousands of small rows.
    values = [tuple(map(row.__getitem__, places)) for row in rows] if places else list(rows)
    connection.exec_driver_sql(sql, values)


@lru_cache(maxsize=32)
def _insert(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The statement in the driver's own words, and the order of its values; none where they go by name."""
    keys = [column.name for column in table.primary_key]
    statement = import_module(f"sqlalchemy.dialects.{dialect.name}").insert(table)
    others = {name: statement.excluded[name] for name in columns if name not in keys}
    if others:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=others)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(columns))
    return str(compiled), tuple(compiled.positiontup or ())


def _member(key: tuple[str, int, str]) -> Any:
    feed, published, entry = key
    return and_(t.feed_members.c.feed == feed, t.feed_members.c.published == published, t.feed_members.c.entry == entry)


# How many dumps came out how: counted as they are recorded. To count them anew takes longer the more there are.

ALL_FILES = ""
"""Stands for a source in the count of files, whose source may not be known; no source is called so."""


class OutcomeCounters:
    """Collects what is to be counted, inside one transaction, and writes it at once with `flush`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._counts: Counter[tuple[str, str]] = Counter()
        self._seen: dict[tuple[str, str], int] = {}

    def count_file(self, old: str | None, new: str | None) -> None:
        """A file that came out one way comes out another; None where it was not known, or is so no longer."""
        for outcome, step in ((old, -1), (new, 1)):
            if outcome is not None:
                self._counts[ALL_FILES, outcome] += step

    def count_dump(self, source: str, outcome: str, seen: int) -> None:
        """A dump of an entry of this source is there now; `seen` is when it was first seen."""
        self._counts[source, outcome] += 1
        self._seen[source, outcome] = max(seen, self._seen.get((source, outcome), 0))

    def move_entries(self, moves: Mapping[str, tuple[str, str]]) -> None:
        """Entries, by id, with all dumps that they have, are of another source: (old, new)."""
        for entry, outcome, count, seen in self._dumps(moves):
            old, new = moves[entry]
            self._counts[old, outcome] -= count
            self._counts[new, outcome] += count
            self._seen[new, outcome] = max(seen, self._seen.get((new, outcome), 0))

    def remove_entries(self, source: str, entries: Iterable[str]) -> None:
        """Entries of a source are about to go, with all dumps that they have."""
        for _, outcome, count, _ in self._dumps(entries):
            self._counts[source, outcome] -= count

    def flush(self) -> None:
        """Write what was collected."""
        table = t.outcome_counts.c
        keys = sorted(key for key in self._counts if self._counts[key] or key in self._seen)
        if not keys:
            return
        query = select(t.outcome_counts).where(tuple_(table.source, table.outcome).in_(keys))
        before = {(row.source, row.outcome): row for row in self._connection.execute(query)}
        rows = []
        for source, outcome in keys:
            old = before.get((source, outcome))
            dumps = self._counts[source, outcome] + (old.dumps if old else 0)
            seen = max(self._seen.get((source, outcome), 0), old.seen if old else 0)
            rows.append({"source": source, "outcome": outcome, "dumps": dumps, "seen": seen})
        upsert(self._connection, t.outcome_counts, rows)

    def _dumps(self, entries: Iterable[str]) -> list[tuple[str, str, int, int]]:
        ids = list(entries)
        if not ids:
            return []
        o = t.dumps.c
        query = select(o.entry, o.outcome, func.count(), func.max(o.seen)).where(o.entry.in_(ids))
        return [tuple(row) for row in self._connection.execute(query.group_by(o.entry, o.outcome))]

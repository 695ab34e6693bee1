"""What moves with entries: the members of feeds, the versions of feeds and months, and the counts of dumps by outcome.

Changes are collected and then written at once by `flush`, inside the caller's transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, Table, and_, delete, func, or_, select, tuple_

from ..clock import month_of
from ..model import FeedPath
from . import schema as t
from .database import upsert
from .notifications import notify_change
from .rows import EntryRow
from .schema import ALL_FILES
from .serialization import from_timestamp, to_timestamp

_CHUNK = 200
"""Rows of one multi-row statement: PostgreSQL and SQLite both take far more, and larger ones gain nothing."""
REVISION_KEY = "revision"
"""The fact in `meta` that counts the changes of all feeds; a feed's version is the revision that last changed it."""


class MembershipWriter:
    """Collects moves of entries between feeds and writes them with `flush`; `feeds` then names the changed feeds."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = to_timestamp(now)
        self._removed: list[tuple[FeedPath, int, str]] = []
        self._added: dict[tuple[FeedPath, int, str], int] = {}
        self._entries: Counter[FeedPath] = Counter()
        self._months: Counter[tuple[str, ...]] = Counter()
        self.feeds: frozenset[FeedPath] = frozenset()

    def move(
        self, old: EntryRow | None, old_feeds: frozenset[FeedPath], new: EntryRow, new_feeds: frozenset[FeedPath]
    ) -> None:
        """Take an entry out of `old_feeds`, put it into `new_feeds`; all of them change. A new entry has no `old`."""
        if old is not None:
            for feed in old_feeds:
                if feed not in new_feeds or old.published != new.published:
                    self._removed.append((feed, old.published, old.id))
                self._entries[feed] -= 1
                self._months[str(feed), month_of(from_timestamp(old.published))] -= 1
        for feed in new_feeds:
            self._added[feed, new.published, new.id] = new.size_estimate
            self._entries[feed] += 1
            self._months[str(feed), month_of(from_timestamp(new.published))] += 1

    def touch_feed(self, feed: FeedPath) -> None:
        """Change a feed in which no entry moves."""
        self._entries[feed] += 0

    def flush(self) -> int:
        """Write everything; returns the revision of the change (the last one when nothing changed)."""
        self.feeds = frozenset(self._entries)
        query = select(t.meta.c.value).where(t.meta.c.name == REVISION_KEY)
        revision = int(self._connection.execute(query).scalar_one_or_none() or 0)
        if not self.feeds:
            return revision
        revision += 1
        upsert(self._connection, t.meta, [{"name": REVISION_KEY, "value": str(revision)}])
        m = t.feed_members.c
        for start in range(0, len(self._removed), _CHUNK):
            chunk = self._removed[start : start + _CHUNK]
            members = (and_(m.feed == str(feed), m.published == time, m.entry_id == id) for feed, time, id in chunk)
            self._connection.execute(delete(t.feed_members).where(or_(*members)))
        added = [
            {"feed": str(feed), "published": published, "entry_id": id, "size_estimate": size}
            for (feed, published, id), size in self._added.items()
        ]
        upsert(self._connection, t.feed_members, added)
        self._count(t.feeds, ("path",), {(str(feed),): count for feed, count in self._entries.items()}, revision)
        self._count(t.feed_months, ("feed", "month"), self._months, revision)
        notify_change(self._connection, revision)
        return revision

    def _count(self, table: Table, key: tuple[str, ...], counts: Mapping[tuple[str, ...], int], revision: int) -> None:
        """Add to the counts of entries in `feeds` or `feed_months`, and give those rows the new version."""
        columns = [table.c[name] for name in key]
        before: dict[tuple[str, ...], tuple[int, int]] = {}
        keys = list(counts)
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            wanted = or_(*(and_(*(c == v for c, v in zip(columns, values, strict=True))) for values in chunk))
            query = select(*columns, table.c.entries, table.c.changed).where(wanted)
            before |= {tuple(row)[: len(key)]: (row.entries, row.changed) for row in self._connection.execute(query)}
        rows = []
        for values, count in sorted(counts.items()):
            entries, changed = before.get(values, (0, 0))
            # Last-Modified never goes back, even when the clock does.
            row = {"entries": entries + count, "version": revision, "changed": max(self._now, changed)}
            rows.append(dict(zip(key, values, strict=True)) | row)
        upsert(self._connection, table, rows)


class OutcomeCounters:
    """Collects changes of the counts of files and dumps by outcome, and writes them with `flush`.

    Counters, because the time to count the rows grows with what is stored.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._counts: Counter[tuple[str, str]] = Counter()
        self._last_seen: dict[tuple[str, str], int] = {}

    def count_file(self, old: str | None, new: str | None) -> None:
        """Count a file whose outcome changes; None for a file that was unknown, or is forgotten."""
        for outcome, step in ((old, -1), (new, 1)):
            if outcome is not None:
                self._counts[ALL_FILES, outcome] += step

    def count_dump(self, source: str, outcome: str, first_seen: int) -> None:
        """Count a new dump of an entry of this source."""
        self._counts[source, outcome] += 1
        self._see(source, outcome, first_seen)

    def move_entries(self, moves: Mapping[str, tuple[str, str]]) -> None:
        """Count all dumps of entries, by id, under another source: (old, new)."""
        for id, outcome, count, seen in self._count_dumps(moves):
            old, new = moves[id]
            self._counts[old, outcome] -= count
            self._counts[new, outcome] += count
            self._see(new, outcome, seen)

    def remove_entries(self, source: str, ids: Iterable[str]) -> None:
        """Stop counting all dumps of entries of a source. Call it before the dumps are deleted."""
        for _, outcome, count, _ in self._count_dumps(ids):
            self._counts[source, outcome] -= count

    def flush(self) -> None:
        """Write everything."""
        keys = sorted(key for key in self._counts if self._counts[key] or key in self._last_seen)
        if not keys:
            return
        c = t.outcome_counts.c
        query = select(t.outcome_counts).where(tuple_(c.source, c.outcome).in_(keys))
        before = {(row.source, row.outcome): row for row in self._connection.execute(query)}
        rows = []
        for key in keys:
            old = before.get(key)
            dumps = self._counts[key] + (old.dumps if old else 0)
            last_seen = max(self._last_seen.get(key, 0), old.last_seen if old else 0)
            rows.append({"source": key[0], "outcome": key[1], "dumps": dumps, "last_seen": last_seen})
        upsert(self._connection, t.outcome_counts, rows)

    def _see(self, source: str, outcome: str, seen: int) -> None:
        self._last_seen[source, outcome] = max(seen, self._last_seen.get((source, outcome), 0))

    def _count_dumps(self, ids: Iterable[str]) -> list[tuple[str, str, int, int]]:
        """Entry, outcome, number of dumps, when the last of them was first seen."""
        d = t.dumps.c
        query = select(d.entry_id, d.outcome, func.count(), func.max(d.first_seen)).where(d.entry_id.in_(list(ids)))
        return [tuple(row) for row in self._connection.execute(query.group_by(d.entry_id, d.outcome))]

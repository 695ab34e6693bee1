"""Changed rows of entries -> everything in the store that follows from the change, in the caller's transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, Table, and_, delete, func, or_, select, tuple_

from ..clock import month_of
from ..model import ALL_FEED, FeedPath
from . import schema as t
from .database import upsert
from .postgres import notify_change
from .repost_links import OriginalFinder, update_band_index, update_reposts
from .rows import EntryRow
from .schema import ALL_FILES
from .serialization import decode_labels, from_timestamp, to_timestamp

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


def apply_changes(
    connection: Connection,
    before: Mapping[str, EntryRow],
    after: Mapping[str, EntryRow],
    now: datetime,
    find_original: OriginalFinder | None,
) -> frozenset[FeedPath]:
    """Write entries, new or changed, and what follows from that; returns the feeds whose version grew.

    Every change of an entry that a reader may see goes through here: a dump is ingested, rules or topics change,
    an entry is withdrawn, restored, made private or deleted.

        before, after       rows of `entries` by id; a new entry is in `after` alone
              |
              v
        update_reposts      repost_of, repost_links      which entry has its text from which (with `find_original`)
        update_band_index   minhash_bands                where the next entry with the same text finds this one
              |
              v             with the entries whose reposts changed, and those whose visibility depends on them
        resolve_visibility  (no row)                     the feeds that show each entry: before, and from now on
              |
              +-> OutcomeCounters    outcome_counts      the dumps of an entry whose source is another one now
              +-> MembershipWriter   feed_members        entries leave feeds, join them, or change their place
              |                      feeds, feed_months  entries counted, version, time of the change
              |                      meta.revision       one higher; PostgreSQL notifies the other machines
              v
        entries             the rows themselves, with the new revision
    """
    old, new = dict(before), dict(after)  # update_reposts adds to both
    if find_original is not None:
        update_reposts(connection, old, new, find_original)
    update_band_index(connection, before, after)

    related = _load_related(connection, old, new)
    old_feeds, new_feeds = resolve_visibility(related | old), resolve_visibility(related | new)

    moves = {id: (old[id].source, row.source) for id, row in new.items() if id in old and old[id].source != row.source}
    if moves:
        counters = OutcomeCounters(connection)
        counters.move_entries(moves)
        counters.flush()

    members = MembershipWriter(connection, now)
    for id, row in new.items():
        members.move(old.get(id), old_feeds.get(id, frozenset()), row, new_feeds[id])
    for id, row in related.items():
        members.move(row, old_feeds[id] - new_feeds[id], row, new_feeds[id] - old_feeds[id])
    revision = members.flush()
    upsert(connection, t.entries, [row._replace(revision=revision)._asdict() for row in new.values()])
    return members.feeds


def resolve_visibility(rows: Mapping[str, EntryRow]) -> dict[str, frozenset[FeedPath]]:
    """The feeds that show each entry; none for a withdrawn one. `rows` holds all entries that repeat each other's text.

    Of entries with the same text every feed shows one: the original where it can. A repost is hidden where its
    original is shown, and only there. Where the original does not belong, because its labels are others, the first of
    its reposts is shown. The feed of its own source shows every entry.
    """
    reposts = defaultdict(list)
    for row in sorted(rows.values(), key=lambda row: (row.published, row.id)):
        if row.repost_of:
            reposts[row.repost_of].append(row.id)
    feeds = {id: _feeds_of(row) for id, row in rows.items()}
    # A repost may itself have reposts: the feeds of an original are settled before those of its reposts.
    waiting = [id for id in reposts if id not in rows or not rows[id].repost_of]
    while waiting:
        original = waiting.pop()
        taken = feeds.get(original, frozenset())
        for id in reposts[original]:
            feeds[id] -= taken - {FeedPath("source", rows[id].source)}
            taken |= feeds[id]
            if id in reposts:
                waiting.append(id)
    return feeds


def _feeds_of(row: EntryRow) -> frozenset[FeedPath]:
    """The feeds of an entry by its source and its labels alone."""
    if row.withdrawn is not None:
        return frozenset()
    own = FeedPath("source", row.source)
    if row.private:
        return frozenset({own})
    return frozenset({ALL_FEED, own, *(FeedPath("topic", label.topic) for label in decode_labels(row.labels))})


def _load_related(
    connection: Connection, old: Mapping[str, EntryRow], new: Mapping[str, EntryRow]
) -> dict[str, EntryRow]:
    """Entries beyond these whose visibility depends on them: what they repost, what reposts them, and so on."""
    e = t.entries.c
    originals = {row.repost_of for row in (*old.values(), *new.values()) if row.repost_of} - new.keys()
    related: dict[str, EntryRow] = {}
    fresh = set(new) | originals
    while fresh:
        query = select(t.entries).where(or_(e.repost_of.in_(fresh), e.id.in_(originals)))
        known = related.keys() | new.keys()
        more = {row.id: EntryRow._make(row) for row in connection.execute(query) if row.id not in known}
        related |= more
        originals = {row.repost_of for row in more.values() if row.repost_of} - related.keys() - new.keys()
        fresh = (more.keys() | originals) - fresh
    return related

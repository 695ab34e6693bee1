"""Changed rows of entries -> all rows that depend on them (reposts, feeds, counters), in the caller's transaction.

`apply_changes` makes the whole change. The functions that it calls follow in the order of its diagram.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, or_, select

from ..clock import month_of
from ..model import ALL_FEED, FeedPath
from . import schema
from .database import upsert
from .rows import EntryRow
from .schema import ALL_FILES
from .serialization import (
    RepostCandidate,
    decode_bands,
    decode_entry,
    decode_labels,
    encode_json,
    from_timestamp,
    label_feed,
    to_timestamp,
)

CORRECTED_KEY = "corrected"
"""Key in `meta` of the time at which an entry last left what had been published, or came back to it."""
REVISION_KEY = "revision"
"""Key in `meta` of the number of changes so far. A feed's version is that number at its last change."""
_BANDS_CHUNK = 500
"""Bands in one query. PostgreSQL and SQLite accept far more, but longer statements are no faster."""
_PERIOD = 32 * 24 * 3600
"""Seconds in a period. The same text is searched for in the period of publication and in the two beside it."""
_PERIOD_STEP = 1 << 48
"""Distance between the keys of successive periods. A band has 48 bits."""
_BY_BAND = "SELECT band, entry_id FROM minhash_bands WHERE band IN (%s)"
"""The numbers are written into the statement: binding each as a parameter takes five times as long."""

OriginalFinder = Callable[[RepostCandidate, Sequence[RepostCandidate]], "str | None"]
"""(entry, entries that may have the same text) -> id of the entry that it repeats; None when it repeats no entry."""


def apply_changes(
    connection: Connection,
    before: Mapping[str, EntryRow],
    after: Mapping[str, EntryRow],
    now: datetime,
    find_original: OriginalFinder | None,
) -> frozenset[FeedPath]:
    """Write new and changed entries with all rows that depend on them; returns the feeds whose version increased.

    Every visible change of an entry goes through this function: a dump is ingested, rules or topics change,
    an entry is withdrawn, restored, made private or deleted.

        before, after       rows of `entries` by id; a new entry is only in `after`
              |
              v
        _update_reposts     repost_of, repost_links      which entry repeats which (if `find_original` is given)
        _update_band_index  minhash_bands                the index by which later entries find the same text
              |
              v             also for entries whose reposts changed, and entries whose visibility depends on them
        _resolve_visibility (no row)                     the feeds that show each entry, before and after
              |
              +-> OutcomeCounters    outcome_counts      the dumps of an entry whose source changed
              +-> MembershipWriter   feed_members        entries leave feeds, join them, or change their position
              |                      feeds, feed_months  number of entries, version, time of the change
              |                      meta.revision       increased by one; PostgreSQL notifies the other machines
              v
        entries             the rows themselves, with the new revision
        search_changes      the search index has to read the entries again
        story_changes       the stories have to be joined again
    """
    old, new = dict(before), dict(after)
    if find_original is not None:
        _update_reposts(connection, old, new, find_original)  # adds entries to both
    _update_band_index(connection, before, after)

    related = _load_related(connection, old, new)
    old_feeds, new_feeds = _resolve_visibility(related | old), _resolve_visibility(related | new)

    counters = OutcomeCounters(connection)
    counters.move_entries({id: (old[id].source, row.source) for id, row in new.items() if id in old})
    counters.flush()

    members = MembershipWriter(connection, now)
    for id, row in new.items():
        members.move(old.get(id), old_feeds.get(id, frozenset()), row, new_feeds[id])
    for id, row in related.items():
        members.move(row, old_feeds[id] - new_feeds[id], row, new_feeds[id] - old_feeds[id])
    revision = members.flush()

    upsert(connection, schema.entries, [row._replace(revision=revision)._asdict() for row in new.values()])
    for log in (schema.search_changes, schema.story_changes):
        upsert(connection, log, [{"entry_id": id, "revision": revision} for id in new])
    return members.feeds


def load_entries(
    connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None
) -> dict[str, EntryRow]:
    """Rows of `entries` by id. The query must select all columns; `values` are its parameters."""
    return {row.id: EntryRow._make(row) for row in connection.execute(query, values)}


def _update_reposts(
    connection: Connection, old: dict[str, EntryRow], new: dict[str, EntryRow], find_original: OriginalFinder
) -> None:
    """Find the originals of the `new` entries, and of the stored entries that may have the same text.

    Stored entries that change are added to `old` (as they were) and `new` (as they are now).
    """
    entry = schema.entries.c
    same_link = _load_same_link(connection, [*old.values(), *new.values()], new)
    old.update(same_link)
    new.update(same_link)
    near = _find_near(connection, new, new)
    related = {other for others in near.values() for other in others}
    related |= {row.repost_of for row in new.values() if row.repost_of}
    related |= set(connection.execute(select(entry.id).where(entry.repost_of.in_(list(new)))).scalars())
    if not related and not same_link:
        return
    stored = load_entries(connection, select(schema.entries).where(entry.id.in_(list(related - new.keys()))))
    near |= _find_near(connection, stored, new)
    known = stored | new
    distant = {other for others in near.values() for other in others} - known.keys()
    known |= load_entries(connection, select(schema.entries).where(entry.id.in_(list(distant))))
    with_link = [row for id, row in known.items() if row.link_id and id not in new]
    known |= _load_same_link(connection, with_link, known)
    first_of_link = _find_first_of_link(known.values())
    changed = dict(new)
    for id in [*new, *stored]:
        row = known[id]
        candidate = _to_candidate(row)
        # A text is never the repost of one that is hidden for its link: two entries would hide each other.
        names = [name for name in near.get(id, ()) if name in known and name not in first_of_link]
        others = [other for name in names if (other := _to_candidate(known[name]))]
        original = first_of_link.get(id)
        if original is None and candidate and others:
            original = find_original(candidate, others)
        if original != row.repost_of:
            changed[id] = row._replace(repost_of=original)
    _update_links(connection, known, changed)
    for id, row in changed.items():
        if id not in new:
            old[id] = known[id]
        new[id] = row
    for id, row in same_link.items():
        if new[id] == row:
            del old[id], new[id]


def _load_same_link(connection: Connection, rows: Sequence[EntryRow], known: Collection[str]) -> dict[str, EntryRow]:
    """Stored entries that have a link in common with one of `rows`, without those in `known`."""
    entry = schema.entries.c
    owners = {row.link_id for row in rows if row.link_id}
    conditions = [entry.link_id.in_(owners | {row.id for row in rows}), entry.id.in_(owners)]
    found: dict[str, EntryRow] = {}
    for condition in conditions[: 1 + bool(owners)]:
        found |= load_entries(connection, select(schema.entries).where(condition))
    return {id: row for id, row in found.items() if id not in known}


def _find_first_of_link(rows: Iterable[EntryRow]) -> dict[str, str]:
    """The entry that other sources' feeds show of each link, by the entries that it hides: the link's owner, or the
    first that was published."""
    by_link = defaultdict(list)
    for row in rows:
        if row.withdrawn is None and not row.private:
            by_link[row.link_id or row.id].append(row)
    hidden = {}
    for link_id, group in by_link.items():
        first = min(group, key=lambda row: (row.id != link_id, row.published, row.id))
        hidden.update({row.id: first.id for row in group if row.source != first.source})
    return hidden


def _update_links(connection: Connection, known: Mapping[str, EntryRow], changed: dict[str, EntryRow]) -> None:
    """Set the links of the entries that repeat each original. Adds the originals that change to `changed`."""
    originals = {row.repost_of for row in changed.values()} | {known[id].repost_of for id in changed}
    originals |= {id for id, row in changed.items() if row.repost_links != "[]"}
    for original in known.keys() & originals:
        stored = load_entries(connection, select(schema.entries).where(schema.entries.c.repost_of == original))
        rows = stored | dict(known) | changed
        reposts = [row for row in rows.values() if row.repost_of == original and _to_candidate(row)]
        row = changed.get(original, known[original])
        found = {decode_entry(each.payload, each.published, each.updated).link for each in reposts}
        own = {decode_entry(row.payload, row.published, row.updated).link} if found else set()
        links = encode_json(sorted(found - own))
        if row.repost_links != links:
            changed[original] = row._replace(repost_links=links)


def _to_candidate(row: EntryRow) -> RepostCandidate | None:
    """The entry for the detection of reposts; None when it is withdrawn or its text is too short."""
    if row.withdrawn is not None or row.minhash is None:
        return None
    return RepostCandidate(id=row.id, source=row.source, published=from_timestamp(row.published), minhash=row.minhash)


def _find_near(
    connection: Connection, rows: Mapping[str, EntryRow], new: Mapping[str, EntryRow]
) -> dict[str, set[str]]:
    """Find the entries that share a band with each of `rows`: in `new` by their rows, otherwise by the index."""
    ids_by_band: dict[int, list[str]] = defaultdict(list)
    for id, row in rows.items():
        for band in _band_keys(row):
            for key in (band - _PERIOD_STEP, band, band + _PERIOD_STEP):
                ids_by_band[key].append(id)
    pairs = [(band, other) for other, row in new.items() for band in _band_keys(row) if band in ids_by_band]
    keys = list(ids_by_band)
    for start in range(0, len(keys), _BANDS_CHUNK):
        bands = keys[start : start + _BANDS_CHUNK]
        indexed = connection.exec_driver_sql(_BY_BAND % ",".join(map(str, bands)))
        pairs += [(band, other) for band, other in indexed if other not in new]
    near: dict[str, set[str]] = defaultdict(set)
    for band, other in pairs:
        for id in ids_by_band[band]:
            if id != other:
                near[id].add(other)
    return near


def _update_band_index(connection: Connection, before: Mapping[str, EntryRow], after: Mapping[str, EntryRow]) -> None:
    """Update the index of entries by their bands.

    The keys are grouped by publication time. New entries therefore go into one small part of the index, however large
    it is, and a search covers only entries that were published around the same time.
    """
    removed, added = [], []
    for id, row in after.items():
        old = _band_keys(before[id]) if id in before else []
        new = _band_keys(row)
        if old != new:
            removed += [{"old_band": band, "old_entry": id} for band in old]
            added += [{"band": band, "entry_id": id} for band in new]
    index = schema.minhash_bands.c
    if removed:
        is_removed = and_(index.band == bindparam("old_band"), index.entry_id == bindparam("old_entry"))
        connection.execute(delete(schema.minhash_bands).where(is_removed), removed)
    upsert(connection, schema.minhash_bands, added)


def _band_keys(row: EntryRow) -> list[int]:
    period = row.published // _PERIOD * _PERIOD_STEP
    return [period + band for band in decode_bands(row.minhash_bands)]


def _load_related(
    connection: Connection, old: Mapping[str, EntryRow], new: Mapping[str, EntryRow]
) -> dict[str, EntryRow]:
    """Other entries whose visibility depends on these: their originals, their reposts, and so on."""
    entry = schema.entries.c
    originals = {row.repost_of for row in (*old.values(), *new.values()) if row.repost_of} - new.keys()
    related: dict[str, EntryRow] = {}
    unexplored = set(new) | originals
    while unexplored:
        query = select(schema.entries).where(or_(entry.repost_of.in_(unexplored), entry.id.in_(originals)))
        more = {id: row for id, row in load_entries(connection, query).items() if id not in related and id not in new}
        related |= more
        originals = {row.repost_of for row in more.values() if row.repost_of} - related.keys() - new.keys()
        unexplored = (more.keys() | originals) - unexplored
    return related


def _resolve_visibility(rows: Mapping[str, EntryRow]) -> dict[str, frozenset[FeedPath]]:
    """The feeds that show each entry; a withdrawn entry is in no feed.

    `rows` must contain all entries with the same text. Every feed shows one of them: the original if it belongs to
    the feed, otherwise (the labels differ) the first repost that does. The feed of a source shows all entries of
    that source.
    """
    reposts = defaultdict(list)
    for row in sorted(rows.values(), key=lambda row: (row.published, row.id)):
        if row.repost_of:
            reposts[row.repost_of].append(row.id)
    feeds = {id: _list_feeds(row) for id, row in rows.items()}
    # A repost may itself have reposts: the feeds of an original are resolved before those of its reposts.
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


def _list_feeds(row: EntryRow) -> frozenset[FeedPath]:
    """The feeds that an entry belongs to by its source and labels, before reposts are hidden."""
    if row.withdrawn is not None:
        return frozenset()
    own = FeedPath("source", row.source)
    if row.private:
        return frozenset({own})
    return frozenset({ALL_FEED, own, *map(label_feed, decode_labels(row.labels))})


class OutcomeCounters:
    """Collects changes in the numbers of files and dumps by outcome, and writes them with `flush`.

    The numbers are stored, because the time to count all rows grows with the store.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._counts: Counter[tuple[str, str]] = Counter()
        self._last_seen: dict[tuple[str, str], int] = {}

    def count_file(self, old: str | None, new: str | None) -> None:
        """Count a file whose outcome changes. `old` is None for a new file, `new` is None for a forgotten file."""
        for outcome, step in ((old, -1), (new, 1)):
            if outcome is not None:
                self._counts[ALL_FILES, outcome] += step

    def count_dumps(self, source: str, outcome: str, count: int, last_seen: int) -> None:
        """Count new dumps of a source; `last_seen` is when the last of them was first seen."""
        key = source, outcome
        self._counts[key] += count
        self._last_seen[key] = max(last_seen, self._last_seen.get(key, 0))

    def move_entries(self, moves: Mapping[str, tuple[str, str | None]]) -> None:
        """Move the counts of the entries' dumps from the old source to the new one: {id: (old, new)}.

        `new` is None when the dumps are to be deleted.
        """
        ids = [id for id, (old, new) in moves.items() if old != new]
        if not ids:
            return
        dump = schema.dumps.c
        query = select(dump.entry_id, dump.outcome, func.count(), func.max(dump.first_seen)).where(
            dump.entry_id.in_(ids)
        )
        for id, outcome, count, last_seen in self._connection.execute(query.group_by(dump.entry_id, dump.outcome)):
            old, new = moves[id]
            self._counts[old, outcome] -= count
            if new is not None:
                self.count_dumps(new, outcome, count, last_seen)

    def flush(self) -> None:
        """Write the collected changes."""
        keys = sorted(key for key in self._counts if self._counts[key] or key in self._last_seen)
        rows = [
            {"source": source, "outcome": outcome, "dumps": self._counts[source, outcome]}
            | {"last_seen": self._last_seen.get((source, outcome), 0)}
            for source, outcome in keys
        ]
        upsert(self._connection, schema.outcome_counts, rows, add=("dumps",), greatest=("last_seen",))


class MembershipWriter:
    """Collects moves of entries between feeds. `flush` writes them and sets `feeds` to the changed feeds."""

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
        """Move an entry from `old_feeds` to `new_feeds`, all of which change. `old` is None for a new entry."""
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
        """Mark a feed as changed although no entry moves."""
        self._entries[feed] += 0

    def flush(self) -> int:
        """Write the collected changes; returns the new revision, or the last one when nothing changed."""
        self.feeds = frozenset(self._entries)
        query = select(schema.meta.c.value).where(schema.meta.c.name == REVISION_KEY)
        revision = int(self._connection.execute(query).scalar_one_or_none() or 0)
        if not self.feeds:
            return revision
        revision += 1
        upsert(self._connection, schema.meta, [{"name": REVISION_KEY, "value": str(revision)}])
        member = schema.feed_members.c
        if self._removed:
            names = ("feed", "published", "entry_id")
            statement = delete(schema.feed_members).where(*(member[name] == bindparam(f"old_{name}") for name in names))
            self._connection.execute(
                statement,
                [
                    {"old_feed": str(feed), "old_published": published, "old_entry_id": id}
                    for feed, published, id in self._removed
                ],
            )
        added = [
            {"feed": str(feed), "published": published, "entry_id": id, "size_estimate": size}
            for (feed, published, id), size in self._added.items()
        ]
        upsert(self._connection, schema.feed_members, added)
        # Last-Modified increases with every change, even when the clock goes back or two changes fall into one
        # second: a reader that sends only If-Modified-Since would get 304 for what it does not have.
        state = {"version": revision, "changed": self._now}
        feeds = [{"path": str(feed), "entries": count} | state for feed, count in sorted(self._entries.items())]
        months = [
            {"feed": feed, "month": month, "entries": count} | state
            for (feed, month), count in sorted(self._months.items())
        ]
        for table, rows in ((schema.feeds, feeds), (schema.feed_months, months)):
            upsert(self._connection, table, rows, add=("entries",), later=("changed",))
        return revision

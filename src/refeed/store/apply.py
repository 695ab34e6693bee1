"""Changed rows of entries -> everything in the store that follows from the change, in the caller's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, or_, select

from ..model import ALL_FEED, FeedPath
from . import schema as t
from .database import upsert
from .membership import MembershipWriter, OutcomeCounters
from .repost_links import OriginalFinder, update_band_index, update_reposts
from .rows import EntryRow
from .serialization import decode_labels


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

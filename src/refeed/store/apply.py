"""Entries as they were and as they are to be -> rows, with all that moves with them, inside one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from . import schema as t
from .membership import IN_NO_FEED, MembershipWriter, OutcomeCounters, Placement, upsert
from .repost_links import OriginalFinder, update_band_index, update_reposts
from .serialization import decode_labels

Row = dict[str, Any]


def apply_changes(
    connection: Connection,
    before: Mapping[str, Row],
    after: Mapping[str, Row],
    now: datetime,
    judge: OriginalFinder | None,
) -> frozenset[str]:
    """Write entries, and move them to their places in feeds; returns the feeds whose version moved.

    Entries that share a text with one of these move with it: in each feed one of them is shown.
    """
    old, new = dict(before), dict(after)
    if judge is not None:
        update_reposts(connection, old, new, judge)
    update_band_index(connection, before, after)
    kin = load_related(connection, old, new)
    was, will = resolve_visibility(kin | old), resolve_visibility(kin | new)
    _count(connection, old, new)
    places = MembershipWriter(connection, now)
    for id, row in new.items():
        places.move(id, Placement.of(old.get(id), was.get(id, IN_NO_FEED.feeds)), Placement.of(row, will[id]))
    for id, row in kin.items():
        places.move(id, Placement.of(row, was[id] - will[id]), Placement.of(row, will[id] - was[id]))
    revision = places.flush()
    upsert(connection, t.entries, [row | {"revision": revision} for row in new.values()])
    return places.feeds


def _count(connection: Connection, old: Mapping[str, Row], new: Mapping[str, Row]) -> None:
    """An entry's source is another one when rules change, or when it was not known before."""
    sources = {id: (old[id]["source"], row["source"]) for id, row in new.items() if id in old}
    moves = {id: (before, after) for id, (before, after) in sources.items() if before != after}
    if moves:
        tallies = OutcomeCounters(connection)
        tallies.move_entries(moves)
        tallies.flush()


# Entries that hold the same text -> the feeds in which each stands: in every feed one, the original where it can. A
# repost is hidden where its original stands, and only there. Where the original does not belong, because its labels
# are others though its text is the same, the first of its reposts stands for it. In its own source's feed every entry
# stands.


def resolve_visibility(rows: Mapping[str, Row]) -> dict[str, frozenset[str]]:
    """The feeds of each entry, of rows that hold all its `relatives`; none for one that is withdrawn."""
    siblings = defaultdict(list)
    for id in sorted(rows, key=lambda id: (rows[id]["published"], id)):
        if rows[id]["repost_of"]:
            siblings[rows[id]["repost_of"]].append(id)
    found = {id: _belongs(row) for id, row in rows.items()}
    # A text may be in one that is itself in a third: where the one before it stands is settled first.
    waiting = [id for id in siblings if id not in rows or not rows[id]["repost_of"]]
    while waiting:
        original = waiting.pop()
        taken = found.get(original, frozenset())
        for id in siblings[original]:
            own = {f"source/{rows[id]['source']}"}
            found[id] -= taken - own
            taken |= found[id]
            if id in siblings:
                waiting.append(id)
    return found


def load_related(connection: Connection, old: Mapping[str, Row], new: Mapping[str, Row]) -> dict[str, Row]:
    """The stored entries, beyond these, whose places hang on theirs: what they repost, what reposts them, and so on."""
    e = t.entries.c
    rows = (*old.values(), *new.values())
    named = {row["repost_of"] for row in rows if row["repost_of"]} - new.keys()
    found: dict[str, Row] = {}
    fresh = set(new) | named
    while fresh:
        query = select(t.entries).where(or_(e.repost_of.in_(fresh), e.id.in_(named)))
        known = found.keys() | new.keys()
        more = {row.id: dict(row._mapping) for row in connection.execute(query) if row.id not in known}
        found |= more
        named = {row["repost_of"] for row in more.values() if row["repost_of"]} - found.keys() - new.keys()
        fresh = (more.keys() | named) - fresh
    return found


def _belongs(row: Row) -> frozenset[str]:
    """The feeds of an entry by its source and its labels alone."""
    if row["withdrawn"] is not None:
        return frozenset()
    own = f"source/{row['source']}"
    if row["hidden"]:
        return frozenset({own})
    return frozenset({"all", own, *(f"topic/{label.topic}" for label in decode_labels(row["labels"]))})

"""Entries as they were and as they are to be -> rows, with all that moves with them, inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from . import schema as t
from .places import NOWHERE, Place, Places, upsert
from .reposts import Judge, file_bands, judge_reposts
from .standing import relatives, standing
from .tallies import Tallies

Row = dict[str, Any]


def turn(
    connection: Connection,
    before: Mapping[str, Row],
    after: Mapping[str, Row],
    now: datetime,
    judge: Judge | None,
) -> frozenset[str]:
    """Write entries, and move them to their places in feeds; returns the feeds whose version moved.

    Entries that share a text with one of these move with it: in each feed one of them is shown.
    """
    old, new = dict(before), dict(after)
    if judge is not None:
        judge_reposts(connection, old, new, judge)
    file_bands(connection, before, after)
    kin = relatives(connection, old, new)
    was, will = standing(kin | old), standing(kin | new)
    _count(connection, old, new)
    places = Places(connection, now)
    for id, row in new.items():
        places.move(id, Place.of(old.get(id), was.get(id, NOWHERE.feeds)), Place.of(row, will[id]))
    for id, row in kin.items():
        places.move(id, Place.of(row, was[id] - will[id]), Place.of(row, will[id] - was[id]))
    revision = places.flush()
    upsert(connection, t.entries, [row | {"revision": revision} for row in new.values()])
    return places.feeds


def _count(connection: Connection, old: Mapping[str, Row], new: Mapping[str, Row]) -> None:
    """An entry's source is another one when rules change, or when it was not known before."""
    sources = {id: (old[id]["source"], row["source"]) for id, row in new.items() if id in old}
    moves = {id: (before, after) for id, (before, after) in sources.items() if before != after}
    if moves:
        tallies = Tallies(connection)
        tallies.move(moves)
        tallies.flush()

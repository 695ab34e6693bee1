"""Which entries may have the same text: found by the bands of their sketches. Whether they have, the caller judges."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, or_, select

from . import schema as t
from .membership import upsert
from .serialization import RepostCandidate, decode_entry, from_timestamp

_CHUNK = 500
_SECONDS = 32 * 24 * 3600
"""In what is called a month here. A text is looked for in a month and in both beside it, so at least so far apart."""
_MONTH = 1 << 48
"""How far the keys of successive months stand apart: a band has 48 bits."""
_BY_BAND = "SELECT band, entry FROM bands WHERE band IN (%s)"
"""Numbers, written into the statement: a parameter for each would cost five times the look-up."""

Row = dict[str, Any]

OriginalFinder = Callable[[RepostCandidate, Sequence[RepostCandidate]], "str | None"]
"""The id of the entry whose text another one repeats, among those that may have it; None for an original."""


def encode_bands(bands: Sequence[int]) -> bytes:
    """Band keys as a row holds them."""
    return struct.pack(f"<{len(bands)}q", *bands)


def update_band_index(connection: Connection, before: Mapping[str, Row], after: Mapping[str, Row]) -> None:
    """Have entries found under the bands that they have now.

    Filed by the month or so in which an entry was published: what comes in now goes into one small part of the index,
    however large it has grown, and a text is looked for where it can be reposted, among what came out around it.
    """
    gone, there = [], []
    for id, row in after.items():
        old = _filed(before[id]) if id in before else []
        new = _filed(row)
        if old != new:
            gone += [(band, id) for band in old]
            there += [{"band": band, "entry": id} for band in new]
    for start in range(0, len(gone), _CHUNK):
        pairs = gone[start : start + _CHUNK]
        connection.execute(delete(t.minhash_bands).where(or_(*(_is(band, id) for band, id in pairs))))
    upsert(connection, t.minhash_bands, there)


def update_reposts(connection: Connection, old: dict[str, Row], new: dict[str, Row], judge: OriginalFinder) -> None:
    """Judge entries, and those that may have the same text, anew; the latter join `old` and `new` where they change."""
    near = _near(connection, new, new)
    related = {other for others in near.values() for other in others}
    was = {row["repost_of"] for row in new.values() if row["repost_of"]}
    reposts = select(t.entries.c.id).where(t.entries.c.repost_of.in_(list(new)))
    related |= was | set(connection.execute(reposts).scalars())
    if not related:
        return
    rows = _rows(connection, related - new.keys())
    near |= _near(connection, rows, new)
    known = rows | new
    known |= _rows(connection, {other for others in near.values() for other in others} - known.keys())
    changed = dict(new)
    for id in [*new, *rows]:
        row = known[id]
        others = [_candidate(known[other]) for other in near.get(id, ()) if _stands(known.get(other))]
        found = judge(_candidate(row), others) if _stands(row) and others else None
        if found != row["repost_of"]:
            changed[id] = row | {"repost_of": found}
    _link(connection, known, changed)
    for id, row in changed.items():
        if id not in new:
            old[id] = known[id]
        new[id] = row


def _link(connection: Connection, known: Mapping[str, Row], changed: dict[str, Row]) -> None:
    """Have each original name its reposts: the links of all that are reposts of it now."""
    originals = {row["repost_of"] for row in changed.values() if row["repost_of"]}
    originals |= {known[id]["repost_of"] for id in changed if known[id]["repost_of"]}
    originals |= {id for id, row in changed.items() if row["via"] != "[]"}
    for original in originals & known.keys():
        stored = select(t.entries).where(t.entries.c.repost_of == original)
        members = {row.id: dict(row._mapping) for row in connection.execute(stored)} | dict(known) | changed
        links = sorted(_link_of(row) for row in members.values() if row["repost_of"] == original and _stands(row))
        via = msgspec.json.encode(links).decode()
        row = changed.get(original, known[original])
        if row["via"] != via:
            changed[original] = row | {"via": via}


def _link_of(row: Row) -> str:
    return decode_entry(row["payload"], row["published"], row["updated"]).link


def _near(connection: Connection, rows: Mapping[str, Row], new: Mapping[str, Row]) -> dict[str, set[str]]:
    """For each entry, the others that share a band with it, by the bands of `new` rows and of what is filed already."""
    wanted: dict[int, list[str]] = defaultdict(list)
    for id, row in rows.items():
        for band in _filed(row):
            for beside in (band - _MONTH, band, band + _MONTH):
                wanted[beside].append(id)
    near: dict[str, set[str]] = defaultdict(set)
    for other, row in new.items():
        for band in _filed(row):
            _join(near, wanted.get(band, ()), other)
    bands = list(wanted)
    for start in range(0, len(bands), _CHUNK):
        numbers = ",".join(map(str, bands[start : start + _CHUNK]))
        for band, other in connection.exec_driver_sql(_BY_BAND % numbers):
            if other not in new:
                _join(near, wanted[band], other)
    return near


def _join(near: dict[str, set[str]], ids: Iterable[str], other: str) -> None:
    for id in ids:
        if id != other:
            near[id].add(other)


def _rows(connection: Connection, ids: Iterable[str]) -> dict[str, Row]:
    found = connection.execute(select(t.entries).where(t.entries.c.id.in_(list(ids))))
    return {row.id: dict(row._mapping) for row in found}


def _candidate(row: Row) -> RepostCandidate:
    return RepostCandidate(
        id=row["id"], source=row["source"], published=from_timestamp(row["published"]), minhash=row["sketch"]
    )


def _stands(row: Row | None) -> bool:
    return row is not None and row["withdrawn"] is None and row["sketch"] is not None


def _bands(row: Row) -> tuple[int, ...]:
    packed = row["bands"]
    return struct.unpack(f"<{len(packed) // 8}q", packed)


def _filed(row: Row) -> list[int]:
    month = row["published"] // _SECONDS * _MONTH
    return [month + band for band in _bands(row)]


def _is(band: int, entry: str) -> Any:
    return and_(t.minhash_bands.c.band == band, t.minhash_bands.c.entry == entry)

"""Which entries may have the same text, by the bands of their MinHash; whether they have, the caller decides.

Keeps the index of bands, and names in each entry what it repeats and what repeats it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import Connection, and_, delete, or_, select

from . import schema as t
from .database import upsert
from .rows import EntryRow
from .serialization import RepostCandidate, decode_bands, decode_entry, encode_json, from_timestamp

_CHUNK = 500
_PERIOD = 32 * 24 * 3600
"""Seconds. A text is looked for in the period of its publication and in those before and after it."""
_PERIOD_STEP = 1 << 48
"""Distance between the keys of successive periods: a band has 48 bits."""
_BY_BAND = "SELECT band, entry_id FROM minhash_bands WHERE band IN (%s)"
"""The numbers are part of the statement: a parameter for each takes five times as long."""

OriginalFinder = Callable[[RepostCandidate, Sequence[RepostCandidate]], "str | None"]
"""Gives the id of the entry, among those that may have the same text, which another one repeats; None if it is new."""


def update_band_index(connection: Connection, before: Mapping[str, EntryRow], after: Mapping[str, EntryRow]) -> None:
    """Have entries found by the bands that they have now.

    The keys are grouped by the time of publication: new entries go into one small part of the index, however large it
    has grown, and a text is looked for only among what was published around the same time.
    """
    removed, added = [], []
    for id, row in after.items():
        old = _band_keys(before[id]) if id in before else []
        new = _band_keys(row)
        if old != new:
            removed += [(band, id) for band in old]
            added += [{"band": band, "entry_id": id} for band in new]
    b = t.minhash_bands.c
    for start in range(0, len(removed), _CHUNK):
        pairs = (and_(b.band == band, b.entry_id == id) for band, id in removed[start : start + _CHUNK])
        connection.execute(delete(t.minhash_bands).where(or_(*pairs)))
    upsert(connection, t.minhash_bands, added)


def update_reposts(
    connection: Connection, old: dict[str, EntryRow], new: dict[str, EntryRow], find_original: OriginalFinder
) -> None:
    """Decide again what `new` entries repeat, and what entries that may have the same text repeat.

    Of the latter, those that change are added to `old` (as they were) and `new` (as they are now).
    """
    near = _find_near(connection, new, new)
    related = {other for others in near.values() for other in others}
    related |= {row.repost_of for row in new.values() if row.repost_of}
    reposts = select(t.entries.c.id).where(t.entries.c.repost_of.in_(list(new)))
    related |= set(connection.execute(reposts).scalars())
    if not related:
        return
    stored = _load(connection, related - new.keys())
    near |= _find_near(connection, stored, new)
    known = stored | new
    known |= _load(connection, {other for others in near.values() for other in others} - known.keys())
    changed = dict(new)
    for id in [*new, *stored]:
        row = known[id]
        others = [_candidate(known[other]) for other in near.get(id, ()) if other in known and _counts(known[other])]
        original = find_original(_candidate(row), others) if _counts(row) and others else None
        if original != row.repost_of:
            changed[id] = row._replace(repost_of=original)
    _update_links(connection, known, changed)
    for id, row in changed.items():
        if id not in new:
            old[id] = known[id]
        new[id] = row


def _update_links(connection: Connection, known: Mapping[str, EntryRow], changed: dict[str, EntryRow]) -> None:
    """Have each original name the links of the entries that repeat it now; adds to `changed`."""
    originals = {row.repost_of for row in changed.values()} | {known[id].repost_of for id in changed}
    originals |= {id for id, row in changed.items() if row.repost_links != "[]"}
    for original in known.keys() & originals:
        query = select(t.entries).where(t.entries.c.repost_of == original)
        rows = {row.id: EntryRow._make(row) for row in connection.execute(query)} | dict(known) | changed
        reposts = [row for row in rows.values() if row.repost_of == original and _counts(row)]
        links = encode_json(sorted(decode_entry(row.payload, row.published, row.updated).link for row in reposts))
        row = changed.get(original, known[original])
        if row.repost_links != links:
            changed[original] = row._replace(repost_links=links)


def _find_near(
    connection: Connection, rows: Mapping[str, EntryRow], new: Mapping[str, EntryRow]
) -> dict[str, set[str]]:
    """For each entry the others that share a band with it: of `new` by their rows, of all others by the index."""
    wanted: dict[int, list[str]] = defaultdict(list)
    for id, row in rows.items():
        for band in _band_keys(row):
            for key in (band - _PERIOD_STEP, band, band + _PERIOD_STEP):
                wanted[key].append(id)
    near: dict[str, set[str]] = defaultdict(set)

    def add(ids: Iterable[str], other: str) -> None:
        for id in ids:
            if id != other:
                near[id].add(other)

    for other, row in new.items():
        for band in _band_keys(row):
            add(wanted.get(band, ()), other)
    bands = list(wanted)
    for start in range(0, len(bands), _CHUNK):
        numbers = ",".join(map(str, bands[start : start + _CHUNK]))
        for band, other in connection.exec_driver_sql(_BY_BAND % numbers):
            if other not in new:
                add(wanted[band], other)
    return near


def _load(connection: Connection, ids: Iterable[str]) -> dict[str, EntryRow]:
    found = connection.execute(select(t.entries).where(t.entries.c.id.in_(list(ids))))
    return {row.id: EntryRow._make(row) for row in found}


def _candidate(row: EntryRow) -> RepostCandidate:
    assert row.minhash is not None
    return RepostCandidate(id=row.id, source=row.source, published=from_timestamp(row.published), minhash=row.minhash)


def _counts(row: EntryRow) -> bool:
    """Whether an entry can repeat another, or be repeated."""
    return row.withdrawn is None and row.minhash is not None


def _band_keys(row: EntryRow) -> list[int]:
    period = row.published // _PERIOD * _PERIOD_STEP
    return [period + band for band in decode_bands(row.minhash_bands)]

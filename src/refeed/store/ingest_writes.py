"""What the movers found out -> rows, one transaction a batch: files, originals, entries, and their places in feeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, delete, select, update

from ..model import Outcome, Source
from . import schema as t
from .apply import apply_changes
from .entry_dates import EntryVersion, resolve_dates
from .membership import OutcomeCounters, upsert
from .repost_links import OriginalFinder, encode_bands
from .serialization import EncodedEntry, from_timestamp, to_timestamp
from .store import Store

_FRESH: dict[str, Any] = {"via": "[]", "media": "[]", "repost_of": None, "withdrawn": None}
"""What a new entry's row has that no dump says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What became of one file, ready to be recorded."""

    path: bytes
    display_path: str
    folder: str
    stamp: int
    """Of the file's size and times: when it is another, the file is read again."""
    first_seen: datetime
    modified: datetime | None = None
    """The file's own time, not after `seen`: dates an edit, the same however often its ingest is begun anew."""
    outcome: Outcome
    reason: str | None = None
    digest: bytes | None = None
    """Of the file's bytes; None when they were not read."""
    data: bytes | None = None
    """The bytes, compressed; None when they are kept already."""
    dump_time: datetime | None = None
    entry: EncodedEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResult:
    """What a batch did: files by what they brought, and the feeds whose version moved."""

    counts: Counter[str] = field(default_factory=Counter)
    """new, changed, unchanged, flagged, quarantined, ignored."""
    feeds: frozenset[str] = frozenset()
    entries: tuple[str, ...] = ()
    """Ids of entries that are new or changed."""


@dataclass(slots=True)
class _Batch:
    """What the store knew of a batch's files and entries before it, kept up to date as the batch goes on."""

    kept: dict[bytes, tuple[str | None, str, str | None]]
    files: dict[bytes, bytes | None]
    outcomes: dict[bytes, str]
    """Of the files, before the batch."""
    versions: dict[str, dict[bytes, EntryVersion]]
    rows: dict[str, dict[str, Any]]
    before: dict[str, dict[str, Any]]
    originals: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    edited: dict[bytes, EntryVersion] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def record_files(
    store: Store, results: Sequence[FileResult], now: datetime, find_original: OriginalFinder | None = None
) -> RecordResult:
    """Write a batch, all or nothing. Recording the same readings again changes nothing.

    `now` is when the batch is written: it dates the change of feeds, never an entry. `judge` says which entry's text
    is another's. Raises StoreError.
    """
    with store.write_transaction() as connection:
        batch = _prepare(connection, results)
        for reading in results:
            _take(batch, reading)
        changed = {id: batch.rows[id] for id in batch.changed}
        feeds = apply_changes(connection, batch.before, changed, now, find_original)
        _write(connection, batch, results)
    return RecordResult(counts=batch.counts, feeds=feeds, entries=tuple(batch.changed))


def forget_files(store: Store, paths: Iterable[bytes]) -> None:
    """Forget that files were seen, so that the next scan reads them again; what they brought stays."""
    f, wanted = t.files.c, list(paths)
    with store.write_transaction() as connection:
        tallies = OutcomeCounters(connection)
        for outcome in connection.execute(select(f.outcome).where(f.path.in_(wanted))).scalars():
            tallies.count_file(outcome, None)
        tallies.flush()
        connection.execute(delete(t.files).where(f.path.in_(wanted)))


def _prepare(connection: Connection, readings: Sequence[FileResult]) -> _Batch:
    digests = list({reading.digest for reading in readings if reading.digest})
    ids = list({reading.entry.id for reading in readings if reading.entry})
    kept = {row.digest: (row.entry, row.outcome, row.reason) for row in connection.execute(_KEPT, {"these": digests})}
    known = connection.execute(_KNOWN, {"these": [reading.path for reading in readings]}).all()
    versions: dict[str, dict[bytes, EntryVersion]] = {}
    for row in connection.execute(_VERSIONS, {"these": ids}):
        versions.setdefault(row.entry, {})[row.digest] = EntryVersion(
            dump_time=from_timestamp(row.at),
            digest=row.digest,
            published=from_timestamp(row.published),
            fingerprint=row.fingerprint,
            edited=from_timestamp(row.edited) if row.edited is not None else None,
        )
    rows = {row.id: dict(row._mapping) for row in connection.execute(_ROWS, {"these": ids})}
    files = {row.path: row.digest for row in known}
    outcomes = {row.path: row.outcome for row in known}
    return _Batch(kept=kept, files=files, outcomes=outcomes, versions=versions, rows=dict(rows), before=rows)


_o, _f = t.dumps.c, t.files.c
_these: BindParameter[Any] = bindparam("these", expanding=True)
# Built once, since to build one takes longer than its answer where a single dump has come.
_KEPT = select(_o.digest, _o.entry, _o.outcome, _o.reason).where(_o.digest.in_(_these))
_KNOWN = select(_f.path, _f.digest, _f.outcome).where(_f.path.in_(_these))
_VERSIONS = select(_o.digest, _o.entry, _o.at, _o.edited, _o.published, _o.fingerprint).where(_o.entry.in_(_these))
_ROWS = select(t.entries).where(t.entries.c.id.in_(_these))


def _take(batch: _Batch, reading: FileResult) -> None:
    """Judge one reading against what is known, in memory."""
    digest, before = reading.digest, batch.files.get(reading.path)
    batch.files[reading.path] = digest
    edited = before is not None and before != digest
    known, outcome, _ = batch.kept.get(digest, (None, "", None)) if digest else (None, "", None)
    if reading.outcome in (Outcome.QUARANTINED, Outcome.IGNORED) or digest is None:
        batch.counts[reading.outcome.value] += 1
    elif reading.entry is None or (known is not None and not edited):
        batch.counts[outcome if outcome == Outcome.QUARANTINED.value else "unchanged"] += 1
    else:
        batch.counts[_version(batch, reading, before if edited else None)] += 1
        batch.counts["flagged"] += reading.outcome is Outcome.FLAGGED
    # Bytes of which nothing could be made are judged anew when they are read again: limits and rules change.
    if digest is not None and (digest not in batch.kept or (known is None and reading.entry is not None)):
        batch.kept[digest] = (reading.entry.id if reading.entry else None, reading.outcome.value, reading.reason)
        batch.originals[digest] = _original(reading)


def _version(batch: _Batch, reading: FileResult, before: bytes | None) -> str:
    """Add a dump to its entry's versions; says whether that made a new entry, a changed one, or neither."""
    made, digest = reading.entry, reading.digest
    assert made is not None
    assert digest is not None
    assert reading.dump_time is not None
    versions = batch.versions.setdefault(made.id, {})
    fresh = EntryVersion(
        dump_time=reading.dump_time, digest=digest, published=made.published, fingerprint=made.fingerprint
    )
    version = versions.get(digest, fresh)
    if before in versions and version.dump_time <= versions[before].dump_time:
        # The file was edited where it lies and keeps its header's date, or went back to what it was.
        prior = versions[before]
        edited = max(reading.modified or reading.first_seen, (prior.edited or prior.dump_time) + timedelta(seconds=1))
        version = replace(version, dump_time=prior.dump_time, edited=edited)
        batch.edited[digest] = version
    versions[digest] = version
    dates = resolve_dates(tuple(versions.values()))
    old = batch.rows.get(made.id)
    row: dict[str, Any] = dict(old) if old else dict(_FRESH, id=made.id)
    if dates.newest == digest or old is None:
        row |= {
            "source": made.source.id,
            "title": made.title,
            "weight": made.size_estimate,
            "digest": digest,
            "sketch": made.minhash,
            "bands": encode_bands(made.minhash_bands),
            "payload": made.payload,
            "notes": made.provenance,
            "labels": made.labels,
            "rules": made.rules_version,
            "topics": made.topics_version,
            "hidden": int(made.private),
        }
        batch.sources[made.source.id] = made.source
    row |= {"published": to_timestamp(dates.published), "updated": to_timestamp(dates.updated)}
    if row == old:
        return "unchanged"
    batch.rows[made.id] = row
    verdict = "changed" if old else "new"
    batch.changed.setdefault(made.id, verdict)
    return verdict


def _original(reading: FileResult) -> dict[str, Any]:
    at = reading.dump_time or reading.first_seen
    return {
        "digest": reading.digest,
        "entry": reading.entry.id if reading.entry else None,
        "at": to_timestamp(at),
        "edited": None,
        "published": to_timestamp(reading.entry.published) if reading.entry else None,
        "fingerprint": reading.entry.fingerprint if reading.entry else None,
        "outcome": reading.outcome.value,
        "reason": reading.reason,
        "path": reading.display_path,
        "folder": reading.folder,
        "seen": to_timestamp(reading.first_seen),
        "data": reading.data,
    }


def _write(connection: Connection, batch: _Batch, readings: Sequence[FileResult]) -> None:
    for digest, version in batch.edited.items():
        assert version.edited is not None
        values = {"at": to_timestamp(version.dump_time), "edited": to_timestamp(version.edited)}
        if digest in batch.originals:
            batch.originals[digest] |= values
        else:
            connection.execute(update(t.dumps).where(t.dumps.c.digest == digest).values(**values))
    upsert(connection, t.dumps, list(batch.originals.values()))
    upsert(connection, t.sources, [_source(source) for source in batch.sources.values()])
    last = {reading.path: reading for reading in readings}
    files = [_file(batch, reading) for reading in last.values()]
    upsert(connection, t.files, files)
    _count(connection, batch, files)


def _count(connection: Connection, batch: _Batch, files: Sequence[dict[str, Any]]) -> None:
    tallies = OutcomeCounters(connection)
    for file in files:
        tallies.count_file(batch.outcomes.get(file["path"]), file["outcome"])
    for original in batch.originals.values():
        if original["entry"] is not None:
            tallies.count_dump(batch.rows[original["entry"]]["source"], original["outcome"], original["seen"])
    tallies.flush()


def _file(batch: _Batch, reading: FileResult) -> dict[str, Any]:
    outcome, reason = reading.outcome.value, reading.reason
    if reading.digest in batch.kept and reading.entry is None:
        _, outcome, reason = batch.kept[reading.digest]
    return {
        "path": reading.path,
        "stamp": reading.stamp,
        "digest": reading.digest,
        "outcome": outcome,
        "reason": reason,
    }


def _source(source: Source) -> dict[str, object]:
    return {"id": source.id, "data": msgspec.json.encode(source).decode()}

"""Results of ingested files -> rows of files, dumps and entries, and all rows that depend on them, batch by batch."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import BindParameter, Connection, bindparam, delete, select, update

from ..clean.rule_lookup import hashed_slug
from ..model import Entry, FeedPath, Outcome, Source
from . import schema
from .change_propagation import OriginalFinder, OutcomeCounters, apply_changes, load_entries
from .database import upsert
from .decisions import load_withdrawals
from .identity_resolution import MovedDump, NewDump, find_former_links, resolve_identities, unite_spellings
from .rows import DumpRow, EntryRow, FileRow
from .serialization import (
    EncodedEntry,
    change_id,
    change_source,
    decode_entry,
    decode_source,
    encode_json,
    from_timestamp,
    rename_source,
    to_timestamp,
)
from .store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """The result of reading one file, ready to be recorded."""

    path: bytes
    display_path: str
    folder: str
    stamp: int
    """A number made from the file's size and times. When it changes, the file is read again."""
    first_seen: datetime
    modified: datetime | None = None
    """The file's modification time, at most `first_seen`. It dates an edit, so that a repeated ingest gives the same
    date."""
    outcome: Outcome
    reason: str | None = None
    digest: bytes | None = None
    """Digest of the file's bytes; None when they were not read."""
    data: bytes | None = None
    """The file's bytes, compressed; None when the store already has them."""
    dump_time: datetime | None = None
    entry: EncodedEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResult:
    """What a batch changed."""

    counts: Counter[str] = field(default_factory=Counter)
    """Number of files that are new, changed, unchanged, flagged, quarantined or ignored."""
    feeds: frozenset[FeedPath] = frozenset()
    """The feeds whose version increased."""
    entries: tuple[str, ...] = ()
    """Ids of the new and changed entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _EntryVersion:
    """One dump of an entry, with everything that the entry's dates depend on."""

    dump_time: datetime
    digest: bytes
    published: datetime
    fingerprint: str
    """Equal for versions that read the same to a person. An empty fingerprint is unknown and counts as equal to all."""
    edited: datetime | None = None
    """When the dump replaced an older dump in the same file without a newer date. It then directly follows that
    dump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _EntryDates:
    """The dates of an entry, and the dumps that its source and its text come from."""

    published: datetime
    updated: datetime
    earliest: bytes
    """Digest of the dump that names the source."""
    newest: bytes
    """Digest of the dump that gives the text."""


class _KnownDump(NamedTuple):
    """The outcome of a dump whose bytes the store has."""

    entry_id: str | None
    outcome: str
    reason: str | None


@dataclass(slots=True)
class _Batch:
    """What the store knows of a batch's files and entries, kept up to date while the results are added."""

    known: dict[bytes, _KnownDump]
    """Outcomes of known dumps, by digest."""
    digests: dict[bytes, bytes | None]
    """Digests of the files, by path."""
    old_outcomes: dict[bytes, str]
    """Outcomes of the files before the batch, by path."""
    versions: dict[str, dict[bytes, _EntryVersion]]
    """Versions of each entry, by entry id and digest."""
    before: dict[str, EntryRow]
    """Entries as they are stored, by id."""
    rows: dict[str, EntryRow]
    """Entries with the results that were added so far, by id."""
    withdrawn: dict[str, int]
    """When entries were withdrawn, by id. An entry that comes back stays withdrawn."""
    dumps: dict[bytes, DumpRow] = field(default_factory=dict)
    """New rows of `dumps`, by digest."""
    edits: dict[bytes, _EntryVersion] = field(default_factory=dict)
    """Dumps that replaced an older dump in their file, by digest."""
    changed: dict[str, None] = field(default_factory=dict)
    """Ids of the entries that changed, in order."""
    sources: dict[str, Source] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def record_files(
    store: Store, results: Sequence[FileResult], now: datetime, find_original: OriginalFinder | None = None
) -> RecordResult:
    """Write a batch in one transaction. Recording the same results again changes nothing.

    `now` dates the changes of feeds, never an entry. `find_original` decides which entries repeat the text of another.
    Raises StoreError.
    """
    with store.write_transaction() as connection:
        entries = iter(settle_slugs(connection, [result.entry for result in results if result.entry]))
        results = [replace(result, entry=next(entries)) if result.entry else result for result in results]
        results, moves = _resolve_ids(connection, results)
        batch = _load_batch(connection, results, {id for move in moves for id in move[:2]})
        for result in results:
            _add_result(batch, result)
        emptied = _move_entries(batch, moves)
        after = {id: batch.rows[id] for id in batch.changed}
        _count_moves(connection, batch, moves)
        feeds = apply_changes(connection, batch.before, after, now, find_original)
        _write_files_and_dumps(connection, batch, results)
        for column in (schema.entries.c.id, schema.minhash_bands.c.entry_id) if emptied else ():
            connection.execute(delete(column.table).where(column.in_(list(emptied))))
    return RecordResult(counts=batch.counts, feeds=feeds, entries=tuple(batch.changed.keys() - emptied))


def settle_slugs(connection: Connection, entries: Sequence[EncodedEntry]) -> list[EncodedEntry]:
    """Give each source without a rule its slug, for ever: the readable one, or one with a hash if that is taken.

    Earlier versions gave most names a slug with a hash. These sources keep it.
    """
    slugs = {entry.source.title: entry.source.id for entry in entries if not entry.source.configured}
    if not slugs:
        return list(entries)
    hashed = {name: hashed_slug(name) for name in slugs}
    is_candidate = schema.sources.c.id.in_([*slugs.values(), *hashed.values()])
    rows = connection.execute(select(schema.sources).where(is_candidate))
    owners = {row.id: source.title for row in rows if not (source := decode_source(row.data)).configured}
    for name, slug in slugs.items():
        if hashed[name] in owners or owners.get(slug, name) != name:
            slugs[name] = hashed[name]
        owners[slugs[name]] = name
    return [
        rename_source(entry, slug)
        if (slug := slugs.get(entry.source.title, entry.source.id)) != entry.source.id and not entry.source.configured
        else entry
        for entry in entries
    ]


def forget_files(store: Store, paths: Iterable[bytes]) -> None:
    """Forget that files were read, so that the next scan reads them again. Their entries stay."""
    is_forgotten = schema.files.c.path.in_(list(paths))
    with store.write_transaction() as connection:
        counters = OutcomeCounters(connection)
        for outcome in connection.execute(select(schema.files.c.outcome).where(is_forgotten)).scalars():
            counters.count_file(outcome, None)
        counters.flush()
        connection.execute(delete(schema.files).where(is_forgotten))


# Built once: for a single dump, building a statement takes longer than executing it.
_dump, _file = schema.dumps.c, schema.files.c
_values: BindParameter[Any] = bindparam("values", expanding=True)
_DUMPS = select(_dump.digest, _dump.entry_id, _dump.outcome, _dump.reason).where(_dump.digest.in_(_values))
_FILES = select(_file.path, _file.digest, _file.outcome).where(_file.path.in_(_values))
_VERSIONS = select(
    _dump.entry_id, _dump.digest, _dump.dump_time, _dump.edited, _dump.published, _dump.fingerprint
).where(_dump.entry_id.in_(_values))
_ENTRIES = select(schema.entries).where(schema.entries.c.id.in_(_values))


def _resolve_ids(connection: Connection, results: Sequence[FileResult]) -> tuple[Sequence[FileResult], list[MovedDump]]:
    """The results with the final ids of their entries and links, and the stored dumps that moved to other entries."""
    uncertain = {
        result.digest: (result.dump_time, result.entry.identity)
        for result in results
        if result.digest and result.dump_time and result.entry and result.entry.identity
    }
    if not uncertain:
        return results, []
    new = [NewDump.from_identity(to_timestamp(time), digest, of) for digest, (time, of) in uncertain.items()]
    new = find_former_links(connection, new)
    known = _load_entry_ids(connection, uncertain)
    dumps, claims = unite_spellings(connection, [dump for dump in new if dump.digest not in known])
    ids, moves = resolve_identities(connection, dumps, claims)
    ids |= _load_entry_ids(connection, uncertain) if known else {}
    links = {dump.digest: (dump.link_id, dump.guid_id) for dump in (*new, *dumps)}
    return [
        replace(result, entry=result.entry.with_id(ids[result.digest], *links[result.digest]))
        if result.entry and result.digest in uncertain and result.digest
        else result
        for result in results
    ], moves


def _load_entry_ids(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, str]:
    """The entries of those of the dumps that are stored and have one."""
    rows = connection.execute(_DUMPS, {"values": list(digests)})
    return {row.digest: row.entry_id for row in rows if row.entry_id}


def _count_moves(connection: Connection, batch: _Batch, moves: Sequence[MovedDump]) -> None:
    """Count dumps that moved for the source of their new entry as it was before the batch: the rest is counted as for
    every entry whose source changes."""
    counters = OutcomeCounters(connection)
    for move in moves:
        counters.count_dumps(batch.before[move.old_entry].source, move.outcome, -1, 0)
        row = batch.before.get(move.new_entry) or batch.rows[move.new_entry]
        counters.count_dumps(row.source, move.outcome, 1, move.first_seen)
    counters.flush()


def _load_batch(connection: Connection, results: Sequence[FileResult], moved: set[str]) -> _Batch:
    digests = list({result.digest for result in results if result.digest})
    ids = list({result.entry.id for result in results if result.entry} | moved)
    known = {
        row.digest: _KnownDump(row.entry_id, row.outcome, row.reason)
        for row in connection.execute(_DUMPS, {"values": digests})
    }
    files = connection.execute(_FILES, {"values": [result.path for result in results]}).all()
    versions: dict[str, dict[bytes, _EntryVersion]] = {}
    for row in connection.execute(_VERSIONS, {"values": ids}):
        versions.setdefault(row.entry_id, {})[row.digest] = _EntryVersion(
            dump_time=from_timestamp(row.dump_time),
            digest=row.digest,
            published=from_timestamp(row.published),
            fingerprint=row.fingerprint,
            edited=from_timestamp(row.edited) if row.edited is not None else None,
        )
    rows = load_entries(connection, _ENTRIES, {"values": ids})
    return _Batch(
        known=known,
        digests={row.path: row.digest for row in files},
        old_outcomes={row.path: row.outcome for row in files},
        versions=versions,
        before=rows,
        rows=dict(rows),
        withdrawn=load_withdrawals(connection),
    )


def _add_result(batch: _Batch, result: FileResult) -> None:
    """Add one result to the batch, in memory."""
    digest, before = result.digest, batch.digests.get(result.path)
    batch.digests[result.path] = digest
    is_edit = before is not None and before != digest
    known = batch.known.get(digest) if digest else None
    has_entry = known is not None and known.entry_id is not None
    if result.outcome in (Outcome.QUARANTINED, Outcome.IGNORED) or digest is None:
        batch.counts[result.outcome.value] += 1
    elif result.entry is None or (has_entry and not is_edit):
        is_quarantined = known is not None and known.outcome == Outcome.QUARANTINED.value
        batch.counts[Outcome.QUARANTINED.value if is_quarantined else "unchanged"] += 1
    else:
        batch.counts[_add_version(batch, result, result.entry, digest, before if is_edit else None)] += 1
        batch.counts["flagged"] += result.outcome is Outcome.FLAGGED
    # Bytes that gave no entry before may give one now, because limits and rules change.
    if digest is not None and (known is None or (not has_entry and result.entry is not None)):
        identity = result.entry.identity if result.entry else None
        batch.known[digest] = _KnownDump(result.entry.id if result.entry else None, result.outcome.value, result.reason)
        batch.dumps[digest] = DumpRow(
            digest=digest,
            entry_id=result.entry.id if result.entry else None,
            dump_time=to_timestamp(result.dump_time or result.first_seen),
            edited=None,
            published=to_timestamp(result.entry.published) if result.entry else None,
            fingerprint=result.entry.fingerprint if result.entry else None,
            outcome=result.outcome.value,
            reason=result.reason,
            path=result.display_path,
            folder=result.folder,
            first_seen=to_timestamp(result.first_seen),
            data=result.data,
            link_id=identity.link_id.removeprefix("urn:uuid:") if identity else None,
            guid_id=(identity.guid_id.removeprefix("urn:uuid:") or None) if identity else None,
        )


def _add_version(
    batch: _Batch, result: FileResult, entry: EncodedEntry, digest: bytes, edited_digest: bytes | None
) -> str:
    """Add a dump to the versions of its entry; returns whether the entry is new, changed or unchanged."""
    assert result.dump_time is not None
    versions = batch.versions.setdefault(entry.id, {})
    version = versions.get(digest) or _EntryVersion(
        dump_time=result.dump_time, digest=digest, published=entry.published, fingerprint=entry.fingerprint
    )
    prior = versions.get(edited_digest) if edited_digest else None
    if prior and version.dump_time <= prior.dump_time:
        # The edited file kept the date of its header, or has earlier content again: this version directly follows
        # `prior`.
        earliest = (prior.edited or prior.dump_time) + timedelta(seconds=1)
        edited = max(result.modified or result.first_seen, earliest)
        version = replace(version, dump_time=prior.dump_time, edited=edited)
        batch.edits[digest] = version
    versions[digest] = version
    dates = _resolve_dates(tuple(versions.values()))
    old = batch.rows.get(entry.id)
    row = old or EntryRow(id=entry.id, withdrawn=batch.withdrawn.get(entry.id))
    # A source without a rule is named from a folder, and the entry stays in the feed of the folder that had it first.
    stays = old and not entry.source.configured and dates.earliest != digest and old.source != entry.source.id
    if dates.newest == digest or old is None:
        content = rename_source(entry, row.source) if stays else entry
        row = row.with_content(content)._replace(digest=digest)
        if not stays:
            batch.sources[entry.source.id] = entry.source
    elif dates.earliest == digest and not entry.source.configured and row.source != entry.source.id:
        row = row._replace(source=entry.source.id, payload=change_source(row.payload, entry.source.id))
        batch.sources.setdefault(entry.source.id, entry.source)
    row = row._replace(published=to_timestamp(dates.published), updated=to_timestamp(dates.updated))
    if row == old:
        return "unchanged"
    batch.rows[entry.id] = row
    batch.changed[entry.id] = None
    return "changed" if old else "new"


def _move_entries(batch: _Batch, moves: Sequence[MovedDump]) -> set[str]:
    """Give the entries that stored dumps left or joined their content and dates; returns those without any dump."""
    emptied = set()
    origins = {move.new_entry: move.old_entry for move in moves}
    for id in {id for move in moves for id in move[:2]}:
        row, versions = batch.rows.get(id), tuple(batch.versions.get(id, {}).values())
        if not versions:
            if row:
                emptied.add(id)
                batch.rows[id] = row._replace(withdrawn=0)  # any time: it leaves all feeds, and is deleted afterwards
                batch.changed[id] = None
            continue
        dates = _resolve_dates(versions)
        if row is None or row.digest != dates.newest:
            content = next((other for other in batch.before.values() if other.digest == dates.newest), None)
            # Without content at hand, the entry shows that of the entry it comes from until it is built again.
            content = content or (row or batch.before[origins[id]])._replace(rules_version="", digest=dates.newest)
            payload = change_id(content.payload, id)
            row = content._replace(payload=payload, repost_of=None, repost_links="[]").with_id(id)
        row = row._replace(published=to_timestamp(dates.published), updated=to_timestamp(dates.updated))
        if row != batch.before.get(id):
            batch.rows[id] = row
            batch.changed[id] = None
    return emptied


def _resolve_dates(versions: Sequence[_EntryVersion]) -> _EntryDates:
    """The dates of an entry from all its versions, in any order.

    The text comes from the newest version, and `published` is the earliest of all versions. `updated` is the time of
    the last version that a person would read as different from the version before.
    """
    ordered = sorted(
        versions, key=lambda version: (version.dump_time, version.edited or version.dump_time, version.digest)
    )
    published = min(version.published for version in ordered)
    updated = published
    for older, newer in itertools.pairwise(ordered):
        if newer.fingerprint != older.fingerprint and newer.fingerprint and older.fingerprint:
            updated = max(updated, newer.edited or newer.dump_time)
    return _EntryDates(published=published, updated=updated, earliest=ordered[0].digest, newest=ordered[-1].digest)


def _write_files_and_dumps(connection: Connection, batch: _Batch, results: Sequence[FileResult]) -> None:
    """Write everything except the entries: dumps, sources, files, and their counts."""
    for digest, version in batch.edits.items():
        assert version.edited is not None
        dump_time, edited = to_timestamp(version.dump_time), to_timestamp(version.edited)
        if digest in batch.dumps:
            batch.dumps[digest] = batch.dumps[digest]._replace(dump_time=dump_time, edited=edited)
        else:
            statement = update(schema.dumps).where(schema.dumps.c.digest == digest)
            connection.execute(statement.values(dump_time=dump_time, edited=edited))
    upsert(connection, schema.dumps, [dump._asdict() for dump in batch.dumps.values()])
    sources = _settle_home_pages(connection, batch)
    upsert(connection, schema.sources, [{"id": source.id, "data": encode_json(source)} for source in sources])
    files = []
    for result in {result.path: result for result in results}.values():
        outcome, reason = result.outcome.value, result.reason
        if result.digest in batch.known and result.entry is None:
            _, outcome, reason = batch.known[result.digest]
        files.append(
            FileRow(path=result.path, stamp=result.stamp, digest=result.digest, outcome=outcome, reason=reason)
        )
    upsert(connection, schema.files, [file._asdict() for file in files])

    counters = OutcomeCounters(connection)
    for file in files:
        counters.count_file(batch.old_outcomes.get(file.path), file.outcome)
    for dump in batch.dumps.values():
        if dump.entry_id is not None:
            counters.count_dumps(batch.rows[dump.entry_id].source, dump.outcome, 1, dump.first_seen)
    counters.flush()


def _settle_home_pages(connection: Connection, batch: _Batch) -> list[Source]:
    """The sources to write. One without a rule has the host of its oldest entry as its home page: the batch may hold
    another one, and so would depend on the order in which dumps arrive."""
    sources = dict(batch.sources)
    others = {batch.rows[id].source for id in batch.changed} - sources.keys()
    if others:
        rows = connection.execute(select(schema.sources.c.data).where(schema.sources.c.id.in_(others))).scalars()
        sources |= {source.id: source for source in map(decode_source, rows)}
    for source in sources.values():
        if not source.configured and (entry := _find_oldest(connection, source.id)):
            parts = urlsplit(entry.link)
            sources[source.id] = replace(source, link=f"{parts.scheme}://{parts.hostname}/")
    return list(sources.values())


def _find_oldest(connection: Connection, source: str) -> Entry | None:
    member = schema.feed_members.c  # its key finds the oldest without reading the others
    oldest = select(member.entry_id).where(member.feed == str(FeedPath("source", source)))
    oldest = oldest.order_by(member.published, member.entry_id).limit(1)
    query = select(schema.entries.c.payload).where(schema.entries.c.id == oldest.scalar_subquery())
    payload = connection.execute(query).scalar()
    return decode_entry(payload, 0, 0) if payload else None

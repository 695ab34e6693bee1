"""Changes stored entries without a new dump: rebuilds, relabels, withdraws, restores, deletes or makes them private.

It also saves the metadata of their files, and the icons of sources. Each function runs one transaction, or one for each
batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, or_, select, update

from ..fetch.enclosure_metadata import FileMetadata
from ..model import FeedPath
from . import schema
from .change_propagation import (
    CORRECTED_KEY,
    MembershipWriter,
    OriginalFinder,
    OutcomeCounters,
    apply_changes,
    load_entries,
)
from .database import upsert
from .decisions import has_older_withdrawals, record_withdrawals, sync_decisions, take_withdrawals
from .dump_recording import settle_slugs
from .rows import EntryRow
from .serialization import EncodedEntry, decode_media, decode_source, encode_json, rename_source, to_timestamp
from .store import Store

_BATCH = 256
_EXPIRED_BATCH = 500


def replace_entries(
    store: Store, rebuilt: Sequence[EncodedEntry], now: datetime, find_original: OriginalFinder | None = None
) -> frozenset[FeedPath]:
    """Replace the content of entries that were rebuilt from their newest dumps. No date changes.

    Returns the feeds that change. An entry with the same content changes no feed.
    """
    with store.write_transaction() as connection:
        by_id = {entry.id: entry for entry in settle_slugs(connection, rebuilt)}
        sources = map(decode_source, connection.execute(select(schema.sources.c.data)).scalars())
        unconfigured = {source.id for source in sources if not source.configured}

        def replace_content(row: EntryRow) -> EntryRow:
            entry = by_id[row.id]
            if row.source in unconfigured and not entry.source.configured and row.source != entry.source.id:
                entry = rename_source(entry, row.source)  # the entry's first dump names it, and this is the newest
            return row.with_content(entry)

        _replace_fingerprints(connection, by_id)
        return _change_rows(connection, by_id, replace_content, now, find_original)


def _replace_fingerprints(connection: Connection, rebuilt: Mapping[str, EncodedEntry]) -> None:
    """Give dumps that read like the newest one of their entry the fingerprint that this has now.

    Otherwise the next dump would differ from them, even with the same text, and `updated` would move.
    """
    dump, entry = schema.dumps.c, schema.entries.c
    newest = select(entry.id, dump.fingerprint).join_from(schema.entries, schema.dumps, dump.digest == entry.digest)
    before = connection.execute(newest.where(entry.id.in_(list(rebuilt)), dump.fingerprint != "")).all()
    changes = [
        {"entry": row.id, "before": row.fingerprint, "after": after}
        for row in before
        if (after := rebuilt[row.id].fingerprint) != row.fingerprint
    ]
    if changes:
        statement = update(schema.dumps).values(fingerprint=bindparam("after"))
        same = dump.entry_id == bindparam("entry"), dump.fingerprint == bindparam("before")
        connection.execute(statement.where(*same), changes)


def relabel_entries(store: Store, labels: dict[str, str], topics_version: str, now: datetime) -> frozenset[FeedPath]:
    """Set the labels (encoded, by entry id) of entries; returns the feeds that change.

    Most entries keep their labels. For these only the labels are read, and one statement writes the version.
    """
    entry = schema.entries.c
    with store.write_transaction() as connection:
        before = connection.execute(select(entry.id, entry.labels).where(entry.id.in_(list(labels)))).all()
        same = [row.id for row in before if row.labels == labels[row.id]]
        connection.execute(schema.entries.update().where(entry.id.in_(same)).values(topics_version=topics_version))
        return _change_rows(
            connection,
            labels.keys() - same,
            lambda row: row._replace(labels=labels[row.id], topics_version=topics_version),
            now,
        )


def set_private(
    store: Store, source: str, now: datetime, find_original: OriginalFinder, *, private: bool
) -> Iterator[frozenset[FeedPath]]:
    """Remove a source's entries from all other feeds, or add them again; yields the changed feeds of each batch."""
    entry = schema.entries.c
    last = ""
    while True:
        others = select(entry.id).where(entry.source == source, entry.id > last, entry.private != int(private))
        with store.read_transaction() as connection:
            ids = list(connection.execute(others.order_by(entry.id).limit(_BATCH)).scalars())
        if not ids:
            return
        last = ids[-1]
        with store.write_transaction() as connection:
            _note_correction(connection, now)
            feeds = _change_rows(connection, ids, lambda row: row._replace(private=int(private)), now, find_original)
        yield feeds


def mark_current(store: Store, ids: Sequence[str], rules_version: str, now: datetime) -> None:
    """Mark entries that cannot be rebuilt with new rules as current. Their content stays."""
    with store.write_transaction() as connection:
        _change_rows(connection, ids, lambda row: row._replace(rules_version=rules_version), now)


def withdraw_entries(
    store: Store, ids: Sequence[str], now: datetime, find_original: OriginalFinder | None = None
) -> frozenset[FeedPath]:
    """Remove entries from all documents, and leave tombstones; returns the feeds that change.

    An entry that is already withdrawn keeps its time of withdrawal.
    """
    time = to_timestamp(now)
    with store.write_transaction() as connection:
        _note_correction(connection, now)
        record_withdrawals(connection, ids, time)
        feeds = _change_rows(
            connection, ids, lambda row: row._replace(withdrawn=row.withdrawn or time), now, find_original
        )
    sync_decisions(store)
    return feeds


def restore_entries(
    store: Store, ids: Sequence[str], now: datetime, find_original: OriginalFinder | None = None
) -> frozenset[FeedPath]:
    """Undo `withdraw_entries`; returns the feeds that change."""
    with store.write_transaction() as connection:
        _note_correction(connection, now)
        record_withdrawals(connection, ids, None)
        feeds = _change_rows(connection, ids, lambda row: row._replace(withdrawn=None), now, find_original)
    sync_decisions(store)
    return feeds


def recover_withdrawals(store: Store, now: datetime, find_original: OriginalFinder | None = None) -> None:
    """Withdraw and restore entries of an older copy of the store as the file of decisions beside it says."""
    if has_older_withdrawals(store):
        entry = schema.entries.c
        with store.write_transaction() as connection:
            withdrawn = take_withdrawals(store, connection)
            before = connection.execute(select(entry.id).where(entry.withdrawn.is_not(None))).scalars()
            ids = withdrawn.keys() | set(before)
            _change_rows(connection, ids, lambda row: row._replace(withdrawn=withdrawn.get(row.id)), now, find_original)
    sync_decisions(store)


def update_enclosures(store: Store, files: Mapping[str, Sequence[FileMetadata]], now: datetime) -> frozenset[FeedPath]:
    """Save the metadata of files, by the id of the entry that shows them. No date changes.

    Returns the feeds that change. A failed request for metadata changes no feed.
    """

    def update(row: EntryRow) -> EntryRow:
        media = {file.url: file for file in (*decode_media(row.media), *files[row.id])}
        return row._replace(media=encode_json(list(media.values())))

    with store.write_transaction() as connection:
        return _change_rows(connection, files, update, now)


def update_icons(store: Store, icons: Mapping[str, FileMetadata], now: datetime) -> frozenset[FeedPath]:
    """Save the results of searches for icons, by source id; returns the feeds whose icon changes."""
    with store.write_transaction() as connection:
        members = MembershipWriter(connection, now)
        query = select(schema.sources).where(schema.sources.c.id.in_(list(icons)))
        for row in connection.execute(query).all():
            icon = icons[row.id]
            if icon.url != "".join(before.url for before in decode_media(row.icon)):
                members.touch_feed(FeedPath("source", row.id))
            update = schema.sources.update().where(schema.sources.c.id == row.id)
            connection.execute(update.values(icon=encode_json([icon])))
        members.flush()
    return members.feeds


def delete_expired(
    store: Store,
    source: str,
    now: datetime,
    *,
    entries: int = 0,
    before: datetime | None = None,
    find_original: OriginalFinder | None,
) -> frozenset[FeedPath] | None:
    """Delete one batch of a source's expired entries; returns the feeds that change, or None when nothing has expired.

    An entry has expired when it is not among the newest `entries` (0: no limit), or when it was published before
    `before`. Its file stays recorded, so that it is not read again. If an entry of another source has the same text,
    feeds show that entry instead.
    """
    entry = schema.entries.c
    newest = (
        select(entry.id).where(entry.source == source).order_by(entry.published.desc(), entry.id.desc()).limit(entries)
    )
    conditions: list[ColumnElement[bool]] = [entry.id.not_in(newest)] if entries else []
    if before:
        conditions.append(entry.published < to_timestamp(before))
    if not conditions:
        return None
    with store.write_transaction() as connection:
        query = select(schema.entries).where(entry.source == source, or_(*conditions)).limit(_EXPIRED_BATCH)
        rows = load_entries(connection, query)
        if not rows:
            return None
        # Withdrawing the entries first updates all rows that depend on them. The time is arbitrary: the rows are
        # deleted below.
        withdrawn = {id: row._replace(withdrawn=0) for id, row in rows.items()}
        _note_correction(connection, now)
        feeds = apply_changes(connection, rows, withdrawn, now, find_original)
        counters = OutcomeCounters(connection)
        counters.move_entries(dict.fromkeys(rows, (source, None)))
        counters.flush()
        columns = {
            schema.minhash_bands: schema.minhash_bands.c.entry_id,
            schema.dumps: schema.dumps.c.entry_id,
            schema.entries: entry.id,
        }
        for table, column in columns.items():
            connection.execute(delete(table).where(column.in_(list(rows))))
    return feeds


def _note_correction(connection: Connection, now: datetime) -> None:
    upsert(connection, schema.meta, [{"name": CORRECTED_KEY, "value": str(to_timestamp(now))}], greatest=("value",))


def _change_rows(
    connection: Connection,
    ids: Iterable[str],
    change: Callable[[EntryRow], EntryRow],
    now: datetime,
    find_original: OriginalFinder | None = None,
) -> frozenset[FeedPath]:
    """Change entries by id; returns the feeds whose documents change."""
    before = load_entries(connection, select(schema.entries).where(schema.entries.c.id.in_(list(ids))))
    after = {id: change(row) for id, row in before.items()}
    seen = {id: row for id, row in after.items() if _visible_content(row) != _visible_content(before[id])}
    feeds = apply_changes(connection, before, seen, now, find_original)
    upsert(
        connection, schema.entries, [row._asdict() for id, row in after.items() if id not in seen and row != before[id]]
    )
    return feeds


def _visible_content(row: EntryRow) -> tuple[EntryRow, set[tuple[str, str, int]]]:
    """The part of an entry's row that documents depend on."""
    files = {(file.url, file.type, file.length) for file in decode_media(row.media) if file.type or file.length}
    return row._replace(rules_version="", topics_version="", provenance=b"", media=""), files

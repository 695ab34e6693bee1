"""Changes of stored entries without a new dump: rebuilt by new rules, relabelled, withdrawn, made private, expired.

Also metadata of their files, and icons of sources. Each function is one transaction, or one for each batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, or_, select

from ..fetch.enclosure_metadata import FileMetadata
from ..model import FeedPath
from . import schema as t
from .change_propagation import MembershipWriter, OriginalFinder, OutcomeCounters, apply_changes, load_entries
from .rows import EntryRow
from .serialization import EncodedEntry, decode_media, encode_json, to_timestamp
from .store import Store

_BATCH = 256
_EXPIRED_BATCH = 500
_UNSEEN_COLUMNS = ("rules_version", "topics_version", "provenance", "media")
"""Documents show nothing of them, or not all."""


def replace_entries(
    store: Store, rebuilt: Sequence[EncodedEntry], now: datetime, find_original: OriginalFinder | None = None
) -> frozenset[FeedPath]:
    """Replace the content of entries that were rebuilt from their newest dumps. No date changes.

    Returns the feeds that change: an entry with the same content changes none.
    """
    by_id = {entry.id: entry for entry in rebuilt}
    with store.write_transaction() as connection:
        return _change(connection, by_id, lambda row: row.with_content(by_id[row.id]), now, find_original)


def relabel_entries(store: Store, labels: dict[str, str], topics_version: str, now: datetime) -> frozenset[FeedPath]:
    """Give entries, by id, new labels (encoded); returns the feeds that change.

    Most entries have the same labels as before: it reads nothing else of them, and one statement writes the version.
    """
    e = t.entries.c
    with store.write_transaction() as connection:
        before = connection.execute(select(e.id, e.labels).where(e.id.in_(list(labels)))).all()
        same = [row.id for row in before if row.labels == labels[row.id]]
        connection.execute(t.entries.update().where(e.id.in_(same)).values(topics_version=topics_version))
        return _change(
            connection,
            labels.keys() - same,
            lambda row: row._replace(labels=labels[row.id], topics_version=topics_version),
            now,
        )


def set_private(
    store: Store, source: str, now: datetime, find_original: OriginalFinder, *, private: bool
) -> Iterator[frozenset[FeedPath]]:
    """Take a source's entries out of all feeds but its own, or back into them; yields the changed feeds by batch."""
    e = t.entries.c
    last = ""
    while True:
        others = select(e.id).where(e.source == source, e.id > last, e.private != int(private))
        with store.read_transaction() as connection:
            ids = list(connection.execute(others.order_by(e.id).limit(_BATCH)).scalars())
        if not ids:
            return
        last = ids[-1]
        with store.write_transaction() as connection:
            feeds = _change(connection, ids, lambda row: row._replace(private=int(private)), now, find_original)
        yield feeds


def mark_current(store: Store, ids: Sequence[str], rules_version: str, now: datetime) -> None:
    """Keep the content of entries although they cannot be rebuilt with new rules."""
    with store.write_transaction() as connection:
        _change(connection, ids, lambda row: row._replace(rules_version=rules_version), now)


def withdraw_entries(
    store: Store, ids: Sequence[str], now: datetime, find_original: OriginalFinder | None = None
) -> frozenset[FeedPath]:
    """Take entries out of every document and leave tombstones; returns the feeds that change.

    An entry that is withdrawn already keeps its time.
    """
    time = to_timestamp(now)
    with store.write_transaction() as connection:
        return _change(connection, ids, lambda row: row._replace(withdrawn=row.withdrawn or time), now, find_original)


def restore_entries(
    store: Store, ids: Sequence[str], now: datetime, find_original: OriginalFinder | None = None
) -> frozenset[FeedPath]:
    """Undo `withdraw_entries`; returns the feeds that change."""
    with store.write_transaction() as connection:
        return _change(connection, ids, lambda row: row._replace(withdrawn=None), now, find_original)


def update_enclosures(store: Store, files: Mapping[str, Sequence[FileMetadata]], now: datetime) -> frozenset[FeedPath]:
    """Save metadata of files, by the id of the entry that shows them. No date changes.

    Returns the feeds that change: a failed attempt changes none.
    """

    def update(row: EntryRow) -> EntryRow:
        media = {file.url: file for file in (*decode_media(row.media), *files[row.id])}
        return row._replace(media=encode_json(list(media.values())))

    with store.write_transaction() as connection:
        return _change(connection, files, update, now)


def update_icons(store: Store, icons: Mapping[str, FileMetadata], now: datetime) -> frozenset[FeedPath]:
    """Save the results of looking for the icons of sources; returns the feeds whose icon changes."""
    with store.write_transaction() as connection:
        members = MembershipWriter(connection, now)
        query = select(t.sources).where(t.sources.c.id.in_(list(icons)))
        for row in connection.execute(query).all():
            icon = icons[row.id]
            if icon.url != "".join(before.url for before in decode_media(row.icon)):
                members.touch_feed(FeedPath("source", row.id))
            update = t.sources.update().where(t.sources.c.id == row.id)
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
    """Delete a batch of a source's entries beyond its newest `entries` (if any), or published before a time.

    Returns the feeds that change, or None when there is nothing to delete. The files stay known, so that they are not
    read again. Where another source has the same text, its entry is shown from then on.
    """
    e = t.entries.c
    newest = select(e.id).where(e.source == source).order_by(e.published.desc(), e.id.desc()).limit(entries)
    conditions: list[ColumnElement[bool]] = [e.id.not_in(newest)] if entries else []
    if before:
        conditions.append(e.published < to_timestamp(before))
    if not conditions:
        return None
    with store.write_transaction() as connection:
        query = select(t.entries).where(e.source == source, or_(*conditions)).limit(_EXPIRED_BATCH)
        rows = load_entries(connection, query)
        if not rows:
            return None
        # To withdraw them first updates everything that depends on them.
        withdrawn = {id: row._replace(withdrawn=0) for id, row in rows.items()}
        feeds = apply_changes(connection, rows, withdrawn, now, find_original)
        counters = OutcomeCounters(connection)
        counters.move_entries(dict.fromkeys(rows, (source, None)))
        counters.flush()
        columns = {t.minhash_bands: t.minhash_bands.c.entry_id, t.dumps: t.dumps.c.entry_id, t.entries: e.id}
        for table, column in columns.items():
            connection.execute(delete(table).where(column.in_(list(rows))))
    return feeds


def _change(
    connection: Connection,
    ids: Iterable[str],
    change: Callable[[EntryRow], EntryRow],
    now: datetime,
    find_original: OriginalFinder | None = None,
) -> frozenset[FeedPath]:
    """Change entries by id; returns the feeds whose documents show a change."""
    before = load_entries(connection, select(t.entries).where(t.entries.c.id.in_(list(ids))))
    after = {id: change(row) for id, row in before.items()}
    seen = {id: row for id, row in after.items() if _visible_content(row) != _visible_content(before[id])}
    feeds = apply_changes(connection, before, seen, now, find_original)
    unseen = [row for id, row in after.items() if id not in seen and row != before[id]]
    if unseen:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _UNSEEN_COLUMNS}
        statement = t.entries.update().where(t.entries.c.id == bindparam("entry_id")).values(values)
        rows = [
            {"entry_id": row.id} | {f"new_{name}": getattr(row, name) for name in _UNSEEN_COLUMNS} for row in unseen
        ]
        connection.execute(statement, rows)
    return feeds


def _visible_content(row: EntryRow) -> tuple[EntryRow, set[tuple[str, str, int]]]:
    """What documents show of an entry."""
    files = {(file.url, file.type, file.length) for file in decode_media(row.media) if file.type or file.length}
    return row._replace(rules_version="", topics_version="", provenance=b"", media=""), files

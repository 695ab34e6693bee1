"""What changes about what is stored without a new dump: entries made again by new rules, labelled anew, withdrawn,
restored; files and icons measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from ..fetch.enclosure_metadata import FileMetadata
from . import schema as t
from .apply import apply_changes
from .membership import MembershipWriter
from .repost_links import OriginalFinder, encode_bands
from .serialization import EncodedEntry, decode_media, encode_media, to_timestamp
from .store import Store

_BATCH = 256

Row = dict[str, Any]


def replace_entries(
    store: Store, made: Sequence[EncodedEntry], now: datetime, find_original: OriginalFinder | None = None
) -> frozenset[str]:
    """Put entries that were made again from their newest dumps in place of what was; no date moves.

    Returns the feeds that change: an entry that came out as before changes none.
    """
    fresh = {row.id: row for row in made}

    def changed(row: Row) -> Row:
        new = fresh[row["id"]]
        return {
            "source": new.source.id,
            "title": new.title,
            "weight": new.size_estimate,
            "sketch": new.minhash,
            "bands": encode_bands(new.minhash_bands),
            "payload": new.payload,
            "notes": new.provenance,
            "labels": new.labels,
            "rules": new.rules_version,
            "topics": new.topics_version,
            "hidden": int(new.private),
        }

    return _change(store, list(fresh), changed, now, find_original)


def relabel_entries(store: Store, labels: dict[str, str], topics: str, now: datetime) -> frozenset[str]:
    """Give entries the labels (packed) that a new set of topics gives them; returns the feeds that change.

    Most keep theirs: of those nothing is read but the labels, and one statement notes the topics of them all.
    """
    e = t.entries.c
    with store.write_transaction() as connection:
        before = connection.execute(select(e.id, e.labels).where(e.id.in_(list(labels)))).all()
        same = [row.id for row in before if row.labels == labels[row.id]]
        connection.execute(t.entries.update().where(e.id.in_(same)).values(topics=topics))
        others = labels.keys() - same
        return _turn(connection, others, lambda row: {"labels": labels[row["id"]], "topics": topics}, now, None)


def set_private(
    store: Store, source: str, now: datetime, find_original: OriginalFinder, *, private: bool
) -> Iterator[frozenset[str]]:
    """Take a source's entries out of every feed but its own, or put them back; a batch at a time, the feeds that
    change by it."""
    e = t.entries.c
    last = ""
    while True:
        wanted = select(e.id).where(e.source == source, e.id > last, e.hidden != int(private))
        with store.read_transaction() as connection:
            ids = list(connection.execute(wanted.order_by(e.id).limit(_BATCH)).scalars())
        if not ids:
            return
        last = ids[-1]
        yield _change(store, ids, lambda _: {"hidden": int(private)}, now, find_original)


def mark_current(store: Store, ids: Sequence[str], rules: str, now: datetime) -> None:
    """Note that new rules make nothing of the dumps of these entries, which stay as they are."""
    _change(store, ids, lambda _: {"rules": rules}, now, None)


def withdraw_entries(
    store: Store, ids: Sequence[str], now: datetime, find_original: OriginalFinder | None = None
) -> frozenset[str]:
    """Take entries out of every document, leaving a tombstone; what is withdrawn already stays as it is."""
    moment = to_timestamp(now)
    return _change(store, ids, lambda row: {"withdrawn": row["withdrawn"] or moment}, now, find_original)


def restore_entries(
    store: Store, ids: Sequence[str], now: datetime, find_original: OriginalFinder | None = None
) -> frozenset[str]:
    """Undo `withdraw`."""
    return _change(store, ids, lambda _: {"withdrawn": None}, now, find_original)


def update_enclosures(store: Store, known: Mapping[str, Sequence[FileMetadata]], now: datetime) -> frozenset[str]:
    """Keep what is known of files, by the entry that shows them; no date moves.

    Returns the feeds that change: a try in vain changes none.
    """

    def changed(row: Row) -> Row:
        files = {file.url: file for file in (*decode_media(row["media"]), *known[row["id"]])}
        return {"media": encode_media(files.values())}

    return _change(store, list(known), changed, now, None)


def update_icons(store: Store, icons: Mapping[str, FileMetadata], now: datetime) -> frozenset[str]:
    """Keep what looking for the icons of sources came to; returns the feeds that have another icon by it."""
    with store.write_transaction() as connection:
        places = MembershipWriter(connection, now)
        query = select(t.sources).where(t.sources.c.id.in_(list(icons)))
        for row in connection.execute(query).all():
            icon = icons[row.id]
            if icon.url != "".join(before.url for before in decode_media(row.icon)):
                places.touch_feed(f"source/{row.id}")
            values = {"icon": encode_media([icon])}
            connection.execute(t.sources.update().where(t.sources.c.id == row.id).values(**values))
        places.flush()
    return places.feeds


_UNSEEN = {"rules", "topics", "notes", "media"}
"""Columns that no document shows, or not all of."""


def _change(
    store: Store, ids: Iterable[str], change: Callable[[Row], Row], now: datetime, judge: OriginalFinder | None
) -> frozenset[str]:
    with store.write_transaction() as connection:
        return _turn(connection, ids, change, now, judge)


def _turn(
    connection: Connection,
    ids: Iterable[str],
    change: Callable[[Row], Row],
    now: datetime,
    judge: OriginalFinder | None,
) -> frozenset[str]:
    query = select(t.entries).where(t.entries.c.id.in_(list(ids)))
    before = {row.id: dict(row._mapping) for row in connection.execute(query)}
    after = {id: row | change(row) for id, row in before.items()}
    seen = {id: row for id, row in after.items() if _shown(row) != _shown(before[id])}
    feeds = apply_changes(connection, before, seen, now, judge)
    unseen = [row for id, row in after.items() if id not in seen and row != before[id]]
    if unseen:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _UNSEEN}
        statement = t.entries.update().where(t.entries.c.id == bindparam("its_id")).values(values)
        rows = [{"its_id": row["id"]} | {f"new_{name}": row[name] for name in _UNSEEN} for row in unseen]
        connection.execute(statement, rows)
    return feeds


def _shown(row: Row) -> Row:
    files = {(file.url, file.type, file.length) for file in decode_media(row["media"]) if file.type or file.length}
    return {name: value for name, value in row.items() if name not in _UNSEEN} | {"files": files}

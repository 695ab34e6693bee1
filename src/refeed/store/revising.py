"""What changes about what is stored without a new dump: entries made again by new rules, labelled anew, withdrawn,
restored; files and icons measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from ..media import Measured
from ..packing import EntryRow, pack_measured, seconds, unpack_measured
from . import schema as t
from .places import Places
from .reposts import Judge, pack_bands
from .store import Store
from .turning import turn

_BATCH = 256

Row = dict[str, Any]


def revise(store: Store, made: Sequence[EntryRow], now: datetime, judge: Judge | None = None) -> frozenset[str]:
    """Put entries that were made again from their newest dumps in place of what was; no date moves.

    Returns the feeds that change: an entry that came out as before changes none.
    """
    fresh = {row.id: row for row in made}

    def changed(row: Row) -> Row:
        new = fresh[row["id"]]
        return {
            "source": new.source.id,
            "title": new.title,
            "weight": new.weight,
            "sketch": new.sketch,
            "bands": pack_bands(new.bands),
            "payload": new.payload,
            "notes": new.notes,
            "labels": new.labels,
            "rules": new.rules,
            "topics": new.topics,
            "hidden": int(new.hidden),
        }

    return _change(store, list(fresh), changed, now, judge)


def relabel(store: Store, labels: dict[str, str], topics: str, now: datetime) -> frozenset[str]:
    """Give entries the labels (packed) that a new set of topics gives them; returns the feeds that change.

    Most keep theirs: of those nothing is read but the labels, and one statement notes the topics of them all.
    """
    e = t.entries.c
    with store.writing() as connection:
        before = connection.execute(select(e.id, e.labels).where(e.id.in_(list(labels)))).all()
        same = [row.id for row in before if row.labels == labels[row.id]]
        connection.execute(t.entries.update().where(e.id.in_(same)).values(topics=topics))
        others = labels.keys() - same
        return _turn(connection, others, lambda row: {"labels": labels[row["id"]], "topics": topics}, now, None)


def hide(store: Store, source: str, now: datetime, judge: Judge, *, hidden: bool) -> Iterator[frozenset[str]]:
    """Take a source's entries out of every feed but its own, or put them back; a batch at a time, the feeds that
    change by it."""
    e = t.entries.c
    last = ""
    while True:
        wanted = select(e.id).where(e.source == source, e.id > last, e.hidden != int(hidden))
        with store.reading() as connection:
            ids = list(connection.execute(wanted.order_by(e.id).limit(_BATCH)).scalars())
        if not ids:
            return
        last = ids[-1]
        yield _change(store, ids, lambda _: {"hidden": int(hidden)}, now, judge)


def keep(store: Store, ids: Sequence[str], rules: str, now: datetime) -> None:
    """Note that new rules make nothing of the dumps of these entries, which stay as they are."""
    _change(store, ids, lambda _: {"rules": rules}, now, None)


def withdraw(store: Store, ids: Sequence[str], now: datetime, judge: Judge | None = None) -> frozenset[str]:
    """Take entries out of every document, leaving a tombstone; what is withdrawn already stays as it is."""
    moment = seconds(now)
    return _change(store, ids, lambda row: {"withdrawn": row["withdrawn"] or moment}, now, judge)


def restore(store: Store, ids: Sequence[str], now: datetime, judge: Judge | None = None) -> frozenset[str]:
    """Undo `withdraw`."""
    return _change(store, ids, lambda _: {"withdrawn": None}, now, judge)


def enrich(store: Store, known: Mapping[str, Sequence[Measured]], now: datetime) -> frozenset[str]:
    """Keep what is known of files, by the entry that shows them; no date moves.

    Returns the feeds that change: a try in vain changes none.
    """

    def changed(row: Row) -> Row:
        files = {file.url: file for file in (*unpack_measured(row["media"]), *known[row["id"]])}
        return {"media": pack_measured(files.values())}

    return _change(store, list(known), changed, now, None)


def adorn(store: Store, icons: Mapping[str, Measured], now: datetime) -> frozenset[str]:
    """Keep what looking for the icons of sources came to; returns the feeds that have another icon by it."""
    with store.writing() as connection:
        places = Places(connection, now)
        query = select(t.sources).where(t.sources.c.id.in_(list(icons)))
        for row in connection.execute(query).all():
            icon = icons[row.id]
            if icon.url != "".join(before.url for before in unpack_measured(row.icon)):
                places.touch(f"source/{row.id}")
            values = {"icon": pack_measured([icon])}
            connection.execute(t.sources.update().where(t.sources.c.id == row.id).values(**values))
        places.flush()
    return places.feeds


_UNSEEN = {"rules", "topics", "notes", "media"}
"""Columns that no document shows, or not all of."""


def _change(
    store: Store, ids: Iterable[str], change: Callable[[Row], Row], now: datetime, judge: Judge | None
) -> frozenset[str]:
    with store.writing() as connection:
        return _turn(connection, ids, change, now, judge)


def _turn(
    connection: Connection, ids: Iterable[str], change: Callable[[Row], Row], now: datetime, judge: Judge | None
) -> frozenset[str]:
    query = select(t.entries).where(t.entries.c.id.in_(list(ids)))
    before = {row.id: dict(row._mapping) for row in connection.execute(query)}
    after = {id: row | change(row) for id, row in before.items()}
    seen = {id: row for id, row in after.items() if _shown(row) != _shown(before[id])}
    feeds = turn(connection, before, seen, now, judge)
    unseen = [row for id, row in after.items() if id not in seen and row != before[id]]
    if unseen:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _UNSEEN}
        statement = t.entries.update().where(t.entries.c.id == bindparam("its_id")).values(values)
        rows = [{"its_id": row["id"]} | {f"new_{name}": row[name] for name in _UNSEEN} for row in unseen]
        connection.execute(statement, rows)
    return feeds


def _shown(row: Row) -> Row:
    files = {(file.url, file.type, file.length) for file in unpack_measured(row["media"]) if file.type or file.length}
    return {name: value for name, value in row.items() if name not in _UNSEEN} | {"files": files}

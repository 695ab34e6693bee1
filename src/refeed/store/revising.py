"""What changes about stored entries without a new dump: made again by new rules, labelled anew, withdrawn, restored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from . import schema as t
from .packing import seconds
from .recording import EntryRow
from .reposts import Judge, pack_bands
from .store import Store
from .turning import turn

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


_UNSEEN = {"rules", "topics", "notes"}
"""Columns that no document shows."""


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
    return {name: value for name, value in row.items() if name not in _UNSEEN}

"""A damaged SQLite store -> its readable rows in a new store, one by one. Rows that depend on them are made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import Table

from ..heartbeat import beat
from . import schema
from .change_propagation import OutcomeCounters, apply_changes
from .database import IDENTITY_KEY, Database, upsert
from .migrations import MIGRATIONS
from .rows import EntryRow, StoredDump, StoredEntry

_Stored = TypeVar("_Stored", StoredDump, StoredEntry)
_BATCH = 500
_MAX_GAP = 10_000
"""Rows that are missing or unreadable in a row, after which a table without a readable end counts as read."""
NOT_SALVAGED = frozenset({IDENTITY_KEY, "complete"})
"""Keys of `meta` that the new store has for itself: it is another one, and has not read the dump folders yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What was read from a damaged store."""

    entries: int = 0
    dumps: tuple[StoredDump, ...] = ()
    """Dumps whose entries could not be read. They are to be built again."""


def salvage_rows(damaged: Path, store: Database, now: datetime) -> Salvage:
    """Copy every readable row into a new, empty store. Raises StoreError when that store fails."""
    with closing(sqlite3.connect(f"file:{damaged}?mode=ro&immutable=1", uri=True)) as old:
        old.row_factory = sqlite3.Row
        if not _has_our_schema(old):
            return Salvage()
        with store.write_transaction() as new:
            for table in (schema.meta, schema.sources, schema.upstreams):
                rows = [row for row in _iter_rows(old, table) if row.get("name") not in NOT_SALVAGED]
                upsert(new, table, rows)
            sources: dict[str, str] = {}
            entries = (row for row in _iter_rows(old, schema.entries) if _decode(StoredEntry, row))
            while batch := {row["id"]: EntryRow(**row) for row in islice(entries, _BATCH)}:
                apply_changes(new, {}, batch, now, None)
                sources |= {id: row.source for id, row in batch.items()}
            counters = OutcomeCounters(new)
            digests: set[bytes] = set()
            orphans: list[StoredDump] = []
            readable = ((row, dump) for row in _iter_rows(old, schema.dumps) if (dump := _decode(StoredDump, row)))
            while dumps := list(islice(readable, _BATCH)):
                kept = [row for row, dump in dumps if dump.entry_id is None or dump.entry_id in sources]
                orphans += [dump for _, dump in dumps if dump.entry_id is not None and dump.entry_id not in sources]
                upsert(new, schema.dumps, kept)
                digests |= {row["digest"] for row in kept}
                for row in kept:
                    if row["entry_id"] is not None:
                        counters.count_dumps(sources[row["entry_id"]], row["outcome"], 1, row["first_seen"])
            # A file whose dump is lost is read again.
            files = [row for row in _iter_rows(old, schema.files) if row["digest"] in digests]
            upsert(new, schema.files, files)
            for row in files:
                counters.count_file(None, row["outcome"])
            counters.flush()
    return Salvage(entries=len(sources), dumps=tuple(orphans))


def _has_our_schema(old: sqlite3.Connection) -> bool:
    try:
        return bool(old.execute("SELECT MAX(version) FROM migrations").fetchone()[0] == len(MIGRATIONS))
    except sqlite3.DatabaseError:
        return False


def _iter_rows(old: sqlite3.Connection, table: Table) -> Iterator[dict[str, Any]]:
    """Yield the rows that can be read, by their row ids: that needs no index, and a damaged page costs its own rows."""
    columns = ", ".join(column.name for column in table.columns)
    try:
        last = old.execute(f"SELECT MAX(rowid) FROM {table.name}").fetchone()[0] or 0
    except sqlite3.DatabaseError:
        last = None
    gap = number = 0
    while number < last if last is not None else gap < _MAX_GAP:
        beat()
        number += 1
        gap += 1
        try:
            row = old.execute(f"SELECT {columns} FROM {table.name} WHERE rowid = ?", (number,)).fetchone()
        except (sqlite3.DatabaseError, OverflowError, UnicodeDecodeError):
            continue
        # A page of another table, or of zeros, may be read as a row.
        if row is not None and all(column.nullable or row[column.name] is not None for column in table.columns):
            gap = 0
            yield dict(row)


def _decode(kind: type[_Stored], row: dict[str, Any]) -> _Stored | None:
    """Decode a row; None when a part of it is damaged, although SQLite could read it."""
    try:
        return kind.from_row(SimpleNamespace(**row))
    except Exception:  # noqa: BLE001 -- damaged bytes raise many types
        return None

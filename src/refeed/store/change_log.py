"""The logs of changed entries, from which an index is kept up to date: the search index, and the stories.

`change_propagation` lists an entry in each log, in the transaction that changes it. Whoever keeps an index reads the
log with `get_changes`, and takes entries off it with `take_changes`, in the transaction that writes the index. The
index may therefore be late, and a process may be killed, but what is no longer listed is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table, delete, desc, func, insert, select, tuple_

from . import schema
from .database import Database
from .rows import StoredEntry
from .store import ENTRY_COLUMNS


class EntryChange(NamedTuple):
    """An entry that an index does not have yet, or as it was before; `entry` is None when it was deleted."""

    id: str
    revision: int
    entry: StoredEntry | None
    private: bool = False


def count_changes(store: Database, log: Table) -> int:
    """The number of listed entries."""
    with store.read_transaction() as connection:
        return connection.execute(select(func.count()).select_from(log)).scalar_one()


def get_changes(store: Database, log: Table, limit: int) -> list[EntryChange]:
    """Listed entries, latest change first, so that an index has news at once while it takes up an archive."""
    entry = schema.entries.c
    query = (
        select(log.c.entry_id, log.c.revision.label("changed"), *ENTRY_COLUMNS, entry.private)
        .select_from(log.outerjoin(schema.entries, entry.id == log.c.entry_id))
        .order_by(desc(log.c.revision), log.c.entry_id)
        .limit(limit)
    )
    with store.read_transaction() as connection:
        return [
            EntryChange(row.entry_id, row.changed, StoredEntry.from_row(row), bool(row.private))
            if row.id is not None
            else EntryChange(row.entry_id, row.changed, None)
            for row in connection.execute(query)
        ]


def take_changes(connection: Connection, log: Table, changes: Sequence[EntryChange]) -> set[str]:
    """Take entries off the list; returns them without those that have changed again, which stay listed."""
    is_listed = tuple_(log.c.entry_id, log.c.revision).in_([(change.id, change.revision) for change in changes])
    current = set(connection.execute(select(log.c.entry_id).where(is_listed)).scalars())
    connection.execute(delete(log).where(log.c.entry_id.in_(current), is_listed))
    return current


def list_entries(connection: Connection, log: Table, ids: Sequence[str] | None = None) -> None:
    """List stored entries, all of them unless `ids` are given."""
    entry = schema.entries.c
    query = select(entry.id, entry.revision)
    if ids is None:
        connection.execute(delete(log))
    else:
        connection.execute(delete(log).where(log.c.entry_id.in_(ids)))
        query = query.where(entry.id.in_(ids))
    connection.execute(insert(log).from_select(["entry_id", "revision"], query))

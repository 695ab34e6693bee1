"""One store -> a complete copy in another database, to move a service between SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select, tuple_

from ..errors import StoreError
from . import schema
from .engine import disable_timeouts, error_text
from .inbox import make_inbox
from .migrations import MIGRATIONS, read_schema_version
from .store import Store

_BATCH = 2_000
"""Rows in memory at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCopy:
    """A table that was copied and verified."""

    table: str
    rows: int
    checksum: str
    """Checksum of all rows in primary-key order. It is the same in both stores."""


def copy_store(source: Store, target: Store, progress: Callable[[str, int], None] = lambda *_: None) -> list[TableCopy]:
    """Copy all tables in one transaction, and verify the copies before the commit.

    `progress` is called with the name of a table and the number of its rows copied so far. No other process may write
    to either store meanwhile. Raises StoreError and copies nothing when the source has no store or an older schema,
    when the target already has entries, when either database fails, or when the rows read back differ from those
    written.
    """
    with source.read_transaction() as old:
        version = read_schema_version(old)
    if version != len(MIGRATIONS):
        content = "an older schema: run `refeed migrate` on it first" if version else "no store"
        raise StoreError(f"{source.display_name} holds {content}")
    if waiting := len(make_inbox(source).list_items()):
        raise StoreError(
            f"{waiting} pushed dumps wait in the inbox of {source.display_name}: run `refeed ingest` first"
        )
    target.migrate()
    with source.read_transaction() as old, target.long_transaction() as new:
        disable_timeouts(old)
        for table in (schema.entries, schema.dumps, schema.files):
            if new.execute(select(table).limit(1)).first() is not None:
                raise StoreError(f"{target.display_name} holds {table.name} already: copy into an empty database")
        new.execute(schema.meta.delete())  # the copy keeps the identity of its source
        return [_copy_table(old, new, table, progress) for table in schema.metadata.sorted_tables]


def _copy_table(old: Connection, new: Connection, table: Table, progress: Callable[[str, int], None]) -> TableCopy:
    written, read = blake2b(digest_size=16), blake2b(digest_size=16)
    count = 0
    for rows in _iter_batches(old, table):
        _insert(new, table, rows)
        for row in rows:
            written.update(_encode_row(row))
        count += len(rows)
        progress(table.name, count)
    for rows in _iter_batches(new, table):
        for row in rows:
            read.update(_encode_row(row))
    total = new.execute(select(func.count()).select_from(table)).scalar_one()
    if total != count or read.digest() != written.digest():
        raise StoreError(f"{table.name}: the rows read back differ from those written; nothing was copied")
    return TableCopy(table=table.name, rows=count, checksum=read.hexdigest())


def _iter_batches(connection: Connection, table: Table) -> Iterator[list[Row[Any]]]:
    """Yield all rows in primary-key order. Both databases sort text by its bytes."""
    keys = list(table.primary_key)
    after: tuple[Any, ...] | None = None
    while True:
        query = select(table).order_by(*keys).limit(_BATCH)
        if after is not None:
            query = query.where(tuple_(*keys) > after)
        rows = list(connection.execute(query))
        if rows:
            yield rows
        if len(rows) < _BATCH:
            return
        after = tuple(rows[-1]._mapping[key] for key in keys)


def _insert(connection: Connection, table: Table, rows: list[Row[Any]]) -> None:
    if connection.dialect.name != "postgresql":
        connection.execute(table.insert(), [dict(row._mapping) for row in rows])
        return
    driver: Any = connection.connection.driver_connection
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    try:
        # COPY is five times as fast as INSERT.
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as into:
            for row in rows:
                into.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        raise StoreError(f"{table.name} cannot be copied: {error_text(error)}") from error


def _encode_row(row: Row[Any]) -> bytes:
    """Encode a row as bytes. Different rows always give different bytes."""
    parts = []
    for value in row:
        data = value if isinstance(value, bytes) else str(value).encode()
        parts.append(f"{type(value).__name__}:{len(data)}:".encode() + data)
    return b"".join(parts)

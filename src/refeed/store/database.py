"""Opens the database at a URL: migrates its schema, runs transactions and upserts, detects a replaced SQLite file."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Insert, Table, case, insert, select
from sqlalchemy.exc import SQLAlchemyError

from ..errors import SchemaError, StoreError
from ..heartbeat import long_call
from . import schema
from .engine import create_store_engine, disable_timeouts, error_text, parse_database_url
from .migrations import MIGRATIONS, apply_migrations, read_schema_version, read_version
from .sqlite_recovery import is_intact, is_marked_sound, mark_sound

IDENTITY_KEY = "identity"
"""Key in `meta` of a random value that differs between this store and one created later at the same URL."""
_CHECK_SHARE = 100
"""After a check for damage, the next one waits at least a hundred times as long as the check took. Other processes also
write a little to the file, and each write would trigger a check."""


class Database:
    """An open database. Safe to use from several threads.

    Methods raise StoreError when it is unreachable or damaged. The message shows the URL without its password.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.url = url
        self.display_name = parse_database_url(url).render_as_string(hide_password=True)
        """The URL without its password, for messages."""
        self.engine = create_store_engine(url, read_only=read_only)
        self._file = self._stat()
        self._snapshot = threading.local()
        # On SQLite every transaction is a snapshot.
        self._read_options = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        self._next_check = float("-inf")
        self._is_migrated = False
        self._is_sound = False
        """Whether the SQLite file was undamaged when it was opened, or last checked."""

    def migrate(self) -> int:
        """Bring the schema up to date and return its version.

        A schema that is already up to date is only read, without waiting for a lock.
        """
        with self.read_transaction() as connection:
            version = read_schema_version(connection)
        self._is_sound = not version or self._is_marked()
        if version < len(MIGRATIONS):
            with self.long_transaction() as connection:
                version = apply_migrations(connection)
                if (
                    connection.execute(select(schema.meta.c.value).where(schema.meta.c.name == IDENTITY_KEY)).first()
                    is None
                ):
                    connection.execute(insert(schema.meta).values(name=IDENTITY_KEY, value=secrets.token_hex(8)))
            self._mark_if_sound()
        self._file = self._stat()
        self._is_migrated = True
        return version

    def check_intact(self) -> None:
        """Raise StoreError when the SQLite file was removed, replaced, or damaged by another program, or when a newer
        version of this program has changed the schema.

        SQLite's page cache would hide the former until the next start. While no other process writes to the file, the
        check costs one `stat`, and one small query in PostgreSQL.
        """
        file = self._stat()
        if file is not None and file == self._file:
            return
        if (file and file[:2]) != (self._file and self._file[:2]):
            raise StoreError(f"the store {self.display_name} was removed or replaced")
        with self.read_transaction() as connection:
            read_version(connection)
        if file is None or self._is_marked():
            self._file = file
            return
        began = time.monotonic()
        if began < self._next_check:
            return
        with long_call():
            intact = is_intact(self.url)
        if not intact:
            raise StoreError(f"the store {self.display_name} was damaged by another program")
        self._file, self._is_sound = file, True
        self._next_check = time.monotonic() + _CHECK_SHARE * (time.monotonic() - began)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """Open a read transaction: all its queries see the same state. In a `snapshot`, reuse its transaction."""
        if connection := getattr(self._snapshot, "connection", None):
            yield connection
            return
        with self._transaction(**self._read_options) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Make all reads of this thread share one transaction: they see the same state and take a third of the time."""
        with self.read_transaction() as connection:
            self._snapshot.connection = connection
            try:
                yield
            finally:
                self._snapshot.connection = None

    @contextmanager
    def write_transaction(self) -> Iterator[Connection]:
        """Open a write transaction. It takes the writer lock when it begins, so there is only one writer at a time.

        Once the schema is newer than this program, it writes nothing: it does not know what else belongs to a row.
        """
        with self._transaction(write=True) as connection:
            if self._is_migrated:
                read_version(connection)
            # If neither holds, another program wrote: `check_intact` must notice that.
            is_ours = self._stat() == self._file or self._is_marked()
            yield connection
        if is_ours:
            self._file = self._stat()
            self._mark_if_sound()

    @contextmanager
    def long_transaction(self) -> Iterator[Connection]:
        """Open a write transaction for statements that change rows of all entries. Each may take minutes, and a process
        that gave no sign meanwhile would be restarted, only to begin again. Nothing else is written before it ends."""
        with long_call(), self.write_transaction() as connection:
            disable_timeouts(connection)
            if connection.dialect.name == "sqlite":
                # Debian's SQLite overwrites what it deletes, and copies each page to the journal before: emptying the
                # search index of 100,000 entries took 17 s, and takes 1.4 s without it.
                connection.exec_driver_sql("PRAGMA secure_delete=FAST")
            yield connection

    @contextmanager
    def _transaction(self, **options: Any) -> Iterator[Connection]:
        try:
            with self.engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"the store {self.display_name} did not answer: {error_text(error)}") from error

    def _is_marked(self) -> bool:
        """Whether the last program that wrote to the SQLite file was one of ours, and the file was undamaged before."""
        return self.engine.dialect.name == "sqlite" and is_marked_sound(Path(self.engine.url.database or ""))

    def _mark_if_sound(self) -> None:
        if self._is_sound and self.engine.dialect.name == "sqlite":
            mark_sound(Path(self.engine.url.database or ""))

    def _stat(self) -> tuple[int, int, int, int] | None:
        """Device, inode, size and time of the SQLite file; None for PostgreSQL, or when the file does not exist."""
        database = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or database is None:
            return None
        try:
            info = Path(database).stat()
        except OSError:
            return None
        return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns


def require_known_schema(url: str) -> None:
    """Raise SchemaError when a newer version of this program has changed the schema of a store.

    A store that cannot be read is left to whoever opens it.
    """
    store = Database(url, read_only=True)
    try:
        with store.read_transaction() as connection:
            read_version(connection)
    except SchemaError:
        raise
    except StoreError:
        pass
    finally:
        store.close()


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    add: tuple[str, ...] = (),
    greatest: tuple[str, ...] = (),
    later: tuple[str, ...] = (),
) -> None:
    """Insert rows, or update the given columns where the key exists. All rows have the same columns.

    The columns in `add` are added to the stored number; of those in `greatest`, the larger number stays. Those in
    `later` always increase, at least by one.
    """
    if rows:
        connection.execute(
            _upsert_statement(connection.dialect.name, table, tuple(rows[0]), add, greatest, later), rows
        )


@cache
def _upsert_statement(
    dialect: str,
    table: Table,
    columns: tuple[str, ...],
    add: tuple[str, ...],
    greatest: tuple[str, ...],
    later: tuple[str, ...],
) -> Insert:
    """Build the statement once: for a single dump, that takes longer than executing it."""
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    keys = [column.name for column in table.primary_key]
    values = {name: statement.excluded[name] for name in columns if name not in keys}
    values |= {name: table.c[name] + values[name] for name in add}
    values |= {name: case((table.c[name] > values[name], table.c[name]), else_=values[name]) for name in greatest}
    values |= {name: case((table.c[name] >= values[name], table.c[name] + 1), else_=values[name]) for name in later}
    result: Insert = (
        statement.on_conflict_do_update(index_elements=keys, set_=values)
        if values
        else statement.on_conflict_do_nothing(index_elements=keys)
    )
    return result

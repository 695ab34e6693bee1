"""A database opened: its schema, its transactions, and whether it is still the one that was opened."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import StoreError
from . import schema as t
from .engine import create_store_engine, parse_database_url
from .migrations import MIGRATIONS, apply_migrations, read_schema_version
from .sqlite_recovery import is_intact

IDENTITY_KEY = "identity"
"""Under which name the store keeps what tells it from one that is made anew."""
_SHARE = 100
"""Others write to the store too, a little: looking for damage takes a hundredth of the time at most."""


class Database:
    """A database by URL, opened. Safe to use from several threads.

    Raises StoreError, naming the database without its password, when it is away or damaged.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.url = url
        self.engine = create_store_engine(url, read_only=read_only)
        self._place = self._file()
        self._shared = threading.local()
        # SQLite's transactions are snapshots anyway.
        self._snapshot = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        self._checked = float("-inf")

    @property
    def display_name(self) -> str:
        """The store for people, without a password."""
        return parse_database_url(self.url).render_as_string(hide_password=True)

    def migrate(self) -> int:
        """Bring the schema up to date; returns its version. Writes nothing, and waits for nobody, where it is."""
        with self.read_transaction() as connection:
            version = read_schema_version(connection)
        if version == len(MIGRATIONS):
            self._place = self._file()
            return version
        with self.write_transaction() as connection:
            version = apply_migrations(connection)
            if connection.execute(select(t.meta.c.value).where(t.meta.c.name == IDENTITY_KEY)).first() is None:
                connection.execute(insert(t.meta).values(name=IDENTITY_KEY, value=secrets.token_hex(8)))
        self._place = self._file()
        return version

    def check_intact(self) -> None:
        """Raise StoreError when an SQLite store was taken away, replaced or damaged behind our back.

        What is held in memory would hide it, until the next start. Costs a `stat` while nobody else touches the file.
        """
        there = self._file()
        if there == self._place:
            return
        if there is None or self._place is None or there[:2] != self._place[:2]:
            raise StoreError(f"the store {self.display_name} was taken away or replaced")
        began = time.monotonic()
        if began < self._checked:
            return
        if not is_intact(self.url):
            raise StoreError(f"the store {self.display_name} was damaged from outside")
        self._place = there
        self._checked = time.monotonic() + _SHARE * (time.monotonic() - began)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """A transaction that only reads: all its queries see the store at one moment."""
        if connection := getattr(self._shared, "connection", None):
            yield connection
            return
        try:
            with self.engine.connect().execution_options(**self._snapshot) as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise self._away(error) from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What this thread reads meanwhile is read in one transaction: all of one moment, and a third of the time."""
        with self.read_transaction() as connection:
            self._shared.connection = connection
            try:
                yield
            finally:
                self._shared.connection = None

    @contextmanager
    def write_transaction(self) -> Iterator[Connection]:
        """A transaction that may write; SQLite takes its one writer's lock at once."""
        try:
            with self.engine.connect().execution_options(write=True) as connection, connection.begin():
                ours = self._file() == self._place  # else somebody was at it before us, and `check` has to see that
                yield connection
            if ours:
                self._place = self._file()
        except SQLAlchemyError as error:
            raise self._away(error) from error

    def _file(self) -> tuple[int, int, int, int] | None:
        """Which file an SQLite store is, and when it was last written to."""
        database = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or database is None:
            return None
        try:
            info = Path(database).stat()
        except OSError:
            return None
        return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns

    def _away(self, error: SQLAlchemyError) -> StoreError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        return StoreError(f"the store {self.display_name} did not answer: {' '.join(str(cause).split())}")

"""Pushed dumps -> files beside an SQLite store, or a table in PostgreSQL, until the leader has ingested them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import delete, func, select, tuple_

from ..clock import utc_now
from ..dumps.scanner import scan_folder
from ..dumps.writer import NewDump, write_dumps
from ..errors import StoreError
from . import schema
from .database import upsert
from .engine import parse_database_url
from .migrations import MIGRATIONS, read_schema_version
from .serialization import to_timestamp
from .store import Store

MAX_ITEMS = 256
"""Dumps that the leader looks at together."""
_MAX_BYTES = 16_000_000
"""Their total size."""


class InboxItem(NamedTuple):
    """A dump that waits in the inbox."""

    folder: str
    name: str
    size: int


class Inbox(ABC):
    """Any process that shares the store may add dumps; the leader removes them. Methods raise OSError or StoreError."""

    @abstractmethod
    def add(self, dumps: Sequence[NewDump]) -> int:
        """Add dumps; those that wait already are not added again. Returns how many are new.

        When it returns, they survive a power cut.
        """

    @abstractmethod
    def list_items(self) -> list[InboxItem]:
        """The dumps that wait, oldest first, at most `MAX_ITEMS`."""

    @abstractmethod
    def read(self, items: Sequence[InboxItem]) -> list[NewDump]:
        """The dumps themselves."""

    @abstractmethod
    def remove(self, items: Sequence[InboxItem]) -> None:
        """Remove dumps that the store has."""


def make_inbox(store: Store) -> Inbox:
    """The inbox of a store, which is opened for writing."""
    url = parse_database_url(store.url)
    if url.drivername == "sqlite":
        return FileInbox(Path(f"{Path(url.database or '').resolve()}.inbox"))
    return TableInbox(store)


class FileInbox(Inbox):
    """Files in a folder beside an SQLite store. A push does not wait for the process that writes to the store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, dumps: Sequence[NewDump]) -> int:
        return len(write_dumps(self._folder, dumps))

    def list_items(self) -> list[InboxItem]:
        files = sorted(scan_folder(self._folder, (".md",)), key=lambda file: (file.mtime_ns, file.relative_path))
        items = [InboxItem(*file.relative_path.rpartition("/")[::2], file.size) for file in files]
        return _limit(items)

    def read(self, items: Sequence[InboxItem]) -> list[NewDump]:
        return [NewDump(folder=item.folder, name=item.name, data=self._path(item).read_bytes()) for item in items]

    def remove(self, items: Sequence[InboxItem]) -> None:
        for item in items:
            self._path(item).unlink(missing_ok=True)
        for folder in {item.folder for item in items if item.folder}:
            with suppress(OSError):  # other dumps wait there
                (self._folder / folder).rmdir()

    def _path(self, item: InboxItem) -> Path:
        return self._folder / item.folder / item.name


class TableInbox(Inbox):
    """A table of a PostgreSQL store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, dumps: Sequence[NewDump]) -> int:
        self._require_table()
        time = to_timestamp(utc_now())
        rows = {
            (dump.folder, dump.name): {"folder": dump.folder, "name": dump.name, "received": time, "data": dump.data}
            for dump in dumps
        }
        with self._store.write_transaction() as connection:
            query = select(_item.folder, _item.name).where(_KEY.in_(list(rows)))
            for known in connection.execute(query):
                del rows[tuple(known)]
            upsert(connection, schema.inbox, list(rows.values()))
        return len(rows)

    def list_items(self) -> list[InboxItem]:
        query = select(_item.folder, _item.name, func.length(_item.data)).order_by(_item.received, _item.name)
        with self._store.read_transaction() as connection:
            return _limit([InboxItem(*row) for row in connection.execute(query.limit(MAX_ITEMS))])

    def read(self, items: Sequence[InboxItem]) -> list[NewDump]:
        query = select(_item.folder, _item.name, _item.data).where(_KEY.in_([item[:2] for item in items]))
        with self._store.read_transaction() as connection:
            return [NewDump(folder=row.folder, name=row.name, data=row.data) for row in connection.execute(query)]

    def remove(self, items: Sequence[InboxItem]) -> None:
        with self._store.write_transaction() as connection:
            connection.execute(delete(schema.inbox).where(_KEY.in_([item[:2] for item in items])))

    def _require_table(self) -> None:
        """Create the schema in an empty database: the first push may come before the first worker."""
        with self._store.read_transaction() as connection:
            version = read_schema_version(connection)
        if not version:
            self._store.migrate()
        elif version < len(MIGRATIONS):
            raise StoreError(f"the store has schema version {version}: start the worker of this version first")


_item = schema.inbox.c
_KEY = tuple_(_item.folder, _item.name)


def _limit(items: Sequence[InboxItem]) -> list[InboxItem]:
    """The first items that are not too many or too large together, at least one."""
    taken: list[InboxItem] = []
    size = 0
    for item in items[:MAX_ITEMS]:
        size += item.size
        if taken and size > _MAX_BYTES:
            break
        taken.append(item)
    return taken

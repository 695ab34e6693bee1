"""The lock of the one process that ingests into a store: a file beside an SQLite database, a lock in PostgreSQL."""

from __future__ import annotations

import fcntl
import logging
import os
import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from ..errors import LockedError, StoreError
from .engine import ADVISORY_LOCK_CLASS, create_postgres_engine, error_text, parse_database_url

_log = logging.getLogger("refeed.store")
_LEADER_KEY, _PREFERRED_KEY = 1, 2
"""Second halves of the lock keys: the leader lock, and a shared lock that every dedicated worker holds."""
_HOST = socket.gethostname()[:30]
_HOLDER = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :class AND l.objid = :key AND l.objsubid = 2 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"
)


def make_leader_lock(url: str, *, preferred: bool = False) -> LeaderLock:
    """The lock of the process that ingests into this store.

    `preferred` is for a dedicated worker: on PostgreSQL, the worker that `refeed serve` starts gives the lock up to it.
    """
    parsed = parse_database_url(url)
    if parsed.drivername == "sqlite":
        return FileLock(Path(f"{Path(parsed.database or '').resolve()}.lock"))
    return AdvisoryLock(url, preferred=preferred)


class LeaderLock(ABC):
    """A lock that one process has at a time. As a context manager it raises LockedError if another process has it."""

    @abstractmethod
    def acquire(self) -> bool:
        """Take the lock if it is free, or keep it; False when another process has it. Raises OSError or StoreError."""

    @abstractmethod
    def is_held(self) -> bool:
        """Whether this process has the lock."""

    @abstractmethod
    def release(self) -> None:
        """Release the lock. Does nothing if it is not held."""

    @abstractmethod
    def holder(self) -> str:
        """The process that has the lock, as text for people."""

    @abstractmethod
    def is_held_here(self) -> bool:
        """Whether another process of this machine has the lock."""

    def __enter__(self) -> LeaderLock:
        if not self.acquire():
            raise LockedError(f"{self.holder()} is ingesting already; stop it, or let it do the work")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class FileLock(LeaderLock):
    """flock on a file that names the holder. The kernel releases it when the process ends, and it is lost when the file
    is removed: others then create a new one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        if self.is_held():
            return True
        self.release()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        if not self.is_held():  # the file was removed or replaced between open and flock: this lock excludes no process
            self.release()
            return False
        with suppress(OSError):  # on a full disk the lock works without the name of its holder
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        return True

    def is_held(self) -> bool:
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except OSError:
            return False

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> str:
        try:
            return f"process {int(self._path.read_text())}"
        except (OSError, ValueError):
            return "another process"

    def is_held_here(self) -> bool:
        if self.is_held():
            return False
        is_free = self.acquire()
        self.release()
        return not is_free


class AdvisoryLock(LeaderLock):
    """A lock between all processes that share a PostgreSQL database. It is lost with the connection that holds it.

    A dedicated worker (`preferred`) has precedence. The worker of `refeed serve` releases the lock as soon as a
    dedicated worker appears, and takes it again when that one ends. On hosting platforms the two have separate disks,
    and dumps arrive on the disk of the dedicated worker.
    """

    def __init__(self, url: str, *, preferred: bool = False) -> None:
        self._preferred = preferred
        name = f"refeed {_HOST} process {os.getpid()}"
        self._engine = create_postgres_engine(
            parse_database_url(url).update_query_dict({"application_name": name}), read_only=True, pooled=False
        )
        self._connection: Connection | None = None
        self._is_ours = False

    def acquire(self) -> bool:
        if self.is_held():
            return True
        try:
            if not self._preferred and self._find_holder(_PREFERRED_KEY):
                return False
            query = f"SELECT pg_try_advisory_lock({ADVISORY_LOCK_CLASS}, {_LEADER_KEY})"
            self._is_ours = bool(self._connect().exec_driver_sql(query).scalar())
        except SQLAlchemyError as error:
            self.release()
            raise StoreError(f"the store did not answer when asked for the leader lock: {error_text(error)}") from error
        return self._is_ours

    def is_held(self) -> bool:
        if not self._is_ours:
            return False
        try:
            other = self._find_holder(_PREFERRED_KEY)  # a dedicated worker asks too: is the connection alive?
        except SQLAlchemyError as error:
            cause = error_text(error)
            _log.warning("lost the connection that held the leader lock: %s", cause, extra={"lock": "leader"})
            self.release()
            return False
        if other and not self._preferred:
            _log.info("%s is a dedicated worker; giving the leader lock up", other, extra={"holder": other})
            self.release()
        return self._is_ours

    def release(self) -> None:
        connection, self._connection, self._is_ours = self._connection, None, False
        if connection is not None:
            with suppress(SQLAlchemyError):
                # Unlock first: a server may take a while to notice that a connection is closed.
                connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            with suppress(SQLAlchemyError):
                connection.close()

    def holder(self) -> str:
        try:
            return self._find_holder(_LEADER_KEY) or "another process"
        except SQLAlchemyError:
            self.release()
            return "another process"

    def is_held_here(self) -> bool:
        return not self.is_held() and self.holder().startswith(f"{_HOST} ")

    def _find_holder(self, key: int) -> str:
        name = self._connect().execute(_HOLDER, {"class": ADVISORY_LOCK_CLASS, "key": key}).scalars().first()
        return str(name).removeprefix("refeed ") if name else ""

    def _connect(self) -> Connection:
        """The connection that holds the lock. Without one, open a connection that does not hold it yet."""
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._preferred:
                query = f"SELECT pg_advisory_lock_shared({ADVISORY_LOCK_CLASS}, {_PREFERRED_KEY})"
                self._connection.exec_driver_sql(query)
        return self._connection

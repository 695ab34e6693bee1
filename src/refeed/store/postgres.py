"""How machines that share a PostgreSQL database coordinate: an advisory lock for the leader, NOTIFY for changes.

A notification may be lost. The versions of feeds are authoritative: a process that polls them misses no change.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from ..errors import LockedError, StoreError
from .engine import ADVISORY_LOCK_CLASS, create_postgres_engine, error_text, parse_database_url

_log = logging.getLogger("refeed.store")
_CHANNEL = "refeed"
_STOP_CHECK_SECONDS = 1.0
_RECONNECT_SECONDS = 5.0
_PING_AFTER = 20
"""Waits of `_STOP_CHECK_SECONDS` without a notification, after which the connection is tested: a broken connection and
an idle one look the same."""


def notify_change(connection: Connection, revision: int) -> None:
    """Notify all listeners when this transaction commits. Does nothing on SQLite."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(_CHANNEL, str(revision))))


class ChangeListener:
    """Calls `on_change` in a background thread whenever a process changes the store, and after each connect.

    With SQLite it is never called. `reconnect_seconds` is the pause between attempts to reach an unreachable server.
    """

    def __init__(
        self, url: str, on_change: Callable[[], None], *, reconnect_seconds: float = _RECONNECT_SECONDS
    ) -> None:
        self._on_change = on_change
        self._reconnect_seconds = reconnect_seconds
        self._stop = threading.Event()
        self._url = parse_database_url(url)
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        if self._url.drivername != "sqlite":
            self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2 * _STOP_CHECK_SECONDS)

    def _run(self) -> None:
        engine = create_postgres_engine(self._url, read_only=True, pooled=False)
        while not self._stop.is_set():
            try:
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    self._listen(connection)
            except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error):
                self._stop.wait(self._reconnect_seconds)

    def _listen(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"LISTEN {_CHANNEL}")
        self._on_change()  # something may have changed before LISTEN
        driver: Any = connection.connection.driver_connection
        quiet = 0
        while not self._stop.is_set():
            if list(driver.notifies(timeout=_STOP_CHECK_SECONDS, stop_after=1)):
                self._on_change()
                quiet = 0
            else:
                quiet += 1
            if quiet == _PING_AFTER:
                connection.exec_driver_sql("SELECT 1")
                quiet = 0


_LEADER_KEY, _PREFERRED_KEY = 1, 2
"""Second halves of the lock keys: the leader lock, and a shared lock that every dedicated worker holds."""

_HOLDER = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :class AND l.objid = :key AND l.objsubid = 2 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"
)


class AdvisoryLock:
    """A lock between all processes that share a PostgreSQL database. It is lost with the connection that holds it.

    A dedicated worker (`preferred`) has precedence. The worker of `refeed serve` releases the lock as soon as a
    dedicated worker appears, and takes it again when that one ends. On hosting platforms the two have separate disks,
    and dumps arrive on the disk of the dedicated worker.
    """

    def __init__(self, url: str, *, preferred: bool = False) -> None:
        self._preferred = preferred
        name = f"refeed {socket.gethostname()[:30]} process {os.getpid()}"
        self._engine = create_postgres_engine(
            parse_database_url(url).update_query_dict({"application_name": name}), read_only=True, pooled=False
        )
        self._connection: Connection | None = None
        self._is_ours = False

    def acquire(self) -> bool:
        """Take the lock if it is free and no other process has precedence; returns whether this process holds it.

        Raises StoreError.
        """
        if self._is_ours and self.is_held():
            return True
        try:
            connection = self._connect()
            if not self._preferred and self._find_holder(_PREFERRED_KEY):
                return False
            query = f"SELECT pg_try_advisory_lock({ADVISORY_LOCK_CLASS}, {_LEADER_KEY})"
            self._is_ours = bool(connection.exec_driver_sql(query).scalar())
        except SQLAlchemyError as error:
            self.release()
            raise StoreError(f"the store did not answer when asked for the leader lock: {error_text(error)}") from error
        return self._is_ours

    def is_held(self) -> bool:
        """Whether this process holds the lock. Releases the lock when a process with precedence has appeared."""
        if not self._is_ours:
            return False
        try:
            if self._preferred:
                self._connect().exec_driver_sql("SELECT 1")
                return True
            other = self._find_holder(_PREFERRED_KEY)
        except SQLAlchemyError as error:
            cause = error_text(error)
            _log.warning("lost the connection that held the leader lock: %s", cause, extra={"lock": "leader"})
            self.release()
            return False
        if other:
            _log.info("%s is a dedicated worker; giving the leader lock up", other, extra={"holder": other})
            self.release()
        return self._is_ours

    def release(self) -> None:
        """Release the lock."""
        connection, self._connection, self._is_ours = self._connection, None, False
        if connection is not None:
            with suppress(SQLAlchemyError):
                # Unlock first: a server may take a while to notice that a connection is closed.
                connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            with suppress(SQLAlchemyError):
                connection.close()

    def holder(self) -> str:
        """Name of the process that holds the lock, for messages."""
        try:
            return self._find_holder(_LEADER_KEY) or "another process"
        except SQLAlchemyError:
            self.release()
            return "another process"

    def __enter__(self) -> AdvisoryLock:
        if not self.acquire():
            raise LockedError(f"{self.holder()} is ingesting already; stop it, or let it do the work")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _find_holder(self, key: int) -> str:
        name = self._connect().execute(_HOLDER, {"class": ADVISORY_LOCK_CLASS, "key": key}).scalars().first()
        return str(name).removeprefix("refeed ") if name else ""

    def _connect(self) -> Connection:
        """The connection that holds the lock. Without one, open a connection that does not hold it yet."""
        if self._connection is None:
            self._is_ours = False
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._preferred:
                query = f"SELECT pg_advisory_lock_shared({ADVISORY_LOCK_CLASS}, {_PREFERRED_KEY})"
                self._connection.exec_driver_sql(query)
        return self._connection

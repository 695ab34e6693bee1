"""Exactly one of many machines: a lock in the PostgreSQL that is the store, on a connection of its own."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress
from types import TracebackType

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from ..errors import LockedError, StoreError
from .engine import ADVISORY_LOCK_CLASS, create_postgres_engine, parse_database_url

_log = logging.getLogger("refeed.store")

_INGESTS, _OUGHT = 1, 2
"""Second halves of the keys: who ingests, and (shared) who is there to ingest and nothing else."""

_HOLDER = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :keys AND l.objid = :key AND l.objsubid = 2 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"
)


class AdvisoryLock:
    """A lock between all processes that share a PostgreSQL. It is lost with its connection, so with its process.

    A process that is there to ingest (`foremost`) goes before those that would ingest for want of one: they give the
    lock up as soon as it appears, and take it again when it is gone. The web and the worker of a platform have disks
    of their own, and dumps come to the worker's.
    """

    def __init__(self, url: str, *, preferred: bool = False) -> None:
        self._foremost = preferred
        name = f"refeed {socket.gethostname()[:30]} process {os.getpid()}"
        self._engine = create_postgres_engine(
            parse_database_url(url).update_query_dict({"application_name": name}), read_only=True, pooled=False
        )
        self._connection: Connection | None = None
        self._ours = False

    def acquire(self) -> bool:
        """Take it if it is free and nobody goes before; False when another process has it. Raises StoreError."""
        if self._ours and self.is_held():
            return True
        try:
            connection = self._connected()
            if not self._foremost and self._holder(_OUGHT):
                return False
            self._ours = bool(
                connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({ADVISORY_LOCK_CLASS}, {_INGESTS})").scalar()
            )
        except SQLAlchemyError as error:
            self.release()
            raise StoreError(f"the store did not answer about who ingests: {_said(error)}") from error
        return self._ours

    def is_held(self) -> bool:
        """Whether this process still has it. It is lost with its connection, and given up to who goes before."""
        if not self._ours:
            return False
        try:
            if self._foremost:
                self._connected().exec_driver_sql("SELECT 1")
                return True
            before = self._holder(_OUGHT)
        except SQLAlchemyError as error:
            _log.warning("the connection that held the lock is lost: %s", _said(error))
            self.release()
            return False
        if before:
            _log.info("%s is there to ingest; giving way", before)
            self.release()
        return self._ours

    def release(self) -> None:
        """Give it up."""
        connection, self._connection, self._ours = self._connection, None, False
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")  # a server takes its time to see the end
            with suppress(SQLAlchemyError):
                connection.close()

    def holder(self) -> str:
        """Who has it, for people."""
        try:
            return self._holder(_INGESTS) or "another process"
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

    def _holder(self, key: int) -> str:
        found = self._connected().execute(_HOLDER, {"keys": ADVISORY_LOCK_CLASS, "key": key}).scalars().first()
        return str(found).removeprefix("refeed ") if found else ""

    def _connected(self) -> Connection:
        """The connection that the lock lives and dies with. A new one holds nothing yet."""
        if self._connection is None:
            self._ours = False
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._foremost:
                self._connection.exec_driver_sql(f"SELECT pg_advisory_lock_shared({ADVISORY_LOCK_CLASS}, {_OUGHT})")
        return self._connection


def _said(error: SQLAlchemyError) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())

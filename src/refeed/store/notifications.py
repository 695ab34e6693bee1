"""Changes of the store -> notifications to other machines, by NOTIFY and LISTEN of PostgreSQL.

A notification may be lost: the versions of feeds are the truth, and a process that polls them misses nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from .engine import create_postgres_engine, parse_database_url

_CHANNEL = "refeed"
_STOP_CHECK_SECONDS = 1.0
_RECONNECT_SECONDS = 5.0
_PING_AFTER = 20
"""Rounds without a notification: a connection whose other end vanished is as quiet as one without news."""


def notify_change(connection: Connection, revision: int) -> None:
    """Notify all listeners when this transaction commits. Does nothing on SQLite."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(_CHANNEL, str(revision))))


class ChangeListener:
    """Calls `on_change` from its own thread whenever a process changes the store, and once at first.

    On SQLite it never calls it. `reconnect_seconds`: the pause before it connects again to an unreachable server.
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
        self._on_change()  # for what changed before
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

"""News of the store's changes, as they are committed: LISTEN on a PostgreSQL. A hint; versions are the truth."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from .engine import create_postgres_engine, parse_database_url

_CHANNEL = "refeed"
_LOOK = 1.0
"""Seconds between looks at whether to stop."""
_AGAIN = 5.0
"""Seconds until a server that is away is asked again; who polls versions meanwhile misses nothing."""


def notify_change(connection: Connection, revision: int) -> None:
    """Say at commit that the store has changed, where somebody on another machine can hear it."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(_CHANNEL, str(revision))))


class ChangeListener:
    """Calls `heard`, from a thread of its own, whenever another process changed the store. Silent on SQLite."""

    def __init__(self, url: str, on_change: Callable[[], None]) -> None:
        self._heard = on_change
        self._stop = threading.Event()
        self._url = parse_database_url(url)
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        if self._url.drivername != "sqlite":
            self._thread.start()

    def close(self) -> None:
        """Listen no longer."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2 * _LOOK)

    def _listen(self) -> None:
        engine = create_postgres_engine(self._url, read_only=True, pooled=False)
        while not self._stop.is_set():
            try:
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    self._hear(connection)
            except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error):
                self._stop.wait(_AGAIN)

    def _hear(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"LISTEN {_CHANNEL}")
        self._heard()  # of what happened before
        driver: Any = connection.connection.driver_connection
        quiet = 0
        while not self._stop.is_set():
            heard = list(driver.notifies(timeout=_LOOK, stop_after=1))
            if heard:
                self._heard()
            quiet = 0 if heard else quiet + 1
            if quiet == 20:  # a connection whose other end is gone is as quiet as one without news
                connection.exec_driver_sql("SELECT 1")
                quiet = 0

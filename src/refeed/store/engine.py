"""A store's URL -> a SQLAlchemy engine with what each database needs to be safe."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from ..errors import ConfigError
from .postgres import open_engine

_BUSY_MS = 10_000


def parse_url(url: str) -> URL:
    """`DATABASE_URL` as platforms write it: `postgres://` is accepted, options such as `sslmode` are kept.

    Raises ConfigError without repeating the URL, which may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("the store's URL: not a database URL; write sqlite:///path/to.db or postgres://…") from None
    except ValueError:
        raise ConfigError("the store's URL: its port is no number") from None
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigError(f"the store's URL: {parsed.drivername} is not supported; use sqlite or postgres")
    return parsed


def is_shared(url: str) -> bool:
    """Whether processes on other machines can work on the same store."""
    return parse_url(url).drivername != "sqlite"


def connect(url: str, *, read_only: bool = False) -> Engine:
    """An engine whose write transactions are asked for with the execution option `write`."""
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return _sqlite(parsed, read_only=read_only)
    return open_engine(parsed, read_only=read_only)


def safe_with_wal(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is free of the WAL-reset fault (3.7.0 to 3.51.2; mended in 3.44.6 and 3.50.7 too).

    Two connections that write and checkpoint at once can damage a database in the others.
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def _sqlite(url: URL, *, read_only: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigError(
            "the store's URL: a store in memory would lose everything; name a file: sqlite:///var/refeed.db"
        )
    path = Path(url.database)
    if read_only:
        url = URL.create("sqlite", database=f"file:{path}", query={"mode": "ro", "uri": "true"})
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=NullPool if read_only else None, connect_args={"timeout": _BUSY_MS / 1000})
    mode = "WAL" if safe_with_wal(sqlite3.sqlite_version_info[:3]) else "TRUNCATE"

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `begin` below does
        if not read_only:
            connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-8000")
        connection.execute("PRAGMA temp_store=MEMORY")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once when another wrote in between.
        immediate = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine

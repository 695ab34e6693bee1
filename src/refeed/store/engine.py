"""The URL of a store -> a SQLAlchemy engine, with the settings that make SQLite and PostgreSQL safe."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from ..config.field_types import check_database_url
from ..errors import ConfigError
from ..heartbeat import beat

ADVISORY_LOCK_CLASS = 0x72656665  # "refe" in ASCII; any number works if all our processes use it
"""First half of the keys of our advisory locks. The second half is 0 for the writer, 1 for the leader, and 2 for
dedicated workers."""

_SQLITE_BUSY_SECONDS = 10.0
_SQLITE_PROGRESS_STEPS = 1_000_000
"""Steps of SQLite's virtual machine between two signs of life: some tens of milliseconds."""
_STATEMENT_MS = 22_000
"""With `_TIMEOUT_MARGIN` less than `heartbeat.SILENCE_SECONDS`: a worker that waits for a database does not hang."""
_READ_ONLY_STATEMENT_MS = 8_000
"""Limit for processes that only read, because a person waits for their answers."""
_TIMEOUT_MARGIN = 5.0
"""Seconds beyond the statement timeout after which a server that has not answered counts as unreachable."""

# Without these, a process waits two hours (the kernel's default) for a connection whose other end vanished.
_POSTGRES_DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "refeed",
    "client_encoding": "utf8",
}


def parse_database_url(url: str) -> URL:
    """Parse `DATABASE_URL` as hosting platforms write it: `postgres://` and options (`sslmode`) are accepted.

    Raises ConfigError, whose message does not repeat the URL, because it may contain a password.
    """
    try:
        check_database_url(url)
    except ValueError as error:
        raise ConfigError(f"the store's URL: {error}") from None
    try:
        parsed = make_url(url)
    except (ValueError, ArgumentError):
        raise ConfigError("the store's URL: write sqlite:///path/to.db or postgres://user@host:port/name") from None
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername != "sqlite" else parsed


def create_store_engine(url: str, *, read_only: bool = False) -> Engine:
    """Create an engine for either database. The execution option `write` makes a transaction a write transaction."""
    parsed = parse_database_url(url)
    if parsed.drivername == "sqlite":
        return _create_sqlite_engine(parsed, read_only=read_only)
    return create_postgres_engine(parsed, read_only=read_only)


def _is_wal_safe(version: tuple[int, int, int]) -> bool:
    """Whether this version of SQLite is free of the WAL-reset bug (3.7.0 to 3.51.2; also fixed in 3.44.6 and 3.50.7).

    In the affected versions, two connections that write and checkpoint at the same time can damage the database.
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def _create_sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    path = Path(url.database or "")
    if read_only:
        url = URL.create("sqlite", database=f"file:{path}", query={"mode": "ro", "uri": "true"})
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    pool = NullPool if read_only else None
    engine = create_engine(url, poolclass=pool, connect_args={"timeout": _SQLITE_BUSY_SECONDS})
    mode = "WAL" if _is_wal_safe(sqlite3.sqlite_version_info[:3]) else "TRUNCATE"

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.set_progress_handler(beat, _SQLITE_PROGRESS_STEPS)
        connection.isolation_level = None  # transactions are begun by `_begin`, not by the driver
        if not read_only:
            connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-8000")
        connection.execute("PRAGMA temp_store=MEMORY")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once when a different connection wrote in between.
        immediate = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def create_postgres_engine(url: URL, *, read_only: bool, pooled: bool = True) -> Engine:
    """Create a PostgreSQL engine that limits every wait. Options in the URL override our defaults."""
    limit = _READ_ONLY_STATEMENT_MS if read_only else _STATEMENT_MS
    options = f"-c statement_timeout={limit} -c idle_in_transaction_session_timeout={_STATEMENT_MS}"
    if read_only:
        options += " -c default_transaction_read_only=on"
    url_options = url.query.get("options", ())
    defaults = {name: value for name, value in _POSTGRES_DEFAULTS.items() if name not in url.query}
    defaults["options"] = " ".join([options, *((url_options,) if isinstance(url_options, str) else url_options)])

    def connect(_dialect: object, _record: object, _args: object, arguments: dict[str, Any]) -> Any:
        return _timeout_connection_class().connect(**(arguments | defaults))

    def limit_waiting(connection: Any, *_: object) -> None:
        beat()
        connection.response_timeout = limit / 1000 + _TIMEOUT_MARGIN

    def begin(connection: Connection) -> None:
        # Allow only one writer at a time, as in SQLite: counters are read, increased and written back in one
        # transaction, and standbys assume that a higher revision is a later one.
        if connection.get_execution_options().get("write"):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK_CLASS}, 0)")

    pool: dict[str, Any] = {"pool_size": 4, "max_overflow": 4, "pool_pre_ping": True, "pool_recycle": 600}
    engine = create_engine(url, use_native_hstore=False, **(pool if pooled else {"poolclass": NullPool}))
    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkout", limit_waiting)
    event.listen(engine, "begin", begin)
    return engine


@cache
def _timeout_connection_class() -> Any:
    """Return a psycopg connection class that limits every wait.

    psycopg is imported only here, because it takes 6 MB of memory that SQLite does not need.
    """
    import psycopg
    from psycopg.pq import TransactionStatus

    class TimeoutConnection(psycopg.Connection[Any]):
        """Closes itself and raises OperationalError when an answer takes longer than `response_timeout` seconds.

        Nothing else does that: a server that hangs enforces no statement timeout, and its kernel still acknowledges
        what the TCP timeouts wait for.
        """

        response_timeout: float | None = None

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            """Limit every exchange with the server. In psycopg 3.3 all of them call this method."""
            try:
                return super().wait(gen, interval=interval, timeout=timeout or self.response_timeout)
            except psycopg.OperationalError as error:
                if timeout is not None or self.info.transaction_status is not TransactionStatus.ACTIVE:
                    raise  # psycopg's own limit, which its caller handles, or a broken connection
                self.pgconn.finish()
                raise psycopg.OperationalError(f"no answer within {self.response_timeout:.0f} s") from error

    return TimeoutConnection


def error_text(error: Exception) -> str:
    """The message of a database or driver error, on one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def disable_timeouts(connection: Connection) -> None:
    """Disable the timeouts of this transaction, for migrations and copies."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        driver: Any = connection.connection.driver_connection
        driver.response_timeout = None

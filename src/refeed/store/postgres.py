"""A PostgreSQL as a store: connections that give up in time, and the one writer's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from .patient import Patient

KEYS = 0x72656665  # "refe": any number will do, so long as all our processes use the same
"""First half of the keys of all our advisory locks. The second: 0 the writer, 1 who ingests, 2 who ought to."""

_STATEMENT_MS = 30_000
_GLANCE_MS = 8_000
"""The same for processes that only read: somebody waits for their answer."""
_SLACK = 5.0
"""Seconds after which a server that should have given up by itself is taken to be away."""

# Without these, a connection whose other end vanished would be waited for until the kernel's two hours are over.
_DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "refeed",
    "client_encoding": "utf8",
}


def open_engine(url: URL, *, read_only: bool, pooled: bool = True) -> Engine:
    """An engine for a PostgreSQL. What the URL says takes precedence over our defaults."""
    from .patient import Patient

    limit = _GLANCE_MS if read_only else _STATEMENT_MS
    options = f"-c statement_timeout={limit} -c idle_in_transaction_session_timeout={_STATEMENT_MS}"
    if read_only:
        options += " -c default_transaction_read_only=on"
    given = {name: value for name, value in _DEFAULTS.items() if name not in url.query}
    given["options"] = " ".join([options, *_listed(url.query.get("options", ()))])

    def connect(**arguments: Any) -> Patient:
        return Patient.connect(**(arguments | given))

    def lend(connection: Patient, *_: object) -> None:
        connection.patience = limit / 1000 + _SLACK

    pool: dict[str, Any] = {"pool_size": 4, "max_overflow": 4, "pool_pre_ping": True, "pool_recycle": 600}
    engine = create_engine(url, use_native_hstore=False, **(pool if pooled else {"poolclass": NullPool}))
    event.listen(engine, "do_connect", lambda _dialect, _record, _args, arguments: connect(**arguments))
    event.listen(engine, "checkout", lend)
    event.listen(engine, "begin", _begin)
    return engine


def unhurried(connection: Connection) -> None:
    """Let the statements of one transaction take as long as they take: migrations, copies."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        driver: Any = connection.connection.driver_connection
        driver.patience = None


def _begin(connection: Connection) -> None:
    # One writer at a time, as SQLite has it: counters are read, added to and written back in a transaction, and
    # followers may take a higher revision for a later one.
    if connection.get_execution_options().get("write"):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({KEYS}, 0)")


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)

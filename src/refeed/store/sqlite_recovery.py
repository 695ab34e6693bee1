"""An SQLite store that is damaged -> set aside, so that a new one can be filled from the dump folders."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from ..errors import StoreError
from .engine import parse_database_url

_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_KEPT = 2
"""Damaged stores that are kept: enough to look into, few enough not to fill the disk."""


def recover_sqlite(url: str) -> Path | None:
    """Check a store, and set it aside when it is damaged; returns where it is then. Only its one writer may call this.

    One that was left in order, and that nobody touched since, is not read through again: a gigabyte that is not in
    memory takes 20 s. A PostgreSQL looks after itself. Raises StoreError when the check could not be made.
    """
    path = _path(url)
    if path is None or not path.exists() or _read(_note(path)) == _stamp(path):
        return None
    return None if _sound(path) else _set_aside(path)


def mark_clean_shutdown(url: str) -> None:
    """Note that a store is left in order, by its one writer, after it was closed."""
    path = _path(url)
    if path is not None:
        with suppress(OSError):  # it is read through at the next start, then
            _note(path).write_text(_stamp(path))


def is_intact(url: str) -> bool:
    """Whether an SQLite store is undamaged. Raises StoreError when that cannot be said."""
    path = _path(url)
    return path is None or _sound(path)


def is_corruption(error: BaseException | None) -> bool:
    """Whether an error of SQLite's says that the file itself is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in _CODES


def _path(url: str) -> Path | None:
    parsed = parse_database_url(url)
    return Path(parsed.database) if parsed.drivername == "sqlite" and parsed.database else None


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sound")


def _read(note: Path) -> str | None:
    try:
        return note.read_text()
    except (OSError, UnicodeDecodeError):
        return None


def _stamp(path: Path) -> str:
    """Which file it is, and when it was last changed: by the kernel's clock, which nobody sets back for one file."""
    info = path.stat()
    return f"{info.st_dev} {info.st_ino} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}"


def _sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            # quick_check reads every page but does not compare indexes with tables, which takes ten times as long.
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        if is_corruption(error):
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

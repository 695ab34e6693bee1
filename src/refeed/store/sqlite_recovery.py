"""Checks an SQLite store, moves a damaged one aside so that a new one can be filled, and copies a live one."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from ..errors import StoreError
from .engine import parse_database_url

_MARK_SUFFIX = ".sound"
"""Suffix of the file next to the store with the store's `_stamp` after the last write to an undamaged store."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CORRUPTION_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_MAX_KEPT = 2
"""Number of damaged stores to keep: enough to examine, few enough not to fill the disk."""


def recover_sqlite(url: str, *, trusts_mark: bool = True) -> Path | None:
    """Move the store aside if it is damaged, and return its new path; None if not. Only the writer may call this.

    A store that only this program has changed since it was last checked is not read: a gigabyte that is not in memory
    takes 20 s. PostgreSQL needs no such check. Raises StoreError when the check is impossible.
    """
    path = _sqlite_path(url)
    if path is None or not path.exists() or (trusts_mark and is_marked_sound(path)):
        return None
    if not is_intact(url):
        return _move_aside(path)
    mark_sound(path)
    return None


def mark_clean_shutdown(url: str) -> None:
    """Record that the store is undamaged. The writer calls this after closing the store, if it is."""
    path = _sqlite_path(url)
    if path is not None and is_marked_sound(path):
        mark_sound(path, synced=True)


def mark_sound(path: Path, *, synced: bool = False) -> None:
    """Record that a store is undamaged as it is now: it was checked, or it was before our last write.

    Unless it is `synced`, that holds until the machine starts again: a power cut may lose what a disk has confirmed.
    """
    with suppress(OSError):  # without the file, the next start reads the whole store
        path.with_name(path.name + _MARK_SUFFIX).write_text(_stamp(path) if synced else f"{_stamp(path)} {_boot_id()}")


def is_marked_sound(path: Path) -> bool:
    """Whether a store is as it was when it was last marked."""
    try:
        mark, stamp = path.with_name(path.name + _MARK_SUFFIX).read_text(), _stamp(path)
    except (OSError, UnicodeDecodeError):
        return False
    return mark == stamp or mark == f"{stamp} {_boot_id()}"


@cache
def _boot_id() -> str:
    """A value that changes whenever the machine starts, or with each process where the system has none."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return f"process {os.getpid()} {time.time_ns()}"


def is_intact(url: str) -> bool:
    """Whether SQLite finds no damage in the store. Raises StoreError when the check is impossible."""
    path = _sqlite_path(url)
    if path is None:
        return True
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            # quick_check reads every page but does not compare indexes with tables, which takes ten times as long.
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _CORRUPTION_CODES:
            return False
        raise StoreError(f"the store {path} cannot be checked: {error}") from error
    if answer != ("ok",):
        return False
    # SQLite reads a file that was truncated to nothing as an empty database: a new store, which will be filled.
    ours = {"migrations", "entries", "files"} <= tables and not tables.isdisjoint({"dumps", "originals"})
    return ours or not tables  # `dumps` was named `originals` before migration 5


def backup_sqlite(url: str, file: Path) -> None:
    """Copy a store that may be in use to a file, and verify the copy. Raises StoreError."""
    path = _sqlite_path(url)
    if path is None:
        raise StoreError(f"the store is PostgreSQL: run `pg_dump --format=custom --file={file}` with DATABASE_URL")
    temporary = file.with_name(f".{file.name}.new")
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as live,
            closing(sqlite3.connect(temporary)) as copy,
        ):
            live.backup(copy)
        if not is_intact(f"sqlite:///{temporary.absolute()}"):
            raise StoreError(f"the copy of {path} is damaged, and so is the store")
        temporary.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the store {path} cannot be copied to {file}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _sqlite_path(url: str) -> Path | None:
    parsed = parse_database_url(url)
    return Path(parsed.database) if parsed.drivername == "sqlite" and parsed.database else None


def _stamp(path: Path) -> str:
    """Identity, size and times of the file. No program can reset its ctime, which the kernel sets."""
    info = path.stat()
    return f"{info.st_dev} {info.st_ino} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}"


def _move_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
        for suffix in ("-journal", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        damaged = sorted(path.parent.glob(f"{path.name}.damaged-*"), key=lambda file: file.stat().st_mtime)
        for file in damaged[:-_MAX_KEPT]:
            file.unlink()
    except OSError as error:
        raise StoreError(f"the damaged store {path} cannot be moved aside: {error.strerror}") from error
    return aside

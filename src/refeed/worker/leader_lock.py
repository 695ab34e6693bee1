"""The lock of the process that ingests: a file lock on one machine, a PostgreSQL lock where machines share a store."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from ..config.settings import Settings
from ..errors import LockedError
from ..store.engine import is_shared
from ..store.postgres import AdvisoryLock


class FileLock:
    """A lock between the processes of one machine: flock on a file that names the holder. The kernel releases it when
    the process ends."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free, or keep it; False when another process has it. Raises OSError."""
        if self.is_held():
            return True
        self.release()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        if not self.is_held():  # the file was removed or replaced between open and flock: this lock excludes no process
            self.release()
            return False
        with suppress(OSError):  # on a full disk the lock works without the name of its holder
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return True

    def is_held(self) -> bool:
        """Whether this process has the lock. It is lost when its file is removed: others then create a new one."""
        if self._descriptor is None:
            return False
        own = os.fstat(self._descriptor)
        try:
            present = self._path.stat()
        except OSError:
            return False
        return (own.st_dev, own.st_ino) == (present.st_dev, present.st_ino)

    def release(self) -> None:
        """Release the lock. Does nothing if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> str:
        """The process that has the lock, as text for people."""
        try:
            pid = self._path.read_text().strip()
        except OSError:
            pid = ""
        return f"process {pid}" if pid else "another process"

    def __enter__(self) -> FileLock:
        if not self.acquire():
            raise LockedError(f"{self._path}: {self.holder()} is ingesting already; stop it, or let it do the work")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


LeaderLock = FileLock | AdvisoryLock


def make_leader_lock(settings: Settings, *, preferred: bool = False) -> LeaderLock:
    """The lock of the process that ingests into this store.

    `preferred` is for a dedicated worker: the worker that `refeed serve` starts gives the lock up to it.
    """
    if is_shared(settings.database_url):
        return AdvisoryLock(settings.database_url, preferred=preferred)
    return FileLock(Path(settings.var_dir) / "ingest.lock")


def make_leader_locks(settings: Settings, urls: Iterable[str]) -> list[LeaderLock]:
    """The locks of all processes that may ingest into one of these stores."""
    shared = sorted({url for url in urls if is_shared(url)})
    files = [url for url in urls if not is_shared(url)][:1]  # all SQLite files share the one lock of this machine
    return [make_leader_lock(replace(settings, database_url=url)) for url in (*shared, *files)]

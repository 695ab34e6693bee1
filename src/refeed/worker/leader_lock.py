"""Which one of all processes ingests: the lock that the store's URL calls for."""

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
from ..store.advisory_lock import AdvisoryLock
from ..store.engine import is_shared

# Exactly one of many: a lock that dies with the process that holds it.


class FileLock:
    """A lock between the processes of one machine, by flock on a file that names its holder."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take it if it is free, or keep it; False when another process has it. Raises OSError."""
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
        if not self.is_held():  # removed or replaced between open and flock: that one binds nobody
            self.release()
            return False
        with suppress(OSError):  # on a full disk the lock holds all the same, it only names nobody
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return True

    def is_held(self) -> bool:
        """Whether this process still has it. It is lost with its file: others then make a new one."""
        if self._descriptor is None:
            return False
        ours = os.fstat(self._descriptor)
        try:
            there = self._path.stat()
        except OSError:
            return False
        return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)

    def release(self) -> None:
        """Give it up."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> str:
        """Who has it, for people."""
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
    """The lock of the one process that ingests: a file's on one machine, the store's where machines share it.

    `foremost` is for a process that is there to ingest and nothing else: the movers beside a web server give way to it.
    """
    if is_shared(settings.database_url):
        return AdvisoryLock(settings.database_url, preferred=preferred)
    return FileLock(Path(settings.var_dir) / "ingest.lock")


def make_leader_locks(settings: Settings, urls: Iterable[str]) -> list[LeaderLock]:
    """The locks of all who might ingest into one of these stores."""
    shared = {url for url in urls if is_shared(url)}
    alone = [url for url in urls if not is_shared(url)][:1]  # all files have the lock of this machine
    return [make_leader_lock(replace(settings, database_url=url)) for url in (*sorted(shared), *alone)]

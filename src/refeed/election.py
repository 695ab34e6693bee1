"""Which one of all processes ingests: the lock that the store's URL calls for."""

from __future__ import annotations

from pathlib import Path

from .config import Settings
from .locks import FileLock
from .store import AdvisoryLock, is_shared

Lock = FileLock | AdvisoryLock


def ingest_lock(settings: Settings, *, foremost: bool = False) -> Lock:
    """The lock of the one process that ingests: a file's on one machine, the store's where machines share it.

    `foremost` is for a process that is there to ingest and nothing else: the movers beside a web server give way to it.
    """
    if is_shared(settings.database_url):
        return AdvisoryLock(settings.database_url, foremost=foremost)
    return FileLock(Path(settings.var_folder) / "ingest.lock")

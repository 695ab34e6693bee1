"""Which one of all processes ingests: the lock that the store's URL calls for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
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


def ingest_locks(settings: Settings, urls: Iterable[str]) -> list[Lock]:
    """The locks of all who might ingest into one of these stores."""
    shared = {url for url in urls if is_shared(url)}
    alone = [url for url in urls if not is_shared(url)][:1]  # all files have the lock of this machine
    return [ingest_lock(replace(settings, database_url=url)) for url in (*sorted(shared), *alone)]

"""Dump folders -> watches on them, renewed when a folder appears or is replaced; where events fail, it says so."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from ..dumps.scanner import FoundFile, display_path
from .file_events import DumpDirHandler, FileEvents

_log = logging.getLogger("refeed.worker")

_EVENTS = [DirCreatedEvent, DirMovedEvent, FileClosedEvent, FileCreatedEvent, FileModifiedEvent, FileMovedEvent]
"""Not the opening of files: every dump that we read would be an event."""
_AGAIN = 60.0
"""Seconds until a folder that could not be watched is tried again."""
_DISTRUST = 600.0
"""Seconds for which a folder is polled after its events missed a file."""
_LATE = 1.5
"""Seconds that an event may take; inotify's come in milliseconds, watchdog pairs renames for half a second."""
_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse", "virtiofs", "afs", "ceph", "gluster", "lustre", "vboxsf", "prl_fs")


@dataclass(slots=True)
class _Watch:
    observer: BaseObserver
    identity: tuple[int, int]
    since: float
    """Wall clock, as files have it."""


class Watcher:
    """Keeps file events coming from every dump folder that is there."""

    def __init__(self, hints: FileEvents, *, polling: bool = False) -> None:
        self._hints = hints
        self._polling = polling
        self._watches: dict[str, _Watch] = {}
        self._refused: dict[str, tuple[float, str]] = {}
        self._distrusted: dict[str, float] = {}
        self._missing: set[str] = set()

    def update_watches(self, folders: Sequence[str]) -> bool:
        """Watch what is there by now; whether a folder came new, so that a scan is due."""
        fresh = False
        for gone in self._watches.keys() - set(folders):
            self._unwatch(gone)
        for folder in folders:
            identity = _identity(folder)
            self._say_missing(folder, identity is None)
            watch = self._watches.get(folder)
            if watch and (watch.identity != identity or not _alive(watch.observer)):
                self._unwatch(folder)
                watch = None
            if watch is None and identity is not None and not self._polling:
                fresh = self._watch(folder, identity) or fresh
        return fresh

    def polling_reasons(self, folders: Sequence[str]) -> dict[str, str]:
        """The folders whose events cannot be relied on, and why."""
        if self._polling:
            return dict.fromkeys(folders, "as config.yaml says")
        moment = time.monotonic()
        reasons = {folder: why for folder, (_, why) in self._refused.items()}
        reasons |= {f: "events miss files there" for f, until in self._distrusted.items() if moment < until}
        return {folder: reasons[folder] for folder in folders if folder in reasons}

    def detect_missed_events(self, found: Iterable[FoundFile], began: float) -> None:
        """Told by a scan that `began` (wall clock) of files that are news: which of them should events have told of?

        Whatever is behind it, a network disk, a watch that could not be had, an observer that died: it shows here.
        """
        spoken = self._hints.seen_paths()
        if spoken is None:
            return
        for file in found:
            watch = self._watches.get(file.root)
            changed = file.ctime_ns / 1e9
            if watch and file.path not in spoken and watch.since + _LATE < changed < began - _LATE:
                if file.root not in self._distrusted:
                    _log.info("no event told of %s", display_path(file.path))
                self._distrusted[file.root] = time.monotonic() + _DISTRUST

    def stop(self) -> None:
        """End all watches."""
        for folder in list(self._watches):
            self._unwatch(folder)

    def _say_missing(self, folder: str, missing: bool) -> None:
        if missing and folder not in self._missing:
            _log.info("%s is not there; dumps are taken from it as soon as it is", display_path(folder))
        (self._missing.add if missing else self._missing.discard)(folder)

    def _watch(self, folder: str, identity: tuple[int, int]) -> bool:
        moment = time.monotonic()
        if folder in self._refused and moment < self._refused[folder][0]:
            return False
        if network := _network(folder):
            self._refused[folder] = (moment + _AGAIN, f"it is on a network disk ({network})")
            return False
        observer = _observer()
        observer.daemon = True
        try:
            observer.schedule(DumpDirHandler(self._hints, folder), folder, recursive=True, event_filter=_EVENTS)
            observer.start()
        except OSError as error:  # no watches or no files left: it passes, or somebody raises a limit
            self._refused[folder] = (moment + _AGAIN, f"it cannot be watched: {error.strerror or error}")
            return False
        self._refused.pop(folder, None)
        self._watches[folder] = _Watch(observer, identity, time.time())
        return True

    def _unwatch(self, folder: str) -> None:
        observer = self._watches.pop(folder).observer
        observer.stop()
        if observer.is_alive():
            observer.join(2)


def _observer() -> BaseObserver:
    if sys.platform == "linux":
        from watchdog.observers.inotify import InotifyObserver

        return InotifyObserver(generate_full_events=True)  # else a file renamed in looks like one just begun
    return Observer()


def _alive(observer: BaseObserver) -> bool:
    return observer.is_alive() and bool(observer.emitters) and all(e.is_alive() for e in observer.emitters)


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        info = Path(folder).stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


def _network(folder: str) -> str:
    """The kind of network disk that a folder lies on; empty when it is none, or the system does not say."""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        place = str(Path(folder).resolve())
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].replace("\\040", " ")
        if len(point) >= len(best) and (place + "/").startswith(point.rstrip("/") + "/"):
            best, kind = point, after.split(" ")[0]
    return kind if kind.startswith(_NETWORK) and kind != "fuseblk" else ""

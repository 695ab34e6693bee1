"""Dump folders -> watches on them, renewed when a folder appears or is replaced; and where events are unreliable."""

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
_RETRY = 60.0
"""Seconds until a folder that could not be watched is tried again."""
_UNRELIABLE_SECONDS = 600.0
"""How long a folder is polled after its events have missed a file."""
_MAX_DELAY = 1.5
"""Seconds that an event may take: inotify needs milliseconds, watchdog pairs renames for half a second."""
_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse", "virtiofs", "afs", "ceph", "gluster", "lustre", "vboxsf", "prl_fs")


@dataclass(slots=True)
class _Watch:
    observer: BaseObserver
    identity: tuple[int, int]
    since: float
    """By the wall clock, as the times of files."""


class Watcher:
    """Keeps file events coming from every dump folder that exists."""

    def __init__(self, events: FileEvents, *, polling: bool = False) -> None:
        self._events = events
        self._polling = polling
        self._watches: dict[str, _Watch] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        """Folders that cannot be watched: when to try again, and why."""
        self._unreliable: dict[str, float] = {}
        """Folders whose events have missed a file: until when they are polled."""
        self._missing: set[str] = set()

    def update_watches(self, folders: Sequence[str]) -> bool:
        """Watch the folders that exist now; returns whether one of them is new, so that a scan is due."""
        has_new = False
        for gone in self._watches.keys() - set(folders):
            self._unwatch(gone)
        for folder in folders:
            identity = _identity(folder)
            if identity is not None:
                self._missing.discard(folder)
            elif folder not in self._missing:
                self._missing.add(folder)
                name = display_path(folder)
                _log.info("%s does not exist yet; its dumps are ingested when it does", name, extra={"folder": name})
            watch = self._watches.get(folder)
            if watch and (watch.identity != identity or not _is_alive(watch.observer)):
                self._unwatch(folder)
                watch = None
            if watch is None and identity is not None and not self._polling:
                has_new = self._watch(folder, identity) or has_new
        return has_new

    def polling_reasons(self, folders: Sequence[str]) -> dict[str, str]:
        """The folders whose events cannot be relied on, and why."""
        if self._polling:
            return dict.fromkeys(folders, "as config.yaml says")
        now = time.monotonic()
        reasons = {folder: why for folder, (_, why) in self._failed.items()}
        reasons |= {folder: "events miss files there" for folder, until in self._unreliable.items() if now < until}
        return {folder: reasons[folder] for folder in folders if folder in reasons}

    def detect_missed_events(self, found: Iterable[FoundFile], scan_start: float) -> None:
        """Find out which of the changed files of a scan should have had an event, and poll their folders.

        `scan_start` is by the wall clock. Whatever the reason is, a network disk, a watch that failed, an observer that
        died: it shows here.
        """
        seen = self._events.seen_paths()
        if seen is None:
            return
        for file in found:
            watch = self._watches.get(file.root)
            changed = file.ctime_ns / 1e9
            if watch and file.path not in seen and watch.since + _MAX_DELAY < changed < scan_start - _MAX_DELAY:
                if file.root not in self._unreliable:
                    path = display_path(file.path)
                    _log.info("missed file event: %s", path, extra={"file": path})
                self._unreliable[file.root] = time.monotonic() + _UNRELIABLE_SECONDS

    def stop(self) -> None:
        """End all watches."""
        for folder in list(self._watches):
            self._unwatch(folder)

    def _watch(self, folder: str, identity: tuple[int, int]) -> bool:
        now = time.monotonic()
        if folder in self._failed and now < self._failed[folder][0]:
            return False
        if filesystem := _network_filesystem(folder):
            self._failed[folder] = (now + _RETRY, f"it is on a network disk ({filesystem})")
            return False
        observer = _make_observer()
        observer.daemon = True
        try:
            observer.schedule(DumpDirHandler(self._events, folder), folder, recursive=True, event_filter=_EVENTS)
            observer.start()
        except OSError as error:  # no watches or no files left: it passes, or the operator raises a limit
            self._failed[folder] = (now + _RETRY, f"it cannot be watched: {error.strerror or error}")
            return False
        self._failed.pop(folder, None)
        self._watches[folder] = _Watch(observer, identity, time.time())
        return True

    def _unwatch(self, folder: str) -> None:
        observer = self._watches.pop(folder).observer
        observer.stop()
        if observer.is_alive():
            observer.join(2)


def _make_observer() -> BaseObserver:
    if sys.platform == "linux":
        from watchdog.observers.inotify import InotifyObserver

        return InotifyObserver(generate_full_events=True)  # without it a file moved in looks like one just created
    return Observer()


def _is_alive(observer: BaseObserver) -> bool:
    return observer.is_alive() and bool(observer.emitters) and all(e.is_alive() for e in observer.emitters)


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        info = Path(folder).stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


def _network_filesystem(folder: str) -> str:
    """The kind of network file system that a folder is on; empty when it is local, or the system does not say."""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        path = str(Path(folder).resolve())
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        mount_point = before.split(" ")[4].replace("\\040", " ")
        if len(mount_point) >= len(best) and (path + "/").startswith(mount_point.rstrip("/") + "/"):
            best, kind = mount_point, after.split(" ")[0]
    return kind if kind.startswith(_NETWORK) and kind != "fuseblk" else ""

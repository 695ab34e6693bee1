"""Dump folders -> the files that changed, each once and in bounded memory. A scan finds what events miss.

Watches are renewed when a folder appears or is replaced. Files that are still being written are followed until they
settle. A folder with unreliable events is reported, so that it is polled.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
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
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from ..dumps.scanner import FoundFile, display_path, inspect_file, is_stable
from ..errors import FileVanishedError, IgnoredError, QuarantineError
from .events import EventQueue, FileEvent, Job

_log = logging.getLogger("refeed.worker")

_MAX_UNSETTLED = 2_000
"""Files that are followed one by one; a scan finds the others."""
_EVENTS = [DirCreatedEvent, DirMovedEvent, FileClosedEvent, FileCreatedEvent, FileModifiedEvent, FileMovedEvent]
"""The events to watch. Files being opened are left out: every dump that we read would cause an event."""
_RETRY = 60.0
"""Seconds until a folder that could not be watched is tried again."""
_UNRELIABLE_SECONDS = 600.0
"""How long a folder is polled after its events have missed a file."""
_MAX_DELAY = 1.5
"""Seconds that an event may take: inotify takes milliseconds, but watchdog waits half a second to pair renames."""
_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse", "virtiofs", "afs", "ceph", "gluster", "lustre", "vboxsf", "prl_fs")
"""What the types of network file systems begin with."""


@dataclass(eq=False)
class DumpDirHandler(FileSystemEventHandler):
    """Passes the events of one dump folder from watchdog to the loop."""

    events: EventQueue
    folder: str

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog's thread for every event."""
        kind = event.event_type
        path = os.fsdecode(event.dest_path if kind == "moved" else event.src_path)
        if event.is_directory:
            if kind in ("created", "moved"):  # the folder's files may be older than its watch
                self.events.put(Job.SCAN)
        elif path and kind in ("created", "modified", "moved", "closed"):
            self.events.put(FileEvent(path, self.folder, is_complete=kind in ("moved", "closed")))


class UnsettledFiles:
    """Follows files that are being written until their size and times stay the same for `settle` seconds."""

    def __init__(self, settle: float, suffixes: Sequence[str]) -> None:
        self._settle = settle
        self._suffixes = tuple(suffixes)
        self._files: dict[str, tuple[FoundFile, float]] = {}
        self._scan_at = 0.0
        """Monotonic time when the files beyond `_MAX_UNSETTLED` should have settled; 0 if there are none."""

    def __len__(self) -> int:
        return len(self._files)

    def add(self, file: FoundFile) -> None:
        """Follow a file."""
        if file.path in self._files:
            return
        if len(self._files) < _MAX_UNSETTLED:
            self._files[file.path] = (file, time.monotonic())
        else:
            self._scan_at = time.monotonic() + self._settle

    def discard(self, path: str) -> None:
        """Stop following a file."""
        self._files.pop(path, None)

    def pop_settled(self) -> list[FoundFile]:
        """The files that have settled since the last call."""
        now = time.monotonic()
        settled = []
        for path, (previous, since) in list(self._files.items()):
            elapsed = now - since
            if elapsed < self._settle:
                continue
            del self._files[path]
            try:
                file = inspect_file(path, previous.root, self._suffixes)
            except (IgnoredError, FileVanishedError, QuarantineError):
                continue
            if is_stable(file, now=time.time(), settle=self._settle, previous=previous, elapsed=elapsed):
                settled.append(file)
            else:
                self._files[path] = (file, now)
        return settled

    def pop_scan_due(self) -> bool:
        """Whether a scan is due for the files beyond `_MAX_UNSETTLED`. Returns True only once for them."""
        is_due = 0.0 < self._scan_at <= time.monotonic()
        if is_due:
            self._scan_at = 0.0
        return is_due


@dataclass(slots=True)
class _Watch:
    observer: BaseObserver
    identity: tuple[int, int]
    """Device and inode of the folder."""
    since: float
    """When the watch began, in seconds by the wall clock, which file times use too."""


class Watcher:
    """Watches every dump folder that exists, and renews watches that have ended."""

    def __init__(self, events: EventQueue, *, polling: bool = False) -> None:
        """With `polling`, no folder is watched."""
        self._events = events
        self._polling = polling
        self._watches: dict[str, _Watch] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        """Folders that cannot be watched: folder -> (time to try again, reason)."""
        self._unreliable: dict[str, float] = {}
        """Folders whose events have missed a file: folder -> time until which it is polled."""
        self._missing: set[str] = set()

    def update_watches(self, folders: Sequence[str]) -> bool:
        """Watch the folders that exist now; returns whether one of them is newly watched, so that a scan is due."""
        has_new = False
        for folder in self._watches.keys() - set(folders):
            self._unwatch(folder)
        for folder in folders:
            identity = _get_identity(folder)
            if identity is not None:
                self._missing.discard(folder)
            elif folder not in self._missing:
                self._missing.add(folder)
                name = display_path(folder)
                text = "%s does not exist yet; its dumps are ingested as soon as it does"
                _log.info(text, name, extra={"folder": name})
            watch = self._watches.get(folder)
            if watch and (watch.identity != identity or not _is_alive(watch.observer)):
                self._unwatch(folder)
                watch = None
            if watch is None and identity is not None and not self._polling:
                has_new = self._watch(folder, identity) or has_new
        return has_new

    def polling_reasons(self, folders: Sequence[str]) -> dict[str, str]:
        """The folders that are polled because their events are unreliable: folder -> reason."""
        if self._polling:
            return dict.fromkeys(folders, "as config.yaml says")
        now = time.monotonic()
        reasons = {folder: why for folder, (_, why) in self._failed.items()}
        reasons |= {folder: "events miss files there" for folder, until in self._unreliable.items() if now < until}
        return {folder: reasons[folder] for folder in folders if folder in reasons}

    def detect_missed_events(self, changed: Iterable[FoundFile], scan_start: float) -> None:
        """Find the changed files of a scan for which an event is missing, and poll their folders from now on.

        `scan_start` is by the wall clock. This detects unreliable events whatever the cause: a network disk, a failed
        watch, or a dead observer.
        """
        seen = self._events.take_seen_paths()
        if seen is None:
            return
        for file in changed:
            watch = self._watches.get(file.root)
            changed_at = file.ctime_ns / 1e9
            if watch and file.path not in seen and watch.since + _MAX_DELAY < changed_at < scan_start - _MAX_DELAY:
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
        if filesystem := _find_network_filesystem(folder):
            self._failed[folder] = (now + _RETRY, f"it is on a network disk ({filesystem})")
            return False
        observer = _make_observer()
        observer.daemon = True
        try:
            observer.schedule(DumpDirHandler(self._events, folder), folder, recursive=True, event_filter=_EVENTS)
            observer.start()
        except OSError as error:  # out of watches or file descriptors, for now or until a limit is raised
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

        # watchdog 7.1 may find a new folder twice, and then prints all watched folders.
        warnings.filterwarnings("ignore", "Callback with id .* already exists", RuntimeWarning)
        return InotifyObserver(generate_full_events=True)  # without it, a file that is moved in looks newly created
    return Observer()


def _is_alive(observer: BaseObserver) -> bool:
    return observer.is_alive() and bool(observer.emitters) and all(emitter.is_alive() for emitter in observer.emitters)


def _get_identity(folder: str) -> tuple[int, int] | None:
    try:
        info = Path(folder).stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


def _find_network_filesystem(folder: str) -> str:
    """The kind of network file system that a folder is on; empty if it is local or unknown."""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        path = str(Path(folder).resolve())
    except OSError:
        return ""
    longest, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        mount_point = before.split(" ")[4].replace("\\040", " ")
        if len(mount_point) >= len(longest) and (path + "/").startswith(mount_point.rstrip("/") + "/"):
            longest, kind = mount_point, after.split(" ")[0]
    return kind if kind.startswith(_NETWORK) and kind != "fuseblk" else ""

"""File events -> the files that changed, each once and in bounded memory; files still being written until they settle.

What events miss, a scan finds.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from watchdog.events import FileSystemEvent, FileSystemEventHandler

from ..dumps.scanner import FoundFile, inspect_file, is_stable
from ..errors import FileVanishedError, IgnoredError, QuarantineError

_MAX_FILES = 10_000
"""Files remembered between two calls of `drain`; with more, a scan is cheaper than to inspect each."""
_MAX_UNSETTLED = 2_000
"""Files that are followed one by one; a scan finds the others."""


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The events since the last batch."""

    closed: dict[str, str] = field(default_factory=dict)
    """Files that were closed or moved in: path -> dump folder."""
    modified: dict[str, str] = field(default_factory=dict)
    """Files that are being written."""
    overflowed: bool = False
    """Events were lost, or there were too many: only a scan finds all files."""


class FileEvents:
    """Collects file events from any thread until `drain`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed: dict[str, str] = {}
        self._modified: dict[str, str] = {}
        self._seen: set[str] = set()
        self._overflowed = False
        self._woken = False
        self._overflow_handler = _OverflowHandler(self)
        logging.getLogger("watchdog").addHandler(self._overflow_handler)

    def close(self) -> None:
        """Release the handler of watchdog's log."""
        logging.getLogger("watchdog").removeHandler(self._overflow_handler)

    def add_closed(self, path: str, folder: str) -> None:
        """A file is complete."""
        self._add(self._closed, path, folder)

    def add_modified(self, path: str, folder: str) -> None:
        """A file is being written."""
        self._add(self._modified, path, folder)

    def mark_overflow(self) -> None:
        """Events may have been lost."""
        with self._changed:
            self._overflowed = True
            self._changed.notify_all()

    def wake(self) -> None:
        """End the wait in `drain`."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def drain(self, timeout: float) -> EventBatch:
        """The events since the last call; waits up to `timeout` seconds for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._modified or self._overflowed or self._woken, timeout)
            modified = {path: folder for path, folder in self._modified.items() if path not in self._closed}
            batch = EventBatch(self._closed, modified, self._overflowed)
            self._closed, self._modified, self._overflowed, self._woken = {}, {}, False, False
        return batch

    def seen_paths(self) -> set[str] | None:
        """The files with events since the last call; None when there were too many to remember."""
        with self._changed:
            seen, self._seen = self._seen, set()
        return seen if len(seen) < _MAX_FILES else None

    def _add(self, files: dict[str, str], path: str, folder: str) -> None:
        with self._changed:
            if len(self._seen) < _MAX_FILES:
                self._seen.add(path)
            if len(files) < _MAX_FILES:
                files[path] = folder
            else:
                self._overflowed = True
            self._changed.notify_all()


class DumpDirHandler(FileSystemEventHandler):
    """Passes watchdog's events of one dump folder on."""

    def __init__(self, events: FileEvents, folder: str) -> None:
        self._events = events
        self._folder = folder

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog's thread for every event."""
        kind = event.event_type
        if event.is_directory:
            if kind in ("created", "moved"):  # its files may be older than the watch on it
                self._events.mark_overflow()
        elif kind == "moved":
            self._events.add_closed(os.fsdecode(event.dest_path), self._folder)
        elif kind == "closed":
            self._events.add_closed(os.fsdecode(event.src_path), self._folder)
        elif kind in ("created", "modified"):
            self._events.add_modified(os.fsdecode(event.src_path), self._folder)


class _OverflowHandler(logging.Handler):
    """Notices that the kernel's queue has overflowed, which watchdog (7.1) reports only in its log."""

    def __init__(self, events: FileEvents) -> None:
        super().__init__(logging.WARNING)
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._events.mark_overflow()


class UnsettledFiles:
    """Follows files that are being written until their size and times stay the same for `settle` seconds."""

    def __init__(self, settle: float, suffixes: Sequence[str]) -> None:
        self._settle = settle
        self._suffixes = tuple(suffixes)
        self._files: dict[str, tuple[FoundFile, float]] = {}
        self._scan_at = 0.0
        """When files that were too many to follow should have settled; 0 without such files."""

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
        """Whether a scan is due for files that were too many to follow. True once."""
        is_due = 0.0 < self._scan_at <= time.monotonic()
        if is_due:
            self._scan_at = 0.0
        return is_due

    def __len__(self) -> int:
        return len(self._files)

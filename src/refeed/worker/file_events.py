"""File events -> what is worth a look, each file once and in bounded memory. What they miss, the scan finds."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, field

from watchdog.events import FileSystemEvent, FileSystemEventHandler

_MOST = 10_000
"""Files remembered between two looks; when more are spoken of, a scan is cheaper than to look at each."""


@dataclass(frozen=True, slots=True)
class EventBatch:
    """What events said since the last time."""

    closed: dict[str, str] = field(default_factory=dict)
    """Files that were closed or renamed in, each with the dump folder it lies in."""
    modified: dict[str, str] = field(default_factory=dict)
    """Files that somebody writes to."""
    overflowed: bool = False
    """Events were lost, or there were too many of them: only a scan can say what there is."""


class FileEvents:
    """Collects file events from any thread until they are asked for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ready: dict[str, str] = {}
        self._growing: dict[str, str] = {}
        self._spoken: set[str] = set()
        self._lost = False
        self._woken = False
        self._overflow = _Overflow(self)
        logging.getLogger("watchdog").addHandler(self._overflow)

    def close(self) -> None:
        """Listen no longer."""
        logging.getLogger("watchdog").removeHandler(self._overflow)

    def add_closed(self, path: str, root: str) -> None:
        """A file is complete."""
        self._note(self._ready, path, root)

    def add_modified(self, path: str, root: str) -> None:
        """A file is being written."""
        self._note(self._growing, path, root)

    def mark_overflow(self) -> None:
        """Events may have been lost."""
        with self._changed:
            self._lost = True
            self._changed.notify_all()

    def wake(self) -> None:
        """End the wait of `hear`."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def drain(self, timeout: float) -> EventBatch:
        """What was said since the last call; waits up to `timeout` seconds for something."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._growing or self._lost or self._woken, timeout)
            growing = {path: root for path, root in self._growing.items() if path not in self._ready}
            heard = EventBatch(self._ready, growing, self._lost)
            self._ready, self._growing, self._lost, self._woken = {}, {}, False, False
        return heard

    def seen_paths(self) -> set[str] | None:
        """Files that events spoke of since the last call; None when not all of them were remembered."""
        with self._changed:
            spoken, self._spoken = self._spoken, set()
        return spoken if len(spoken) < _MOST else None

    def _note(self, files: dict[str, str], path: str, root: str) -> None:
        with self._changed:
            if len(self._spoken) < _MOST:
                self._spoken.add(path)
            if len(files) < _MOST:
                files[path] = root
            else:
                self._lost = True
            self._changed.notify_all()


class DumpDirHandler(FileSystemEventHandler):
    """Tells the hints what happens in one dump folder."""

    def __init__(self, hints: FileEvents, root: str) -> None:
        self._hints = hints
        self._root = root

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog's thread for every event."""
        kind = event.event_type
        if event.is_directory:
            if kind in ("created", "moved"):  # its files may have come before the watch on it
                self._hints.mark_overflow()
        elif kind == "moved":
            self._hints.add_closed(os.fsdecode(event.dest_path), self._root)
        elif kind == "closed":
            self._hints.add_closed(os.fsdecode(event.src_path), self._root)
        elif kind in ("created", "modified"):
            self._hints.add_modified(os.fsdecode(event.src_path), self._root)


class _Overflow(logging.Handler):
    """Hears that the kernel's queue overflowed, which watchdog (7.1) tells nobody but its log."""

    def __init__(self, hints: FileEvents) -> None:
        super().__init__(logging.WARNING)
        self._hints = hints

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._hints.mark_overflow()

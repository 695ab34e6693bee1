"""File events, schedules and signals -> one queue, in order, for the worker's one loop. Each event waits there once."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum

_MAX_FILES = 10_000
"""Files that wait, or that are remembered, at most; with more, one scan is cheaper than inspecting each."""


class Job(Enum):
    """What the loop is to do, other than look at one file."""

    CHECK = "check"
    """Look after everything that has no events: the leader lock, config.yaml, watches, the clock."""
    SCAN = "scan"
    """Look for changed files in all dump folders."""
    RESCAN = "rescan"
    """The same from time to time, although there are file events."""
    POLL = "poll"
    """The same, if a folder has no reliable events."""
    RESTORE = "restore"
    """Fill an empty store from published feeds, if the settings say so."""
    INBOX = "inbox"
    """Take pushed dumps from the inbox."""
    INGEST = "ingest"
    """Ingest one batch of changed files."""
    RETRY = "retry"
    """Try quarantined files again if the operator has asked for it."""
    REPROCESS = "reprocess"
    """Bring one batch of entries up to date with the rules."""
    INDEX = "index"
    """Add one batch of changed entries to the search index."""
    STORIES = "stories"
    """Join one batch of changed entries to their stories."""
    DIGESTS = "digests"
    """Close the digests of one feed that are due."""
    PUBLISH = "publish"
    VERIFY = "verify"
    """Check the published documents by `stat`."""
    SEARCH = "search"
    """The same, and search feeds/ for documents that do not belong there."""
    RETENTION = "retention"
    SAVE_PROBED = "save probed"
    """Save what the probe of enclosures has found."""


@dataclass(frozen=True, slots=True)
class FileEvent:
    """A file in a dump folder was written to, or is complete: it was closed or moved in."""

    path: str
    folder: str
    is_complete: bool


Event = Job | FileEvent

_BACKGROUND = frozenset({Job.REPROCESS, Job.INDEX, Job.STORIES, Job.DIGESTS})
"""Jobs of the loop's spare time, which may go on for hours after an upgrade. All other events come before them."""


class EventQueue:
    """The events of all threads. Signal handlers may put events too: both the queue and the lock are reentrant."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._background: deque[Event] = deque()
        """What was taken from the queue while others waited there. Only the loop's thread looks at it."""
        self._lock = threading.RLock()
        self._waiting: set[Event] = set()
        self._seen: set[str] = set()
        self._overflow_handler = _OverflowHandler(self)
        logging.getLogger("watchdog").addHandler(self._overflow_handler)

    def put(self, event: Event) -> None:
        """Add an event, unless it already waits. Too many files become one scan."""
        with self._lock:
            if isinstance(event, FileEvent):
                if len(self._seen) < _MAX_FILES:
                    self._seen.add(event.path)
                if len(self._waiting) >= _MAX_FILES:
                    event = Job.SCAN
            if event not in self._waiting:
                self._waiting.add(event)
                self._queue.put(event)

    def get(self, timeout: float) -> Event:
        """The next event, background jobs last; `Job.CHECK` if there is none for `timeout` seconds."""
        event: Event | None = None
        while event is None:
            try:
                event = self._queue.get(timeout=0 if self._background else timeout)
            except queue.Empty:
                if not self._background:
                    return Job.CHECK
                event = self._background.popleft()
            else:
                if event in _BACKGROUND:
                    self._background.append(event)
                    event = None
        with self._lock:
            self._waiting.discard(event)
        return event

    def __contains__(self, event: Event) -> bool:
        return event in self._waiting

    def take_seen_paths(self) -> set[str] | None:
        """The files with events since the last call; None when there were too many to remember."""
        with self._lock:
            seen, self._seen = self._seen, set()
        return seen if len(seen) < _MAX_FILES else None

    def close(self) -> None:
        """Release the handler of watchdog's log."""
        logging.getLogger("watchdog").removeHandler(self._overflow_handler)


class _OverflowHandler(logging.Handler):
    """Notices that the kernel's queue has overflowed, which watchdog (7.1) reports only in its log."""

    def __init__(self, events: EventQueue) -> None:
        super().__init__(logging.WARNING)
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._events.put(Job.SCAN)

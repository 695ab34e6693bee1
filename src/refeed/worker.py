"""File events and the clock -> the movers, in the one process of all that holds the lock. Alone may run the clock."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

from . import dumps
from .config import Settings
from .dumps import Found
from .errors import IgnoredError, PublishError, QuarantineError, StoreError, VanishedError
from .ingest import BATCH, Tally
from .locks import FileLock
from .pipeline import Program

_log = logging.getLogger("refeed.worker")

_TICK = 0.5
"""Seconds between looks at files that are still growing, at the lock, and at the store of another machine."""
_BUSY = 2.0
"""Seconds between publications while there is a backlog: subscribers see news, and the backlog still shrinks."""
_AGAIN = 5.0
"""Seconds until a store or a disk that did not answer is asked again."""


@dataclass(frozen=True, slots=True)
class _Event:
    """Something to do: look at a file that is complete (`ready`) or that somebody writes, or scan every folder."""

    path: str = ""
    root: str = ""
    ready: bool = False


_SCAN = _Event()


class _Hints(FileSystemEventHandler):
    """File events, which are hints: what they miss, the scan finds."""

    def __init__(self, events: queue.SimpleQueue[_Event], root: str) -> None:
        self._events = events
        self._root = root

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.is_directory:
            if event.event_type in ("created", "moved"):  # its files may have come before the watch on it
                self._events.put(_SCAN)
            return
        kind = event.event_type
        if kind in ("closed", "moved", "created", "modified"):
            path = os.fsdecode(event.dest_path if kind == "moved" else event.src_path)
            self._events.put(_Event(path, self._root, ready=kind in ("closed", "moved")))


class Movers:
    """Ingests and publishes until told to stop; follows the store where another process ingests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._growing: dict[str, tuple[Found, float]] = {}
        self._backlog: deque[Found] = deque()
        self._watched: dict[str, object] = {}
        self._published = 0.0
        self._owed = True
        self._lock = FileLock(Path(settings.var_folder) / "ingest.lock")

    def stop(self) -> None:
        """Ask it to end; what is under way is finished first. Safe in a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop`. A store or a disk that is away is waited for."""
        while not self._stop.is_set():
            try:
                program = Program.open(self._settings, processes=os.cpu_count() or 1)
            except StoreError as error:
                self._wait(error)
                continue
            try:
                self._work(program)
            except (StoreError, PublishError) as error:
                self._wait(error)
            finally:
                program.close()

    def _work(self, program: Program) -> None:
        self._publish(program)
        while not self._lock.acquire():
            if self._stop.wait(_TICK):
                return
            self._publish(program)
        _log.info("ingesting from %s", ", ".join(self._settings.dumps.folders))
        observer = PollingObserver() if self._settings.dumps.polling else Observer()
        scheduler = BackgroundScheduler(timezone="UTC")
        scheduler.add_job(
            self._events.put, "interval", args=(_SCAN,), seconds=self._settings.dumps.rescan.total_seconds()
        )
        observer.start()
        scheduler.start()
        try:
            self._events.put(_SCAN)
            while not self._stop.is_set():
                self._watch(observer)
                self._turn(program)
        finally:
            scheduler.shutdown(wait=False)
            observer.stop()
            observer.join()
            self._watched.clear()
            self._lock.release()

    def _turn(self, program: Program) -> None:
        """One round: what events say first, then a piece of the backlog, then the documents of both."""
        fresh, scan = self._hear(program)
        fresh += self._at_rest()
        if scan:
            self._backlog = deque(self._complete(program.ingester.scan(self._settings.dumps.folders)))
        if not fresh:
            fresh = [self._backlog.popleft() for _ in range(min(BATCH, len(self._backlog)))]
        for tally in program.ingester.take([file for file in fresh if program.ingester.is_news(file)]):
            self._note(tally)
        if self._owed and (not self._backlog or time.monotonic() - self._published > _BUSY):
            self._publish(program)

    def _hear(self, program: Program) -> tuple[list[Found], bool]:
        """Files that events say are complete, and whether a scan is due."""
        events: dict[_Event, None] = {}
        timeout = 0.0 if self._backlog or self._owed else _TICK
        try:
            events[self._events.get(timeout=timeout)] = None
            while True:
                events[self._events.get_nowait()] = None
        except queue.Empty:
            pass
        ready = []
        for event in events:
            if event is _SCAN:
                continue
            try:
                found = dumps.look(event.path, event.root, self._settings.limits.suffixes)
            except (IgnoredError, VanishedError, QuarantineError):
                continue
            if event.ready:
                self._growing.pop(found.path, None)
                ready.append(found)
            elif program.ingester.is_news(found):
                self._growing.setdefault(found.path, (found, time.monotonic()))
        return ready, _SCAN in events

    def _complete(self, found: Sequence[Found]) -> list[Found]:
        """Those of a scan's files that nobody writes to; the others are looked at again soon."""
        clock, moment = time.time(), time.monotonic()
        settle = self._settings.limits.settle.total_seconds()
        resting = []
        for file in found:
            if dumps.settled(file, clock=clock, settle=settle):
                resting.append(file)
            else:
                self._growing.setdefault(file.path, (file, moment))
        return resting

    def _at_rest(self) -> list[Found]:
        """Files that were growing and have come to rest."""
        settle = self._settings.limits.settle.total_seconds()
        resting = []
        for path, (earlier, since) in list(self._growing.items()):
            moment = time.monotonic()
            if moment - since < settle:
                continue
            try:
                found = dumps.look(path, earlier.root, self._settings.limits.suffixes)
            except (IgnoredError, VanishedError, QuarantineError):
                del self._growing[path]
                continue
            if dumps.settled(found, clock=time.time(), settle=settle, earlier=earlier, apart=moment - since):
                del self._growing[path]
                resting.append(found)
            else:
                self._growing[path] = (found, moment)
        return resting

    def _note(self, tally: Tally) -> None:
        self._owed = self._owed or bool(tally.feeds)
        for file in tally.again:
            self._growing[file.path] = (file, time.monotonic())
        if tally.trouble:
            _log.warning("dumps cannot be read just now: %s", tally.trouble)

    def _publish(self, program: Program) -> None:
        program.publisher.publish()
        self._published = time.monotonic()
        self._owed = False

    def _watch(self, observer: object) -> None:
        """Watch every folder that is there by now."""
        for folder in self._settings.dumps.folders:
            if folder not in self._watched and Path(folder).is_dir():
                handler = _Hints(self._events, folder)
                self._watched[folder] = observer.schedule(handler, folder, recursive=True)  # type: ignore[attr-defined]
                self._events.put(_SCAN)

    def _wait(self, error: Exception) -> None:
        _log.warning("%s; trying again in %.0f s", error, _AGAIN)
        self._stop.wait(_AGAIN)

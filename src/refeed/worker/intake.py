"""File events and scans -> backlog -> store, in batches, newest first."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

from ..clock import format_rfc3339, utc_now
from ..dumps.scanner import FoundFile, inspect_file, is_stable
from ..errors import FileVanishedError, IgnoredError, QuarantineError
from ..fetch.upstreams import dump_dirs
from ..ingest.ingester import BATCH_FILES, RETRY_KEY, IngestResult
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import ImportProgress, LoopStatus, StatusFile
from .events import EventQueue, FileEvent, Job
from .jobs import Scheduler
from .watcher import UnsettledFiles, Watcher

_log = logging.getLogger("refeed.worker")

_MAX_SETTLING = 60.0
"""Seconds after the first scan in which files that are being written keep it from being finished."""
_SCAN_FACTOR = 5
"""Minimum pause between scans, as a multiple of the duration of the last one."""
_RESCAN_FACTOR = 400
"""The same of scans for which there is no reason: they take at most a quarter of a percent of a core."""


class DumpIntake:
    """Keeps the store up to date with the dump folders. Its methods handle the events of the worker's loop."""

    def __init__(
        self,
        pipeline: Pipeline,
        events: EventQueue,
        scheduler: Scheduler,
        status: StatusFile,
        on_change: Callable[[], object],
    ) -> None:
        """`on_change` is called when feeds have changed."""
        limits = pipeline.settings.limits
        self._pipeline = pipeline
        self._ingester = pipeline.ingester
        self._folders = dump_dirs(pipeline.settings)
        self._suffixes = limits.all_suffixes
        self._settle = limits.settle.total_seconds()
        self._events = events
        self._scheduler = scheduler
        self._status = status
        self._on_change = on_change
        self._watcher = Watcher(events, polling=pipeline.settings.dumps.polling)
        self._unsettled = UnsettledFiles(self._settle, self._suffixes)
        self._backlog: OrderedDict[str, FoundFile] = OrderedDict()
        self._results: Iterator[IngestResult] | None = None
        """Results of the batches of the backlog, while it is being ingested."""
        self._in_work = 0
        """Files that have left the backlog and are not recorded yet."""
        self._found = 0
        """Files that the last scan has found."""
        self._first_import: tuple[float, int] | None = None
        """When the first batch was recorded, by the monotonic clock, and how many files were then: before it, processes
        start, which says nothing about the rate."""
        self._pushed: set[str] = set()
        """Pushed dumps that are in the backlog, or in work."""
        self._pause_scans_until = 0.0
        self._pause_rescans_until = 0.0
        self._last_scan_time = ""
        self._settle_until = 0.0
        self.last_ingest = ""
        """When dumps were last recorded; empty if not since the start."""
        self._retry_request = pipeline.store.get_meta(RETRY_KEY)

    @property
    def is_busy(self) -> bool:
        """Whether files wait to be ingested."""
        return bool(self._backlog)

    @property
    def has_finished_scan(self) -> bool:
        """Whether everything that the first scan has found is recorded. A file that never settles is not waited for."""
        is_busy = self._backlog or self._results or self._ingester.is_waiting or Job.SCAN in self._events
        is_settling = self._unsettled and time.monotonic() < self._settle_until
        return bool(self._last_scan_time) and not is_busy and not is_settling

    def status(self) -> LoopStatus:
        """What `refeed status` shows about the leader."""
        return {
            "state": "ingesting",
            "folders": list(self._folders),
            "polled": self._watcher.polling_reasons(self._folders),
            "waiting": len(self._backlog) + self._in_work,
            "growing": len(self._unsettled),
            "scanned": self._last_scan_time,
        }

    def import_progress(self) -> ImportProgress:
        """How much of what the scans have found is recorded."""
        left = len(self._backlog) + self._in_work + len(self._unsettled)
        total = max(self._found, left)
        began, done_before = self._first_import or (0.0, 0)
        seconds = time.monotonic() - began
        rate = max(0, total - left - done_before) / seconds if self._first_import and seconds > 0 else 0.0
        return {"done": total - left, "total": total, "rate": round(rate, 1)}

    def handle_file(self, event: FileEvent) -> None:
        """Put a complete file at the head of the backlog, and follow a file that is being written."""
        try:
            file = inspect_file(event.path, event.folder, self._suffixes)
        except (IgnoredError, FileVanishedError, QuarantineError):  # the next scan reports it if needed
            return
        if not self._ingester.is_changed(file):
            return
        if event.is_complete:
            self._unsettled.discard(file.path)
            self._queue_first(file)
        else:
            self._unsettled.add(file)

    def check(self) -> None:
        """Renew watches, and queue the files that have settled."""
        if self._watcher.update_watches(self._folders) or self._unsettled.pop_scan_due():
            self._events.put(Job.SCAN)
        for file in self._unsettled.pop_settled():
            if self._ingester.is_changed(file):
                self._queue_first(file)
        if self._ingester.is_waiting:
            self._handle_result(self._ingester.finish_slow())
        elif not self._backlog and not self._results:
            self._pipeline.pool.shrink()

    def retry(self) -> None:
        """Try quarantined files again when the operator has asked for it since the last call."""
        request = self._pipeline.store.get_meta(RETRY_KEY)
        if request != self._retry_request:
            self._retry_request = request
            self._ingester.retry_quarantined()
            self._events.put(Job.SCAN)

    def poll(self) -> None:
        """Scan all folders if one of them has no reliable events."""
        if self._watcher.polling_reasons(self._folders):
            self.scan()

    def rescan(self) -> None:
        """Scan all folders, in case an event was lost."""
        if time.monotonic() >= self._pause_rescans_until:
            self.scan()

    def scan(self) -> None:
        """Scan all folders. The result replaces the backlog, including files that events reported."""
        start, now = time.monotonic(), time.time()
        if start < self._pause_scans_until:
            self._scheduler.put_after(self._pause_scans_until - start, Job.SCAN)
            return
        changed, unchanged = self._ingester.scan(self._folders)
        self._watcher.detect_missed_events(changed, now)
        self._backlog.clear()
        self._found, self._in_work = len(changed) + unchanged, 0
        for file in changed:
            if is_stable(file, now=now, settle=self._settle):
                self._backlog[file.path] = file
            else:
                self._unsettled.add(file)
        if not self._last_scan_time:
            self._settle_until = time.monotonic() + _MAX_SETTLING
        self._last_scan_time = format_rfc3339(utc_now())
        seconds = time.monotonic() - start
        self._pause_scans_until = time.monotonic() + _SCAN_FACTOR * seconds
        self._pause_rescans_until = time.monotonic() + _RESCAN_FACTOR * seconds
        if len(changed) > BATCH_FILES:
            fields = {"count": len(changed), "seconds": round(seconds, 3)}
            _log.info("%d dumps to ingest, found in %.1f s", len(changed), seconds, extra=fields)
        self._events.put(Job.INGEST)
        self._report_polled_folders()

    def take_pushed(self) -> None:
        """Ingest pushed dumps first."""
        try:
            files = self._pipeline.take_pushed()
        except OSError as error:
            self._status.set_problem("inbox", f"pushed dumps wait: {error.filename}: {error.strerror}")
            return
        self._status.clear_problem("inbox")
        waiting = {file.path for file in files}
        for file in files:
            if file.path not in self._pushed:
                self._queue_first(file)
        self._pushed = waiting

    def ingest(self) -> None:
        """Ingest one batch of the backlog. While it is recorded, the next one is already being built."""
        if self._results is None:
            if not self._backlog:
                return
            self._results = self._ingester.ingest(self._pop_backlog())
        result = next(self._results, None)
        if result is None:
            self._results, self._in_work = None, 0
        else:
            self._handle_result(result)
        self._events.put(Job.INGEST)

    def reset(self) -> None:
        """Forget the batch in work, after an error. The next scan finds its files again."""
        self._results, self._in_work = None, 0
        self._pushed = set()

    def close(self) -> None:
        """End all watches."""
        self._watcher.stop()

    def _queue_first(self, file: FoundFile) -> None:
        self._backlog[file.path] = file
        self._backlog.move_to_end(file.path, last=False)
        self._events.put(Job.INGEST)

    def _report_polled_folders(self) -> None:
        """Show a problem for each folder that is polled because its events cannot be relied on."""
        reasons = self._watcher.polling_reasons(self._folders)
        polled = {f"events of {folder}": reason for folder, reason in reasons.items()}
        for subject, reason in polled.items():
            self._status.set_problem(subject, f"polled every few seconds: {reason}")
        for subject in list(self._status.problems):
            if subject.startswith("events of ") and subject not in polled:
                self._status.clear_problem(subject)

    def _pop_backlog(self) -> Iterator[FoundFile]:
        """Take files from the backlog until it is empty. It may grow in the meantime."""
        while self._backlog:
            _, file = self._backlog.popitem(last=False)
            if self._ingester.is_changed(file):
                self._in_work += 1
                yield file

    def _handle_result(self, result: IngestResult) -> None:
        self._in_work = max(0, self._in_work - result.files)  # a container is one file, and each of its members too
        if self._first_import is None:
            self._first_import = time.monotonic(), self.import_progress()["done"]
        if result.feeds:
            self._on_change()
        for file in result.postponed:
            self._unsettled.add(file)
        if result.problem:
            self._status.set_problem("dumps", f"cannot be read at the moment: {result.problem}")
        else:
            self._status.clear_problem("dumps")
        for path, reason in result.quarantined.items():
            _log.warning("quarantined: %s: %s", path, reason, extra={"file": path})
        if result.counts["new"] or result.counts["changed"]:
            self.last_ingest = format_rfc3339(utc_now())
            counts = {name: count for name, count in sorted(result.counts.items()) if count}
            text = ", ".join(f"{count} {name}" for name, count in counts.items())
            _log.info("%s", text, extra={"count": result.files, "counts": counts})

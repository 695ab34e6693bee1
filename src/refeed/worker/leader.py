"""The loop of the process that ingests: file events and scans -> backlog -> store -> documents. Applies retention."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping

from ..clock import format_rfc3339, utc_now
from ..dumps.scanner import FoundFile, inspect_file, is_stable
from ..errors import FileVanishedError, IgnoredError, QuarantineError
from ..fetch.upstreams import dump_dirs
from ..ingest.ingester import BATCH_FILES, RETRY_KEY, IngestResult
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import LoopStatus, StatusFile
from .jobs import Jobs, PublishJob
from .watcher import EventBatch, FileEvents, UnsettledFiles, Watcher

_log = logging.getLogger("refeed.worker")

_IDLE_WAIT = 0.5
"""Seconds that a tick waits for events when there is nothing to do."""
_RETENTION_INTERVAL = 3600.0
"""Seconds until retention is applied again if nothing is published. It also precedes publications."""
_RETRY_CHECK_INTERVAL = 5.0
"""Seconds between checks for an operator's request to try quarantined files again."""
_POLL_INTERVAL = 2.0
"""Minimum seconds between scans of folders without reliable events."""
_SCAN_FACTOR = 5
"""Minimum pause before a scan that is requested early, as a multiple of the duration of the last scan."""


class Leader:
    """Keeps the store up to date with the dump folders, and feeds/ with the store."""

    def __init__(
        self, pipeline: Pipeline, events: FileEvents, watcher: Watcher, status: StatusFile, jobs: Jobs
    ) -> None:
        settings = pipeline.settings
        self._pipeline = pipeline
        self._ingester = pipeline.ingester
        self._folders = dump_dirs(settings)
        self._rescan_interval = settings.dumps.rescan.total_seconds()
        self._suffixes = settings.limits.suffixes
        self._settle = settings.limits.settle.total_seconds()
        self._events = events
        self._watcher = watcher
        self._status = status
        self._jobs = jobs
        self._unsettled = UnsettledFiles(self._settle, self._suffixes)
        self._publish_job = PublishJob(pipeline.publisher, status, jobs.queue_hub_pings)
        self._backlog: OrderedDict[str, FoundFile] = OrderedDict()
        self._results: Iterator[IngestResult] | None = None
        """Results of the batches of the backlog, while it is being ingested."""
        self._rescan_requested = True
        self._last_scan = float("-inf")
        self._last_scan_time = ""
        self._last_scan_seconds = 0.0
        self._reprocess_pending = True
        self._last_retention = float("-inf")
        self._last_retry_check = time.monotonic()
        self._retry_request = pipeline.store.get_meta(RETRY_KEY)

    def status(self) -> LoopStatus:
        """What `refeed status` shows about the leader."""
        status: LoopStatus = {
            "state": "ingesting",
            "folders": list(self._folders),
            "polled": self._watcher.polling_reasons(self._folders),
            "waiting": len(self._backlog),
            "growing": len(self._unsettled),
            "scanned": self._last_scan_time,
        }
        if self._jobs.probe and self._jobs.probe.status:
            status["enrichment"] = self._jobs.probe.status
        return status

    def tick(self) -> None:
        """Run one round of the loop. Raises StoreError; files that were not recorded are then found again later."""
        self._pipeline.store.check_intact()
        if self._last_scan_time == "" and self._pipeline.is_complete():
            self._publish_job.run_if_due(busy=True)  # at the start, before anything is ingested
        self._check_for_retry()
        is_busy = self._backlog or self._results or self._publish_job.is_due or self._reprocess_pending
        batch = self._events.drain(0.0 if is_busy else _IDLE_WAIT)
        has_new_folder = self._watcher.update_watches(self._folders)
        if has_new_folder or batch.overflowed or self._unsettled.pop_scan_due():
            self._rescan_requested = True
        self._queue_events(batch)
        if self._jobs.probe and self._jobs.probe.save_results():
            self._publish_job.request(notify=False)
        if self._is_scan_due():
            self._scan()
        if self._backlog or self._results:
            self._ingest()
        elif self._reprocess_pending:
            feeds = self._pipeline.reprocessor.step()
            self._reprocess_pending = feeds is not None
            if feeds:
                self._publish_job.request()
        else:
            self._pipeline.pool.shrink()
        is_retention_due = time.monotonic() >= self._last_retention + _RETENTION_INTERVAL
        if not self._backlog and (self._publish_job.pending or is_retention_due):
            self._last_retention = time.monotonic()
            if self._pipeline.apply_retention():
                self._publish_job.request()
        self._publish_job.run_if_due(busy=bool(self._backlog))

    def _check_for_retry(self) -> None:
        """Try quarantined files again when the operator has asked for it since the last check."""
        if time.monotonic() - self._last_retry_check < _RETRY_CHECK_INTERVAL:
            return
        self._last_retry_check = time.monotonic()
        request = self._pipeline.store.get_meta(RETRY_KEY)
        if request != self._retry_request:
            self._retry_request = request
            self._ingester.retry_quarantined()
            self._rescan_requested = True

    def _queue_events(self, batch: EventBatch) -> None:
        """Put complete files at the head of the backlog, and follow files that are being written."""
        for file in self._iter_changed(batch.closed):
            self._unsettled.discard(file.path)
            self._queue_first(file)
        for file in self._iter_changed(batch.modified):
            self._unsettled.add(file)
        for file in self._unsettled.pop_settled():
            if self._ingester.is_changed(file):
                self._queue_first(file)

    def _iter_changed(self, files: Mapping[str, str]) -> Iterable[FoundFile]:
        for path, folder in files.items():
            try:
                file = inspect_file(path, folder, self._suffixes)
            except (IgnoredError, FileVanishedError, QuarantineError):  # the next scan reports it if needed
                continue
            if self._ingester.is_changed(file):
                yield file

    def _queue_first(self, file: FoundFile) -> None:
        self._backlog[file.path] = file
        self._backlog.move_to_end(file.path, last=False)

    def _is_scan_due(self) -> bool:
        shortest = _SCAN_FACTOR * self._last_scan_seconds
        interval = self._rescan_interval
        if self._rescan_requested:
            interval = min(interval, shortest)
        elif self._watcher.polling_reasons(self._folders):
            interval = min(interval, max(_POLL_INTERVAL, shortest))
        return time.monotonic() - self._last_scan >= interval

    def _scan(self) -> None:
        """Scan all folders. The result replaces the backlog, including files that events reported."""
        start, now = time.monotonic(), time.time()
        changed = self._ingester.scan(self._folders).changed
        self._watcher.detect_missed_events(changed, now)
        self._backlog.clear()
        for file in changed:
            if is_stable(file, now=now, settle=self._settle):
                self._backlog[file.path] = file
            else:
                self._unsettled.add(file)
        self._rescan_requested = False
        self._last_scan = time.monotonic()
        self._last_scan_time = format_rfc3339(utc_now())
        self._last_scan_seconds = self._last_scan - start
        if len(changed) > BATCH_FILES:
            fields = {"count": len(changed), "seconds": round(self._last_scan_seconds, 3)}
            _log.info("%d dumps to ingest, found in %.1f s", len(changed), self._last_scan_seconds, extra=fields)
        self._report_polled_folders()

    def _report_polled_folders(self) -> None:
        """Show a problem for each folder that is polled because its events cannot be relied on."""
        reasons = self._watcher.polling_reasons(self._folders)
        polled = {f"events of {folder}": reason for folder, reason in reasons.items()}
        for subject, reason in polled.items():
            self._status.set_problem(subject, f"polled every few seconds: {reason}")
        for subject in list(self._status.problems):
            if subject.startswith("events of ") and subject not in polled:
                self._status.clear_problem(subject)

    def _ingest(self) -> None:
        """Ingest one batch of the backlog. While it is recorded, the next one is already being built."""
        self._results = self._results or self._ingester.ingest(self._pop_backlog())
        for result in self._results:
            self._handle_result(result)
            if self._backlog:
                return
        self._results = None
        if not self._rescan_requested:
            self._pipeline.mark_complete()

    def _pop_backlog(self) -> Iterator[FoundFile]:
        """Take files from the backlog until it is empty. It may grow in the meantime."""
        while self._backlog:
            _, file = self._backlog.popitem(last=False)
            if self._ingester.is_changed(file):
                yield file

    def _handle_result(self, result: IngestResult) -> None:
        if result.feeds:
            self._publish_job.request()
        for file in result.postponed:
            self._unsettled.add(file)
        if result.problem:
            self._status.set_problem("dumps", f"cannot be read at the moment: {result.problem}")
        else:
            self._status.clear_problem("dumps")
        for path, reason in result.quarantined.items():
            _log.warning("quarantined: %s: %s", path, reason, extra={"file": path})
        if result.counts["new"] or result.counts["changed"]:
            counts = {name: count for name, count in sorted(result.counts.items()) if count}
            text = ", ".join(f"{count} {name}" for name, count in counts.items())
            _log.info("%s", text, extra={"count": result.files, "counts": counts})

"""The turns of the one process that ingests: what events say first, then a piece of the backlog, then the documents."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..clock import format_rfc3339, utc_now
from ..dumps.scanner import FoundFile, inspect_file, is_stable
from ..errors import FileVanishedError, IgnoredError, QuarantineError
from ..fetch.factory import dump_dirs
from ..ingest.ingester import BATCH_FILES, RETRY_KEY, IngestResult
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import StatusFile
from .file_events import EventBatch, FileEvents
from .jobs import Jobs
from .publish_job import PublishJob
from .settling import UnsettledFiles
from .watcher import Watcher

_log = logging.getLogger("refeed.worker")

_TICK = 0.5
"""Seconds between two turns when nothing happens."""
_HOUR = 3600.0
"""Seconds between looks at what has grown too old to be kept, when nothing new comes."""
_ASKED = 5.0
"""Seconds between looks at whether somebody wants the quarantine tried again."""
_POLL = 2.0
"""Seconds between scans of folders without reliable events, when a scan is quick."""
_SHARE = 5
"""A scan out of turn comes at the earliest so many times its own duration after the one before."""


class Leader:
    """Keeps the store up to date with the dump folders, and feeds/ with the store."""

    def __init__(
        self,
        program: Pipeline,
        hints: FileEvents,
        watching: Watcher,
        report: StatusFile,
        errands: Jobs,
    ) -> None:
        """`errands` hear which documents changed, and bring what they heard outside."""
        settings = program.settings
        self._program = program
        self._folders = dump_dirs(settings)
        self._rescan = settings.dumps.rescan.total_seconds()
        self._suffixes = settings.limits.suffixes
        self._settle = settings.limits.settle.total_seconds()
        self._hints = hints
        self._watching = watching
        self._report = report
        self._growing = UnsettledFiles(self._settle, self._suffixes)
        self._errands = errands
        self._publishing = PublishJob(program.publisher, report, errands.queue_hub_pings)
        self._backlog: OrderedDict[str, FoundFile] = OrderedDict()
        self._taking: Iterator[IngestResult] | None = None
        self._scanned = float("-inf")
        self._scanned_at = ""
        self._cost = 0.0
        self._soon = True
        self._outdated = True
        self._retained = float("-inf")
        self._looked = time.monotonic()
        self._asked = program.store.get_meta(RETRY_KEY)

    def status_fields(self) -> dict[str, Any]:
        """What `status` shows of it."""
        return {
            "state": "ingesting",
            "folders": list(self._folders),
            "polled": self._watching.polling_reasons(self._folders),
            "waiting": len(self._backlog),
            "growing": len(self._growing),
            "scanned": self._scanned_at,
            **self._errands.status_fields(),
        }

    def tick(self) -> None:
        """One round. Raises StoreError, with nothing lost: what was not recorded is found again."""
        self._program.store.check_intact()
        if self._scanned_at == "" and self._program.is_complete():
            self._publishing.run_if_due(busy=True)  # the first thing at the start: what was published before
        busy = self._backlog or self._taking or self._publishing.is_due or self._outdated
        self._retry()
        heard = self._hints.drain(0.0 if busy else _TICK)
        self._soon = (
            self._watching.update_watches(self._folders)
            or heard.overflowed
            or self._growing.pop_scan_due()
            or self._soon
        )
        self._take_in(heard)
        if self._errands.save_probe_results():
            self._publishing.request(slight=True)
        if self._scan_due():
            self._scan()
        if self._backlog or self._taking:
            self._ingest()
        elif self._outdated:
            self._refresh()
        else:
            self._program.pool.shrink()
        if not self._backlog and (self._publishing.pending or time.monotonic() >= self._retained + _HOUR):
            self._retain()
        self._publishing.run_if_due(busy=bool(self._backlog))

    def _retry(self) -> None:
        """Try again what is quarantined, when somebody asked for it since the last look."""
        if time.monotonic() - self._looked < _ASKED:
            return
        self._looked = time.monotonic()
        asked = self._program.store.get_meta(RETRY_KEY)
        if asked != self._asked:
            self._asked = asked
            self._program.ingester.retry_quarantined()
            self._soon = True

    def _take_in(self, heard: EventBatch) -> None:
        for found in self._look(heard.closed):
            self._growing.discard(found.path)
            self._put_first(found)
        for found in self._look(heard.modified):
            self._growing.add(found)
        for found in self._growing.pop_settled():
            if self._program.ingester.is_changed(found):
                self._put_first(found)

    def _put_first(self, found: FoundFile) -> None:
        self._backlog[found.path] = found
        self._backlog.move_to_end(found.path, last=False)

    def _look(self, files: Mapping[str, str]) -> Iterable[FoundFile]:
        for path, root in files.items():
            try:
                found = inspect_file(path, root, self._suffixes)
            except (IgnoredError, FileVanishedError, QuarantineError):  # a scan says what is to be said of them
                continue
            if self._program.ingester.is_changed(found):
                yield found

    def _scan_due(self) -> bool:
        since = time.monotonic() - self._scanned
        if self._soon and since >= _SHARE * self._cost:
            return True
        polled = bool(self._watching.polling_reasons(self._folders))
        return since >= min(self._rescan, max(_POLL, _SHARE * self._cost) if polled else self._rescan)

    def _scan(self) -> None:
        """Look through every folder: whatever events said, this is the truth."""
        began, clock = time.monotonic(), time.time()
        found = self._program.ingester.scan(self._folders).changed
        self._watching.detect_missed_events(found, clock)
        self._backlog.clear()
        for file in found:
            if is_stable(file, now=clock, settle=self._settle):
                self._backlog[file.path] = file
            else:
                self._growing.add(file)
        self._soon = False
        self._scanned = time.monotonic()
        self._scanned_at = format_rfc3339(utc_now())
        self._cost = self._scanned - began
        if len(found) > BATCH_FILES:
            _log.info("%d dumps to ingest, found in %.1f s", len(found), self._cost)
        self._tell_polled()

    def _tell_polled(self) -> None:
        """Report which folders are polled because their events cannot be relied on, and which no longer."""
        polled = {f"events of {folder}": why for folder, why in self._watching.polling_reasons(self._folders).items()}
        for what, why in polled.items():
            self._report.set_problem(what, f"polled every few seconds: {why}")
        for what in [name for name in self._report.problems if name.startswith("events of ") and name not in polled]:
            self._report.clear_problem(what)

    def _ingest(self) -> None:
        """Take a batch of the backlog; while it is recorded, the next one is made already."""
        self._taking = self._taking or self._program.ingester.ingest(self._news())
        for tally in self._taking:
            self._note(tally)
            if self._backlog:
                return
        self._taking = None
        if not self._soon:
            self._program.mark_complete()

    def _news(self) -> Iterator[FoundFile]:
        """The backlog as it is worked off; it may grow meanwhile."""
        while self._backlog:
            _, found = self._backlog.popitem(last=False)
            if self._program.ingester.is_changed(found):
                yield found

    def _note(self, tally: IngestResult) -> None:
        if tally.feeds:
            self._publishing.request()
        for file in tally.postponed:
            self._growing.add(file)
        if tally.problem:
            self._report.set_problem("dumps", f"cannot be read just now: {tally.problem}")
        else:
            self._report.clear_problem("dumps")
        for doubt in tally.issues:
            _log.warning("quarantined: %s", doubt)
        if any(tally.counts[name] for name in ("new", "changed")):
            _log.info("%s", ", ".join(f"{count} {name}" for name, count in sorted(tally.counts.items()) if count))

    def _retain(self) -> None:
        """Give up what is kept no longer: after news, and because time passes."""
        self._retained = time.monotonic()
        if self._program.apply_retention():
            self._publishing.request()

    def _refresh(self) -> None:
        """Bring a batch of what is stored up to date with rules and topics, while nothing new waits."""
        feeds = self._program.reprocessor.step()
        self._outdated = feeds is not None
        if feeds:
            self._publishing.request()

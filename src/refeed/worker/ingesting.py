"""The turns of the one process that ingests: what events say first, then a piece of the backlog, then the documents."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import dumps
from ..clock import now, rfc3339
from ..dumps import Found
from ..errors import IgnoredError, QuarantineError, VanishedError
from ..ingest import BATCH, RETRY, Tally
from ..outward import dump_folders
from ..pipeline import Program
from ..report import Report
from .errands import Errands
from .growing import Growing
from .hints import Heard, Hints
from .publishing import Publishing
from .watching import Watching

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


class Ingesting:
    """Keeps the store up to date with the dump folders, and feeds/ with the store."""

    def __init__(
        self,
        program: Program,
        hints: Hints,
        watching: Watching,
        report: Report,
        errands: Errands,
    ) -> None:
        """`errands` hear which documents changed, and bring what they heard outside."""
        settings = program.settings
        self._program = program
        self._folders = dump_folders(settings)
        self._rescan = settings.dumps.rescan.total_seconds()
        self._suffixes = settings.limits.suffixes
        self._settle = settings.limits.settle.total_seconds()
        self._hints = hints
        self._watching = watching
        self._report = report
        self._growing = Growing(self._settle, self._suffixes)
        self._errands = errands
        self._publishing = Publishing(program.publisher, report, errands.announce)
        self._backlog: OrderedDict[str, Found] = OrderedDict()
        self._taking: Iterator[Tally] | None = None
        self._scanned = float("-inf")
        self._scanned_at = ""
        self._cost = 0.0
        self._soon = True
        self._outdated = True
        self._retained = float("-inf")
        self._looked = time.monotonic()
        self._asked = program.store.state(RETRY)

    def facts(self) -> dict[str, Any]:
        """What `status` shows of it."""
        return {
            "state": "ingesting",
            "folders": list(self._folders),
            "polled": self._watching.polled(self._folders),
            "waiting": len(self._backlog),
            "growing": len(self._growing),
            "scanned": self._scanned_at,
            **self._errands.facts(),
        }

    def turn(self) -> None:
        """One round. Raises StoreError, with nothing lost: what was not recorded is found again."""
        self._program.store.check()
        if self._scanned_at == "" and self._program.is_complete():
            self._publishing.turn(busy=True)  # the first thing at the start: what was published before
        busy = self._backlog or self._taking or self._publishing.waits or self._outdated
        self._retry()
        heard = self._hints.hear(0.0 if busy else _TICK)
        self._soon = self._watching.look(self._folders) or heard.lost or self._growing.scan_due() or self._soon
        self._take_in(heard)
        if self._errands.record():
            self._publishing.owe(slight=True)
        if self._scan_due():
            self._scan()
        if self._backlog or self._taking:
            self._ingest()
        elif self._outdated:
            self._refresh()
        else:
            self._program.makers.rest()
        if not self._backlog and (self._publishing.owed or time.monotonic() >= self._retained + _HOUR):
            self._retain()
        self._publishing.turn(busy=bool(self._backlog))

    def _retry(self) -> None:
        """Try again what is quarantined, when somebody asked for it since the last look."""
        if time.monotonic() - self._looked < _ASKED:
            return
        self._looked = time.monotonic()
        asked = self._program.store.state(RETRY)
        if asked != self._asked:
            self._asked = asked
            self._program.ingester.retry()
            self._soon = True

    def _take_in(self, heard: Heard) -> None:
        for found in self._look(heard.ready):
            self._growing.drop(found.path)
            self._put_first(found)
        for found in self._look(heard.growing):
            self._growing.add(found)
        for found in self._growing.resting():
            if self._program.ingester.is_news(found):
                self._put_first(found)

    def _put_first(self, found: Found) -> None:
        self._backlog[found.path] = found
        self._backlog.move_to_end(found.path, last=False)

    def _look(self, files: Mapping[str, str]) -> Iterable[Found]:
        for path, root in files.items():
            try:
                found = dumps.look(path, root, self._suffixes)
            except (IgnoredError, VanishedError, QuarantineError):  # a scan says what is to be said of them
                continue
            if self._program.ingester.is_news(found):
                yield found

    def _scan_due(self) -> bool:
        since = time.monotonic() - self._scanned
        if self._soon and since >= _SHARE * self._cost:
            return True
        polled = bool(self._watching.polled(self._folders))
        return since >= min(self._rescan, max(_POLL, _SHARE * self._cost) if polled else self._rescan)

    def _scan(self) -> None:
        """Look through every folder: whatever events said, this is the truth."""
        began, clock = time.monotonic(), time.time()
        found = self._program.ingester.scan(self._folders).news
        self._watching.judge(found, clock)
        self._backlog.clear()
        for file in found:
            if dumps.settled(file, clock=clock, settle=self._settle):
                self._backlog[file.path] = file
            else:
                self._growing.add(file)
        self._soon = False
        self._scanned = time.monotonic()
        self._scanned_at = rfc3339(now())
        self._cost = self._scanned - began
        if len(found) > BATCH:
            _log.info("%d dumps to ingest, found in %.1f s", len(found), self._cost)
        self._tell_polled()

    def _tell_polled(self) -> None:
        """Report which folders are polled because their events cannot be relied on, and which no longer."""
        polled = {f"events of {folder}": why for folder, why in self._watching.polled(self._folders).items()}
        for what, why in polled.items():
            self._report.trouble(what, f"polled every few seconds: {why}")
        for what in [name for name in self._report.troubles if name.startswith("events of ") and name not in polled]:
            self._report.well(what)

    def _ingest(self) -> None:
        """Take a batch of the backlog; while it is recorded, the next one is made already."""
        self._taking = self._taking or self._program.ingester.take(self._news())
        for tally in self._taking:
            self._note(tally)
            if self._backlog:
                return
        self._taking = None
        if not self._soon:
            self._program.complete()

    def _news(self) -> Iterator[Found]:
        """The backlog as it is worked off; it may grow meanwhile."""
        while self._backlog:
            _, found = self._backlog.popitem(last=False)
            if self._program.ingester.is_news(found):
                yield found

    def _note(self, tally: Tally) -> None:
        if tally.feeds:
            self._publishing.owe()
        for file in tally.again:
            self._growing.add(file)
        if tally.trouble:
            self._report.trouble("dumps", f"cannot be read just now: {tally.trouble}")
        else:
            self._report.well("dumps")
        for doubt in tally.doubts:
            _log.warning("quarantined: %s", doubt)
        if any(tally.counts[name] for name in ("new", "changed")):
            _log.info("%s", ", ".join(f"{count} {name}" for name, count in sorted(tally.counts.items()) if count))

    def _retain(self) -> None:
        """Give up what is kept no longer: after news, and because time passes."""
        self._retained = time.monotonic()
        if self._program.retain():
            self._publishing.owe()

    def _refresh(self) -> None:
        """Bring a batch of what is stored up to date with rules and topics, while nothing new waits."""
        feeds = self._program.refresher.step()
        self._outdated = feeds is not None
        if feeds:
            self._publishing.owe()

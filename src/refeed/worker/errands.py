"""What is done outwards on a schedule: upstreams and files are asked after, hubs are told. Its troubles are nobody
else's."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import outward
from ..dumpfolder import sweep
from ..errors import FetchError
from ..fetch import Pings, fetch_all
from ..model import FORMATS
from ..pipeline import Program
from ..report import Report
from ..rules import UpstreamRule
from .enriching import Enriching
from .hints import Hints
from .schedule import Schedule

if TYPE_CHECKING:
    from ..fetch import Session

_log = logging.getLogger("refeed.worker")

_ASK = 60.0
"""Seconds between looks at which upstreams are due: each has a pace of its own."""
_TIDY = 86_400.0
"""Seconds between two looks for what is left over."""
_ABANDONED = 3_600.0
"""Seconds after which nobody writes any more to a temporary file."""
_TELL = 10.0
"""Seconds between looks at which hubs are to be told."""
_MEASURE = 2.0
"""Seconds between looks at whether an entry shows a file that nobody asked after: one small query."""


class Errands:
    """Runs only where dumps are ingested, so that each is run once."""

    def __init__(self, program: Program, hints: Hints, report: Report) -> None:
        self._program = program
        self._settings = program.settings
        self._hints = hints
        self._report = report
        self._schedule = Schedule()
        self._enriching = Enriching(program, hints) if program.settings.fetch.enrich else None
        feeds = [upstream for upstream in self._settings.upstreams if upstream.url]
        # Apart, because one may be pulled for ten minutes.
        repositories = [upstream for upstream in self._settings.upstreams if upstream.git]
        for name, upstreams in (("feeds", feeds), ("repositories", repositories)):
            if upstreams:
                self._schedule.every(_ASK, partial(self.ask, upstreams), name, at_once=True)
        self._schedule.every(_TIDY, self.tidy, "tidying", at_once=True)
        if self._settings.websub.hubs:
            self._schedule.every(_TELL, self.tell, "hubs")
        if self._enriching:
            self._schedule.every(_MEASURE, self.measure, "files")

    def start(self) -> None:
        """Begin."""
        self._schedule.start()

    def stop(self) -> None:
        """End."""
        if self._enriching:
            self._enriching.stop()
        self._schedule.stop()

    def mind_clock(self) -> None:
        """Have schedules survive a jump of the clock."""
        self._schedule.mind_clock()

    def facts(self) -> dict[str, Any]:
        """What `status` shows of them."""
        return self._enriching.facts() if self._enriching else {}

    def ask(self, upstreams: Sequence[UpstreamRule]) -> None:
        """Ask those upstreams that are due; their dumps are found like all others."""
        places, now = outward.places(self._settings), self._program.clock()
        for done in fetch_all(upstreams, self._session, places, now):
            what = f"upstream {done.upstream.address}"
            if done.state.error:
                self._report.trouble(what, done.state.error)
            else:
                self._report.well(what)
            if done.paths:
                _log.info("%s: %d dumps", done.upstream.address, len(done.paths))
                self._hints.lost()  # a folder that git or we made just now may not be watched yet

    def tidy(self) -> None:
        """Remove what killed writers left among the dumps, and what is remembered of requests nobody makes any more."""
        try:
            sweep(outward.places(self._settings).dumps, time.time() - _ABANDONED)
            if self._settings.upstreams or self._enriching:
                self._session.prune()
        except (FetchError, OSError) as error:  # tomorrow again
            _log.warning("what is left over cannot be removed: %s", error)

    def measure(self) -> None:
        """Ask after the files that the newest entries show, and for the icons of their sources."""
        if self._enriching:
            self._enriching.ask(self._session)

    def record(self) -> frozenset[str]:
        """Keep in the store what was heard; the feeds that change by it. Raises StoreError."""
        return self._enriching.record() if self._enriching else frozenset()

    def announce(self, documents: Sequence[str]) -> None:
        """Note documents (paths below feeds/) that have changed; hubs are told soon of those that anybody may read."""
        hubs = self._settings.websub.hubs
        if hubs:
            public = self._program.publisher.catalogue().listed
            told = {f"{feed}.{format}" for feed in public for format in FORMATS}
            base = f"{self._settings.site.base_url}/feeds"
            self._pings.announce(hubs, [f"{base}/{name}" for name in documents if name in told], self._program.clock())

    def tell(self) -> None:
        """Tell the hubs what waits to be told."""
        for given_up in self._pings.send(self._session, self._program.clock()):
            _log.warning("%s", given_up)

    @cached_property
    def _session(self) -> Session:
        return outward.session(self._settings)

    @cached_property
    def _pings(self) -> Pings:
        return Pings(Path(self._settings.var_folder) / "pings.json")

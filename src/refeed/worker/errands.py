"""What is done outwards on a schedule: upstreams are asked, hubs are told. Its troubles are nobody else's."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .. import outward
from ..config import Settings
from ..fetch import Pings, fetch_all
from ..pipeline import now
from ..report import Report
from .hints import Hints
from .schedule import Schedule

if TYPE_CHECKING:
    from ..fetch import Session

_log = logging.getLogger("refeed.worker")

_ASK = 60.0
"""Seconds between looks at which upstreams are due: each has a pace of its own."""
_TELL = 10.0
"""Seconds between looks at which hubs are to be told."""


class Errands:
    """Runs only where dumps are ingested, so that each is run once."""

    def __init__(self, settings: Settings, hints: Hints, report: Report) -> None:
        self._settings = settings
        self._hints = hints
        self._report = report
        self._schedule = Schedule()
        if settings.upstreams:
            self._schedule.every(_ASK, self.ask, "upstreams", at_once=True)
        if settings.websub.hubs:
            self._schedule.every(_TELL, self.tell, "hubs")

    def start(self) -> None:
        """Begin."""
        self._schedule.start()

    def stop(self) -> None:
        """End."""
        self._schedule.stop()

    def mind_clock(self) -> None:
        """Have schedules survive a jump of the clock."""
        self._schedule.mind_clock()

    def ask(self) -> None:
        """Ask the upstreams that are due; their dumps are found like all others."""
        for done in fetch_all(self._settings.upstreams, self._session, outward.places(self._settings), now()):
            what = f"upstream {done.upstream.address}"
            if done.state.error:
                self._report.trouble(what, done.state.error)
            else:
                self._report.well(what)
            if done.paths:
                _log.info("%s: %d dumps", done.upstream.address, len(done.paths))
                self._hints.lost()  # a folder that git or we made just now may not be watched yet

    def announce(self, documents: Sequence[str]) -> None:
        """Note documents (paths below feeds/) that have changed; their hubs are told soon."""
        hubs = self._settings.websub.hubs
        if hubs:
            base = self._settings.site.base_url
            told = [f"{base}/feeds/{name}" for name in documents if "/archive/" not in name]
            self._pings.announce(hubs, told, now())

    def tell(self) -> None:
        """Tell the hubs what waits to be told."""
        for given_up in self._pings.send(self._session, now()):
            _log.warning("%s", given_up)

    @cached_property
    def _session(self) -> Session:
        return outward.session(self._settings)

    @cached_property
    def _pings(self) -> Pings:
        return Pings(Path(self._settings.var_folder) / "pings.json")

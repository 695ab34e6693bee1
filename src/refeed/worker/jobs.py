"""What is done outwards on a schedule: upstreams and files are asked after, hubs are told. Its troubles are nobody
else's."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from ..config.upstream_rules import UpstreamRule
from ..dumps.writer import remove_temporary_files
from ..errors import FetchError
from ..fetch import factory
from ..fetch.poller import fetch_all
from ..fetch.websub import PingQueue
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import StatusFile
from ..model import FORMATS, FeedPath
from .file_events import FileEvents
from .probe_job import EnclosureProbe

if TYPE_CHECKING:
    from ..fetch.session import HttpSession


# Errands that are run every so often, in threads of their own (APScheduler). Go on when the clock jumps.

_log = logging.getLogger("refeed.worker")

_JUMP = 5.0
"""Seconds by which the wall clock may stray from the monotonic one between two looks: NTP slews far less."""


class Scheduler:
    """Runs errands; one that is still running is not started a second time, one that was missed runs once."""

    def __init__(self) -> None:
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._strayed = time.time() - time.monotonic()

    def add_job(self, seconds: float, errand: Callable[[], object], name: str, *, at_once: bool = False) -> None:
        """Run an errand every so many seconds, the first time now or after as many."""
        begin = {"next_run_time": datetime.now(UTC)} if at_once else {}
        self._scheduler.add_job(errand, IntervalTrigger(seconds=seconds), id=name, name=name, **begin)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def handle_clock_jump(self) -> bool:
        """Whether the wall clock jumped since the last call. After a jump, all errands count from now on anew.

        APScheduler (3.11) waits for an instant on the wall clock: an hour back, and nothing runs for an hour.
        """
        strayed = time.time() - time.monotonic()
        jumped = abs(strayed - self._strayed) > _JUMP
        if jumped:
            _log.warning("the clock jumped by %+.0f s; all schedules count from now", strayed - self._strayed)
            for job in self._scheduler.get_jobs():
                job.reschedule(IntervalTrigger(seconds=job.trigger.interval.total_seconds()))
        self._strayed = strayed
        return jumped

    def stop(self) -> None:
        """End; what is running is left to end with the process."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


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


class Jobs:
    """Runs only where dumps are ingested, so that each is run once."""

    def __init__(self, program: Pipeline, hints: FileEvents, report: StatusFile) -> None:
        self._program = program
        self._settings = program.settings
        self._hints = hints
        self._report = report
        self._schedule = Scheduler()
        self._enriching = EnclosureProbe(program, hints) if program.settings.fetch.enrich else None
        feeds = [upstream for upstream in self._settings.upstreams if upstream.url]
        # Apart, because one may be pulled for ten minutes.
        repositories = [upstream for upstream in self._settings.upstreams if upstream.git]
        for name, upstreams in (("feeds", feeds), ("repositories", repositories)):
            if upstreams:
                self._schedule.add_job(_ASK, partial(self.poll_upstreams, upstreams), name, at_once=True)
        self._schedule.add_job(_TIDY, self.clean_up, "tidying", at_once=True)
        if self._settings.websub.hubs:
            self._schedule.add_job(_TELL, self.send_hub_pings, "hubs")
        if self._enriching:
            self._schedule.add_job(_MEASURE, self.probe_enclosures, "files")

    def start(self) -> None:
        """Begin."""
        self._schedule.start()

    def stop(self) -> None:
        """End."""
        if self._enriching:
            self._enriching.stop()
        self._schedule.stop()

    def handle_clock_jump(self) -> None:
        """Have schedules survive a jump of the clock."""
        self._schedule.handle_clock_jump()

    def status_fields(self) -> dict[str, Any]:
        """What `status` shows of them."""
        return self._enriching.status_fields() if self._enriching else {}

    def poll_upstreams(self, upstreams: Sequence[UpstreamRule]) -> None:
        """Ask those upstreams that are due; their dumps are found like all others."""
        places, now = factory.fetch_dirs(self._settings), self._program.clock()
        for done in fetch_all(upstreams, self._session, places, now):
            what = f"upstream {done.upstream.address}"
            if done.state.error:
                self._report.set_problem(what, done.state.error)
            else:
                self._report.clear_problem(what)
            if done.paths:
                _log.info("%s: %d dumps", done.upstream.address, len(done.paths))
                self._hints.mark_overflow()  # a folder that git or we made just now may not be watched yet

    def clean_up(self) -> None:
        """Remove what killed writers left among the dumps, and what is remembered of requests nobody makes any more."""
        try:
            remove_temporary_files(factory.fetch_dirs(self._settings).dumps, time.time() - _ABANDONED)
            if self._settings.upstreams or self._enriching:
                self._session.prune()
        except (FetchError, OSError) as error:  # tomorrow again
            _log.warning("what is left over cannot be removed: %s", error)

    def probe_enclosures(self) -> None:
        """Ask after the files that the newest entries show, and for the icons of their sources."""
        if self._enriching:
            self._enriching.probe(self._session)

    def save_probe_results(self) -> frozenset[FeedPath]:
        """Keep in the store what was heard; the feeds that change by it. Raises StoreError."""
        return self._enriching.save_results() if self._enriching else frozenset()

    def queue_hub_pings(self, documents: Sequence[str]) -> None:
        """Note documents (paths below feeds/) that have changed; hubs are told soon of those that anybody may read."""
        hubs = self._settings.websub.hubs
        if hubs:
            public = self._program.publisher.registry().public_feeds
            told = {f"{feed}.{format}" for feed in public for format in FORMATS}
            base = f"{self._settings.site.base_url}/feeds"
            self._pings.add(hubs, [f"{base}/{name}" for name in documents if name in told], self._program.clock())

    def send_hub_pings(self) -> None:
        """Tell the hubs what waits to be told."""
        for given_up in self._pings.send_due(self._session, self._program.clock()):
            _log.warning("%s", given_up)

    @cached_property
    def _session(self) -> HttpSession:
        return factory.open_session(self._settings)

    @cached_property
    def _pings(self) -> PingQueue:
        return PingQueue(Path(self._settings.var_dir) / "pings.json")

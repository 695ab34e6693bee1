"""What the worker does on a schedule: publish, poll upstreams, probe enclosures, ping hubs. Failures stop nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from ..config.settings import UpstreamRule
from ..dumps.writer import remove_temporary_files
from ..errors import FetchError, PublishError
from ..fetch.poller import fetch_all
from ..fetch.upstreams import fetch_dirs, open_session
from ..fetch.websub import PingQueue
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import StatusFile
from ..model import FORMATS
from ..publish.publisher import Publisher
from .probe_job import EnclosureProbe
from .watcher import FileEvents

if TYPE_CHECKING:
    from ..fetch.session import HttpSession

_log = logging.getLogger("refeed.worker")

_BUSY_INTERVAL = 2.0
"""Seconds at least between publications while files wait: subscribers get news, and the backlog shrinks."""
_BUSY_FACTOR = 4
"""And so many times as long as the last one took, so that publishing takes a fifth of the time at most."""
_CHECK_INTERVAL = 2.0
"""Seconds between checks of the published documents, by `stat` alone."""
_SEARCH_INTERVAL = 20.0
"""Seconds between searches for documents that are not ours."""
_RETRY = 5.0
"""Seconds until a disk that refused is tried again."""
_CLOCK_JUMP = 5.0
"""Seconds by which the wall clock may deviate from the monotonic one between two calls: NTP slews far less."""
_POLL_INTERVAL = 60.0
"""Seconds between checks which upstreams are due: each has an interval of its own."""
_CLEAN_UP_INTERVAL = 86_400.0
"""Seconds between removals of temporary files and of old answers in the HTTP cache."""
_TEMPORARY_FILE_AGE = 3_600.0
"""Seconds after which no process writes to a temporary file any more."""
_PING_INTERVAL = 10.0
"""Seconds between checks which hubs are to be notified."""
_PROBE_INTERVAL = 2.0
"""Seconds between checks for enclosures that were not probed yet: one small query."""


class PublishJob:
    """Publishes when a publication is pending and due."""

    def __init__(
        self, publisher: Publisher, status: StatusFile, on_change: Callable[[Sequence[str]], None] | None = None
    ) -> None:
        """`on_change` gets the names of documents that changed, where subscribers are to be notified of them."""
        self._publisher = publisher
        self._status = status
        self._on_change = on_change
        self._due = 0.0
        self._last_check = 0.0
        self._last_search = 0.0
        self._notify = True
        self.pending = True

    @property
    def is_due(self) -> bool:
        """Whether there is something to publish now."""
        return self.pending and time.monotonic() >= self._due

    def request(self, *, notify: bool = True) -> None:
        """Ask for a publication. Without `notify`, subscribers are not notified of its changes."""
        self.pending = True
        self._notify = self._notify or notify

    def run_if_due(self, *, busy: bool) -> None:
        """Publish if it is time. `busy`: more files wait to be ingested."""
        now = time.monotonic()
        if not self.pending and now - self._last_check > _CHECK_INTERVAL:
            self._last_check = now
            searches = now - self._last_search > _SEARCH_INTERVAL
            if searches:
                self._last_search = now
            if self._publisher.has_damage(check_foreign=searches):
                self.request(notify=False)
        if self.is_due:
            self._publish(busy)

    def _publish(self, busy: bool) -> None:
        start = time.monotonic()
        try:
            changed = self._publisher.publish()
        except PublishError as error:
            self._due = time.monotonic() + _RETRY
            self._status.set_problem("feeds", str(error))
            self._announce(error.changed)
            return
        seconds = time.monotonic() - start
        self._due = start + seconds + (max(_BUSY_INTERVAL, _BUSY_FACTOR * seconds) if busy else 0.0)
        self._status.clear_problem("feeds")
        if changed:
            fields = {"count": len(changed), "seconds": round(seconds, 3)}
            _log.info("%d documents changed, in %.1f s", len(changed), seconds, extra=fields)
        self._announce(changed)
        self._notify = self.pending = False

    def _announce(self, changed: Sequence[str]) -> None:
        if self._on_change and self._notify and changed:
            self._on_change(changed)


class Scheduler:
    """Runs jobs at intervals, in threads of their own (APScheduler), and goes on when the clock jumps.

    A job that still runs is not started a second time, and one that was missed runs once.
    """

    def __init__(self) -> None:
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._clock_offset = time.time() - time.monotonic()

    def add_job(self, seconds: float, job: Callable[[], object], name: str, *, at_once: bool = False) -> None:
        """Run a job at an interval in seconds, for the first time at once or after one interval."""
        first = {"next_run_time": datetime.now(UTC)} if at_once else {}
        self._scheduler.add_job(job, IntervalTrigger(seconds=seconds), id=name, name=name, **first)

    def start(self) -> None:
        """Begin to run jobs."""
        self._scheduler.start()

    def handle_clock_jump(self) -> bool:
        """Whether the wall clock has jumped since the last call. After a jump, all intervals begin now.

        APScheduler (3.11) waits for an instant on the wall clock: an hour back, and nothing runs for an hour.
        """
        offset = time.time() - time.monotonic()
        jumped = abs(offset - self._clock_offset) > _CLOCK_JUMP
        if jumped:
            seconds = offset - self._clock_offset
            _log.warning("the clock jumped by %+.0f s; all intervals begin now", seconds, extra={"seconds": seconds})
            for job in self._scheduler.get_jobs():
                job.reschedule(IntervalTrigger(seconds=job.trigger.interval.total_seconds()))
        self._clock_offset = offset
        return jumped

    def stop(self) -> None:
        """Start no more jobs; running ones end with the process."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


class Jobs:
    """The jobs of the leader, so that each is run once whatever the number of machines."""

    def __init__(self, pipeline: Pipeline, events: FileEvents, status: StatusFile) -> None:
        self._pipeline = pipeline
        self._settings = pipeline.settings
        self._events = events
        self._status = status
        self.probe = EnclosureProbe(pipeline, events) if self._settings.fetch.enrich else None
        """None where enclosures are not probed."""
        self.scheduler = Scheduler()
        feeds = [upstream for upstream in self._settings.upstreams if upstream.url]
        # Apart from feeds, because the pull of one repository may take ten minutes.
        repositories = [upstream for upstream in self._settings.upstreams if upstream.git]
        for name, upstreams in (("feeds", feeds), ("repositories", repositories)):
            if upstreams:
                poll = partial(self.poll_upstreams, upstreams)
                self.scheduler.add_job(_POLL_INTERVAL, poll, name, at_once=True)
        self.scheduler.add_job(_CLEAN_UP_INTERVAL, self.clean_up, "clean-up", at_once=True)
        if self._settings.websub.hubs:
            self.scheduler.add_job(_PING_INTERVAL, self.send_hub_pings, "hubs")
        if self.probe:
            probe = self.probe
            self.scheduler.add_job(_PROBE_INTERVAL, lambda: probe.probe(self._session), "enclosures")

    def stop(self) -> None:
        """Start no more jobs, and no more requests of the running probe."""
        if self.probe:
            self.probe.stop()
        self.scheduler.stop()

    def poll_upstreams(self, upstreams: Sequence[UpstreamRule]) -> None:
        """Fetch from the upstreams that are due. Their dumps are found like all others."""
        for result in fetch_all(upstreams, self._session, fetch_dirs(self._settings), self._pipeline.clock()):
            address, source = result.upstream.address, result.upstream.source
            if result.state.error:
                self._status.set_problem(f"upstream {address}", result.state.error)
            else:
                self._status.clear_problem(f"upstream {address}")
            if result.paths:
                fields = {"upstream": address, "source": source, "count": len(result.paths)}
                _log.info("%s: %d dumps", address, len(result.paths), extra=fields)
                self._events.wake(overflowed=True)  # a folder that was made just now may not be watched yet

    def clean_up(self) -> None:
        """Remove temporary files that killed processes left, and outdated answers from the HTTP cache."""
        try:
            remove_temporary_files(fetch_dirs(self._settings).dumps, time.time() - _TEMPORARY_FILE_AGE)
            if self._settings.upstreams or self.probe:
                self._session.prune()
        except (FetchError, OSError) as error:  # the next run tries again
            folder = str(fetch_dirs(self._settings).dumps)
            _log.warning("clean-up of %s failed: %s", folder, error, extra={"folder": folder})

    def queue_hub_pings(self, documents: Sequence[str]) -> None:
        """Remember changed documents (names below feeds/), so that hubs are notified of the public ones soon."""
        hubs = self._settings.websub.hubs
        if hubs:
            feeds = self._pipeline.publisher.registry().public_feeds
            public = {f"{feed}.{format}" for feed in feeds for format in FORMATS}
            base = f"{self._settings.site.base_url}/feeds"
            self._pings.add(hubs, [f"{base}/{name}" for name in documents if name in public], self._pipeline.clock())

    def send_hub_pings(self) -> None:
        """Notify the hubs of the documents that are due."""
        for failure in self._pings.send_due(self._session, self._pipeline.clock()):
            _log.warning("%s", failure, extra={"subject": "websub"})

    @cached_property
    def _session(self) -> HttpSession:
        return open_session(self._settings)

    @cached_property
    def _pings(self) -> PingQueue:
        return PingQueue(Path(self._settings.var_dir) / "pings.json")

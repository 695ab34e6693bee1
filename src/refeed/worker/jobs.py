"""The schedule, publishing, and the jobs that send requests: poll upstreams, probe enclosures, ping hubs. A job that
fails runs again."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from apscheduler.executors.debug import DebugExecutor
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ..clock import format_rfc3339, utc_now
from ..config.settings import UpstreamRule
from ..dumps.writer import remove_temporary_files
from ..errors import FetchError, PublishError, StoreError
from ..fetch.poller import FetchResult, fetch_all
from ..fetch.upstreams import fetch_dirs, open_session
from ..fetch.websub import PingQueue
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import StatusFile
from ..model import FORMATS
from ..publish.publisher import Publisher
from ..store.upstream_states import load_upstream_states, save_upstream_states
from .events import EventQueue, Job
from .probe_job import EnclosureProbe

if TYPE_CHECKING:
    from ..fetch.session import HttpSession

_log = logging.getLogger("refeed.worker")

_BUSY_INTERVAL = 2.0
"""Minimum seconds between publications while files wait, so that news appears and the backlog still shrinks."""
_BUSY_FACTOR = 4
"""Minimum pause between publications while files wait, as a multiple of the duration of the last one: publishing takes
at most a fifth of the time."""
_RETRY = 5.0
"""Seconds until a failed publication is tried again."""
_CLOCK_JUMP = 5.0
"""Seconds by which the wall clock may deviate from the monotonic one between two calls: NTP slews far less."""
_POLL_INTERVAL = 60.0
"""Seconds between checks for upstreams that are due. Each upstream has its own interval."""
_CLEAN_UP_INTERVAL = 86_400.0
"""Seconds between removals of temporary files and of old responses in the HTTP cache."""
_TEMPORARY_FILE_AGE = 3_600.0
"""Age in seconds at which no process still writes to a temporary file."""
_PING_INTERVAL = 10.0
"""Seconds between checks for hubs that are to be notified."""
_PROBE_INTERVAL = 2.0
"""Seconds between checks for enclosures that are due to be probed. A check is one small query."""


class Scheduler:
    """APScheduler, also after the wall clock jumps: puts events at intervals, and runs slow jobs in threads.

    A job that is still running is not started again. A job that missed several runs then runs once.
    """

    def __init__(self, events: EventQueue) -> None:
        self._events = events
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": DebugExecutor(), "threads": ThreadPoolExecutor()},  # the first runs in its own thread
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._clock_offset = time.time() - time.monotonic()

    def put_every(self, seconds: float, event: Job) -> None:
        """Put an event at an interval in seconds, for the first time after one interval."""
        self._scheduler.add_job(self._events.put, IntervalTrigger(seconds=seconds), [event])

    def put_after(self, seconds: float, event: Job) -> None:
        """Put an event once, or earlier than it is already planned."""
        when = datetime.now(UTC) + timedelta(seconds=seconds)
        planned = self._scheduler.get_job(event.value)
        if planned is None or planned.trigger.run_date > when:
            self._scheduler.add_job(self._events.put, DateTrigger(when), [event], id=event.value, replace_existing=True)

    def run_every(self, seconds: float, job: Callable[[], object], *, at_once: bool = False) -> None:
        """Run a job in a thread at an interval in seconds, for the first time at once or after one interval."""
        first = {"next_run_time": datetime.now(UTC)} if at_once else {}
        self._scheduler.add_job(job, IntervalTrigger(seconds=seconds), executor="threads", **first)

    def start(self) -> None:
        """Start to put events and to run jobs."""
        self._scheduler.start()

    def handle_clock_jump(self) -> bool:
        """Begin all intervals now if the wall clock has jumped since the last call; returns whether it has.

        APScheduler (3.11) waits for a time on the wall clock: after a jump of an hour back, no job would run for an
        hour.
        """
        offset = time.time() - time.monotonic()
        jumped = abs(offset - self._clock_offset) > _CLOCK_JUMP
        if jumped:
            seconds = offset - self._clock_offset
            _log.warning("the clock jumped by %+.0f s; all intervals begin now", seconds, extra={"seconds": seconds})
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))
        self._clock_offset = offset
        return jumped

    def stop(self) -> None:
        """Start no more jobs. Running jobs end with the process."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


class PublishJob:
    """Publishes when asked to. While files wait to be ingested, it takes at most a fifth of the time."""

    def __init__(
        self,
        publisher: Publisher,
        status: StatusFile,
        scheduler: Scheduler,
        on_change: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        """`on_change` is called with the names of changed documents, if subscribers are to be notified."""
        self._publisher = publisher
        self._status = status
        self._scheduler = scheduler
        self._on_change = on_change
        self._pause_until = 0.0
        self._notify = True
        self._is_requested = True
        self.last_publication = ""
        """When feeds/ was last brought up to date; empty if not since the start."""

    def request(self, *, notify: bool = True) -> None:
        """Ask for a publication. Without `notify`, subscribers are not notified of its changes."""
        self._notify = self._notify or notify
        self._is_requested = True
        self._scheduler.put_after(0, Job.PUBLISH)

    def verify(self, *, search: bool = False) -> None:
        """Ask for a publication if a published document is damaged or missing, or (`search`) does not belong there."""
        if not self._is_requested and self._publisher.has_damage(check_foreign=search):
            self.request(notify=False)

    def run(self, *, busy: bool) -> None:
        """Publish. `busy` means that more files wait to be ingested."""
        start = time.monotonic()
        if busy and start < self._pause_until:
            self._scheduler.put_after(self._pause_until - start, Job.PUBLISH)
            return
        try:
            changed = self._publisher.publish(incremental=True)
        except PublishError as error:
            self._scheduler.put_after(_RETRY, Job.PUBLISH)
            self._status.set_problem("feeds", str(error))
            self._announce(error.changed)
            return
        seconds = time.monotonic() - start
        self._pause_until = start + seconds + max(_BUSY_INTERVAL, _BUSY_FACTOR * seconds)
        self._status.clear_problem("feeds")
        self.last_publication = format_rfc3339(utc_now())
        if changed:
            fields = {"count": len(changed), "seconds": round(seconds, 3)}
            _log.info("%d documents changed, in %.1f s", len(changed), seconds, extra=fields)
        self._announce(changed)
        self._notify = self._is_requested = False
        if self._publisher.deferred_seconds:
            self._scheduler.put_after(self._publisher.deferred_seconds, Job.PUBLISH)

    def _announce(self, changed: Sequence[str]) -> None:
        if self._on_change and self._notify and changed:
            self._on_change(changed)


class NetworkJobs:
    """The jobs that send requests, in threads of the scheduler. Only the leader runs them, so each runs once however
    many machines there are. What they find comes back as dumps or as events.
    """

    def __init__(self, pipeline: Pipeline, events: EventQueue, status: StatusFile, scheduler: Scheduler) -> None:
        self._pipeline = pipeline
        self._settings = pipeline.settings
        self._events = events
        self._status = status
        self.probe = EnclosureProbe(pipeline, events) if self._settings.fetch.enrich else None
        """The job that probes enclosures; None if the setting `fetch.enrich` is off."""
        present = {f"upstream {upstream.address}" for upstream in self._settings.upstreams}
        for subject in [each for each in status.problems if each.startswith("upstream ") and each not in present]:
            status.clear_problem(subject)  # config.yaml no longer has it
        feeds = [upstream for upstream in self._settings.upstreams if upstream.url]
        # Repositories are polled apart from feeds, because pulling one repository may take ten minutes.
        repositories = [upstream for upstream in self._settings.upstreams if upstream.git]
        self.is_cloning = bool(repositories)
        """Whether a repository, which is a dump folder, has not been pulled since the start."""
        self._unsaved: dict[UpstreamRule, FetchResult] = {}
        if feeds:
            scheduler.run_every(_POLL_INTERVAL, partial(self.poll_upstreams, feeds), at_once=True)
        if repositories:
            scheduler.run_every(_POLL_INTERVAL, partial(self._pull, repositories), at_once=True)
        scheduler.run_every(_CLEAN_UP_INTERVAL, self.clean_up, at_once=True)
        if self._settings.websub.hubs:
            scheduler.run_every(_PING_INTERVAL, self.send_hub_pings)
        if self.probe:
            probe = self.probe
            scheduler.run_every(_PROBE_INTERVAL, lambda: probe.probe(self._http_session))

    def stop(self) -> None:
        """A running probe sends no more requests."""
        if self.probe:
            self.probe.stop()

    def _pull(self, repositories: Sequence[UpstreamRule]) -> None:
        try:
            self.poll_upstreams(repositories)
        finally:
            self.is_cloning = False

    def poll_upstreams(self, upstreams: Sequence[UpstreamRule]) -> None:
        """Fetch from the upstreams that are due. The leader finds their dumps as it finds all others."""
        try:
            states = load_upstream_states(self._pipeline.store, upstreams, self._settings.var_dir)
        except StoreError:
            return  # the loop says so; the next poll is a minute away
        for upstream in upstreams:
            if result := self._unsaved.get(upstream):
                states[upstream] = result.state
        for result in fetch_all(states, self._http_session, fetch_dirs(self._settings), self._pipeline.clock()):
            if result.requested:
                self._unsaved[result.upstream] = result
            address, source = result.upstream.address, result.upstream.source
            if result.state.error:
                self._status.set_problem(f"upstream {address}", result.state.error)
            else:
                self._status.clear_problem(f"upstream {address}")
            if result.paths:
                fields = {"upstream": address, "source": source, "count": len(result.paths)}
                _log.info("%s: %d dumps", address, len(result.paths), extra=fields)
                self._events.put(Job.SCAN)  # a folder that was made just now may not be watched yet

    def save_upstream_states(self) -> None:
        """Save the states of upstreams whose dumps have been ingested. Called by the loop. Raises StoreError.

        A state that is saved before its dumps are stored would lose them with the disk they are on.
        """
        if not self._unsaved:
            return
        results = list(self._unsaved.values())
        store = self._pipeline.store
        root = self._settings.dumps.folders[-1]
        written = [path for result in results if result.upstream.url for path in result.paths]
        names = {path: os.fsencode(f"{root.rstrip('/')}/{path.relative_to(root)}") for path in written}
        stored = store.get_file_stamps(names.values())
        waiting = {path for path in written if names[path] not in stored and path.exists()}
        # Of a repository whose work tree is gone, all files are read again, whatever the state says.
        done = {result.upstream: result.state for result in results if waiting.isdisjoint(result.paths)}
        if done:
            save_upstream_states(store, done, self._pipeline.clock())
        for result in results:
            if result.upstream in done and self._unsaved.get(result.upstream) is result:
                del self._unsaved[result.upstream]

    def clean_up(self) -> None:
        """Remove temporary files that killed processes left behind, and old responses from the HTTP cache."""
        try:
            remove_temporary_files(fetch_dirs(self._settings).dumps, time.time() - _TEMPORARY_FILE_AGE)
            if self._settings.upstreams or self.probe:
                self._http_session.prune()
        except (FetchError, OSError) as error:  # the next run tries again
            folder = str(fetch_dirs(self._settings).dumps)
            _log.warning("clean-up of %s failed: %s", folder, error, extra={"folder": folder})

    def queue_hub_pings(self, documents: Sequence[str]) -> None:
        """Queue notifications of hubs for those changed documents (names below feeds/) that are public."""
        hubs = self._settings.websub.hubs
        if hubs:
            feeds = self._pipeline.publisher.registry().public_feeds
            public = {f"{feed}.{format}" for feed in feeds for format in FORMATS}
            base = f"{self._settings.site.base_url}/feeds"
            self._ping_queue.add(
                hubs, [f"{base}/{name}" for name in documents if name in public], self._pipeline.clock()
            )

    def send_hub_pings(self) -> None:
        """Send the notifications of hubs that are due."""
        for failure in self._ping_queue.send_due(self._http_session, self._pipeline.clock()):
            _log.warning("%s", failure, extra={"subject": "websub"})

    @cached_property
    def _http_session(self) -> HttpSession:
        return open_session(self._settings)

    @cached_property
    def _ping_queue(self) -> PingQueue:
        return PingQueue(Path(self._settings.var_dir) / "pings.json")

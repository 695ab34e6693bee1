"""Events -> ingest, publish and check, one after another, with one configuration, as the leader or as a standby."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import msgspec

from ..config.settings import Settings
from ..errors import FetchError, ProgramChangedError, StoreError
from ..heartbeat import beat, long_call
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import LEADER_KEY, ImportProgress, LoopStatus, StatusFile, format_progress
from ..metrics import observe_duration, save_metrics
from ..publish.popularity import PopularityTracker
from ..publish.publisher import COMPLETE_KEY
from ..search.indexer import index_batch
from ..store.change_propagation import REVISION_KEY
from ..store.engine import parse_database_url
from ..store.story_members import get_stories_state
from ..stories.story_updater import update_stories
from .events import Event, EventQueue, Job
from .intake import DumpIntake
from .jobs import NetworkJobs, PublishJob, Scheduler

_log = logging.getLogger("refeed.worker")

_RETRY = 2.0
"""Seconds from an error to the next attempt."""
_MAX_PROCESSES = 4
"""Maximum processes that build entries. Each takes 100 MB, and the store cannot record more than four build."""
_CHECK_TIMEOUT = 1.0
"""Seconds without an event after which the loop checks whether the clock has jumped: the schedule depends on it."""
_SCHEDULE = {Job.CHECK: 0.5, Job.VERIFY: 2.0, Job.SEARCH: 20.0}
"""Seconds between two events of a kind."""
_LEADER_SCHEDULE = {
    Job.INBOX: 0.5,
    Job.POLL: 2.0,
    Job.RETRY: 5.0,
    Job.INDEX: 5.0,
    Job.STORIES: 5.0,
    Job.DIGESTS: 1.0,
    Job.RETENTION: 3600.0,
}
_FIRST_RESTORE_PAUSE, _LONGEST_RESTORE_PAUSE = 1.0, 60.0
"""Seconds between two attempts to restore the store from published feeds; the first pause is twice as long."""
_RESTORE_TIME = 600.0
"""Seconds after which restoring is given up. A first deployment may name its own address, where nothing is published
yet."""
_PROGRESS_INTERVAL = 5.0
"""Seconds between two lines of the log about a first import."""
_ANNOUNCEMENT = 10.0
"""Seconds between two writes of the leader's status to a store that several machines share."""
_SPARE_TIME = 0.05
"""Seconds that a batch of the search index or of the stories takes, before the loop looks for news again."""
_MOST_AT_ONCE = 100
"""Entries of such a batch at most."""
_PROGRESS = 30.0
"""Seconds between two log lines about the progress of the index."""


class WorkerLoop:
    """Handles the events of a leader, or of a standby, with one configuration."""

    def __init__(self, settings: Settings, events: EventQueue, status: StatusFile, *, leads: bool, holder: str) -> None:
        """`holder` names the leader, for the status of a standby. Raises StoreError."""
        self._events = events
        self._status = status
        self._leads = leads
        self._holder = holder
        self._is_restoring = False
        self._restore_pause = _FIRST_RESTORE_PAUSE
        self._restore_until = 0.0
        """When restoring from published feeds is given up, by the monotonic clock; 0 before the first failure."""
        self._failed: dict[str, Event] = {}
        """Subjects of problems, with the event whose success ends them."""
        processes = min(os.cpu_count() or 1, _MAX_PROCESSES)
        self.pipeline = pipeline = Pipeline.open(settings, processes=processes, serves=leads)
        self._scheduler = scheduler = Scheduler(events)
        self._popularity = PopularityTracker(pipeline.store)
        self._seen_state = self._read_state()
        self._shares_status = leads and parse_database_url(settings.database_url).drivername != "sqlite"
        self._next_announcement = 0.0
        self._next_progress = 0.0
        self._unindexed = 0
        self._unjoined = 0
        self._is_indexing = False
        """Whether the log said that the index is being built, and not yet that it is complete."""
        self._next_index_progress = 0.0
        self._index_size, self._stories_size = _BatchSize(least=10), _BatchSize(least=1)
        self.network_jobs = jobs = NetworkJobs(pipeline, events, status, scheduler) if leads else None
        self._publish_job = PublishJob(pipeline.publisher, status, scheduler, jobs.queue_hub_pings if jobs else None)
        self._intake = DumpIntake(pipeline, events, scheduler, status, self._publish_job.request) if leads else None
        self._handlers: dict[Job, Callable[[], object]] = {
            Job.CHECK: self._check,
            Job.PUBLISH: self._publish,
            Job.VERIFY: self._publish_job.verify,
            Job.SEARCH: partial(self._publish_job.verify, search=True),
        }
        schedule = dict(_SCHEDULE)
        if self._intake:
            self._handlers |= {
                Job.RESTORE: self._restore,
                Job.SCAN: self._scan,
                Job.RESCAN: self._intake.rescan,
                Job.POLL: self._intake.poll,
                Job.INBOX: self._intake.take_pushed,
                Job.INGEST: self._intake.ingest,
                Job.RETRY: self._intake.retry,
                Job.REPROCESS: self._reprocess,
                Job.INDEX: self._index,
                Job.STORIES: self._join_stories,
                Job.DIGESTS: self._close_digests,
                Job.RETENTION: self._apply_retention,
                Job.SAVE_PROBED: self._save_probed,
            }
            schedule |= _LEADER_SCHEDULE | {Job.RESCAN: settings.dumps.rescan.total_seconds()}
        for job, seconds in schedule.items():
            scheduler.put_every(seconds, job)

    def start(self) -> None:
        """Start the schedule. What is stored is published before anything is ingested, if it is complete."""
        self._scheduler.start()
        first = (Job.CHECK, Job.SCAN, Job.INGEST, Job.PUBLISH, Job.REPROCESS)
        if self._leads:
            self._is_restoring = bool(self.pipeline.settings.site.restore_from)
            self._events.put(Job.RESTORE)
        for job in (Job.PUBLISH, *first) if self.pipeline.is_complete() or not self._leads else first:
            self._events.put(job)

    def run_until_check(self) -> None:
        """Handle events until everything that has no events has been looked after.

        Raises StoreError and ProgramChangedError. Any other error costs one event: it is logged and shown, and
        files that were not recorded are found again.
        """
        event: Event | None = None
        while event is not Job.CHECK:
            event = self._events.get(_CHECK_TIMEOUT)
            beat()
            try:
                self._handle(event)
            except (StoreError, ProgramChangedError):
                raise
            except (OSError, MemoryError) as error:
                self._recover(event, "machine", describe_error(error))
            except Exception as error:  # noqa: BLE001 -- no event, file or job ends the loop
                _log.exception("internal error", extra={"error": type(error).__name__, "event": str(event)})
                self._recover(event, "refeed", f"internal error: {type(error).__name__}: {error}")
            else:
                for subject in [subject for subject, failed in self._failed.items() if failed == event]:
                    self._status.clear_problem(subject)
                    del self._failed[subject]

    def close(self) -> None:
        """Release processes, threads, watches and connections."""
        if self.network_jobs:
            self.network_jobs.stop()
        self._scheduler.stop()
        if self._intake:
            self._intake.close()
        self.pipeline.close()

    def _handle(self, event: Event) -> None:
        if isinstance(event, Job):
            self._handlers.get(event, lambda: None)()
        elif self._intake:
            self._intake.handle_file(event)

    def _recover(self, event: Event, subject: str, text: str) -> None:
        """Go on after an error: its files are found by a scan, and its job is tried again."""
        again = event if isinstance(event, Job) else Job.SCAN
        self._failed[subject] = again
        self._status.set_problem(subject, text)
        if self._intake:
            self._intake.reset()
            self._scheduler.put_after(_RETRY, Job.SCAN)
        self._scheduler.put_after(_RETRY, again)

    def _check(self) -> None:
        store = self.pipeline.store
        store.check_intact()
        if self._intake:
            self._intake.check()
            is_incomplete = self._is_restoring or (self.network_jobs and self.network_jobs.is_cloning)
            if self._intake.has_finished_scan and not is_incomplete and not self._was_complete:
                self.pipeline.mark_complete()
                self._publish_job.request()
        if (state := self._read_state()) != self._seen_state:  # perhaps by a command
            self._seen_state = state
            self._publish_job.request(notify=False)
        if self.network_jobs:
            self.network_jobs.save_upstream_states()
        self._scheduler.handle_clock_jump()
        self._popularity.save_if_due()
        self._status.clear_problem("store")
        status = self._describe_state()
        self._log_progress(status)
        written = self._status.write(status)
        if written and self._shares_status and time.monotonic() > self._next_announcement:
            self._next_announcement = time.monotonic() + _ANNOUNCEMENT
            store.set_meta(LEADER_KEY, msgspec.json.encode(written).decode())
        save_metrics()

    def _read_state(self) -> tuple[str | None, str | None]:
        """What all documents depend on: the revision, and whether the first scan is finished."""
        store = self.pipeline.store
        with store.snapshot():
            return store.get_meta(REVISION_KEY), store.get_meta(COMPLETE_KEY)

    @property
    def _was_complete(self) -> bool:
        """Whether the first scan was finished when the state was last read."""
        return self._seen_state[1] is not None

    def _log_progress(self, status: LoopStatus) -> None:
        """Show how far a first import is, every few seconds."""
        progress = status.get("importing")
        is_running = self._intake and progress and progress["done"] < progress["total"]
        if progress and is_running and time.monotonic() > self._next_progress:
            self._next_progress = time.monotonic() + _PROGRESS_INTERVAL
            fields = {"count": progress["total"], "left": progress["total"] - progress["done"]}
            _log.info("importing: %s", format_progress(progress), extra=fields)

    def _describe_import(self, status: LoopStatus) -> LoopStatus:
        """How many dumps of the first scan are still to be ingested: the leader's own count, or what it has written."""
        if self._intake:
            to_come = status.get("waiting", 0) + status.get("growing", 0)
            return {**status, "to_come": to_come, "importing": self._intake.import_progress()}
        leader = msgspec.json.decode(self.pipeline.store.get_meta(LEADER_KEY) or "{}", type=dict[str, Any])
        unknown: ImportProgress = {"done": 0, "total": 0, "rate": 0.0}
        to_come, importing = int(leader.get("to_come", 0)), cast(ImportProgress, leader.get("importing", unknown))
        return {**status, "to_come": to_come, "importing": importing}

    def _describe_state(self) -> LoopStatus:
        status: LoopStatus = {"state": "standby", "holder": self._holder}
        if self._intake:
            status = self._intake.status()
            if self._intake.last_ingest:
                status["ingested"] = self._intake.last_ingest
        if self._unindexed:
            status["unindexed"] = self._unindexed
        if self._unjoined:
            status["unjoined"] = self._unjoined
        if not self._was_complete:
            status = self._describe_import(status)
        if self._publish_job.last_publication:
            status["published"] = self._publish_job.last_publication
        probe = self.network_jobs and self.network_jobs.probe
        if probe and probe.status:
            status["enrichment"] = probe.status
        return status

    def _publish(self) -> None:
        is_busy = self._intake is not None and self._intake.is_busy
        if self._leads and not is_busy:
            self.pipeline.apply_retention()
        if not self._is_restoring:
            self._seen_state = self._read_state()  # else the next check would ask for the same publication again
            self._publish_job.run(busy=is_busy)

    def _restore(self) -> None:
        """Fill an empty store from published feeds. Nothing is published before that has succeeded or is given up."""
        try:
            with long_call():  # it waits for another server
                count = self.pipeline.restore_from_feeds()
        except FetchError as error:
            now = time.monotonic()
            self._restore_until = self._restore_until or now + _RESTORE_TIME
            if now < self._restore_until:
                self._restore_pause = min(self._restore_pause * 2, _LONGEST_RESTORE_PAUSE)
                self._status.set_problem("restore", f"{error}; nothing is published before it succeeds")
                self._scheduler.put_after(self._restore_pause, Job.RESTORE)
                return
            self._status.set_problem("restore", f"given up: {error}")
            self.pipeline.give_up_restore()
        else:
            self._status.clear_problem("restore")
            if count:
                url = self.pipeline.settings.site.restore_from
                _log.info("%d entries restored from %s", count, url, extra={"url": url, "count": count})
        self._is_restoring = False
        self._publish_job.request()

    def _apply_retention(self) -> None:
        if self.pipeline.apply_retention():
            self._publish_job.request()

    def _scan(self) -> None:
        if self._intake:
            self._intake.scan()
        if not self.pipeline.is_complete():
            self._status.write(self._describe_state())  # the first batch takes some seconds

    def _reprocess(self) -> None:
        """Reprocess one batch, as long as no files wait."""
        if self._intake and not self._intake.is_busy:
            feeds = self.pipeline.reprocessor.step()
            if feeds is None:
                return
            if feeds:
                self._publish_job.request()
        self._events.put(Job.REPROCESS)

    def _index(self) -> None:
        """Index one batch, as long as no files wait. The log says from time to time how many entries are left."""
        if self._intake is None or self._intake.is_busy:
            return
        with self._index_size.measure() as size:
            left = index_batch(self.pipeline.store, size)
        now = time.monotonic()
        if left == 0 and self._is_indexing:
            _log.info("the search index is complete", extra={"left": left})
            self._is_indexing = False
        elif left > _MOST_AT_ONCE and now >= self._next_index_progress:
            _log.info("building the search index", extra={"left": left})
            self._is_indexing, self._next_index_progress = True, now + _PROGRESS
        self._unindexed = left
        if left:
            self._events.put(Job.INDEX)

    def _join_stories(self) -> None:
        """Join one batch of changed entries to their stories, as long as no files wait."""
        if self._intake is None or self._intake.is_busy:
            return
        pipeline = self.pipeline
        with observe_duration("stories"), self._stories_size.measure() as size:
            self._unjoined = update_stories(pipeline.store, pipeline.clock(), size)
        if self._unjoined:
            self._events.put(Job.STORIES)

    def _close_digests(self) -> None:
        """Close the digests of one feed, once all entries of the first scan have their stories and no files wait."""
        if self._intake and not self._intake.is_busy and self._was_complete:
            is_joined = get_stories_state(self.pipeline.store).pending == 0
            if is_joined and self.pipeline.close_digests():
                self._events.put(Job.DIGESTS)

    def _save_probed(self) -> None:
        if self.network_jobs and self.network_jobs.probe and self.network_jobs.probe.save_results():
            self._publish_job.request(notify=False)


class _BatchSize:
    """The number of entries of a batch that takes about `_SPARE_TIME`, found by the time that earlier ones took."""

    def __init__(self, *, least: int) -> None:
        """`least` is the size where a disk takes all of that time for one commit."""
        self._least = self._size = least

    @contextmanager
    def measure(self) -> Iterator[int]:
        """Gives the size for one batch, and takes its time."""
        start = time.monotonic()
        yield self._size
        seconds = time.monotonic() - start
        wanted = min(int(self._size * _SPARE_TIME / max(seconds, 1e-6)), 2 * self._size, _MOST_AT_ONCE)
        self._size = max(self._least, wanted)


def describe_error(error: OSError | MemoryError) -> str:
    """The message of an error of the machine, for people."""
    if isinstance(error, MemoryError):
        return "out of memory"
    return f"{error.filename or 'the system'}: {error.strerror or error}"

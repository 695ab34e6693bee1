"""The worker: runs the loop of a leader or a standby, and starts it again after an error or a change of settings."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from ..config.load import ReloadableSettings
from ..config.settings import Settings
from ..errors import ConfigError, FetchError, PublishError, StoreError
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import STATE_STOPPED, STATUS_FILE_NAME, LoopStatus, StatusFile
from ..publish.popularity import PopularityTracker
from ..store.change_propagation import REVISION_KEY
from ..store.postgres import ChangeListener
from ..store.sqlite_recovery import mark_clean_shutdown, recover_sqlite
from .jobs import Jobs, PublishJob
from .leader import Leader
from .leader_lock import make_leader_lock
from .watcher import FileEvents, Watcher

_log = logging.getLogger("refeed.worker")

_RETRY = 2.0
"""Seconds from an error to the next attempt."""
_MAX_PROCESSES = 4
"""Maximum processes that build entries. Each takes 100 MB, and the store cannot record more than four build."""
_STANDBY_TICK = 0.5
"""Seconds between a standby's checks of the store's revision, and of the leader's lock."""


class Standby:
    """The loop while another process leads: keeps this machine's feeds/ up to date with the store."""

    def __init__(self, pipeline: Pipeline, events: FileEvents, status: StatusFile, leader: str) -> None:
        self._pipeline = pipeline
        self._events = events
        self._leader = leader
        self._publish_job = PublishJob(pipeline.publisher, status)
        self._revision: str | None = None

    def status(self) -> LoopStatus:
        """What `refeed status` shows about the standby."""
        return {"state": "standby", "holder": self._leader}

    def tick(self) -> None:
        """Run one round of the loop. Raises StoreError."""
        self._events.drain(_STANDBY_TICK)
        revision = self._pipeline.store.get_meta(REVISION_KEY)
        if revision != self._revision:
            self._publish_job.request()
        self._revision = revision
        self._publish_job.run_if_due(busy=False)


class Worker:
    """Ingests and publishes until it is asked to stop; follows the store while another process is the leader."""

    def __init__(
        self, settings: Settings, load_settings: Callable[[], Settings] | None = None, *, preferred: bool = False
    ) -> None:
        """`load_settings` reads the settings again when their files change or `reload` is called.

        `preferred` is for a dedicated worker: the worker that `refeed serve` starts lets it lead.
        """
        self._settings = ReloadableSettings(settings, load_settings)
        self._stop = threading.Event()
        self._events = FileEvents()
        self._lock = make_leader_lock(settings, preferred=preferred)
        self._status = StatusFile(Path(settings.var_dir) / STATUS_FILE_NAME)
        self._may_be_damaged = True
        """Whether the store is to be checked before it is used: at the start, and after an error."""

    def stop(self) -> None:
        """Ask the worker to end after its current step. Safe in a signal handler."""
        self._stop.set()
        self._events.wake()

    def reload(self) -> None:
        """Ask the worker to read config.yaml again. Safe in a signal handler."""
        self._settings.request_reload()
        self._events.wake()

    def run(self) -> None:
        """Work until `stop`. Waits while the store or a disk is unreachable or full; documents are served meanwhile."""
        try:
            while not self._stop.is_set():
                if not self._run_until_change():
                    self._stop.wait(_RETRY)
            self._status.write({"state": STATE_STOPPED})
        finally:
            self._events.close()
            self._lock.release()

    def _run_until_change(self) -> bool:
        """Lead or follow once; returns False after an error. Every error of the worker is caught here."""
        try:
            self._lead_or_follow()
            return True
        except StoreError as error:
            self._may_be_damaged = True
            self._wait_for("store", str(error))
        except PublishError as error:
            self._wait_for("feeds", str(error))
        except OSError as error:
            self._wait_for("machine", f"{error.filename or 'the system'}: {error.strerror or error}")
        except MemoryError:
            self._wait_for("machine", "out of memory")
        except Exception as error:  # noqa: BLE001 -- no error ends the worker
            self._may_be_damaged = True
            _log.exception("internal error; starting over", extra={"error": type(error).__name__})
            self._wait_for("refeed", f"internal error: {type(error).__name__}: {error}")
        return False

    def _lead_or_follow(self) -> None:
        """Lead or follow, until the settings or the leader change, or the worker is stopped."""
        settings = self._settings.settings
        leads = self._lock.acquire()
        if leads and self._may_be_damaged:
            backup = recover_sqlite(settings.database_url)
            self._may_be_damaged = False
            if backup is not None:
                text = "SQLite database corrupt; moved to %s, rebuilding from dumps"
                _log.error(text, backup, extra={"file": str(backup)})
        pipeline = Pipeline.open(settings, processes=min(os.cpu_count() or 1, _MAX_PROCESSES))
        watcher = Watcher(self._events, polling=settings.dumps.polling)
        listener = None if leads else ChangeListener(settings.database_url, self._events.wake)
        jobs = Jobs(pipeline, self._events, self._status)
        popularity = PopularityTracker(pipeline.store)
        try:
            if leads:
                folders = settings.dumps.folders
                _log.info("leader: ingesting from %s", ", ".join(folders), extra={"folders": folders})
                self._restore_from_feeds(pipeline)
                jobs.scheduler.start()
                loop: Leader | Standby = Leader(pipeline, self._events, watcher, self._status, jobs)
            else:
                holder = self._lock.holder()
                _log.info("standby: %s is the leader", holder, extra={"holder": holder})
                loop = Standby(pipeline, self._events, self._status, holder)
            while not self._stop.is_set() and not self._reload_if_changed():
                if leads != (self._lock.is_held() if leads else self._lock.acquire()):
                    return
                loop.tick()
                jobs.scheduler.handle_clock_jump()
                popularity.save_if_due()
                for subject in ("store", "machine", "refeed"):
                    self._status.clear_problem(subject)
                self._status.write(loop.status())
        finally:
            jobs.stop()
            watcher.stop()
            if listener is not None:
                listener.close()
            pipeline.close()
        if leads:
            mark_clean_shutdown(settings.database_url)

    def _reload_if_changed(self) -> bool:
        """Read changed settings; returns whether they differ. Invalid ones are logged, and the previous ones stay."""
        try:
            changed = self._settings.reload_if_changed()
        except ConfigError as error:
            file = self._settings.settings.config_file
            for line in error.errors:
                _log.error("%s", line, extra={"file": file})
            self._status.set_problem("config", f"reload failed, keeping previous settings: {error.errors[0]}")
            return False
        if changed:
            file = self._settings.settings.config_file
            _log.info("%s has changed; restarting with it", file, extra={"file": file})
        if changed or self._settings.is_valid:
            self._status.clear_problem("config")
        return changed

    def _restore_from_feeds(self, pipeline: Pipeline) -> None:
        """Fill an empty store from published feeds, if they are reachable. Dumps are ingested in any case."""
        try:
            if count := pipeline.restore_from_feeds():
                base_url = pipeline.settings.site.restore_from
                _log.info("%d entries restored from %s", count, base_url, extra={"url": base_url, "count": count})
            self._status.clear_problem("restore")
        except FetchError as error:
            self._status.set_problem("restore", str(error))

    def _wait_for(self, subject: str, text: str) -> None:
        self._status.set_problem(subject, text)
        self._status.write({"state": "waiting"})

"""The process of the movers: who ingests, with which settings, and what it waits for when something is away."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..config.reload import ReloadableSettings
from ..config.settings import Settings
from ..errors import ConfigError, FetchError, PublishError, StoreError
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import STATE_STOPPED, STATUS_FILE_NAME, StatusFile
from ..publish.popularity import PopularityTracker
from ..store.notifications import ChangeListener
from ..store.sqlite_recovery import mark_clean_shutdown, recover_sqlite
from .file_events import FileEvents
from .jobs import Jobs
from .leader import Leader
from .leader_lock import make_leader_lock
from .publish_job import PublishJob
from .watcher import Watcher

# The turns of a process beside which another one ingests: its own documents follow the store's versions.

_TICK = 0.5
"""Seconds between looks at the store's revision, and at the lock: whoever ingests may die."""


class Standby:
    """Keeps feeds/ up to date with the store."""

    def __init__(self, program: Pipeline, hints: FileEvents, report: StatusFile, holder: str) -> None:
        self._program = program
        self._hints = hints
        self._holder = holder
        self._publishing = PublishJob(program.publisher, report)
        self._revision: str | None = None

    def status_fields(self) -> dict[str, Any]:
        """What `status` shows of it."""
        return {"state": "standby", "holder": self._holder}

    def tick(self) -> None:
        """One round. Raises StoreError."""
        self._hints.drain(_TICK)
        revision = self._program.store.get_meta("revision")
        if revision != self._revision:
            self._publishing.request()
        self._revision = revision
        self._publishing.run_if_due(busy=False)


_log = logging.getLogger("refeed.worker")

_AGAIN = 2.0
"""Seconds until a store or a disk that did not answer is asked again."""
_PROCESSES = 4
"""At most so many children make entries: each takes 100 MB, and the store takes no more than four can make."""


class Worker:
    """Ingests and publishes until told to stop; follows the store where another process ingests."""

    def __init__(
        self, settings: Settings, load_settings: Callable[[], Settings] | None = None, *, preferred: bool = False
    ) -> None:
        """`load` reads the settings anew, when their file changes or `reload` is called.

        `foremost` is for movers that are all this machine runs: those beside a web server give way to them.
        """
        self._configuration = ReloadableSettings(settings, load_settings)
        self._stop = threading.Event()
        self._hints = FileEvents()
        var = Path(settings.var_dir)
        self._lock = make_leader_lock(settings, preferred=preferred)
        self._report = StatusFile(var / STATUS_FILE_NAME)
        self._doubtful = True

    def stop(self) -> None:
        """Ask it to end; what is under way is finished first. Safe in a signal handler."""
        self._stop.set()
        self._hints.wake()

    def reload(self) -> None:
        """Have config.yaml read again. Safe in a signal handler."""
        self._configuration.request_reload()
        self._hints.wake()

    def run(self) -> None:
        """Work until `stop`. What is away, full or broken is waited for; documents are served meanwhile."""
        try:
            while not self._stop.is_set():
                if not self._attempt():
                    self._stop.wait(_AGAIN)
            self._report.write(state=STATE_STOPPED)
        finally:
            self._hints.close()
            self._lock.release()

    def _attempt(self) -> bool:
        """One session; whether it ended of itself. This is the one place where every error ends."""
        try:
            self._session()
            return True
        except StoreError as error:
            self._doubtful = True
            self._trouble("store", str(error))
        except PublishError as error:
            self._trouble("feeds", str(error))
        except OSError as error:
            self._trouble("machine", f"{error.filename or 'the system'}: {error.strerror or error}")
        except MemoryError:
            self._trouble("machine", "out of memory")
        except Exception as error:  # noqa: BLE001 -- the one place for it
            self._doubtful = True
            _log.exception("a fault in refeed itself; it starts over")
            self._trouble("refeed", f"a fault in refeed itself: {type(error).__name__}: {error}")
        return False

    def _session(self) -> None:
        """Work with the same settings and the same part, until one of them changes."""
        settings = self._configuration.settings
        ingests = self._lock.acquire()
        if ingests and self._doubtful:
            self._mend(settings)
        program = Pipeline.open(settings, processes=min(os.cpu_count() or 1, _PROCESSES))
        watching = Watcher(self._hints, polling=settings.dumps.polling)
        listener = None if ingests else ChangeListener(settings.database_url, self._hints.wake)
        errands = Jobs(program, self._hints, self._report)
        readership = PopularityTracker(program.store)
        try:
            if ingests:
                _log.info("ingesting from %s", ", ".join(settings.dumps.folders))
                self._reseed(program)
                errands.start()
                turns: Leader | Standby = Leader(program, self._hints, watching, self._report, errands)
            else:
                _log.info("%s ingests; standing by", self._lock.holder())
                turns = Standby(program, self._hints, self._report, self._lock.holder())
            while not self._stop.is_set() and not self._renewed():
                if ingests != (self._lock.is_held() if ingests else self._lock.acquire()):
                    return
                turns.tick()
                errands.handle_clock_jump()
                readership.save_if_due()
                for what in ("store", "machine", "refeed"):
                    self._report.clear_problem(what)
                self._report.write(**turns.status_fields())
        finally:
            errands.stop()
            watching.stop()
            if listener is not None:
                listener.close()
            program.close()
        if ingests:
            mark_clean_shutdown(settings.database_url)

    def _renewed(self) -> bool:
        """Whether config.yaml asks for something else now; a broken one is said, and the old one goes on."""
        try:
            renewed = self._configuration.reload_if_changed()
        except ConfigError as error:
            for mistake in error.errors:
                _log.error("%s", mistake)
            self._report.set_problem("config", f"refused, the settings before go on: {error.errors[0]}")
            return False
        if renewed:
            _log.info("%s was changed; going on with it", self._configuration.settings.config_file)
        if renewed or self._configuration.is_valid:
            self._report.clear_problem("config")
        return renewed

    def _reseed(self, program: Pipeline) -> None:
        """Fill a store that was lost from what was published, if that is to be had; dumps are ingested all the same."""
        try:
            if count := program.restore_from_feeds():
                _log.info("%d entries came back from %s", count, program.settings.site.restore_from)
            self._report.clear_problem("reseed")
        except FetchError as error:
            self._report.set_problem("reseed", str(error))

    def _mend(self, settings: Settings) -> None:
        """Set a damaged store aside; the dump folders fill the new one while the old documents are served."""
        aside = recover_sqlite(settings.database_url)
        self._doubtful = False
        if aside is not None:
            _log.error("the store was damaged; it is kept as %s, and a new one is filled from the dump folders", aside)

    def _trouble(self, what: str, text: str) -> None:
        self._report.set_problem(what, text)
        self._report.write(state="waiting")

"""The worker: one loop over one queue, as the leader or as a standby; it starts again when the store fails, or when
the settings or the leader change."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ..clock import utc_now
from ..config.load import ReloadableSettings
from ..config.settings import Settings
from ..errors import ConfigError, ProgramChangedError, PublishError, SchemaError, StoreError
from ..heartbeat import add_sign, beat, long_call
from ..ingest.status_file import STATE_STARTING, STATE_STOPPED, STATUS_FILE_NAME, StatusFile
from ..metrics import share_metrics
from ..store.database import require_known_schema
from ..store.leader_lock import make_leader_lock
from ..store.salvage import Salvage, salvage_rows
from ..store.sqlite_recovery import mark_clean_shutdown, recover_sqlite
from ..store.store import Store
from .event_loop import WorkerLoop, describe_error
from .events import EventQueue, Job

_log = logging.getLogger("refeed.worker")

_RETRY = 2.0
"""Seconds from an error to the next attempt."""
_COMPARISON = 5.0
"""Seconds between two looks of a standby at what the leader says about the site."""


class Worker:
    """Ingests and publishes until it is asked to stop; follows the store while another process is the leader."""

    def __init__(
        self, settings: Settings, load_settings: Callable[[], Settings] | None = None, *, preferred: bool = False
    ) -> None:
        """`load_settings` reads the settings again when their files change or `reload` is called.

        `preferred` is for a dedicated worker: the worker that `refeed serve` starts lets it lead.
        """
        self._settings = ReloadableSettings(settings, load_settings)
        self._is_stopping = False
        self._events = EventQueue()
        self._lock = make_leader_lock(settings.database_url, preferred=preferred)
        self._status = StatusFile(Path(settings.var_dir) / STATUS_FILE_NAME)
        add_sign(self._status.touch)
        share_metrics(settings.var_dir)
        self._may_be_damaged = True
        """Whether the store is to be checked before it is used: at the start, and after an error."""
        self._trusts_mark = True
        """Whether the check may be left out for a store that was sound before our last write: not after an error."""

    def stop(self) -> None:
        """Ask the worker to end after its current step. Safe in a signal handler."""
        self._is_stopping = True
        self._events.put(Job.CHECK)

    def reload(self) -> None:
        """Ask the worker to read config.yaml again. Safe in a signal handler."""
        self._settings.request_reload()
        self._events.put(Job.CHECK)

    def run(self) -> None:
        """Work until `stop`. Waits while the store or a disk is unreachable or full; documents are served meanwhile.

        Raises ProgramChangedError.
        """
        self._status.write({"state": STATE_STARTING})
        try:
            while not self._is_stopping:
                if not self._run_until_change():
                    self._wait(_RETRY)
            self._status.write({"state": STATE_STOPPED})
        finally:
            self._events.close()
            self._lock.release()

    def _run_until_change(self) -> bool:
        """Lead or follow once; returns False after an error. Every error but ProgramChangedError is caught here."""
        try:
            self._lead_or_follow()
            return True
        except StoreError as error:
            self._may_be_damaged, self._trusts_mark = True, isinstance(error, SchemaError)
            self._lock.release()  # another worker may do better, for example one of a newer version
            self._wait_for("store", str(error))
        except PublishError as error:
            self._wait_for("feeds", str(error))
        except ConfigError as error:
            self._wait_for("settings", str(error))
            self._reload_if_changed()
        except ProgramChangedError:
            raise
        except (OSError, MemoryError) as error:
            self._wait_for("machine", describe_error(error))
        except Exception as error:  # noqa: BLE001 -- no error ends the worker
            self._may_be_damaged, self._trusts_mark = True, False
            _log.exception("internal error; starting over", extra={"error": type(error).__name__})
            self._wait_for("refeed", f"internal error: {type(error).__name__}: {error}")
        return False

    def _lead_or_follow(self) -> None:
        """Lead or follow, until the settings or the leader change, or the worker is stopped."""
        settings = self._settings.settings
        require_known_schema(settings.database_url)  # before the lock: a newer worker must not lose it to this one
        leads = self._lock.acquire()
        salvage = Salvage()
        if leads and self._may_be_damaged:
            with long_call():
                backup = recover_sqlite(settings.database_url, trusts_mark=self._trusts_mark)
            self._may_be_damaged, self._trusts_mark = False, True
            if backup is not None:
                salvage = self._salvage(settings, backup)
        holder = "" if leads else self._lock.holder()
        with closing(WorkerLoop(settings, self._events, self._status, leads=leads, holder=holder)) as loop:
            if leads:
                folders = settings.dumps.folders
                _log.info("leader: ingesting from %s", ", ".join(folders), extra={"folders": folders})
                loop.pipeline.ingester.rebuild(salvage.dumps)
            else:
                _log.info("standby: %s is the leader", holder, extra={"holder": holder})
            for subject in ("machine", "refeed", "settings"):
                self._status.clear_problem(subject)
            loop.start()
            next_comparison = 0.0
            while not self._is_stopping and not self._reload_if_changed():
                if leads != (self._lock.is_held() if leads else self._lock.acquire()):
                    return
                loop.run_until_check()
                if not leads and time.monotonic() >= next_comparison:
                    if loop.pipeline.is_outdated():
                        return
                    next_comparison = time.monotonic() + _COMPARISON
        if leads:
            mark_clean_shutdown(settings.database_url)

    def _salvage(self, settings: Settings, damaged: Path) -> Salvage:
        """Fill a new store from the damaged one that was moved aside. What is missing comes from the dump folders."""
        with closing(Store(settings.database_url)) as store:
            store.migrate()
            salvage = salvage_rows(damaged, store, utc_now())
        text = "SQLite database corrupt; moved to %s, %d entries salvaged, the others are rebuilt from dumps"
        _log.error(text, damaged, salvage.entries, extra={"file": str(damaged), "count": salvage.entries})
        return salvage

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

    def _wait(self, seconds: float) -> None:
        """Wait, unless asked to stop. Events that arrive meanwhile are dropped: every start scans all folders."""
        end = time.monotonic() + seconds
        while not self._is_stopping and (left := end - time.monotonic()) > 0:
            self._events.get(left)
            beat()

    def _wait_for(self, subject: str, text: str) -> None:
        self._status.set_problem(subject, text)
        self._status.write({"state": "waiting"})

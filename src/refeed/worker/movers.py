"""The process of the movers: who ingests, with which settings, and what it waits for when something is away."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from ..config import Settings
from ..election import ingest_lock
from ..errors import ConfigError, FetchError, PublishError, StoreError
from ..pipeline import Program
from ..readership import Readership
from ..reloading import Configuration
from ..report import REPORT, STOPPED, Report
from ..store import Listener, leave, mend
from .errands import Errands
from .following import Following
from .hints import Hints
from .ingesting import Ingesting
from .watching import Watching

_log = logging.getLogger("refeed.worker")

_AGAIN = 2.0
"""Seconds until a store or a disk that did not answer is asked again."""
_PROCESSES = 4
"""At most so many children make entries: each takes 100 MB, and the store takes no more than four can make."""


class Movers:
    """Ingests and publishes until told to stop; follows the store where another process ingests."""

    def __init__(
        self, settings: Settings, load: Callable[[], Settings] | None = None, *, foremost: bool = False
    ) -> None:
        """`load` reads the settings anew, when their file changes or `reload` is called.

        `foremost` is for movers that are all this machine runs: those beside a web server give way to them.
        """
        self._configuration = Configuration(settings, load)
        self._stop = threading.Event()
        self._hints = Hints()
        var = Path(settings.var_folder)
        self._lock = ingest_lock(settings, foremost=foremost)
        self._report = Report(var / REPORT)
        self._doubtful = True

    def stop(self) -> None:
        """Ask it to end; what is under way is finished first. Safe in a signal handler."""
        self._stop.set()
        self._hints.wake()

    def reload(self) -> None:
        """Have config.yaml read again. Safe in a signal handler."""
        self._configuration.ask()
        self._hints.wake()

    def run(self) -> None:
        """Work until `stop`. What is away, full or broken is waited for; documents are served meanwhile."""
        try:
            while not self._stop.is_set():
                if not self._attempt():
                    self._stop.wait(_AGAIN)
            self._report.write(state=STOPPED)
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
        program = Program.open(settings, processes=min(os.cpu_count() or 1, _PROCESSES))
        watching = Watching(self._hints, polling=settings.dumps.polling)
        listener = None if ingests else Listener(settings.database_url, self._hints.wake)
        errands = Errands(program, self._hints, self._report)
        readership = Readership(program.store)
        try:
            if ingests:
                _log.info("ingesting from %s", ", ".join(settings.dumps.folders))
                self._reseed(program)
                errands.start()
                turns: Ingesting | Following = Ingesting(program, self._hints, watching, self._report, errands)
            else:
                _log.info("%s ingests; standing by", self._lock.holder())
                turns = Following(program, self._hints, self._report, self._lock.holder())
            while not self._stop.is_set() and not self._renewed():
                if ingests != (self._lock.held() if ingests else self._lock.acquire()):
                    return
                turns.turn()
                errands.mind_clock()
                readership.turn()
                for what in ("store", "machine", "refeed"):
                    self._report.well(what)
                self._report.write(**turns.facts())
        finally:
            errands.stop()
            watching.stop()
            if listener is not None:
                listener.close()
            program.close()
        if ingests:
            leave(settings.database_url)

    def _renewed(self) -> bool:
        """Whether config.yaml asks for something else now; a broken one is said, and the old one goes on."""
        try:
            renewed = self._configuration.renew()
        except ConfigError as error:
            for mistake in error.mistakes:
                _log.error("%s", mistake)
            self._report.trouble("config", f"refused, the settings before go on: {error.mistakes[0]}")
            return False
        if renewed:
            _log.info("%s was changed; going on with it", self._configuration.settings.file)
        if renewed or self._configuration.good:
            self._report.well("config")
        return renewed

    def _reseed(self, program: Program) -> None:
        """Fill a store that was lost from what was published, if that is to be had; dumps are ingested all the same."""
        try:
            if count := program.reseed():
                _log.info("%d entries came back from %s", count, program.settings.site.reseed)
            self._report.well("reseed")
        except FetchError as error:
            self._report.trouble("reseed", str(error))

    def _mend(self, settings: Settings) -> None:
        """Set a damaged store aside; the dump folders fill the new one while the old documents are served."""
        aside = mend(settings.database_url)
        self._doubtful = False
        if aside is not None:
            _log.error("the store was damaged; it is kept as %s, and a new one is filled from the dump folders", aside)

    def _trouble(self, what: str, text: str) -> None:
        self._report.trouble(what, text)
        self._report.write(state="waiting")

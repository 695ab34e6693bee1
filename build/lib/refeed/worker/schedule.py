"""Errands that are run every so often, in threads of their own (APScheduler). Go on when the clock jumps."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

_log = logging.getLogger("refeed.worker")

_JUMP = 5.0
"""Seconds by which the wall clock may stray from the monotonic one between two looks: NTP slews far less."""


class Schedule:
    """Runs errands; one that is still running is not started a second time, one that was missed runs once."""

    def __init__(self) -> None:
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._strayed = time.time() - time.monotonic()

    def every(self, seconds: float, errand: Callable[[], object], name: str, *, at_once: bool = False) -> None:
        """Run an errand every so many seconds, the first time now or after as many."""
        begin = {"next_run_time": datetime.now(UTC)} if at_once else {}
        self._scheduler.add_job(errand, IntervalTrigger(seconds=seconds), id=name, name=name, **begin)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def mind_clock(self) -> bool:
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

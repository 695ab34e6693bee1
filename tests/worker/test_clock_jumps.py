"""The clock may jump by a day: dumps are ingested, jobs run, and no date of a document goes back."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

import pytest

from helpers.processes import wait_until
from helpers.service_fixture import LocalService, sample_dump
from refeed.worker.events import EventQueue, Job
from refeed.worker.jobs import Scheduler

time_machine = pytest.importorskip("time_machine")


@pytest.mark.slow
def test_dumps_are_ingested_and_dates_never_go_back_when_the_clock_jumps(
    service: LocalService, start: Callable[[], object]
) -> None:
    start()
    service.add_dump("0.md", sample_dump(0))
    wait_until(lambda: len(service.ids()) == 1)
    changed = (service.feeds / "all.atom").stat().st_mtime
    today = datetime.datetime.now(datetime.UTC)
    for number, days in enumerate((1, -1), start=1):
        with time_machine.travel(today + datetime.timedelta(days=days), tick=True):
            service.add_dump(f"{number}.md", sample_dump(number))
            wait_until(lambda number=number: len(service.ids()) == number + 1)  # type: ignore[misc]
            wait_until(lambda: service.find_problems() == [])
        assert (service.feeds / "all.atom").stat().st_mtime >= changed
        changed = (service.feeds / "all.atom").stat().st_mtime


def test_jobs_go_on_when_the_clock_goes_back() -> None:
    runs: list[float] = []
    events = EventQueue()
    scheduler = Scheduler(events)
    scheduler.run_every(0.2, lambda: runs.append(time.monotonic()))
    scheduler.put_after(3600, Job.PUBLISH)
    scheduler.start()
    try:
        wait_until(lambda: len(runs) > 1)
        with time_machine.travel(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1), tick=True):
            assert scheduler.handle_clock_jump()
            before = len(runs)
            wait_until(lambda: len(runs) > before + 1)
            assert events.get(10) is Job.PUBLISH
    finally:
        scheduler.stop()
        events.close()

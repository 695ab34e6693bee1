"""The clock may jump by a day: dumps go on arriving, schedules go on, and no document's date goes back."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

import pytest

from processes import wait
from refeed.worker.schedule import Schedule
from station import Station, dump

time_machine = pytest.importorskip("time_machine")


def test_dumps_arrive_and_dates_never_go_back(station: Station, start: Callable[[], object]) -> None:
    start()
    station.put("0.md", dump(0))
    wait(lambda: len(station.ids()) == 1)
    changed = (station.feeds / "all.atom").stat().st_mtime
    today = datetime.datetime.now(datetime.UTC)
    for number, days in enumerate((1, -1), start=1):
        with time_machine.travel(today + datetime.timedelta(days=days), tick=True):
            station.put(f"{number}.md", dump(number))
            wait(lambda number=number: len(station.ids()) == number + 1)  # type: ignore[misc]
            wait(lambda: station.faults() == [])
        assert (station.feeds / "all.atom").stat().st_mtime >= changed
        changed = (station.feeds / "all.atom").stat().st_mtime


def test_a_schedule_goes_on_when_the_clock_goes_back() -> None:
    runs: list[float] = []
    schedule = Schedule()
    schedule.every(0.2, lambda: runs.append(time.monotonic()), "errand")
    schedule.start()
    try:
        wait(lambda: len(runs) > 1)
        with time_machine.travel(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1), tick=True):
            assert schedule.mind_clock()
            before = len(runs)
            wait(lambda: len(runs) > before + 1, 30)
    finally:
        schedule.stop()

"""What the loop does next: news before background jobs, and an event at the earliest time it was asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from refeed.worker.events import EventQueue, FileEvent, Job
from refeed.worker.jobs import Scheduler


@pytest.fixture
def events() -> Iterator[EventQueue]:
    queue = EventQueue()
    yield queue
    queue.close()


def test_background_jobs_wait_until_nothing_else_does(events: EventQueue) -> None:
    file = FileEvent("/dumps/1.md", "/dumps", True)
    for event in (Job.STORIES, Job.INDEX, file, Job.PUBLISH):
        events.put(event)
    assert [events.get(0), events.get(0)] == [file, Job.PUBLISH]
    assert events.get(0) is Job.STORIES
    events.put(Job.INGEST)
    assert [events.get(0), events.get(0), events.get(0)] == [Job.INGEST, Job.INDEX, Job.CHECK]


def test_a_background_job_waits_once(events: EventQueue) -> None:
    events.put(Job.INDEX)
    events.put(Job.PUBLISH)
    assert events.get(0) is Job.PUBLISH
    events.put(Job.INDEX)
    assert [events.get(0), events.get(0)] == [Job.INDEX, Job.CHECK]


@pytest.mark.parametrize("seconds", [(3600, 0), (0, 3600)])
def test_an_event_comes_at_the_earliest_time_it_was_asked_for(events: EventQueue, seconds: tuple[int, int]) -> None:
    """A news feed once waited 20 s, because the lists of 6,000 feeds were to be published then."""
    scheduler = Scheduler(events)
    scheduler.start()
    try:
        for each in seconds:
            scheduler.put_after(each, Job.PUBLISH)
        start = time.monotonic()
        assert events.get(60) is Job.PUBLISH
        assert time.monotonic() - start < 60
    finally:
        scheduler.stop()

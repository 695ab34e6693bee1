"""One loop, one queue: no event ends it, each waits there once, and a signal handler may put one at any moment."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchdog import events as watchdog_events

from helpers.processes import wait_until
from helpers.service_fixture import LocalService, count_durations, sample_dump
from helpers.store_builders import NOON, entry_id, file_result
from refeed.config.load import load_settings
from refeed.config.search_query import parse_query
from refeed.ingest.status_file import StatusFile
from refeed.search.searcher import search
from refeed.store.dump_recording import record_files
from refeed.store.search_index import count_changes
from refeed.worker.event_loop import WorkerLoop
from refeed.worker.events import EventQueue, FileEvent, Job
from refeed.worker.watcher import DumpDirHandler


@pytest.fixture
def events() -> Iterator[EventQueue]:
    queue = EventQueue()
    yield queue
    queue.close()


@pytest.fixture
def loop(service: LocalService, events: EventQueue) -> Iterator[WorkerLoop]:
    settings = load_settings({"REFEED_CONFIG": str(service.home / "config.yaml")})
    running = WorkerLoop(settings, events, StatusFile(service.var / "worker.json"), leads=True, holder="")
    running.start()
    yield running
    running.close()


@pytest.mark.parametrize("path", ["", "\0", "/", "..", "a" * 5000, "\udcff"])
def test_a_file_event_with_a_path_that_cannot_be_ends_nothing(
    path: str, service: LocalService, events: EventQueue, loop: WorkerLoop
) -> None:
    for is_complete in (True, False):
        events.put(FileEvent(path, str(service.dumps), is_complete))
    service.add_dump("1.md", sample_dump(1))

    def is_published() -> bool:
        loop.run_until_check()
        return len(service.ids()) == 1

    wait_until(is_published)


def test_an_internal_error_in_a_job_is_shown_with_its_traceback_and_the_job_runs_again(
    service: LocalService, loop: WorkerLoop, caplog: pytest.LogCaptureFixture
) -> None:
    step, failures = loop.pipeline.reprocessor.step, iter([ValueError("a bug")])

    def fail_once() -> frozenset[object] | None:
        for error in failures:
            raise error
        return step()

    object.__setattr__(loop.pipeline.reprocessor, "step", fail_once)
    status = service.var / "worker.json"

    def says(text: str) -> bool:
        loop.run_until_check()
        return text in status.read_text()

    wait_until(lambda: says("internal error: ValueError: a bug"))
    assert "Traceback" in caplog.text
    wait_until(lambda: says('"problems":{}'))


def test_an_event_that_waits_is_not_added_again_and_too_many_become_a_scan(events: EventQueue) -> None:
    for number in range(20_000):
        events.put(FileEvent(str(number % 15_000), "", is_complete=False))
        events.put(Job.PUBLISH)
    got = []
    while (event := events.get(0)) is not Job.CHECK:
        got.append(event)
    assert got[1] is Job.PUBLISH
    assert got[-1] is Job.SCAN
    assert len(got) <= 10_001
    assert events.take_seen_paths() is None


def test_a_signal_handler_may_put_an_event_while_another_is_put_or_taken(events: EventQueue) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: events.put(Job.CHECK))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0002)
    try:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            events.put(Job.SCAN)
            events.get(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_every_event_of_watchdog_becomes_an_event_of_ours_or_nothing(events: EventQueue, tmp_path: Path) -> None:
    handler = DumpDirHandler(events, str(tmp_path))
    kinds = [kind for kind in vars(watchdog_events).values() if isinstance(kind, type)]
    for kind in kinds:
        if issubclass(kind, watchdog_events.FileSystemEvent):
            for source, target in (("", ""), (f"{tmp_path}/1.md", ""), (b"\xff", b""), ("", f"{tmp_path}/2.md")):
                handler.on_any_event(kind(source, target))
    found = set()
    while (event := events.get(0)) is not Job.CHECK:
        found.add(event)
    expected = {FileEvent(f"{tmp_path}/1.md", str(tmp_path), is_complete) for is_complete in (True, False)}
    assert expected | {FileEvent(f"{tmp_path}/2.md", str(tmp_path), is_complete=True), Job.SCAN} <= found
    assert "" not in {event.path for event in found if isinstance(event, FileEvent)}


@pytest.mark.slow
def test_new_entries_are_indexed_and_joined_to_stories_which_is_counted(
    service: LocalService, loop: WorkerLoop
) -> None:
    counted = count_durations("stories")
    service.add_dump("1.md", sample_dump(1))
    store = loop.pipeline.store

    def is_indexed() -> bool:
        loop.run_until_check()
        return len(service.ids()) == 1 and count_changes(store) == 0 and count_durations("stories") > counted

    wait_until(is_indexed)


@pytest.mark.slow
def test_a_dump_costs_one_publication(service: LocalService, loop: WorkerLoop) -> None:
    def is_published(number: int) -> bool:
        loop.run_until_check()
        return len(service.ids()) == number

    service.add_dump("1.md", sample_dump(1))
    wait_until(lambda: is_published(1))
    for _ in range(3):  # what the first scan has asked for
        loop.run_until_check()
    before = count_durations("publish")
    service.add_dump("2.md", sample_dump(2))
    wait_until(lambda: is_published(2))
    for _ in range(3):
        loop.run_until_check()
    assert count_durations("publish") == before + 1


@pytest.mark.slow
def test_a_dump_is_published_and_found_while_the_index_is_built_which_the_log_and_the_status_show(
    service: LocalService, loop: WorkerLoop, caplog: pytest.LogCaptureFixture
) -> None:
    store = loop.pipeline.store
    record_files(store, [file_result(number, text="旧闻", days=-1000) for number in range(2000)], NOON)
    caplog.set_level("INFO", "refeed.worker")

    def status() -> str:
        return (service.var / "worker.json").read_text()

    def repeat(is_done: Callable[[], bool]) -> None:
        def done() -> bool:
            loop.run_until_check()
            return is_done()

        wait_until(done)

    repeat(lambda: '"unindexed":' in status())
    assert "building the search index" in caplog.text
    service.add_dump("new.md", sample_dump(5000))
    repeat(lambda: f"urn:uuid:{entry_id(5000)}" in service.ids())
    repeat(lambda: bool(search(store, parse_query("第5000篇样本")).members))
    assert 0 < count_changes(store) < 2000

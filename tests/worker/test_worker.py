"""Dumps that arrive in every possible way are published soon; what is removed or damaged comes back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
import pytest

from helpers.processes import wait_until
from helpers.service_fixture import CONFIG, LocalService, sample_dump
from refeed.ingest.status_file import STATUS_FILE_NAME, read_status_file
from refeed.store.leader_lock import make_leader_lock

Start = Callable[[], object]


def is_leading(service: LocalService) -> bool:
    path = service.var / STATUS_FILE_NAME
    return path.exists() and msgspec.json.decode(path.read_bytes()).get("state") == "ingesting"


def problems(service: LocalService) -> dict[str, str]:
    path = service.var / STATUS_FILE_NAME
    return msgspec.json.decode(path.read_bytes())["problems"] if path.exists() else {}


def has(service: LocalService, count: int) -> Callable[[], bool]:
    return lambda: len(service.ids()) == count


def test_dumps_are_noticed_by_events_without_a_scan(service: LocalService, start: Start) -> None:
    config = service.home / "config.yaml"
    config.write_text(config.read_text().replace("rescan: 5s", "rescan: 1h"))
    service.add_dump("0.md", sample_dump(0))
    start()
    wait_until(has(service, 1))
    wait_until(lambda: is_leading(service))
    service.add_dump("renamed.md", sample_dump(1))
    wait_until(has(service, 2))
    (service.dumps / "closed.md").write_bytes(sample_dump(2))
    wait_until(has(service, 3))
    outside = service.home / "outside.md"
    outside.write_bytes(sample_dump(3))
    outside.rename(service.dumps / "moved in.md")
    wait_until(has(service, 4))


@pytest.mark.slow
def test_dumps_arrive_linked_copied_with_old_times_and_in_new_folders(service: LocalService, start: Start) -> None:
    start()
    wait_until(lambda: is_leading(service))
    for number in range(4):
        service.add_dump(f"{number}.md", sample_dump(number))
    wait_until(has(service, 4))
    origin = service.home / "origin.md"
    origin.write_bytes(sample_dump(4))
    os.link(origin, service.dumps / "linked.md")
    wait_until(has(service, 5))
    old = service.dumps / "old.md"
    old.write_bytes(sample_dump(5))
    os.utime(old, (1, 1))
    wait_until(has(service, 6))
    for number in range(6, 9):
        service.add_dump(f"deep/er/{number}/x.md", sample_dump(number))
    wait_until(has(service, 9))
    shutil.copytree(service.dumps / "deep", service.home / "whole")
    (service.home / "whole" / "er" / "6" / "x.md").write_bytes(sample_dump(10))
    (service.home / "whole").rename(service.dumps / "moved")
    wait_until(has(service, 10))
    assert service.find_problems() == []


def test_a_file_that_grows_is_published_once_and_whole(service: LocalService, start: Start) -> None:
    start()
    wait_until(lambda: is_leading(service))
    data = sample_dump(1, text="样本正文。" * 400)
    with (service.dumps / "slow.md").open("wb", buffering=0) as file:
        for part in range(6):
            file.write(data[len(data) * part // 6 : len(data) * (part + 1) // 6])
            time.sleep(0.2)
            assert service.ids() == []
    wait_until(has(service, 1))
    assert len(service.query("SELECT digest FROM dumps")) == 1


def test_files_and_folders_moved_out_in_and_across_end_nothing(
    service: LocalService, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    start()
    wait_until(lambda: is_leading(service))
    for number in range(3):
        service.add_dump(f"{number}/x.md", sample_dump(number))
    wait_until(has(service, 3))
    (service.dumps / "0" / "x.md").rename(service.home / "out.md")
    (service.dumps / "1").rename(service.home / "out")
    (service.dumps / "2" / "x.md").rename(service.dumps / "2" / ".hidden.md")
    (service.dumps / "2").rename(service.dumps / "3")
    (service.dumps / "3" / ".hidden.md").rename(service.dumps / "shown.md")
    shutil.rmtree(service.dumps / "3")
    (service.home / "out").rename(service.dumps / "in again")
    service.add_dump("4.md", sample_dump(4))
    wait_until(has(service, 4))
    assert "internal error" not in caplog.text
    assert problems(service) == {}


@pytest.mark.slow
def test_a_dump_folder_may_appear_later_vanish_and_reappear(
    service: LocalService, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    service.dumps.rmdir()
    caplog.set_level("INFO", "refeed.worker")
    start()
    wait_until(lambda: is_leading(service))
    missing = f"{service.dumps} does not exist yet; its dumps are ingested as soon as it does"
    wait_until(lambda: missing in caplog.messages)
    service.add_dump("1.md", sample_dump(1))
    wait_until(has(service, 1))
    shutil.rmtree(service.dumps)
    time.sleep(1)
    service.add_dump("2.md", sample_dump(2))
    wait_until(has(service, 2))
    service.add_dump("3.md", sample_dump(3))
    assert wait_until(has(service, 3)) < 4
    assert caplog.messages.count(missing) <= 2


@pytest.mark.slow
def test_damaged_documents_are_restored_and_foreign_ones_removed(service: LocalService, start: Start) -> None:
    for number in range(3):
        service.add_dump(f"{number}.md", sample_dump(number))
    start()
    wait_until(has(service, 3))
    wait_until(lambda: (service.feeds / "opml.xml").exists())
    time.sleep(0.5)
    before = service.documents()
    other = before["topic/sample.atom"]
    (service.feeds / "all.atom").write_bytes(before["all.atom"][:100])
    (service.feeds / "all.rss").unlink()
    (service.feeds / "source" / "bbc.atom").write_bytes(other)  # whole, but another feed's
    shutil.rmtree(service.feeds / "topic")
    (service.feeds / "topic").write_text("a file where a folder was")
    (service.feeds / "opml.xml").unlink()
    (service.feeds / "opml.xml").mkdir()
    (service.feeds / "source" / "stranger.json").write_bytes(before["all.json"])
    wait_until(lambda: _same(service, before))
    shutil.rmtree(service.feeds)
    wait_until(lambda: _same(service, before))


def _same(service: LocalService, before: dict[str, bytes]) -> bool:
    try:
        return service.documents() == before
    except OSError:  # a file changed meanwhile
        return False


@pytest.mark.slow
def test_a_damaged_or_deleted_store_is_rebuilt_while_the_old_documents_stay(
    service: LocalService, start: Start
) -> None:
    for number in range(60):
        service.add_dump(f"{number}.md", sample_dump(number, text=f"样本{number}" * 300))
    start()
    wait_until(has(service, 50))
    wait_until(lambda: "feeds.json" in service.documents())  # written last
    before = service.documents()

    def zero() -> None:
        with service.store.open("r+b") as file:
            for page in range(3, 30):
                file.seek(page * 4096)
                file.write(bytes(4096))

    def cut() -> None:
        os.truncate(service.store, service.store.stat().st_size // 2)

    for number, damage in enumerate((zero, cut, service.store.unlink)):
        damage()
        service.add_dump(f"new {number}.md", sample_dump(100 + number))
        wait_until(lambda number=number: _urn(service, 100 + number))  # type: ignore[misc]
        assert before.keys() == service.documents().keys()
        wait_until(lambda: service.find_problems() == [])
    assert len(list(service.var.glob("refeed.db.damaged-*"))) == 2


@pytest.mark.slow
def test_a_worker_that_is_older_than_the_store_leaves_the_leader_lock_to_others(
    service: LocalService, start: Start
) -> None:
    service.add_dump("0.md", sample_dump(0))
    start()
    wait_until(has(service, 1))
    lock = make_leader_lock(f"sqlite:///{service.store}")
    assert not lock.acquire()
    service.query("INSERT INTO migrations (version) VALUES (1000)")  # a newer program started beside it
    service.add_dump("1.md", sample_dump(1))
    wait_until(lock.acquire)
    wait_until(lambda: "run the newer program" in problems(service).get("store", ""))
    assert service.query("SELECT count(*) FROM files") == [(1,)]
    service.query("DELETE FROM migrations WHERE version = 1000")
    lock.release()
    wait_until(has(service, 2))


def _urn(service: LocalService, number: int) -> bool:
    return f"https://sample.example.org/{number}".encode() in (service.feeds / "all.json").read_bytes()


@pytest.mark.slow
def test_an_invalid_configuration_is_refused_and_a_valid_one_used(service: LocalService, start: Start) -> None:
    service.add_dump("1.md", sample_dump(1))
    start()
    wait_until(has(service, 1))
    config = service.home / "config.yaml"
    config.write_text(CONFIG.replace("topics:", "topcs:"))
    wait_until(lambda: "config" in problems(service))
    assert "topcs" in problems(service)["config"]
    service.add_dump("2.md", sample_dump(2))
    wait_until(has(service, 2))
    config.write_text(CONFIG + "  - {id: fresh, title: 新的, words: [样本标题]}\n")
    wait_until(lambda: len(service.ids("topic/fresh")) == 2)
    wait_until(lambda: problems(service) == {})


def test_one_document_that_cannot_be_written_stops_no_other(service: LocalService, start: Start) -> None:
    service.add_dump("1.md", sample_dump(1))
    start()
    wait_until(lambda: has(service, 1)() and service.find_problems() == [])
    blocked = service.feeds / "topic"

    def block() -> bool:
        """Replace it with a folder where writing fails, unless the worker is quicker."""
        if not blocked.is_symlink():
            blocked.rename(service.home / f"aside-{time.monotonic_ns()}")
        with suppress(FileExistsError):
            blocked.symlink_to("/proc/1")
        return blocked.is_symlink()

    wait_until(block)
    service.add_dump("2.md", sample_dump(2))
    wait_until(has(service, 2))


@pytest.mark.slow
def test_a_standby_names_the_leader_and_takes_over(service: LocalService, start: Start) -> None:
    first = service.start("worker")
    try:
        wait_until(lambda: is_leading(service))
        refused = service.run("ingest")
        assert refused.exit_code == 1
        leader = read_status_file(service.var / STATUS_FILE_NAME)
        assert leader
        assert f"process {leader['process']} " in refused.stderr
        start()
        service.add_dump("1.md", sample_dump(1))
        wait_until(has(service, 1))
    finally:
        first.kill()
        first.wait()
    start_time = time.monotonic()
    service.add_dump("2.md", sample_dump(2))
    wait_until(has(service, 2))
    assert time.monotonic() - start_time < 30
    assert service.find_problems() == []

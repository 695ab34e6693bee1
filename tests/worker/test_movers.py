"""Dumps that arrive in every way there is are in the feeds soon; what goes away comes back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
import pytest

from processes import wait
from refeed.report import REPORT
from station import CONFIG, Station, dump

Start = Callable[[], object]

# watchdog 7.1 may come upon a new folder twice, and says so by a warning that would end its thread here.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id")


def at_work(station: Station) -> bool:
    path = station.var / REPORT
    return path.exists() and msgspec.json.decode(path.read_bytes()).get("state") == "ingesting"


def troubles(station: Station) -> dict[str, str]:
    path = station.var / REPORT
    return msgspec.json.decode(path.read_bytes())["troubles"] if path.exists() else {}


def has(station: Station, count: int) -> Callable[[], bool]:
    return lambda: len(station.ids()) == count


def test_dumps_are_seen_as_they_arrive_without_a_scan(station: Station, start: Start) -> None:
    config = station.home / "config.yaml"
    config.write_text(config.read_text().replace("rescan: 5s", "rescan: 1h"))
    station.put("0.md", dump(0))
    start()
    wait(has(station, 1))
    wait(lambda: at_work(station))
    station.put("renamed.md", dump(1))
    wait(has(station, 2))
    (station.dumps / "closed.md").write_bytes(dump(2))
    wait(has(station, 3))
    outside = station.home / "outside.md"
    outside.write_bytes(dump(3))
    outside.rename(station.dumps / "moved in.md")
    wait(has(station, 4))


def test_dumps_arrive_linked_copied_with_old_times_and_in_new_folders(station: Station, start: Start) -> None:
    start()
    wait(lambda: at_work(station))
    for number in range(4):
        station.put(f"{number}.md", dump(number))
    wait(has(station, 4))
    origin = station.home / "origin.md"
    origin.write_bytes(dump(4))
    os.link(origin, station.dumps / "linked.md")
    wait(has(station, 5))
    old = station.dumps / "old.md"
    old.write_bytes(dump(5))
    os.utime(old, (1, 1))
    wait(has(station, 6))
    for number in range(6, 9):
        station.put(f"deep/er/{number}/x.md", dump(number))
    wait(has(station, 9))
    shutil.copytree(station.dumps / "deep", station.home / "whole")
    (station.home / "whole" / "er" / "6" / "x.md").write_bytes(dump(10))
    (station.home / "whole").rename(station.dumps / "moved")
    wait(has(station, 10))
    assert station.faults() == []


def test_a_file_that_grows_is_published_once_and_whole(station: Station, start: Start) -> None:
    start()
    wait(lambda: at_work(station))
    data = dump(1, text="样本正文。" * 400)
    with (station.dumps / "slow.md").open("wb", buffering=0) as file:
        for part in range(6):
            file.write(data[len(data) * part // 6 : len(data) * (part + 1) // 6])
            time.sleep(0.2)
            assert station.ids() == []
    wait(has(station, 1))
    assert len(station.ask("SELECT digest FROM originals")) == 1


def test_a_dump_folder_may_come_later_go_and_come_back(
    station: Station, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    station.dumps.rmdir()
    caplog.set_level("INFO", "refeed.worker")
    start()
    wait(lambda: at_work(station))
    missing = f"{station.dumps} is not there; dumps are taken from it as soon as it is"
    wait(lambda: missing in caplog.messages)
    station.put("1.md", dump(1))
    wait(has(station, 1))
    shutil.rmtree(station.dumps)
    time.sleep(1)
    station.put("2.md", dump(2))
    wait(has(station, 2))
    station.put("3.md", dump(3))
    assert wait(has(station, 3)) < 4
    assert caplog.messages.count(missing) <= 2


def test_documents_that_are_damaged_foreign_or_gone_come_back_and_foreign_ones_go(
    station: Station, start: Start
) -> None:
    for number in range(3):
        station.put(f"{number}.md", dump(number))
    start()
    wait(has(station, 3))
    wait(lambda: (station.feeds / "opml.xml").exists())
    time.sleep(0.5)
    before = station.documents()
    other = before["topic/sample.atom"]
    (station.feeds / "all.atom").write_bytes(before["all.atom"][:100])
    (station.feeds / "all.rss").unlink()
    (station.feeds / "source" / "bbc.atom").write_bytes(other)  # whole, but another feed's
    shutil.rmtree(station.feeds / "topic")
    (station.feeds / "topic").write_text("a file where a folder was")
    (station.feeds / "opml.xml").unlink()
    (station.feeds / "opml.xml").mkdir()
    (station.feeds / "source" / "stranger.json").write_bytes(before["all.json"])
    wait(lambda: _same(station, before), 40)
    shutil.rmtree(station.feeds)
    wait(lambda: _same(station, before))


def _same(station: Station, before: dict[str, bytes]) -> bool:
    try:
        return station.documents() == before
    except OSError:  # it changes while we look
        return False


def test_a_store_that_is_zeroed_cut_or_deleted_is_filled_anew_while_the_old_documents_stay(
    station: Station, start: Start
) -> None:
    for number in range(60):
        station.put(f"{number}.md", dump(number, text=f"样本{number}" * 300))
    start()
    wait(has(station, 50))
    wait(lambda: len(station.ask("SELECT name FROM state WHERE name = 'complete'")) == 1)
    time.sleep(1)
    before = station.documents()

    def zero() -> None:
        with station.store.open("r+b") as file:
            for page in range(3, 30):
                file.seek(page * 4096)
                file.write(bytes(4096))

    def cut() -> None:
        os.truncate(station.store, station.store.stat().st_size // 2)

    for number, damage in enumerate((zero, cut, station.store.unlink)):
        damage()
        station.put(f"new {number}.md", dump(100 + number))
        wait(lambda number=number: _urn(station, 100 + number), 30)  # type: ignore[misc]
        assert before.keys() == station.documents().keys()
        wait(lambda: station.faults() == [])
    assert len(list(station.var.glob("refeed.db.damaged-*"))) == 2


def _urn(station: Station, number: int) -> bool:
    return f"https://sample.example.org/{number}".encode() in (station.feeds / "all.json").read_bytes()


def test_a_broken_configuration_is_refused_and_a_good_one_taken(station: Station, start: Start) -> None:
    station.put("1.md", dump(1))
    start()
    wait(has(station, 1))
    config = station.home / "config.yaml"
    config.write_text(CONFIG.replace("topics:", "topcs:"))
    wait(lambda: "config" in troubles(station))
    assert "topcs" in troubles(station)["config"]
    station.put("2.md", dump(2))
    wait(has(station, 2))
    config.write_text(CONFIG + "  - {id: fresh, title: 新的, words: [样本标题]}\n")
    wait(lambda: len(station.ids("topic/fresh")) == 2)
    wait(lambda: troubles(station) == {})


def test_one_document_that_cannot_be_written_stops_no_other(station: Station, start: Start) -> None:
    station.put("1.md", dump(1))
    start()
    wait(lambda: has(station, 1)() and station.faults() == [])
    blocked = station.feeds / "topic"

    def block() -> bool:
        """Put a folder that nothing can be written into in its place, unless the movers are quicker."""
        if not blocked.is_symlink():
            blocked.rename(station.home / f"aside-{time.monotonic_ns()}")
        with suppress(FileExistsError):
            blocked.symlink_to("/proc/1")
        return blocked.is_symlink()

    wait(block)
    station.put("2.md", dump(2))
    wait(has(station, 2))


def test_the_second_of_two_stands_by_names_the_first_and_takes_over(station: Station, start: Start) -> None:
    first = station.start("watch")
    try:
        wait(lambda: at_work(station), 30)
        refused = station.run("ingest")
        assert refused.returncode == 1
        assert f"process {first.pid} " in refused.stderr
        start()
        station.put("1.md", dump(1))
        wait(has(station, 1))
    finally:
        first.kill()
        first.wait()
    began = time.monotonic()
    station.put("2.md", dump(2))
    wait(has(station, 2))
    assert time.monotonic() - began < 30
    assert station.faults() == []

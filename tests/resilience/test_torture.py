"""The long runs: hundreds of kills, overflowing queues, full disks, a database that is gone. They want root and time.

REFEED_TORTURE_SHARE=0.1 makes each a tenth as long.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from helpers.postgresql import run_postgres
from helpers.processes import wait_until
from helpers.service_fixture import LocalService, sample_dump
from refeed.ingest.status_file import STATUS_FILE_NAME
from refeed.render import checksum

pytestmark = pytest.mark.torture

SHARE = float(os.environ.get("REFEED_TORTURE_SHARE", "1"))
QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Reader:
    """Reads every document all along, as a server does, and notes what is torn or missing."""

    def __init__(self, service: LocalService) -> None:
        self._station = service
        self._stop = threading.Event()
        self.reads = 0
        self.broken: list[str] = []
        self.slowest = 0.0
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        names = list(self._station.documents())
        while not self._stop.wait(0.05):
            for name in names:
                began = time.monotonic()
                try:
                    whole = checksum.verify_checksum((self._station.feeds / name).read_bytes()) is not None
                except OSError:
                    whole = False
                self.reads += 1
                self.broken += [] if whole else [name]
                self.slowest = max(self.slowest, time.monotonic() - began)


@pytest.fixture
def service(tmp_path: Path) -> LocalService:
    return LocalService(tmp_path)


@contextmanager
def watching(service: LocalService, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    process = service.start("worker", **more)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(20)


def state(service: LocalService) -> dict[str, object]:
    path = service.var / STATUS_FILE_NAME
    return msgspec.json.decode(path.read_bytes(), type=dict[str, object]) if path.exists() else {}


def entries(service: LocalService) -> int:
    try:
        return int(str(service.query("SELECT count(*) FROM entries")[0][0]))
    except Exception:  # noqa: BLE001 -- the store is being made
        return -1


def say(text: str) -> None:
    """A number for whoever runs this."""
    os.write(2, f"\n    {text}\n".encode())


def test_killed_at_random_while_dumps_arrive_nothing_is_lost_doubled_or_torn(service: LocalService) -> None:
    kills, dumps, chance = max(3, int(200 * SHARE)), max(100, int(10_000 * SHARE)), random.Random(1)
    service.add_dump("0.md", sample_dump(0))
    assert service.run("ingest").returncode == 0

    def arrive() -> None:
        for number in range(1, dumps):
            service.add_dump(f"{number % 7}/{number}.md", sample_dump(number))
            time.sleep(0.002)

    writer = threading.Thread(target=arrive)
    with Reader(service) as reader:
        writer.start()
        for _ in range(kills):
            process = service.start("worker")
            time.sleep(chance.uniform(0.2, 4))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        writer.join()
        with watching(service):
            wait_until(lambda: entries(service) >= dumps, 1800)
            wait_until(lambda: service.find_problems() == [], 60)
    assert entries(service) == dumps
    assert reader.broken == []
    say(f"{kills} kills, {dumps} dumps, {reader.reads} reads, none broken")


@ROOT
def test_a_queue_of_256_events_loses_nothing(service: LocalService) -> None:
    before, dumps = QUEUE.read_text(), max(2000, int(20_000 * SHARE))
    farm = service.home / "farm"
    farm.mkdir()
    for number in range(dumps):
        (farm / f"{number}.md").write_bytes(sample_dump(number))
    QUEUE.write_text("256")
    try:
        with watching(service):
            wait_until(lambda: state(service).get("state") == "ingesting", 60)
            began = time.monotonic()
            farm.rename(service.dumps / "at once")
            for number in range(dumps, dumps + 500):
                (service.dumps / f"{number}.md").write_bytes(sample_dump(number))
            wait_until(
                lambda: entries(service) >= 0 and state(service).get("waiting") == 0 and entries(service) > dumps, 1800
            )
            say(f"{dumps} files with a queue of 256: all in after {time.monotonic() - began:.0f} s")
            wait_until(lambda: entries(service) == dumps + 500, 30)
    finally:
        QUEUE.write_text(before)
    assert service.find_problems() == []


@ROOT
def test_no_watches_left_is_said_and_polled(service: LocalService) -> None:
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    before = limit.read_text()
    for number in range(40):
        (service.dumps / str(number)).mkdir()
    limit.write_text("1")
    try:
        with watching(service):
            wait_until(lambda: state(service).get("state") == "ingesting", 60)
            service.add_dump("39/1.md", sample_dump(1))
            took = wait_until(lambda: entries(service) == 1, 60)
            service.add_dump("38/2.md", sample_dump(2))  # the first moments of a watch are not judged by
            wait_until(lambda: "polled" in str(state(service)["problems"]), 30)
            say(f"without watches: in after {took:.1f} s; {state(service)['troubles']}")
    finally:
        limit.write_text(before)


@ROOT
def test_a_full_disk_leaves_old_documents_whole_and_is_left_behind(service: LocalService) -> None:
    service.feeds.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(service.feeds)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        for number in range(3):
            service.add_dump(f"{number}.md", sample_dump(number))
        assert service.run("ingest").returncode == 0
        with Reader(service) as reader, watching(service):
            for number in range(3, 80):
                service.add_dump(f"{number}.md", sample_dump(number, text="样本正文。" * 330))
            wait_until(lambda: "feeds" in str(state(service).get("problems")), 120)
            assert entries(service) == 80
            say(f"full: {state(service)['troubles']}")
            subprocess.run(["mount", "-o", "remount,size=20m", str(service.feeds)], check=True)
            took = wait_until(lambda: state(service).get("problems") == {}, 60)
            time.sleep(3)
            assert service.find_problems() == []
        assert reader.broken == []
        say(f"{reader.reads} reads, none broken; well again {took:.1f} s after there was space")
    finally:
        subprocess.run(["umount", str(service.feeds)], check=False)


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_a_database_that_is_away_for_a_minute(how: str, tmp_path: Path) -> None:
    away = max(8.0, 60 * SHARE)
    with run_postgres() as server:
        url = server.make_database()
        service = LocalService(tmp_path)
        service.add_dump("0.md", sample_dump(0))
        done = service.run("ingest", DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        with Reader(service) as reader, watching(service, DATABASE_URL=url):
            wait_until(lambda: state(service).get("state") == "ingesting", 60)
            processes = [int(str(pid)) for (pid,) in server.run("SELECT pid FROM pg_stat_activity")] + [server.pid]
            again = _again(server.pid)
            for pid in processes if how == "hanging" else [server.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP if how == "hanging" else signal.SIGQUIT)
            service.add_dump("1.md", sample_dump(1))
            time.sleep(away)
            for pid in processes if how == "hanging" else ():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            started = again() if how == "stopped" else None
            took = wait_until(lambda: len(service.ids()) == 2, 60)
            if started:
                started.send_signal(signal.SIGINT)  # fast: SIGTERM would wait for the movers to leave
                started.wait(20)
        assert reader.broken == []
        say(f"{how} for {away:.0f} s: {reader.reads} reads, none broken; the dump was in {took:.1f} s after")


def _again(pid: int) -> Callable[[], subprocess.Popen[bytes]]:
    """How to start a process again as the user it ran as, once it is gone."""
    folder = Path(f"/proc/{pid}")
    command = folder.joinpath("cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    owner = folder.stat()

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, user=owner.st_uid, group=owner.st_gid, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    return start


def test_a_hundred_thousand_dumps_in_bounded_memory_while_polls_are_answered(service: LocalService) -> None:
    dumps = max(2000, int(100_000 * SHARE))
    for number in range(dumps):
        folder = service.dumps / str(number % 100)
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.md").write_bytes(sample_dump(number))
    service.feeds.mkdir()
    port = "8790"
    address = f"http://127.0.0.1:{port}/feeds/all.atom"
    began = time.monotonic()
    process = service.start("serve", "--host", "127.0.0.1", PORT=port)
    delays: list[float] = []
    peak = 0
    try:
        while entries(service) < dumps:
            assert time.monotonic() - began < 7200
            asked = time.monotonic()
            with suppress(OSError), urllib.request.urlopen(address, timeout=10) as answer:
                answer.read()
                delays.append(time.monotonic() - asked)
            peak = max(peak, _memory(process.pid))
            time.sleep(max(0.0, 0.2 - (time.monotonic() - asked)))
        took = time.monotonic() - began
        service.add_dump("one more.md", sample_dump(dumps + 1, at=int(time.time())))
        link = f"https://sample.example.org/{dumps + 1}".encode()
        more = wait_until(lambda: link in (service.feeds / "all.json").read_bytes(), 120)
    finally:
        process.terminate()
        process.wait(20)
    say(f"{dumps} dumps in {took:.0f} s, all processes {peak >> 20} MB at most")
    if len(delays) > 20:
        p99 = statistics.quantiles(delays, n=100)[-1]
        median = statistics.median(delays) * 1000
        say(f"{len(delays)} polls, median {median:.1f} ms, p99 {p99 * 1000:.0f} ms; one more dump: {more:.1f} s")
    assert peak < 2_000_000_000


def _memory(group: int) -> int:
    """Resident bytes of a process group, shared pages counted once for each."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            if os.getpgid(int(folder.name)) == group:
                total += int((folder / "statm").read_text().split()[1]) * 4096
    return total


def test_a_page_of_the_store_zeroed_while_a_reader_reads(service: LocalService) -> None:
    for number in range(300):
        service.add_dump(f"{number}.md", sample_dump(number))
    assert service.run("ingest").returncode == 0
    with Reader(service) as reader, watching(service):
        wait_until(lambda: state(service).get("state") == "ingesting", 60)
        with service.store.open("r+b") as file:
            file.seek(4096 * 3)
            file.write(bytes(4096 * 20))
        took = wait_until(lambda: list(service.var.glob("*.damaged-*")) and service.find_problems() == [], 120)
    assert reader.broken == []
    say(f"a zeroed store: filled anew in {took:.1f} s; {reader.reads} reads, none broken")

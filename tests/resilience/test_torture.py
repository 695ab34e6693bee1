"""Long tests: hundreds of kills, overflowing queues, full disks, a database that is away. Some need root.

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
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Reader:
    """Reads every document all the time, as a server does, and records torn and missing ones."""

    def __init__(self, service: LocalService) -> None:
        self._service = service
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
        names = list(self._service.documents())
        while not self._stop.wait(0.05):
            for name in names:
                started = time.monotonic()
                try:
                    is_whole = checksum.verify_checksum((self._service.feeds / name).read_bytes()) is not None
                except OSError:
                    is_whole = False
                self.reads += 1
                self.broken += [] if is_whole else [name]
                self.slowest = max(self.slowest, time.monotonic() - started)


@pytest.fixture
def service(tmp_path: Path) -> LocalService:
    return LocalService(tmp_path)


@contextmanager
def running_worker(service: LocalService, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    process = service.start("worker", **more)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(20)


def worker_status(service: LocalService) -> dict[str, object]:
    path = service.var / STATUS_FILE_NAME
    return msgspec.json.decode(path.read_bytes(), type=dict[str, object]) if path.exists() else {}


def count_entries(service: LocalService) -> int:
    try:
        return int(str(service.query("SELECT count(*) FROM entries")[0][0]))
    except Exception:  # noqa: BLE001 -- the store is being created
        return -1


def report(text: str) -> None:
    """Print a measurement for the person who runs this."""
    os.write(2, f"\n    {text}\n".encode())


def test_random_kills_while_dumps_arrive_lose_double_and_tear_nothing(service: LocalService) -> None:
    kills, dumps, chance = max(3, int(200 * SHARE)), max(100, int(10_000 * SHARE)), random.Random(1)
    service.add_dump("0.md", sample_dump(0))
    assert service.run("ingest").exit_code == 0

    def write_dumps() -> None:
        for number in range(1, dumps):
            service.add_dump(f"{number % 7}/{number}.md", sample_dump(number))
            time.sleep(0.002)

    writer = threading.Thread(target=write_dumps)
    with Reader(service) as reader:
        writer.start()
        for _ in range(kills):
            process = service.start("worker")
            time.sleep(chance.uniform(0.2, 4))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        writer.join()
        with running_worker(service):
            wait_until(lambda: count_entries(service) >= dumps, 1800)
            wait_until(lambda: service.find_problems() == [], 60)
    assert count_entries(service) == dumps
    assert reader.broken == []
    report(f"{kills} kills, {dumps} dumps, {reader.reads} reads, none broken")


@needs_root
def test_an_overflowing_queue_of_256_events_loses_no_dump(service: LocalService) -> None:
    before, dumps = QUEUE.read_text(), max(2000, int(20_000 * SHARE))
    staging = service.home / "staging"
    staging.mkdir()
    for number in range(dumps):
        (staging / f"{number}.md").write_bytes(sample_dump(number))
    QUEUE.write_text("256")
    try:
        with running_worker(service):
            wait_until(lambda: worker_status(service).get("state") == "ingesting", 60)
            started = time.monotonic()
            staging.rename(service.dumps / "at once")
            for number in range(dumps, dumps + 500):
                (service.dumps / f"{number}.md").write_bytes(sample_dump(number))
            wait_until(
                lambda: (
                    count_entries(service) >= 0
                    and worker_status(service).get("waiting") == 0
                    and count_entries(service) > dumps
                ),
                1800,
            )
            report(f"{dumps} files with a queue of 256: all ingested after {time.monotonic() - started:.0f} s")
            wait_until(lambda: count_entries(service) == dumps + 500, 30)
    finally:
        QUEUE.write_text(before)
    assert service.find_problems() == []


@needs_root
def test_without_inotify_watches_folders_are_polled_and_status_says_so(service: LocalService) -> None:
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    before = limit.read_text()
    for number in range(40):
        (service.dumps / str(number)).mkdir()
    limit.write_text("1")
    try:
        with running_worker(service):
            wait_until(lambda: worker_status(service).get("state") == "ingesting", 60)
            service.add_dump("39/1.md", sample_dump(1))
            took = wait_until(lambda: count_entries(service) == 1, 60)
            service.add_dump("38/2.md", sample_dump(2))  # the first moments of a watch do not count
            wait_until(lambda: "polled" in str(worker_status(service)["problems"]), 30)
            report(f"without watches: ingested after {took:.1f} s; {worker_status(service)['problems']}")
    finally:
        limit.write_text(before)


@needs_root
def test_a_full_disk_keeps_old_documents_whole_and_publishing_resumes_with_space(service: LocalService) -> None:
    service.feeds.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(service.feeds)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        for number in range(3):
            service.add_dump(f"{number}.md", sample_dump(number))
        assert service.run("ingest").exit_code == 0
        with Reader(service) as reader, running_worker(service):
            for number in range(3, 80):
                service.add_dump(f"{number}.md", sample_dump(number, text="样本正文。" * 330))
            wait_until(lambda: "feeds" in str(worker_status(service).get("problems")), 120)
            assert count_entries(service) == 80
            report(f"full: {worker_status(service)['problems']}")
            subprocess.run(["mount", "-o", "remount,size=20m", str(service.feeds)], check=True)
            took = wait_until(lambda: worker_status(service).get("problems") == {}, 60)
            time.sleep(3)
            assert service.find_problems() == []
        assert reader.broken == []
        report(f"{reader.reads} reads, none broken; recovered {took:.1f} s after there was space")
    finally:
        subprocess.run(["umount", str(service.feeds)], check=False)


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_after_a_minute_without_its_database_the_worker_resumes(how: str, tmp_path: Path) -> None:
    away = max(8.0, 60 * SHARE)
    with run_postgres() as server:
        url = server.make_database()
        service = LocalService(tmp_path)
        service.add_dump("0.md", sample_dump(0))
        done = service.run("ingest", DATABASE_URL=url)
        assert done.exit_code == 0, done.stderr
        with Reader(service) as reader, running_worker(service, DATABASE_URL=url):
            wait_until(lambda: worker_status(service).get("state") == "ingesting", 60)
            processes = [int(str(pid)) for (pid,) in server.run("SELECT pid FROM pg_stat_activity")] + [server.pid]
            restart = _prepare_restart(server.pid)
            for pid in processes if how == "hanging" else [server.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP if how == "hanging" else signal.SIGQUIT)
            service.add_dump("1.md", sample_dump(1))
            time.sleep(away)
            for pid in processes if how == "hanging" else ():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            restarted = restart() if how == "stopped" else None
            took = wait_until(lambda: len(service.ids()) == 2, 60)
            if restarted:
                restarted.send_signal(signal.SIGINT)  # a fast shutdown: SIGTERM waits for clients
                restarted.wait(20)
        assert reader.broken == []
        report(f"{how} for {away:.0f} s: {reader.reads} reads, none broken; the dump was ingested {took:.1f} s after")


def _prepare_restart(pid: int) -> Callable[[], subprocess.Popen[bytes]]:
    """A function that starts a process again, as the user it runs as now."""
    folder = Path(f"/proc/{pid}")
    command = folder.joinpath("cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    owner = folder.stat()

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, user=owner.st_uid, group=owner.st_gid, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    return start


def test_a_hundred_thousand_dumps_take_bounded_memory_while_requests_are_answered(service: LocalService) -> None:
    dumps = max(2000, int(100_000 * SHARE))
    for number in range(dumps):
        folder = service.dumps / str(number % 100)
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.md").write_bytes(sample_dump(number))
    service.feeds.mkdir()
    port = "8790"
    address = f"http://127.0.0.1:{port}/feeds/all.atom"
    started = time.monotonic()
    process = service.start("serve", "--host", "127.0.0.1", PORT=port)
    delays: list[float] = []
    peak = 0
    try:
        while count_entries(service) < dumps:
            assert time.monotonic() - started < 7200
            requested = time.monotonic()
            with suppress(OSError), urllib.request.urlopen(address, timeout=10) as answer:
                answer.read()
                delays.append(time.monotonic() - requested)
            peak = max(peak, _group_memory(process.pid))
            time.sleep(max(0.0, 0.2 - (time.monotonic() - requested)))
        took = time.monotonic() - started
        service.add_dump("one more.md", sample_dump(dumps + 1, at=int(time.time())))
        link = f"https://sample.example.org/{dumps + 1}".encode()
        more = wait_until(lambda: link in (service.feeds / "all.json").read_bytes(), 120)
    finally:
        process.terminate()
        process.wait(20)
    report(f"{dumps} dumps in {took:.0f} s, all processes {peak >> 20} MB at most")
    if len(delays) > 20:
        p99 = statistics.quantiles(delays, n=100)[-1]
        median = statistics.median(delays) * 1000
        report(f"{len(delays)} polls, median {median:.1f} ms, p99 {p99 * 1000:.0f} ms; one more dump: {more:.1f} s")
    assert peak < 2_000_000_000


def _group_memory(group: int) -> int:
    """Resident bytes of a process group; shared pages count once for each process."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            if os.getpgid(int(folder.name)) == group:
                total += int((folder / "statm").read_text().split()[1]) * 4096
    return total


def test_a_store_with_zeroed_pages_is_rebuilt_while_documents_are_served(service: LocalService) -> None:
    for number in range(300):
        service.add_dump(f"{number}.md", sample_dump(number))
    assert service.run("ingest").exit_code == 0
    with Reader(service) as reader, running_worker(service):
        wait_until(lambda: worker_status(service).get("state") == "ingesting", 60)
        with service.store.open("r+b") as file:
            file.seek(4096 * 3)
            file.write(bytes(4096 * 20))
        took = wait_until(lambda: list(service.var.glob("*.damaged-*")) and service.find_problems() == [], 120)
    assert reader.broken == []
    report(f"a zeroed store: rebuilt in {took:.1f} s; {reader.reads} reads, none broken")

"""A full disk, or a folder that may not be written to: every poll is answered, and new dumps come when it is over."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from helpers.processes import free_port, wait_until
from helpers.service_fixture import LocalService, sample_dump

needs_mounts = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounts small file systems, which needs root on Linux"
)
long = partial(pytest.param, marks=pytest.mark.torture)
SIZE = 24_000_000


@dataclass
class Pollers:
    """Clients that poll every document, half of them conditionally."""

    port: int
    clients: int
    statuses: Counter[int | str] = field(default_factory=Counter)
    stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._poll, args=(number,)) for number in range(self.clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopped.set()
            for thread in threads:
                thread.join(30)

    def _poll(self, number: int) -> None:
        path = ("/feeds/all.atom", "/feeds/all.rss", "/feeds/all.json", "/feeds/topic/sample.atom")[number % 4]
        headers = {"If-None-Match": "*"} if number % 2 else {}
        while not self.stopped.wait(0.05):
            try:
                self.statuses[request(self.port, path, headers)] += 1
            except (OSError, http.client.HTTPException) as error:
                self.statuses[repr(error)] += 1


def request(port: int, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A small file system at a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("this machine mounts nothing")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Mount a folder over itself, without the right to write."""
    prepared = folder.with_name(f"{folder.name}-read-only")
    prepared.mkdir()
    if subprocess.run(["mount", "--bind", str(folder), str(prepared)], check=False).returncode:
        pytest.skip("this machine mounts nothing")
    subprocess.run(["mount", "-o", "remount,bind,ro", str(prepared)], check=True)
    subprocess.run(["mount", "--bind", str(prepared), str(folder)], check=True)
    try:
        yield
    finally:
        for mounted in (folder, prepared):
            subprocess.run(["umount", "-l", str(mounted)], check=True)


@contextmanager
def served(service: LocalService) -> Iterator[int]:
    """The service with its worker, once it has published two dumps."""
    for number in range(2):
        service.add_dump(f"{number}.md", sample_dump(number))
    port = free_port()
    process = service.start("serve", "--host", "127.0.0.1", log=service.home.parent / "log", PORT=str(port))
    try:
        wait_until(lambda: len(service.ids("topic/sample")) == 2)
        wait_until(lambda: is_answering(port))
        yield port
    finally:
        process.terminate()
        assert process.wait(60) == 0


def is_answering(port: int) -> bool:
    with suppress(OSError):
        return request(port, "/feeds/all.atom", {}) == 200
    return False


def fill(folder: Path) -> Path:
    """Fill the file system of a folder to the last byte; returns the file that does it."""
    file = folder / "filling"
    with file.open("ab", buffering=0) as filling, suppress(OSError):
        for size in (100_000, 4096, 1):
            with suppress(OSError):
                while True:
                    filling.write(b"x" * size)
    return file


def keep_full(folder: Path, seconds: float) -> None:
    """Fill the file system again and again, because the service frees a little."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fill(folder)
        time.sleep(0.2)


def check_full_disk(service: LocalService, full: Path, clients: int, seconds: float) -> None:
    with served(service) as port:
        pollers = Pollers(port, clients)
        with pollers.running():
            time.sleep(0.3)
            filling = fill(full)
            if service.dumps.is_relative_to(full):
                with suppress(OSError):
                    service.add_dump("2.md", sample_dump(2))
            else:
                service.add_dump("2.md", sample_dump(2))
            keep_full(full, seconds)
            filling.unlink()
            service.add_dump("3.md", sample_dump(3))
            service.add_dump("2.md", sample_dump(2))
            recovered = wait_until(lambda: len(service.ids()) == 4, 20, (service.home.parent / "log").read_text)
        assert set(pollers.statuses) == {200, 304}, pollers.statuses
        assert recovered < 5
        assert service.find_problems() == []


@pytest.mark.slow
@needs_mounts
@pytest.mark.parametrize("folder", ["", long("var"), long("feeds")])
def test_a_full_disk_ends_no_poll(folder: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with small_disk(home / folder):
        check_full_disk(LocalService(home), home / folder, clients=4, seconds=2)


@needs_mounts
@pytest.mark.torture
def test_one_full_file_system_for_a_minute_ends_no_poll_of_twenty_clients(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with small_disk(home):
        check_full_disk(LocalService(home), home, clients=20, seconds=60)


@pytest.mark.slow
@needs_mounts
@pytest.mark.parametrize(
    "folder",
    ["var", pytest.param("feeds", marks=pytest.mark.torture), pytest.param("dumps", marks=pytest.mark.torture)],
)
def test_a_folder_that_becomes_read_only_ends_no_poll(folder: str, tmp_path: Path) -> None:
    service = LocalService(tmp_path / "home")
    with served(service) as port:
        pollers = Pollers(port, 4)
        with pollers.running():
            with read_only(service.home / folder):
                time.sleep(1)
            service.add_dump("3.md", sample_dump(3))
            wait_until(lambda: len(service.ids()) == 3, 10, (tmp_path / "log").read_text)
        assert set(pollers.statuses) == {200, 304}, pollers.statuses


@pytest.mark.slow
@needs_mounts
def test_a_server_starts_with_folders_that_cannot_be_written_and_says_so(tmp_path: Path) -> None:
    service = LocalService(tmp_path / "home")
    service.add_dump("1.md", sample_dump(1))
    assert service.run("ingest").exit_code == 0
    port, log = free_port(), tmp_path / "log"
    with read_only(service.home):
        process = service.start("serve", "--host", "127.0.0.1", log=log, PORT=str(port))
        try:
            wait_until(lambda: is_answering(port), 30, log.read_text)
            assert request(port, "/metrics", {}) == 200
            assert request(port, "/", {}) == 200
        finally:
            process.terminate()
            assert process.wait(60) == 0
    text = log.read_text()
    assert f"{service.var}: not writable (Read-only file system)" in text
    assert f"{service.feeds}: not writable (Read-only file system)" in text

"""The Procfile as a platform runs it: web and worker apart, on machines that share nothing but a PostgreSQL."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from helpers.processes import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


class Machine:
    """A folder as the disk of a machine, and the processes that honcho runs on it."""

    def __init__(self, folder: Path, url: str, processes: str) -> None:
        self.dumps, self.feeds, self.log = folder / "dumps", folder / "feeds", folder / "log"
        self.dumps.mkdir(parents=True)
        self.port = free_ports()
        refeed = folder / "bin" / "refeed"
        refeed.parent.mkdir()
        refeed.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m refeed "$@"\n')
        refeed.chmod(0o755)
        self._environ = os.environ | {
            "PATH": f"{refeed.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "DATABASE_URL": url,
            "BASE_URL": "https://feeds.example.org",
            "REFEED_CONFIG": str(ROOT / "config.yaml"),
            "REFEED_DUMPS": str(self.dumps),
            "REFEED_FEEDS": str(self.feeds),
            "REFEED_VAR": str(folder / "var"),
        }
        self._command = [sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile"), "-d", str(folder)]
        self._command += ["start", "--no-colour", "-p", str(self.port), "-c", processes]
        self.start()

    def start(self) -> None:
        """Start all processes."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environ, stdout=log, stderr=log)

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Send a request to the web process."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=10) as response:
                return response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
        except OSError:
            return 0, {}, b""

    def has(self, text: str) -> bool:
        """Whether a text is in the feed `all`."""
        return text.encode() in self.get("feeds/all.json")[2]

    def pid(self, process: str) -> int:
        """The pid of a process, by its name in honcho's log."""
        found = re.findall(rf"system\s+\| {re.escape(process)} started \(pid=(\d+)\)", self.log.read_text())
        return int(found[-1])

    def stop(self) -> None:
        """End all processes, as a platform does."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def free_ports() -> int:
    """A port with free ports above it, which honcho counts up from it."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < 60_000 and all(is_free(port + more) for more in (1, 100)):
            return port


def is_free(port: int) -> bool:
    """Whether no process listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def write_sample(machine: Machine, number: int) -> str:
    """Write a sample dump; returns its title."""
    title = f"样稿第{number}篇"
    body = "<p>这是一篇用来测试的样稿，不是任何媒体的报道。联合国气候变化大会讨论了碳排放与可再生能源。</p>" * 3
    text = (
        f"<!--{1_700_000_000 + number}000-->\n[{title}：气候](https://sample.example.net/{number})\n------\n\n{body}\n"
    )
    temporary = machine.dumps / f".{number}"
    temporary.write_text(text, "utf-8")
    temporary.rename(machine.dumps / f"{number}.txt")
    return title


@pytest.fixture
def machines(postgres_url: str, tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    """One with a web process and the worker, one with only a web process."""
    pytest.importorskip("honcho")
    first = Machine(tmp_path / "first", postgres_url, "web=1,worker=1")
    second = Machine(tmp_path / "second", postgres_url, "web=1,worker=0")
    yield first, second
    for machine in (first, second):
        machine.stop()
    for machine in (first, second):
        ended = re.findall(
            r"(\w+\.\d) +stopped \(rc=(-?\d+)\)", machine.log.read_text().rpartition("SIGTERM received")[2]
        )
        # A platform ends every process: a web server may call the end of its own processes unexpected.
        wrong = [(name, code) for name, code in ended if code not in (("0",) if "worker" in name else ("0", "1"))]
        assert wrong == [], machine.log.read_text()[-3000:]


def test_machines_that_share_a_store_serve_the_same_documents(machines: tuple[Machine, Machine]) -> None:
    first, second = machines

    def wait_until_served(title: str) -> None:
        wait_until(lambda: first.has(title) and second.has(title), 120)

    wait_until_served(write_sample(first, 1))
    wait_until(lambda: is_worker_leader(first), 120)

    wait_until_served(write_sample(first, 2))
    wait_until(lambda: not difference(first, second), 120, lambda: difference(first, second))
    # The machine without a worker knows the leader from the store.
    wait_until(lambda: b"refeed_last_ingest_timestamp_seconds 1." in second.get("metrics")[2], 120)

    other_title = write_sample(second, 50)  # the folder of a web machine is not read while there is a worker
    os.kill(first.pid("worker.1"), signal.SIGKILL)
    wait_until(lambda: second.has(other_title), 120)
    first.process.wait(60)  # honcho ends with its first process, as a platform restarts a machine

    first.start()
    wait_until_served(write_sample(first, 9))
    wait_until(lambda: is_worker_leader(first), 120)
    wait_until(lambda: not difference(first, second), 120, lambda: difference(first, second))


def is_worker_leader(machine: Machine) -> bool:
    """Whether the log names the worker as the last process that became the leader."""
    last = [line for line in machine.log.read_text().splitlines() if "ingesting from" in line][-1:]
    return bool(last) and "worker.1" in last[0]


def difference(first: Machine, second: Machine) -> str:
    """The first document whose bytes, ETag or date are not the same everywhere; empty if there is none."""
    documents = [path for path in first.feeds.rglob("*.*") if path.suffix in (".atom", ".rss", ".json", ".xml")]
    for path in (path.relative_to(first.feeds) for path in documents if path.name[0] != "."):
        answers = [machine.get(f"feeds/{path}") for machine in (first, second)]
        facts = [(status, h.get("etag"), h.get("last-modified"), crc32(body)) for status, h, body in answers]
        if len(set(facts)) > 1 or facts[0][0] != 200:
            return f"feeds/{path} is {facts}"
    return ""

"""The Procfile as a platform runs it: web and worker apart, on machines that share nothing but a PostgreSQL."""

from __future__ import annotations

import logging
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

import pytest

from helpers.processes import wait_until

ROOT = Path(__file__).parents[2]


class Machine:
    """A folder that stands for a disk, and what honcho runs on it."""

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
        """Start everything."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environ, stdout=log, stderr=log)

    def get(self, path: str, number: int = 0) -> tuple[int, dict[str, str], bytes]:
        """Ask the `number`th web process."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port + number}/{path}", timeout=10) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
        except OSError:
            return 0, {}, b""

    def has(self, text: str, number: int = 0) -> bool:
        """Whether a text is in the feed of everything."""
        return text.encode() in self.get("feeds/all.json", number)[2]

    def pid(self, process: str) -> int:
        """Of a process by its name in honcho's log."""
        found = re.findall(rf"system\s+\| {re.escape(process)} started \(pid=(\d+)\)", self.log.read_text())
        return int(found[-1])

    def stop(self) -> None:
        """As a platform does."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def free_ports() -> int:
    """A port with free ones above it, for as many web processes as a test runs."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < 60_000 and all(is_free(port + more) for more in (1, 2, 100, 101)):
            return port


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def drop(machine: Machine, number: int) -> str:
    """A sample dump; its title."""
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
    """One with two web processes and the worker, one with a web process alone."""
    pytest.importorskip("honcho")
    first = Machine(tmp_path / "first", postgres_url, "web=2,worker=1")
    second = Machine(tmp_path / "second", postgres_url, "web=1,worker=0")
    yield first, second
    for machine in (first, second):
        machine.stop()
    for machine in (first, second):
        ended = re.findall(
            r"(\w+\.\d) +stopped \(rc=(-?\d+)\)", machine.log.read_text().rpartition("SIGTERM received")[2]
        )
        # A platform asks every process to end: a web server may call that of its own workers unexpected.
        wrong = [(name, code) for name, code in ended if code not in (("0",) if "worker" in name else ("0", "1"))]
        assert wrong == [], machine.log.read_text()[-3000:]


def test_machines_that_share_a_store_serve_the_same_documents(machines: tuple[Machine, Machine]) -> None:
    first, second = machines
    title = drop(first, 1)
    wait_until(lambda: first.has(title) and first.has(title, 1) and second.has(title), 90)
    wait_until(lambda: "the worker ingests" in ingests(first), 60)

    took = []
    for number in range(2, 5):
        title = drop(first, number)
        took.append(wait_until(lambda t=title: first.has(t) and first.has(t, 1) and second.has(t), 60))
    logging.getLogger("deploy").info(
        "seconds from the worker's folder to three web processes on two machines: %s", took
    )
    assert min(took) < 10

    wait_until(lambda: same(first, second), 60)

    stranger = drop(second, 50)  # a web machine's own folder is nobody's while there is a worker
    os.kill(first.pid("worker.1"), signal.SIGKILL)
    took = [wait_until(lambda: second.has(stranger), 30)]
    logging.getLogger("deploy").info("seconds until another took over: %s", took)
    first.process.wait(30)  # honcho ends with the first of its processes, as a platform restarts a machine

    first.start()
    title = drop(first, 9)
    took = [wait_until(lambda: first.has(title) and first.has(title, 1) and second.has(title), 60)]
    logging.getLogger("deploy").info(
        "seconds from the replacement's start until its folder was served everywhere: %s", took
    )
    assert "the worker ingests" in ingests(first)
    wait_until(lambda: same(first, second), 60)


def ingests(machine: Machine) -> str:
    """What the log says of who ingests."""
    last = [line for line in machine.log.read_text().splitlines() if "ingesting from" in line][-1:]
    return "the worker ingests" if last and "worker.1" in last[0] else "".join(last)


def same(first: Machine, second: Machine) -> bool:
    """Whether bytes, tags and dates of all documents are equal everywhere."""
    documents = [path for path in first.feeds.rglob("*.*") if path.suffix in (".atom", ".rss", ".json", ".xml")]
    for path in (path.relative_to(first.feeds) for path in documents if path.name[0] != "."):
        answers = [first.get(f"feeds/{path}"), first.get(f"feeds/{path}", 1), second.get(f"feeds/{path}")]
        facts = {(status, h.get("etag"), h.get("last-modified"), body) for status, h, body in answers}
        if len(facts) > 1 or answers[0][0] != 200:
            return False
    return True

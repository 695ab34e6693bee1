"""Run refeed and the baseline as processes in their own folders; measure their time and memory."""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SAMPLE_INTERVAL = 0.5
"""Seconds between two samples of memory."""


@dataclass(frozen=True)
class Workspace:
    """The dumps, the store and the documents of one measurement."""

    folder: Path
    dumps: Path
    config: Path = ROOT / "config.yaml"
    port: int = field(default=0)

    def environment(self) -> dict[str, str]:
        """The environment that makes refeed use this workspace."""
        # Compiled modules are used: without them each process would compile everything that it imports.
        dropped = ("REFEED_", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return kept | {
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            "REFEED_CONFIG": str(self.config),
            "REFEED_DUMPS": str(self.dumps),
            "REFEED_FEEDS": str(self.folder / "feeds"),
            "DATABASE_URL": f"sqlite:///{self.folder / 'refeed.db'}",
            "BASE_URL": "http://bench.example",
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",
        }


@dataclass
class Usage:
    """Seconds, processor seconds and memory of a run and its children."""

    seconds: float = 0.0
    processor_seconds: float = 0.0
    memory_samples: list[int] = field(default_factory=list)
    """Bytes, twice a second."""


def run(arguments: list[str], workspace: Workspace) -> Usage:
    """Run `python -m ARGUMENTS` to its end. It must print the seconds it took without its own start.

    Raises RuntimeError when it fails.
    """
    usage = Usage()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=workspace.environment(),
        cwd=workspace.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None:
        usage.memory_samples.append(memory(process.pid))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_SAMPLE_INTERVAL)
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: status {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    usage.seconds = float(output.split()[0])
    usage.processor_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return usage


@contextlib.contextmanager
def run_server(workspace: Workspace) -> Iterator[Server]:
    """Run `refeed serve` with its worker until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    workspace = Workspace(workspace.folder, workspace.dumps, workspace.config, port)
    log = (workspace.folder / "serve.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "refeed", "serve", "--host", "127.0.0.1"],
        env=workspace.environment(), cwd=workspace.folder, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        yield Server(process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


class Server:
    """A running server and a persistent connection to it."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def request(self, path: str) -> tuple[int, str]:
        """Status and ETag of a HEAD request; (0, "") while the server does not answer."""
        try:
            self._connection.request("HEAD", path)
            response = self._connection.getresponse()
            response.read()
            return response.status, response.getheader("ETag") or ""
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, ""

    def wait_for(
        self, path: str, *, seconds: float = 600, other_than: str = "", pause: float = 0.002
    ) -> tuple[float, str]:
        """Seconds until a document is there, with another ETag than `other_than`, and its ETag. Raises TimeoutError."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            status, tag = self.request(path)
            if status == 200 and tag != other_than:
                return time.monotonic() - began, tag
            time.sleep(pause)
        raise TimeoutError(f"{path} was not served within {seconds:.0f} s")

    def memory(self, kind: str = "Pss") -> int:
        return memory(self.pid, kind)


def memory(pid: int, kind: str = "Pss") -> int:
    """Bytes of a process and its descendants: PSS counts a page that three processes share as a third for each."""
    total = 0
    for member in process_tree(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
            total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))
    return total


def process_tree(pid: int) -> list[int]:
    """The ids of a process and its descendants."""
    pids = [pid]
    for member in pids:  # the list grows meanwhile
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{member}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
    return pids

"""refeed and the yardstick as processes of their own, in folders of their own: started, watched, ended."""

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
_LOOK = 0.5
"""Seconds between looks at the memory of what runs."""


@dataclass(frozen=True)
class Place:
    """Where one measurement has its dumps, its store and its documents."""

    folder: Path
    dumps: Path
    config: Path = ROOT / "config.yaml"
    port: int = field(default=0)

    def environment(self) -> dict[str, str]:
        """What tells refeed of it; nothing else of ours."""
        # Without compiled modules, which pip and ./run leave, each process would compile all it imports at its start.
        odd = ("REFEED_", "PYTHONDONTWRITEBYTECODE")
        ours = {name: value for name, value in os.environ.items() if not name.startswith(odd)}
        return ours | {
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
class Watched:
    """What a run took of time, of all processors' time, and of memory, with its children."""

    seconds: float = 0.0
    processor: float = 0.0
    course: list[int] = field(default_factory=list)
    """Its memory, twice a second."""


def run(arguments: list[str], place: Place) -> Watched:
    """Run `python -m ARGUMENTS` to its end. It says how many seconds it took beside its own start.

    Raises RuntimeError when it fails.
    """
    watched = Watched()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], env=place.environment(), cwd=place.folder, stdout=subprocess.PIPE, text=True
    )
    while process.poll() is None:
        watched.course.append(memory(process.pid))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK)
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: status {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    watched.seconds = float(said.split()[0])
    watched.processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return watched


@contextlib.contextmanager
def serving(place: Place) -> Iterator[Server]:
    """`refeed serve`, with the movers, for as long as it is needed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = Place(place.folder, place.dumps, place.config, port)
    log = (place.folder / "serve.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "refeed", "serve", "--host", "127.0.0.1"],
        env=place.environment(), cwd=place.folder, stdout=log, stderr=log,
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
    """One that runs, and a connection to it that stays open."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, path: str) -> tuple[int, str]:
        """Status and ETag; (0, "") while nobody listens."""
        try:
            self._connection.request("HEAD", path)
            response = self._connection.getresponse()
            response.read()
            return response.status, response.getheader("ETag") or ""
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, ""

    def wait(self, path: str, *, seconds: float = 600, other_than: str = "", pause: float = 0.002) -> tuple[float, str]:
        """Seconds until a document is there, or is another one, and its ETag. Raises TimeoutError."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            status, tag = self.ask(path)
            if status == 200 and tag != other_than:
                return time.monotonic() - began, tag
            time.sleep(pause)
        raise TimeoutError(f"{path} did not come within {seconds:.0f} s")

    def memory(self, kind: str = "Pss") -> int:
        return memory(self.pid, kind)


def memory(pid: int, kind: str = "Pss") -> int:
    """Bytes of a process and its descendants: PSS, in which a page that three share counts a third for each."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))
    return total


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found

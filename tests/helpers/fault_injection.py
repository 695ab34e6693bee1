"""Ingest and publish with an error or a kill at the N-th system call, for one N after the other; restart and check.

    python tests/helpers/fault_injection.py HOME kill|ENOSPC|EIO|EACCES|… [--first N] [--every N] [--most N] [--sticky]

Each round forks from a process that has imported everything, and attaches strace to the fork, so a round does not start
an interpreter. The last line of the output has the number of rounds and of failures.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "src")]

from helpers.service_fixture import LocalService, sample_dump  # noqa: E402
from refeed.config.load import load_settings  # noqa: E402
from refeed.errors import ConfigError, PublishError, StoreError  # noqa: E402
from refeed.ingest.pipeline import Pipeline  # noqa: E402
from refeed.render import checksum  # noqa: E402

CALLS = (
    "openat,read,pread64,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,ftruncate,"
    "mkdir,newfstatat,flock,getdents64"
)
DUMPS = 12
EDITED = sample_dump(0, text="这篇样本的正文改过了。", at=1_700_000_100)


def prepare(home: Path) -> LocalService:
    """Ingest half of the dumps, so that a round both writes new documents and changes old ones."""
    half = LocalService(home / "service")
    for number in range(DUMPS // 2):
        half.add_dump(f"{number}.md", sample_dump(number))
    assert in_fork(lambda: work(half)) == 0
    shutil.copytree(half.home, home / "half")
    for number in range(DUMPS // 2, DUMPS):
        half.add_dump(f"{number}.md", sample_dump(number))
    half.add_dump("0.md", EDITED)
    return half


def work(service: LocalService) -> int:
    """Do what `refeed ingest` does, in this process."""
    settings = load_settings({"REFEED_CONFIG": str(service.home / "config.yaml")})
    pipeline = Pipeline.open(settings)
    try:
        pipeline.ingest()
    finally:
        pipeline.close()
    return 0


def warm_up(service: LocalService) -> None:
    """Import what `work` imports on its way, so that faults hit only our work with files. It starts threads, which a
    fork does not inherit, so a fork does the work and lists what it imported."""
    service.add_dump("0.md", sample_dump(0))
    listing = service.home / "modules"
    assert in_fork(lambda: work(service) or listing.write_text("\n".join(sys.modules)) * 0) == 0
    for name in listing.read_text().splitlines():
        with suppress(ImportError):
            importlib.import_module(name)


def in_fork(what: Callable[[], int], before: Callable[[int], None] | None = None) -> int:
    """Call `what` in a fork, after `before(pid)`. Returns the exit status, negative for a signal."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        select.select([reader], [], [])  # a call without injected faults
        code = 70
        try:
            code = what()
        except (StoreError, PublishError, OSError, MemoryError):
            code = 1  # as commands do; a worker waits and retries
        except ConfigError:
            code = 2
        except BaseException:  # noqa: BLE001 -- nothing in a fork handles it
            traceback.print_exc()
        os._exit(code)
    os.close(reader)
    if before:
        before(pid)
    os.close(writer)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def under_fault(service: LocalService, fault: str, number: int, *, sticky: bool) -> tuple[int, bool]:
    """Run `work` with a fault at the given call. Returns its exit status and whether it got as far as that call."""
    log = service.home.parent / "strace.log"
    log.unlink(missing_ok=True)
    what = "signal=SIGKILL" if fault == "kill" else f"error={fault}"
    inject = f"inject={CALLS}:{what}:when={number}{'+' if sticky else ''}"
    tracer: list[subprocess.Popen[bytes]] = []

    def attach(pid: int) -> None:
        command = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={CALLS}", "-e", inject, "-p", str(pid)]
        tracer.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        while "TracerPid:\t0" in Path(f"/proc/{pid}/status").read_text():
            assert tracer[0].poll() is None, "strace could not attach"
            time.sleep(0.002)

    code = in_fork(lambda: work(service), attach)
    tracer[0].wait(10)
    text = log.read_text(errors="replace")
    return code, "INJECTED" in text or "killed by SIGKILL" in text


def check(service: LocalService, expected: dict[str, bytes]) -> list[str]:
    """Problems right after the fault, and after a restart."""
    problems = [
        f"{name} is torn" for name, data in service.documents().items() if checksum.verify_checksum(data) is None
    ]
    if code := in_fork(lambda: work(service)):
        return [*problems, f"the restart ended with {code}"]
    ours = service.documents()
    problems += [f"{name} differs" for name in expected.keys() | ours.keys() if expected.get(name) != ours.get(name)]
    if any((service.feeds / ".new").glob("*")):
        problems.append("a partly written file is left in .new")
    return problems + service.find_problems()


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("fault")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--sticky", action="store_true")
    options = parser.parse_args()
    warm_up(LocalService(options.home / "scratch"))
    service = prepare(options.home)
    fresh = options.home / "fresh"
    shutil.copytree(service.home, fresh)
    assert in_fork(lambda: work(service)) == 0
    expected = service.documents()
    failed: dict[int, list[str]] = {}
    rounds, number, reached = 0, options.first, True
    while reached and rounds < options.most:
        shutil.rmtree(service.home)
        shutil.copytree(fresh, service.home, copy_function=shutil.copy2)
        code, reached = under_fault(service, options.fault, number, sticky=options.sticky)
        rounds += 1
        problems = check(service, expected)
        if code not in (0, 1, 2, -9):
            problems.append(f"ended with {code}")
        if problems:
            failed[number] = problems
            sys.stdout.write(f"{options.fault} at {number}: {problems}\n")
            sys.stdout.flush()
        number += options.every
    sys.stdout.write(json.dumps({"rounds": rounds, "last": number - options.every, "failed": len(failed)}) + "\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())

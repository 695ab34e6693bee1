"""A worker that ends or hangs is started again, whatever supervises it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.processes import wait_until
from helpers.server_fixture import ROOT
from helpers.service_fixture import LocalService, sample_dump
from refeed.cli.worker_supervisor import WorkerSupervisor
from refeed.ingest.status_file import STATUS_FILE_NAME, read_status_file

pytestmark = pytest.mark.slow

START = "import os, time; open('starts', 'a').write(f'{os.getpid()} '); "
BEAT = f"import sys; sys.path.insert(0, '{ROOT / 'src'}'); from refeed.heartbeat import *; send_signs(0); "


@contextmanager
def supervised(folder: Path, script: str, silence: float) -> Iterator[WorkerSupervisor]:
    command = [sys.executable, "-c", f"import os; os.chdir({str(folder)!r}); {START}{script}"]
    supervisor = WorkerSupervisor(command=command, silence=silence)
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()


def starts(folder: Path) -> list[int]:
    file = folder / "starts"
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


def test_a_worker_in_an_endless_loop_is_killed_and_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path, f"{BEAT}\nwhile True: pass", 1.5):
        wait_until(lambda: len(starts(tmp_path)) == 2)


def test_a_worker_that_starts_slowly_gets_more_time_each_time(tmp_path: Path) -> None:
    script = f"{BEAT}\ntime.sleep(3); open('up', 'w')\nwhile True: beat(); time.sleep(0.1)"
    with supervised(tmp_path, script, 1):
        wait_until((tmp_path / "up").exists)
        assert len(starts(tmp_path)) > 1


def test_a_worker_that_gives_signs_is_left_alone(tmp_path: Path) -> None:
    with supervised(tmp_path, f"{BEAT}\nwhile True: beat(); time.sleep(0.1)", 2):
        time.sleep(4)
        assert len(starts(tmp_path)) == 1


def test_a_long_call_gives_signs_and_other_threads_give_none(tmp_path: Path) -> None:
    long = "with long_call(): time.sleep(3)\nopen('done', 'w')\n"
    other = "def other():\n while True: beat()\nimport threading; threading.Thread(target=other, daemon=True).start()\n"
    with supervised(tmp_path, f"{BEAT}\n{long}{other}time.sleep(60)", 2):
        wait_until(lambda: len(starts(tmp_path)) == 2)
    assert (tmp_path / "done").exists()


def test_a_stopped_worker_is_replaced_and_its_supervisor_ends_it(tmp_path: Path) -> None:
    with supervised(tmp_path, f"{BEAT}\nwhile True: beat(); time.sleep(0.1)", 1.5):
        wait_until(lambda: starts(tmp_path))
        os.kill(starts(tmp_path)[0], signal.SIGSTOP)
        wait_until(lambda: len(starts(tmp_path)) == 2)


def test_refeed_worker_replaces_its_child_and_ends_with_it(tmp_path: Path) -> None:
    service = LocalService(tmp_path)
    service.add_dump("1.md", sample_dump(1))
    process = service.start("worker")

    def child() -> int:
        status = read_status_file(service.var / STATUS_FILE_NAME)
        return status.get("process", 0) if status else 0

    try:
        wait_until(lambda: len(service.ids()) == 1)
        first = child()
        assert first != process.pid
        os.kill(first, signal.SIGKILL)
        service.add_dump("2.md", sample_dump(2))
        wait_until(lambda: len(service.ids()) == 2)
        assert child() != first
        os.kill(process.pid, signal.SIGHUP)
    finally:
        process.terminate()
        assert process.wait(60) == 0
    status = read_status_file(service.var / STATUS_FILE_NAME)
    assert status
    assert status["state"] == "stopped"

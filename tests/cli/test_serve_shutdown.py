"""`refeed serve` ends whole: with what it started, with the right status, and even when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from helpers.server_fixture import ROOT, prepare_site, run_site
from refeed.cli import supervisor as serving_module


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int, seconds: float = 60) -> bool:
    """Whether a process has ended, or is about to be reaped, within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_web_process_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=1)
    process = subprocess.Popen(
        [sys.executable, "-m", "refeed", "serve", "--host", "127.0.0.1", "--no-watch"],
        env=os.environ | environ | {"PYTHONPATH": str(ROOT / "src")},
        cwd=tmp_path,
    )
    try:
        end = time.monotonic() + 60
        while not children(process.pid) and time.monotonic() < end:
            time.sleep(0.1)
        (worker,) = children(process.pid)
    finally:
        process.kill()
        process.wait()
    assert gone(worker)
    with run_site(settings, environ, tmp_path) as site:  # its port is free
        assert site.get("/feeds/all.atom").status == 200


def test_a_signal_to_the_whole_process_group_is_no_failure(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=1)
    with run_site(settings, environ, tmp_path) as site:  # asserts that the status is 0
        for worker in children(site.pid):
            os.kill(worker, signal.SIGTERM)
        os.kill(site.pid, signal.SIGTERM)


def test_control_c_logs_no_error(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=1)
    with run_site(settings, environ, tmp_path) as site:
        os.kill(site.pid, signal.SIGINT)
        time.sleep(0.02)  # as late as a signal may come to the next process of a busy group
        for worker in children(site.pid):
            os.kill(worker, signal.SIGINT)
    assert "ERROR" not in site.log.read_text()


class Late(subprocess.Popen[bytes]):
    """As where a web process is forked at the same moment, and keeps the pipe open by which the start is told."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        time.sleep(1)


def test_movers_end_though_the_end_begins_before_their_start_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, environ = prepare_site(tmp_path, dumps=1)
    for name, value in (environ | {"PYTHONPATH": str(ROOT / "src")}).items():
        monkeypatch.setenv(name, value)
    started: list[Late] = []

    def start(*arguments: Any, **named: Any) -> Late:
        started.append(Late(*arguments, **named))
        return started[-1]

    monkeypatch.setattr(serving_module.subprocess, "Popen", start)
    movers = serving_module.WorkerSupervisor()
    movers.start()
    time.sleep(0.3)
    movers.stop()
    (process,) = started
    assert process.returncode not in (None, -signal.SIGKILL)

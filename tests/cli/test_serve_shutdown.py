"""`refeed serve` ends together with the processes that it started, with the right status, even when it is killed."""

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
from refeed.cli import worker_supervisor


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def has_ended(pid: int, seconds: float = 60) -> bool:
    """Whether a process ends in time (a zombie counts as ended)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_web_process_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=1)
    process = subprocess.Popen(
        [sys.executable, "-m", "refeed", "serve", "--host", "127.0.0.1", "--no-worker"],
        env=os.environ | environ | {"PYTHONPATH": str(ROOT / "src")},
        cwd=tmp_path,
    )
    try:
        end = time.monotonic() + 60
        while not children(process.pid) and time.monotonic() < end:
            time.sleep(0.1)
        (web_process,) = children(process.pid)
    finally:
        process.kill()
        process.wait()
    assert has_ended(web_process)
    with run_site(settings, environ, tmp_path) as site:  # the port is free again
        assert site.get("/feeds/all.atom").status == 200


@pytest.mark.slow
def test_a_signal_to_the_whole_process_group_ends_with_status_0(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=1)
    with run_site(settings, environ, tmp_path) as site:  # asserts that the status is 0
        for web_process in children(site.pid):
            os.kill(web_process, signal.SIGTERM)
        os.kill(site.pid, signal.SIGTERM)


@pytest.mark.slow
def test_control_c_logs_no_error(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=1)
    with run_site(settings, environ, tmp_path) as site:
        os.kill(site.pid, signal.SIGINT)
        time.sleep(0.02)  # on a busy machine a signal reaches the processes of a group one after the other
        for web_process in children(site.pid):
            os.kill(web_process, signal.SIGINT)
    assert "ERROR" not in site.log.read_text()
    assert f"Open {settings.site.base_url}/" in site.log.read_text()


class SlowPopen(subprocess.Popen[bytes]):
    """Returns late, as when a web process is forked at that moment and holds the pipe that reports the start."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        time.sleep(1)


def test_worker_ends_when_stop_is_requested_before_its_start_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, environ = prepare_site(tmp_path, dumps=1)
    for name, value in (environ | {"PYTHONPATH": str(ROOT / "src")}).items():
        monkeypatch.setenv(name, value)
    started: list[SlowPopen] = []

    def start(*args: Any, **kwargs: Any) -> SlowPopen:
        started.append(SlowPopen(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(worker_supervisor.subprocess, "Popen", start)
    worker = worker_supervisor.WorkerSupervisor()
    worker.start()
    time.sleep(0.3)
    worker.stop()
    (process,) = started
    assert process.returncode not in (None, -signal.SIGKILL)

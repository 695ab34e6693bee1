"""Restarts of the server: no request is cut."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from helpers.http_load import HttpLoad
from helpers.processes import wait_until
from helpers.server_fixture import ROOT, RunningSite, prepare_site, run_site

PATHS = ("/feeds/all.atom", "/feeds/topic/climate.json", "/feeds/all.rss?limit=3")


def restart(home: Path, times: int, limit: float = 60) -> Counter[str]:
    settings, environ = prepare_site(home, dumps=30)
    counts: Counter[str] = Counter()
    for number in range(times):
        with run_site(settings, environ, home) as site:
            load = HttpLoad(site.port, PATHS)
            load.start()
            time.sleep(0.3 + number % 7 * 0.03)
            start = time.monotonic()
        assert time.monotonic() - start < limit
        counts += load.stop()
    return counts


def test_a_restart_under_load_cuts_no_request(tmp_path: Path) -> None:
    counts = restart(tmp_path, 2)
    assert counts["answered"] > 0
    assert counts["cut"] == counts["unanswered"] == 0, counts


@pytest.mark.torture
def test_two_hundred_restarts_under_load_cut_no_request(tmp_path: Path) -> None:
    counts = restart(tmp_path, 200, limit=10)
    assert counts["cut"] == counts["unanswered"] == 0, counts


def test_a_killed_web_process_is_replaced(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=3)
    with run_site(settings, environ, tmp_path) as site:
        worker = int(Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()[0])
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: _answers(site), why=site.log.read_text)


def _answers(site: RunningSite) -> bool:
    try:
        return site.get("/feeds/all.atom").status == 200
    except OSError:
        return False


def test_half_open_requests_do_not_delay_others(site: RunningSite) -> None:
    half_open = []
    try:
        for _ in range(40):
            connection = socket.create_connection(("127.0.0.1", site.port))
            connection.sendall(b"GET /feeds/all.atom HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            half_open.append(connection)
        slowest = 0.0
        for _ in range(100):
            start = time.monotonic()
            assert site.get("/feeds/all.atom", If_None_Match="*").status == 304
            slowest = max(slowest, time.monotonic() - start)
        assert slowest < 1
    finally:
        for connection in half_open:
            connection.close()


def test_gunicorn_serves_the_same_application() -> None:
    pytest.importorskip("gunicorn", reason="gunicorn is the documented alternative, and is not installed here")
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", "app:app"], cwd=ROOT, capture_output=True, timeout=60
    )
    assert result.returncode == 0, result.stderr

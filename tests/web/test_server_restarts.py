"""Restarts and overload of the server: what is cut, and what still answers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from helpers.http_load import HttpLoad
from helpers.processes import free_port, wait_until
from helpers.server_fixture import ROOT, RunningSite, prepare_site, run_site

pytestmark = pytest.mark.slow

PATHS = ("/feeds/all.atom", "/feeds/topic/climate.json", "/feeds/all.rss?limit=3")
POLL = b"GET /feeds/all.atom HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n"


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


def test_a_restart_under_load_cuts_no_response(tmp_path: Path) -> None:
    counts = restart(tmp_path, 1)
    assert counts["answered"] > 0
    assert counts["cut"] == 0, counts


@pytest.mark.torture
def test_fifty_restarts_under_load_cut_no_response_and_refuse_few_connections(tmp_path: Path) -> None:
    counts = restart(tmp_path, 50, limit=10)
    assert counts["cut"] == 0, counts
    assert counts["unanswered"] <= 50, counts


@pytest.mark.torture
def test_a_reload_under_load_loses_no_request(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=3)
    with run_site(settings, environ, tmp_path) as site:
        load = HttpLoad(site.port, PATHS, clients=2)
        load.start()
        os.kill(site.pid, signal.SIGHUP)
        wait_until(lambda: "Stopped old worker" in site.log.read_text(), why=site.log.read_text)
        counts = load.stop()
    assert counts["answered"] > 0
    assert counts.keys() <= {"answered", "kept connection closed"}, counts


def test_web_processes_that_die_again_and_again_do_not_end_the_server(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=3)
    with run_site(settings, environ, tmp_path) as site:
        for _ in range(2):
            kill_web_process(site)
            wait_until(lambda: answers(site), why=site.log.read_text)
        assert "web server exited (status 1); restarting in 1 s" in site.log.read_text()


def kill_web_process(site: RunningSite) -> None:
    worker = int(Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()[0])
    os.kill(worker, signal.SIGKILL)


def answers(site: RunningSite) -> bool:
    try:
        return site.get("/feeds/all.atom").status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site that may be overloaded."""
    home = tmp_path_factory.mktemp("loaded")
    settings, environ = prepare_site(home, dumps=30)
    with run_site(settings, environ, home) as site:
        yield site


def test_idle_half_open_and_kept_connections_do_not_delay_others_and_are_closed(loaded: RunningSite) -> None:
    with ExitStack() as connections:
        opened = []
        for number in range(1200):
            connection = socket.create_connection(("127.0.0.1", loaded.port), timeout=10)
            connection.sendall((b"", POLL + b"X-Slow: ", POLL + b"\r\n")[number % 3])
            opened.append(connections.enter_context(connection))
        for _ in range(20):
            start = time.monotonic()
            assert loaded.get("/feeds/all.atom", If_None_Match="*").status == 304
            assert time.monotonic() - start < 2
        for connection in opened[-3:]:
            connection.settimeout(20)
            while connection.recv(65536):
                pass


def test_large_headers_are_refused_and_do_not_fill_the_memory(loaded: RunningSite) -> None:
    assert loaded.get("/feeds/all.atom", User_Agent="x" * 8_000).status == 200
    before = web_memory(loaded)
    refused = 0
    for number in range(300):
        request = POLL + f"User-Agent: {number}{'x' * 390_000}\r\nConnection: close\r\n\r\n".encode()
        try:
            refused += loaded.raw(request).startswith(b"HTTP/1.1 431")
        except OSError:  # closed while the client was still sending
            refused += 1
    assert refused == 300
    assert web_memory(loaded) - before < 20_000
    assert loaded.get("/feeds/all.atom").status == 200


def web_memory(site: RunningSite) -> int:
    """Resident kB of the web process."""
    child = Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()[0]
    return int(Path(f"/proc/{child}/status").read_text().partition("VmRSS:")[2].split()[0])


def test_documents_do_not_wait_for_slow_pages_and_too_many_pages_get_503(loaded: RunningSite) -> None:
    stopped = threading.Event()
    statuses: Counter[int] = Counter()

    def read_pages() -> None:
        while not stopped.is_set():
            statuses[loaded.get("/").status] += 1

    readers = [threading.Thread(target=read_pages) for _ in range(20)]
    for reader in readers:
        reader.start()
    try:
        waits = []
        for _ in range(100):
            start = time.monotonic()
            assert loaded.get("/feeds/all.atom", If_None_Match="*").status == 304
            assert loaded.get("/healthz").status == 200
            waits.append(time.monotonic() - start)
    finally:
        stopped.set()
        for reader in readers:
            reader.join(60)
    assert sorted(waits)[50] < 0.5
    assert set(statuses) == {200, 503}


def test_gunicorn_serves_the_same_application(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=3, PORT=str(free_port()))
    command = ["--worker-class", "gthread", "--threads", "9", "--bind", f"127.0.0.1:{settings.port}", "app:app"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *command],
            env=os.environ | environ | {"PYTHONPATH": str(ROOT / "src")},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    site = RunningSite(settings.port, settings, process.pid, tmp_path / "log")
    try:
        wait_until(lambda: answers(site), why=site.log.read_text)
        document = site.get("/feeds/all.atom", Accept_Encoding="br")
        assert document["content-encoding"] == "br"
        assert site.get("/feeds/all.atom", If_None_Match=document["etag"]).status == 304
        assert site.get("/feeds/all.atom", Range="bytes=0-9").status == 206
        assert site.get("/feeds/all.atom", method="HEAD").body == b""
        assert site.get("/feeds/all.atom?limit=2").status == 200
        assert site.get("/", Accept="text/html")["content-type"] == "text/html; charset=utf-8"
        assert site.get("/feeds/nothing.atom").status == 404
        assert site.get("/feeds/all.atom", method="FROB").status == 405
    finally:
        process.terminate()
        assert process.wait(60) == 0

"""`refeed serve` at its start: a log in one format, and a one-line error when it cannot listen."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers.processes import free_port
from helpers.server_fixture import ROOT, prepare_site
from refeed.cli.listen_address import claim_address
from refeed.errors import ConfigError


def serve(folder: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to fail at once."""
    _, site_environ = prepare_site(folder, dumps=1)
    return subprocess.run(
        [sys.executable, "-m", "refeed", "serve", "--no-worker", *options],
        env=os.environ | site_environ | {"PYTHONPATH": str(ROOT / "src")} | environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_a_port_in_use_gives_one_line_and_exit_status_2(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = serve(tmp_path, "--host", "127.0.0.1", PORT=str(port))
    assert ran.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use; PORT sets another port" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "panicked" not in ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel for the process")
@pytest.mark.parametrize(("first", "second"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "::1")])
def test_a_second_server_on_a_port_is_refused_with_the_process_that_has_it(first: str, second: str) -> None:
    if ":" in first and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    port = free_port()
    with claim_address(first, port), socket.socket(socket.AF_INET6 if ":" in first else socket.AF_INET) as web_process:
        web_process.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        web_process.bind((first, port))
        web_process.listen()
        with pytest.raises(ConfigError, match=f"port {port}: .* in use by refeed, process {os.getpid()}; PORT sets"):
            claim_address(second, port).__enter__()
    with claim_address(second, port):  # it is free again
        pass


def test_of_two_servers_that_start_at_the_same_moment_one_is_refused() -> None:
    port = free_port()
    with claim_address("127.0.0.1", port), pytest.raises(ConfigError, match="in use"):
        claim_address("127.0.0.1", port).__enter__()


def test_a_server_waits_for_one_that_is_being_stopped() -> None:
    port = free_port()
    with socket.socket() as web_process:
        web_process.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        web_process.bind(("127.0.0.1", port))
        web_process.listen()
        ending = threading.Timer(0.3, web_process.close)
        ending.start()
        with claim_address("127.0.0.1", port):
            assert ending.finished.is_set()


@pytest.mark.parametrize("host", ["localhost", "nowhere.example", "127.0.0.1:8000", ""])
def test_an_invalid_host_error_says_what_to_write(host: str) -> None:
    with pytest.raises(ConfigError, match=f"--host: must be an IP address, got {host!r}; use 127.0.0.1"):
        claim_address(host, 0).__enter__()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_addresses_of_this_machine_are_accepted(host: str) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with claim_address(host, 0):
        pass


@pytest.mark.slow
def test_every_line_of_a_json_log_is_json_including_those_of_the_server(tmp_path: Path) -> None:
    _, environ = prepare_site(tmp_path, dumps=1)
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "refeed", "serve", "--host", "127.0.0.1"],
            env=os.environ | environ | {"PYTHONPATH": str(ROOT / "src"), "REFEED_LOG": "json"},
            cwd=tmp_path,
            stdout=output,
            stderr=output,
        )
    try:
        end = time.monotonic() + 60
        while "Started worker" not in log.read_text() and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait(60)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    messages = " ".join(line["message"] for line in lines)
    assert "Started worker-1" in messages
    assert "Granian shutdown completed" in messages

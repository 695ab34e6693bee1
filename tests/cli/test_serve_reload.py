"""config.yaml changes while `refeed serve` runs: a valid one is loaded, a broken one is refused, requests go on."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.processes import wait_until
from helpers.server_fixture import ROOT, RunningSite, prepare_site, run_site
from refeed.cli.serve import WebAppFactory
from refeed.config.settings import Settings

CONFIG = "http: {age: 5m}\n"
BROKEN = "http: {age: 5m}\nfeeds: {entrys: 3}\n"


def web_processes(site: RunningSite) -> set[int]:
    return {int(pid) for pid in Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()}


def has_max_age(site: RunningSite, age: str) -> bool:
    try:
        return site.get("/feeds/all.atom")["cache-control"].startswith(f"max-age={age},")
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_web_process_that_restarts_beside_a_broken_config_uses_the_previous_settings(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, CONFIG, dumps=1)
    file = Path(settings.config_file)
    with run_site(settings, environ, tmp_path) as site:
        file.write_text(BROKEN, "utf-8")
        (first,) = web_processes(site)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not web_processes(site) & {first} and has_max_age(site, "300"), why=site.log.read_text)
        (second,) = web_processes(site)
        os.kill(site.pid, signal.SIGHUP)

        def has_restarted() -> bool:
            processes = web_processes(site)
            return bool(processes) and second not in processes and has_max_age(site, "300")

        wait_until(has_restarted, why=site.log.read_text)
        assert "config.yaml:2: feeds.entrys: unknown key" in site.log.read_text()
        file.write_text(CONFIG.replace("5m", "7m"), "utf-8")
        wait_until(lambda: has_max_age(site, "420"), why=site.log.read_text)


def test_a_config_error_stops_the_start_and_is_named(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, CONFIG, dumps=1)
    Path(settings.config_file).write_text(BROKEN, "utf-8")
    process = subprocess.run(
        [sys.executable, "-m", "refeed", "serve"],
        env=os.environ | environ | {"PYTHONPATH": str(ROOT / "src")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 2
    assert process.stderr == f"{settings.config_file}:2: feeds.entrys: unknown key; did you mean 'entries'?\n"


def test_the_app_factory_can_be_pickled_for_a_process_that_is_not_forked(
    make_settings: Callable[..., Settings],
) -> None:
    factory = WebAppFactory(make_settings())
    assert pickle.loads(pickle.dumps(factory)) == factory

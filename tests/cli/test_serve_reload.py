"""config.yaml while the web runs: what is well is taken up, what is broken is refused, and nobody waits for either."""

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
from refeed.cli.supervisor import WebAppFactory
from refeed.config.settings import Settings

CONFIG = "http: {age: 5m}\n"
BROKEN = "http: {age: 5m}\nfeeds: {entrys: 3}\n"


def workers(site: RunningSite) -> set[int]:
    return {int(pid) for pid in Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()}


def answers(site: RunningSite, age: str) -> bool:
    try:
        return site.get("/feeds/all.atom")["cache-control"].startswith(f"max-age={age},")
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_broken_configuration_stops_no_web_process_that_begins_with_it(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, CONFIG, dumps=1)
    file = Path(settings.config_file)
    with run_site(settings, environ, tmp_path) as site:
        file.write_text(BROKEN, "utf-8")
        (first,) = workers(site)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not workers(site) & {first} and answers(site, "300"), why=site.log.read_text)
        (second,) = workers(site)
        os.kill(site.pid, signal.SIGHUP)
        wait_until(
            lambda: bool(workers(site)) and second not in workers(site) and answers(site, "300"), why=site.log.read_text
        )
        assert "config.yaml:2: feeds.entrys: unknown key" in site.log.read_text()
        file.write_text(CONFIG.replace("5m", "7m"), "utf-8")
        wait_until(lambda: answers(site, "420"), why=site.log.read_text)


def test_a_mistake_at_the_start_is_named_and_stops_it(tmp_path: Path) -> None:
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


def test_what_a_web_process_begins_with_can_be_sent_to_one_that_is_no_fork(
    make_settings: Callable[..., Settings],
) -> None:
    web = WebAppFactory(make_settings())
    assert pickle.loads(pickle.dumps(web)) == web

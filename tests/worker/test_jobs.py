"""Jobs run on a schedule: none waits for another, and none piles up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from helpers.processes import wait_until
from helpers.upstream_server import NOON, UpstreamServer, feed_item, reply, rss_feed, run_upstream
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.status_file import STATUS_FILE_NAME, StatusFile
from refeed.worker import jobs
from refeed.worker.events import EventQueue
from refeed.worker.jobs import NetworkJobs, Scheduler

CONFIG = """
site: {{id: "tag:example.org,2026", title: 样本站, author: 样本站}}
dumps: {{folders: [dumps]}}
fetch: {{allow: [127.0.0.0/8], git-time: 60s}}
upstreams:
  - {{git: "file:///nowhere/dumps.git"}}
  - {{source: sample, url: "{url}", every: 1m}}
"""
SLOW_GIT = """#!/bin/sh
[ "$1" = --version ] && echo git version 2.40.0 && exit
touch {mark}; while [ ! -e {mark}.enough ]; do sleep 0.1; done
"""


@pytest.fixture
def upstream() -> Iterator[UpstreamServer]:
    with run_upstream() as server:
        server.routes["/feed"] = reply(rss_feed(feed_item(1)))
        yield server


@pytest.fixture
def start(tmp_path: Path, upstream: UpstreamServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Start the jobs, with a clock that moves by a minute whenever it is read."""
    (tmp_path / "config.yaml").write_text(CONFIG.format(url=upstream.url("/feed")))
    (tmp_path / "dumps").mkdir()
    monkeypatch.setattr(jobs, "_POLL_INTERVAL", 0.1)
    settings = load_settings({"REFEED_CONFIG": str(tmp_path / "config.yaml")})
    minutes = count()
    pipeline = Pipeline.open(settings, clock=lambda: NOON + timedelta(minutes=next(minutes)))
    events = EventQueue()
    scheduler = Scheduler(events)
    NetworkJobs(pipeline, events, StatusFile(Path(settings.var_dir) / STATUS_FILE_NAME), scheduler)
    yield scheduler.start
    scheduler.stop()
    events.close()
    pipeline.close()


@pytest.fixture
def slow_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A slow git; the file that it makes when it begins."""
    git, mark = tmp_path / "bin" / "git", tmp_path / "begun"
    git.parent.mkdir()
    git.write_text(SLOW_GIT.format(mark=mark))
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{git.parent}:{os.environ['PATH']}")
    yield mark
    mark.with_name("begun.enough").touch()


def test_the_problem_of_an_upstream_ends_when_config_yaml_no_longer_has_it(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    status = StatusFile(tmp_path / STATUS_FILE_NAME)
    status.set_problem("upstream https://gone.example.org/feed", "no answer")
    events = EventQueue()
    with closing(Pipeline.open(make_settings())) as pipeline:
        NetworkJobs(pipeline, events, status, Scheduler(events))
    events.close()
    assert status.problems == {}


def test_a_slow_repository_does_not_delay_the_polls_of_feeds(
    slow_git: Path, upstream: UpstreamServer, start: Callable[[], None]
) -> None:
    start()
    wait_until(slow_git.exists)
    wait_until(lambda: upstream.count("/feed") > 2)


def test_old_temporary_files_are_removed_and_new_ones_stay(
    tmp_path: Path, slow_git: Path, start: Callable[[], None]
) -> None:
    old, young = (tmp_path / "dumps" / f".{name}.md.refeed-tmp" for name in ("old", "young"))
    for path in (old, young):
        path.touch()
    os.utime(old, (1, 1))
    start()
    wait_until(lambda: not old.exists())
    assert young.exists()

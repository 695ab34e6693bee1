"""What is known of upstreams lies in the store: a machine whose disk is wiped dates nothing anew and loses nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from helpers.upstream_server import NOON, UpstreamServer, feed_item, reply, rss_feed, run_upstream
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.status_file import StatusFile
from refeed.store.store import Store
from refeed.store.upstream_states import load_upstream_states
from refeed.worker.events import EventQueue
from refeed.worker.jobs import NetworkJobs, Scheduler

CONFIG = """
site: {{id: "tag:example.org,2026", title: 样本站, author: 样本站}}
dumps: {{folders: [./dumps]}}
packs: []
fetch: {{allow: [127.0.0.0/8]}}
upstreams: [{{source: sample, url: "{url}"}}]
"""


@pytest.fixture
def upstream() -> Iterator[UpstreamServer]:
    with run_upstream() as server:
        server.routes["/feed"] = reply(rss_feed(feed_item(1, date=""), feed_item(2, date="")))
        yield server


@pytest.fixture
def settings(tmp_path: Path, store_url: str, upstream: UpstreamServer) -> Settings:
    (tmp_path / "dumps").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG.format(url=upstream.url("/feed")))
    return load_settings({"REFEED_CONFIG": str(tmp_path / "config.yaml"), "DATABASE_URL": store_url})


@pytest.fixture
def poll(settings: Settings) -> Callable[[timedelta, bool], int]:
    """Poll the upstream once, as the leader does; returns the number of entries afterwards."""

    def run(after: timedelta, ingests: bool) -> int:
        with closing(Pipeline.open(settings, clock=lambda: NOON + after)) as pipeline, closing(EventQueue()) as events:
            jobs = NetworkJobs(pipeline, events, StatusFile(Path(settings.var_dir) / "s.json"), Scheduler(events))
            jobs.poll_upstreams(settings.upstreams)
            jobs.save_upstream_states()
            if ingests:
                pipeline.ingest()
                jobs.save_upstream_states()
            return len(pipeline.store.get_entry_ids())

    return run


def seen_items(settings: Settings) -> int:
    with closing(Store(settings.database_url)) as store:
        return sum(len(state.seen) for state in load_upstream_states(store, settings.upstreams, "").values())


def wipe_disk(settings: Settings) -> None:
    """What a platform does with a machine's disk. The store is elsewhere."""
    shutil.rmtree(settings.dumps.folders[0])
    shutil.rmtree(settings.var_dir, ignore_errors=True)
    Path(settings.dumps.folders[0]).mkdir()


def test_items_without_dates_are_not_dumped_again_when_the_disk_is_wiped(
    settings: Settings, upstream: UpstreamServer, poll: Callable[[timedelta, bool], int]
) -> None:
    """Seen on a platform: after each deploy, such items came once more, dated now."""
    assert poll(timedelta(0), True) == 2
    wipe_disk(settings)
    upstream.routes["/feed"] = reply(rss_feed(feed_item(3), feed_item(1, date=""), feed_item(2, date="")))
    assert poll(timedelta(hours=2), True) == 3
    assert len(list(Path(settings.dumps.folders[0]).rglob("*.md"))) == 1


def test_items_whose_dumps_vanish_before_they_are_ingested_are_fetched_again(
    settings: Settings, poll: Callable[[timedelta, bool], int]
) -> None:
    assert poll(timedelta(0), False) == 0
    assert seen_items(settings) == 0, "saved before the dumps are stored, the state would lose them"
    wipe_disk(settings)
    assert poll(timedelta(minutes=5), True) == 2
    assert seen_items(settings) == 2


def test_one_dump_that_is_removed_does_not_keep_the_state_from_being_saved(
    settings: Settings, upstream: UpstreamServer
) -> None:
    with closing(Pipeline.open(settings, clock=lambda: NOON)) as pipeline, closing(EventQueue()) as events:
        jobs = NetworkJobs(pipeline, events, StatusFile(Path(settings.var_dir) / "s.json"), Scheduler(events))
        jobs.poll_upstreams(settings.upstreams)
        next(Path(settings.dumps.folders[0]).rglob("*.md")).unlink()
        pipeline.ingest()
        jobs.save_upstream_states()
    assert seen_items(settings) == 2

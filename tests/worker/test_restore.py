"""The worker fills an empty store from published feeds, whenever these answer, and publishes nothing before."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.processes import wait_until
from helpers.service_fixture import CONFIG, LocalService, sample_dump
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.status_file import StatusFile
from refeed.store.entry_updates import withdraw_entries
from refeed.worker import event_loop
from refeed.worker.event_loop import WorkerLoop
from refeed.worker.events import EventQueue


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Where a server will serve what is published."""
    (tmp_path / "served").mkdir()
    handler = functools.partial(Quiet, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def publish_two(home: Path, *, withdrawn: int) -> tuple[list[str], str]:
    """Publish two sample dumps and withdraw another; returns the ids of the entries in the feed, and the other's."""
    old = LocalService(home, CONFIG + "packs: []\n")
    for number in (1, 2, withdrawn):
        old.add_dump(f"{number}.md", sample_dump(number))
    with closing(Pipeline.open(load_settings({"REFEED_CONFIG": str(home / "config.yaml")}))) as pipeline:
        pipeline.ingest()
        entries = pipeline.store.get_entries(pipeline.store.get_entry_ids())
        gone = next(each.entry.id for each in entries if each.entry.link.endswith(f"/{withdrawn}"))
        withdraw_entries(pipeline.store, [gone.removeprefix("urn:uuid:")], datetime.now(UTC))
        pipeline.publisher.publish()
    return old.ids(), gone


def make_empty(home: Path, url: str, store_url: str) -> tuple[LocalService, Settings]:
    """A service on an empty disk."""
    site = CONFIG.replace("site: {", f'fetch: {{allow: [127.0.0.0/8]}}\npacks: []\nsite: {{restore_from: "{url}", ')
    service = LocalService(home, site)
    return service, load_settings({"REFEED_CONFIG": str(home / "config.yaml"), "DATABASE_URL": store_url})


@pytest.mark.slow
def test_restoring_is_tried_until_the_feeds_answer_and_nothing_is_published_before(
    tmp_path: Path, url: str, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_loop, "_LONGEST_RESTORE_PAUSE", 0.2)
    published, gone = publish_two(tmp_path / "old", withdrawn=3)
    service, settings = make_empty(tmp_path / "new", url, store_url)
    for number in (2, 3):  # these dumps are not lost
        service.add_dump(f"{number}.md", sample_dump(number))
    events = EventQueue()
    status = StatusFile(service.var / "worker.json")
    with closing(events), closing(WorkerLoop(settings, events, status, leads=True, holder="")) as loop:
        loop.start()

        def turn(condition: object) -> None:
            wait_until(lambda: (loop.run_until_check(), condition())[1])  # type: ignore[operator]

        turn(lambda: "restore" in status.problems and len(loop.pipeline.store.get_entry_ids()) == 2)
        assert "answered 404; nothing is published before it succeeds" in status.problems["restore"]
        loop.run_until_check()
        assert service.documents() == {}
        (tmp_path / "old" / "feeds").rename(tmp_path / "served" / "feeds")
        turn(lambda: sorted(service.ids()) == sorted(published))
        assert "restore" not in status.problems
        assert gone not in service.ids()


def test_restoring_is_given_up_after_a_while(
    tmp_path: Path, url: str, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_loop, "_LONGEST_RESTORE_PAUSE", 0.2)
    monkeypatch.setattr(event_loop, "_RESTORE_TIME", 0.2)
    service, settings = make_empty(tmp_path / "new", url, store_url)
    service.add_dump("1.md", sample_dump(1))
    events = EventQueue()
    status = StatusFile(service.var / "worker.json")
    with closing(events), closing(WorkerLoop(settings, events, status, leads=True, holder="")) as loop:
        loop.start()
        wait_until(lambda: (loop.run_until_check(), len(service.ids()) == 1)[1])
        assert status.problems["restore"].startswith("given up: ")

"""Hubs are notified of public documents only, of new content only, and once for each batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.processes import wait_until
from helpers.service_fixture import LocalService, sample_dump
from helpers.upstream_server import NOON, UpstreamServer, reply, run_upstream
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.fetch.enclosure_metadata import FileMetadata
from refeed.ingest.status_file import StatusFile
from refeed.store.entry_updates import update_enclosures
from refeed.worker.event_loop import WorkerLoop
from refeed.worker.events import EventQueue, Job
from refeed.worker.probe_job import EnclosureProbe

CONFIG = """
site: {{id: "tag:example.org,2026", title: 样本站, author: 样本站}}
dumps: {{folders: [dumps], limits: {{settle: 0s}}}}
fetch: {{allow: [127.0.0.0/8]}}
websub: {{hubs: ["{hub}"]}}
{more}
sources:
  - {{id: open, title: 公开, hosts: [sample.example.org]}}
  - {{id: closed, title: 私下, hosts: [private.example.org], access: private}}
topics:
  - {{id: sample, title: 样本, words: [样本]}}
  - {{id: hidden, title: 秘密, words: [样本], access: private}}
filtered_feeds:
  - {{id: shown, title: 看, feed: topic/sample}}
  - {{id: hushed, title: 密, feed: topic/hidden}}
"""


class Machine:
    """A leader whose events the test handles."""

    def __init__(self, service: LocalService, settings: Settings) -> None:
        self.service = service
        self.events = EventQueue()
        self.loop = WorkerLoop(settings, self.events, StatusFile(service.var / "report.json"), leads=True, holder="")
        self.pipeline = self.loop.pipeline
        assert self.loop.network_jobs
        self.jobs = self.loop.network_jobs
        self.loop.start()

    def send_pings(self) -> set[str]:
        """Notify the hubs; returns the documents that were waiting for it."""
        path = self.service.var / "pings.json"
        waiting = json.loads(path.read_bytes()) if path.exists() else []
        self.jobs.send_hub_pings()
        return {ping["topic"].partition("/feeds/")[2] for ping in waiting}

    def close(self) -> None:
        self.loop.close()
        self.events.close()


@pytest.fixture
def hub() -> Iterator[UpstreamServer]:
    with run_upstream() as server:
        server.routes["/"] = reply(status=202)
        yield server


@pytest.fixture
def machine(tmp_path: Path, hub: UpstreamServer) -> Iterator[Callable[..., Machine]]:
    machines: list[Machine] = []

    def make(more: str = "") -> Machine:
        service = LocalService(tmp_path, CONFIG.format(hub=hub.url("/"), more=more))
        secret = "a secret of the tests, and of nothing else"
        environ = {"REFEED_CONFIG": str(tmp_path / "config.yaml"), "REFEED_ACCESS_SECRET": secret}
        machines.append(Machine(service, load_settings(environ)))
        return machines[-1]

    yield make
    for each in machines:
        each.close()


def tick_until(machine: Machine, done: Callable[[], object]) -> None:
    def tick() -> object:
        machine.loop.run_until_check()
        return done()

    wait_until(tick)


def test_a_hub_is_notified_of_public_feeds_only_and_once_for_a_batch(
    machine: Callable[..., Machine], hub: UpstreamServer
) -> None:
    running = machine()
    for number in range(20):
        running.service.add_dump(f"{number}.md", sample_dump(number))
    running.service.add_dump("private.md", sample_dump(99).replace(b"sample.example", b"private.example"))
    tick_until(running, lambda: len(running.service.ids("source/closed")) == 1)
    assert len(running.service.ids("topic/hidden")) == 20
    feeds = ("all", "source/open", "topic/sample", "filtered/shown")
    pinged = running.send_pings()
    assert {name for name in pinged if "bbc" not in name} >= {f"{f}.{end}" for f in feeds for end in ("atom", "json")}
    assert [name for name in pinged if "closed" in name or "hidden" in name or "hushed" in name] == []
    assert not pinged & {"opml.xml", "feeds.json"}
    bodies = [body.decode() for _, _, _, body in hub.requests]
    assert len(bodies) == len(set(bodies)) == len(pinged)
    assert "private" not in "".join(bodies)


def test_hubs_are_notified_of_written_documents_though_another_cannot_be_written(
    machine: Callable[..., Machine],
) -> None:
    running = machine()
    running.service.feeds.mkdir()
    (running.service.feeds / "topic").symlink_to("/proc/1")  # a folder where writing fails
    running.service.add_dump("1.md", sample_dump(1))
    tick_until(running, lambda: len(running.service.ids()) == 1)
    pinged = running.send_pings()
    assert {"all.atom", "source/open.atom"} <= pinged
    assert [name for name in pinged if name.startswith("topic/")] == []


def test_hubs_of_a_private_site_are_not_notified(machine: Callable[..., Machine], hub: UpstreamServer) -> None:
    running = machine("access: private")
    running.service.add_dump("1.md", sample_dump(1))
    tick_until(running, lambda: len(running.service.ids()) == 1)
    assert running.send_pings() == set()
    assert hub.requests == []


@pytest.mark.slow
def test_hubs_are_not_notified_of_changes_without_new_content(machine: Callable[..., Machine]) -> None:
    running = machine()
    picture = b'<img src="https://media.example.org/1.jpg">'
    path = running.service.add_dump("1.md", sample_dump(1).replace(b"<p>", picture + b"<p>"))
    tick_until(running, lambda: len(running.service.ids()) == 1)
    running.send_pings()

    known = FileMetadata(url="https://media.example.org/1.jpg", type="image/jpeg", length=4321)
    (id,) = running.pipeline.store.get_entry_ids()
    running.jobs.probe = probe = EnclosureProbe(running.pipeline, running.events)
    probe.save_results = lambda: update_enclosures(running.pipeline.store, {id: [known]}, NOON)  # type: ignore[method-assign]
    running.events.put(Job.SAVE_PROBED)
    tick_until(running, lambda: b"4321" in (running.service.feeds / "all.rss").read_bytes())
    assert running.send_pings() == set()

    (running.service.feeds / "all.rss").unlink()
    tick_until(running, (running.service.feeds / "all.rss").exists)
    assert running.send_pings() == set()

    path.touch()
    for _ in range(3):
        running.loop.run_until_check()
    assert running.send_pings() == set()

    running.service.add_dump("2.md", sample_dump(2))
    tick_until(running, lambda: len(running.service.ids()) == 2)
    assert {"all.atom", "source/open.atom"} <= running.send_pings()

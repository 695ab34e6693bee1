"""Which changes hubs hear of: what anybody may read, for news alone, once for each batch."""

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
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.status_file import StatusFile
from refeed.store.entry_writes import update_enclosures
from refeed.worker.file_events import FileEvents
from refeed.worker.jobs import Jobs
from refeed.worker.leader import Leader
from refeed.worker.watcher import Watcher

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
    """The turns of the process that ingests, one by one."""

    def __init__(self, service: LocalService, settings: Settings) -> None:
        self.service = service
        self.program = Pipeline.open(settings, clock=lambda: NOON)
        self.hints, report = FileEvents(), StatusFile(service.var / "report.json")
        self.errands = Jobs(self.program, self.hints, report)
        self.watching = Watcher(self.hints, polling=True)
        self.turns = Leader(self.program, self.hints, self.watching, report, self.errands)

    def told(self) -> set[str]:
        """Documents that hubs are still to be told of; they are told now."""
        path = self.service.var / "pings.json"
        waiting = json.loads(path.read_bytes()) if path.exists() else []
        self.errands.send_hub_pings()
        return {one["topic"].partition("/feeds/")[2] for one in waiting}

    def close(self) -> None:
        self.watching.stop()
        self.hints.close()
        self.program.close()


@pytest.fixture
def hub() -> Iterator[UpstreamServer]:
    with run_upstream() as server:
        server.routes["/"] = reply(status=202)
        yield server


@pytest.fixture
def machine(tmp_path: Path, hub: UpstreamServer) -> Iterator[Callable[..., Machine]]:
    made: list[Machine] = []

    def make(more: str = "") -> Machine:
        service = LocalService(tmp_path, CONFIG.format(hub=hub.url("/"), more=more))
        secret = "a secret of the tests, and of nothing else"
        environ = {"REFEED_CONFIG": str(tmp_path / "config.yaml"), "REFEED_ACCESS_SECRET": secret}
        made.append(Machine(service, load_settings(environ)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def turn_until(machine: Machine, done: Callable[[], object]) -> None:
    def turned() -> object:
        machine.turns.tick()
        return done()

    wait_until(turned, 60)


def test_a_hub_hears_of_public_feeds_alone_and_of_each_once_for_a_batch(
    machine: Callable[..., Machine], hub: UpstreamServer
) -> None:
    at_work = machine()
    for number in range(20):
        at_work.service.add_dump(f"{number}.md", sample_dump(number))
    at_work.service.add_dump("private.md", sample_dump(99).replace(b"sample.example", b"private.example"))
    turn_until(at_work, lambda: len(at_work.service.ids("source/closed")) == 1)
    assert len(at_work.service.ids("topic/hidden")) == 20
    feeds = ("all", "source/open", "topic/sample", "filtered/shown")
    told = at_work.told()
    assert {name for name in told if "bbc" not in name} >= {f"{f}.{end}" for f in feeds for end in ("atom", "json")}
    assert [name for name in told if "closed" in name or "hidden" in name or "hushed" in name] == []
    assert not told & {"opml.xml", "feeds.json"}
    bodies = [body.decode() for _, _, _, body in hub.requests]
    assert len(bodies) == len(set(bodies)) == len(told)
    assert "private" not in "".join(bodies)


def test_what_was_written_is_told_though_another_document_could_not_be(machine: Callable[..., Machine]) -> None:
    at_work = machine()
    at_work.service.feeds.mkdir()
    (at_work.service.feeds / "topic").symlink_to("/proc/1")  # a folder that nothing can be written into
    at_work.service.add_dump("1.md", sample_dump(1))
    turn_until(at_work, lambda: len(at_work.service.ids()) == 1)
    told = at_work.told()
    assert {"all.atom", "source/open.atom"} <= told
    assert [name for name in told if name.startswith("topic/")] == []


def test_a_private_site_tells_nobody(machine: Callable[..., Machine], hub: UpstreamServer) -> None:
    at_work = machine("access: private")
    at_work.service.add_dump("1.md", sample_dump(1))
    turn_until(at_work, lambda: len(at_work.service.ids()) == 1)
    assert at_work.told() == set()
    assert hub.requests == []


def test_what_is_no_news_is_told_to_nobody(machine: Callable[..., Machine]) -> None:
    at_work = machine()
    picture = b'<img src="https://media.example.org/1.jpg">'
    path = at_work.service.add_dump("1.md", sample_dump(1).replace(b"<p>", picture + b"<p>"))
    turn_until(at_work, lambda: len(at_work.service.ids()) == 1)
    at_work.told()

    known = FileMetadata(url="https://media.example.org/1.jpg", type="image/jpeg", length=4321)
    (id,) = at_work.program.store.get_entry_ids()
    at_work.errands.save_probe_results = lambda: update_enclosures(at_work.program.store, {id: [known]}, NOON)  # type: ignore[method-assign]
    turn_until(at_work, lambda: b"4321" in (at_work.service.feeds / "all.rss").read_bytes())
    assert at_work.told() == set()

    (at_work.service.feeds / "all.rss").unlink()
    turn_until(at_work, (at_work.service.feeds / "all.rss").exists)
    assert at_work.told() == set()

    path.touch()
    for _ in range(3):
        at_work.turns.tick()
    assert at_work.told() == set()

    at_work.service.add_dump("2.md", sample_dump(2))
    turn_until(at_work, lambda: len(at_work.service.ids()) == 2)
    assert {"all.atom", "source/open.atom"} <= at_work.told()

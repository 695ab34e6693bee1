"""Which changes hubs hear of: what anybody may read, for news alone, once for each batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fetch.serving import NOON, Upstream, reply, serving
from processes import wait
from refeed.config import Settings, load
from refeed.media import Measured
from refeed.pipeline import Program
from refeed.report import Report
from refeed.store import enrich
from refeed.worker.errands import Errands
from refeed.worker.hints import Hints
from refeed.worker.ingesting import Ingesting
from refeed.worker.watching import Watching
from station import Station, dump

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
views:
  - {{id: shown, title: 看, feed: topic/sample}}
  - {{id: hushed, title: 密, feed: topic/hidden}}
"""


class Machine:
    """The turns of the process that ingests, one by one."""

    def __init__(self, station: Station, settings: Settings) -> None:
        self.station = station
        self.program = Program.open(settings, clock=lambda: NOON)
        self.hints, report = Hints(), Report(station.var / "report.json")
        self.errands = Errands(self.program, self.hints, report)
        self.watching = Watching(self.hints, polling=True)
        self.turns = Ingesting(self.program, self.hints, self.watching, report, self.errands)

    def told(self) -> set[str]:
        """Documents that hubs are still to be told of; they are told now."""
        path = self.station.var / "pings.json"
        waiting = json.loads(path.read_bytes()) if path.exists() else []
        self.errands.tell()
        return {one["topic"].partition("/feeds/")[2] for one in waiting}

    def close(self) -> None:
        self.watching.stop()
        self.hints.close()
        self.program.close()


@pytest.fixture
def hub() -> Iterator[Upstream]:
    with serving() as server:
        server.routes["/"] = reply(status=202)
        yield server


@pytest.fixture
def machine(tmp_path: Path, hub: Upstream) -> Iterator[Callable[..., Machine]]:
    made: list[Machine] = []

    def make(more: str = "") -> Machine:
        station = Station(tmp_path, CONFIG.format(hub=hub.url("/"), more=more))
        secret = "a secret of the tests, and of nothing else"
        environ = {"REFEED_CONFIG": str(tmp_path / "config.yaml"), "REFEED_ACCESS_SECRET": secret}
        made.append(Machine(station, load(environ)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def turn_until(machine: Machine, done: Callable[[], object]) -> None:
    def turned() -> object:
        machine.turns.turn()
        return done()

    wait(turned, 60)


def test_a_hub_hears_of_public_feeds_alone_and_of_each_once_for_a_batch(
    machine: Callable[..., Machine], hub: Upstream
) -> None:
    at_work = machine()
    for number in range(20):
        at_work.station.put(f"{number}.md", dump(number))
    at_work.station.put("private.md", dump(99).replace(b"sample.example", b"private.example"))
    turn_until(at_work, lambda: len(at_work.station.ids("source/closed")) == 1)
    assert len(at_work.station.ids("topic/hidden")) == 20
    feeds = ("all", "source/open", "topic/sample", "view/shown")
    told = at_work.told()
    assert {name for name in told if "bbc" not in name} >= {f"{f}.{end}" for f in feeds for end in ("atom", "json")}
    assert [name for name in told if "closed" in name or "hidden" in name or "hushed" in name] == []
    assert not told & {"opml.xml", "feeds.json"}
    bodies = [body.decode() for _, _, _, body in hub.asked]
    assert len(bodies) == len(set(bodies)) == len(told)
    assert "private" not in "".join(bodies)


def test_what_was_written_is_told_though_another_document_could_not_be(machine: Callable[..., Machine]) -> None:
    at_work = machine()
    at_work.station.feeds.mkdir()
    (at_work.station.feeds / "topic").symlink_to("/proc/1")  # a folder that nothing can be written into
    at_work.station.put("1.md", dump(1))
    turn_until(at_work, lambda: len(at_work.station.ids()) == 1)
    told = at_work.told()
    assert {"all.atom", "source/open.atom"} <= told
    assert [name for name in told if name.startswith("topic/")] == []


def test_a_private_site_tells_nobody(machine: Callable[..., Machine], hub: Upstream) -> None:
    at_work = machine("access: private")
    at_work.station.put("1.md", dump(1))
    turn_until(at_work, lambda: len(at_work.station.ids()) == 1)
    assert at_work.told() == set()
    assert hub.asked == []


def test_what_is_no_news_is_told_to_nobody(machine: Callable[..., Machine]) -> None:
    at_work = machine()
    picture = b'<img src="https://media.example.org/1.jpg">'
    path = at_work.station.put("1.md", dump(1).replace(b"<p>", picture + b"<p>"))
    turn_until(at_work, lambda: len(at_work.station.ids()) == 1)
    at_work.told()

    known = Measured(url="https://media.example.org/1.jpg", type="image/jpeg", length=4321)
    (id,) = at_work.program.store.ids()
    at_work.errands.record = lambda: enrich(at_work.program.store, {id: [known]}, NOON)  # type: ignore[method-assign]
    turn_until(at_work, lambda: b"4321" in (at_work.station.feeds / "all.rss").read_bytes())
    assert at_work.told() == set()

    (at_work.station.feeds / "all.rss").unlink()
    turn_until(at_work, (at_work.station.feeds / "all.rss").exists)
    assert at_work.told() == set()

    path.touch()
    for _ in range(3):
        at_work.turns.turn()
    assert at_work.told() == set()

    at_work.station.put("2.md", dump(2))
    turn_until(at_work, lambda: len(at_work.station.ids()) == 2)
    assert {"all.atom", "source/open.atom"} <= at_work.told()

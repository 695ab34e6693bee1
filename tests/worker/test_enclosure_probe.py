"""Enclosures of the newest entries are probed; the results are stored and in every format, and change nothing else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from helpers.processes import wait_until
from helpers.service_fixture import LocalService
from helpers.upstream_server import NOON, UpstreamServer, reply, run_upstream
from refeed.config.load import load_settings
from refeed.fetch.session import HttpSession
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.status_file import STATUS_FILE_NAME, StatusFile
from refeed.web.service_status import collect_status, format_status
from refeed.worker.events import EventQueue
from refeed.worker.probe_job import EnclosureProbe

CONFIG = """
site: {{id: "tag:example.org,2026", title: 样本站, author: 样本站}}
dumps: {{folders: [dumps]}}
feeds: {{entries: 3}}
fetch: {{enrich: true, allow: [127.0.0.0/8]}}
sources:
  - {{id: sample, title: 样本, hosts: [sample.example.org], link: "{home}"}}
"""
LATER = timedelta(hours=2)


class Machine:
    """A pipeline with a clock of its own, and its probe."""

    def __init__(self, home: Path, database: str) -> None:
        self.now = NOON
        self.settings = load_settings({"REFEED_CONFIG": str(home / "config.yaml"), "DATABASE_URL": database})
        self.pipeline = Pipeline.open(self.settings, clock=lambda: self.now)
        self.events = EventQueue()
        self.probe = EnclosureProbe(self.pipeline, self.events)
        # Names of media hosts resolve to the server on loopback, which the configuration allows.
        folder = Path(self.settings.var_dir) / "http"
        self.session = HttpSession(folder, self.settings.fetch, resolve=lambda *_: ["127.0.0.1"])

    def round(self) -> set[str]:
        """One round from requests to documents; returns the feeds that changed by the results."""
        self.probe.probe(self.session)
        feeds = self.probe.save_results()
        self.pipeline.publisher.publish()
        return {str(feed) for feed in feeds}

    def status(self) -> str:
        """The output of `refeed status`."""
        self.probe.probe(self.session)
        status = {"state": "ingesting", "enrichment": self.probe.status}
        StatusFile(Path(self.settings.var_dir) / STATUS_FILE_NAME).write(status)
        return "\n".join(format_status(collect_status(self.settings, self.now)))

    def documents(self) -> dict[str, bytes]:
        root = Path(self.settings.feeds_dir)
        paths = (path for path in root.rglob("*.*") if path.suffix in (".atom", ".rss", ".json"))
        return {str(path.relative_to(root)): path.read_bytes() for path in paths if ".marks" not in path.name}

    def close(self) -> None:
        self.session.close()
        self.events.close()
        self.pipeline.close()


@pytest.fixture
def server() -> Iterator[UpstreamServer]:
    with run_upstream() as upstream:
        upstream.routes |= {
            "/1.mp3": reply(b"x" * 4321, Content_Type="audio/x-sample"),
            "/1.jpg": reply(b"x" * 77, Content_Type="image/webp"),
            "/": reply("<link rel=icon href=/icon.png>"),
            "/icon.png": reply(b"x", Content_Type="image/png"),
        }
        yield upstream


@pytest.fixture
def home(tmp_path: Path, server: UpstreamServer) -> Path:
    (tmp_path / "dumps").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG.format(home=server.url("/")))
    for number in range(1, 6):
        put(tmp_path, server, number)
    return tmp_path


@pytest.fixture
def machine(home: Path) -> Iterator[Machine]:
    fresh = Machine(home, f"sqlite:///{home / 'store.db'}")
    fresh.pipeline.ingest()
    yield fresh
    fresh.close()


def put(home: Path, server: UpstreamServer, number: int, at: datetime = NOON, text: str = "") -> None:
    """A dump with an image and a sound; the higher its number, the older it is. Only the files of number 1 exist."""
    epoch = int((at - timedelta(days=20 * number)).timestamp())
    files = f'<img src="{at_media(server, number, "jpg")}"><audio src="{at_media(server, number, "mp3")}"></audio>'
    body = f"{files}<p>{text or f'这是第{number}篇样本的正文，只为测试而写。'}</p>"
    header = f"<!--{epoch}000-->\n[样本标题{number}](https://sample.example.org/{number})\n------\n\n"
    (home / "dumps" / f"{number}-{epoch}.md").write_text(header + body)


def at_media(server: UpstreamServer, number: int, kind: str) -> str:
    return f"http://media.example.org:{server.port}/{number}.{kind}"


def dates(documents: dict[str, bytes]) -> list[bytes]:
    return re.findall(rb"<(?:updated|published|pubDate|lastBuildDate)>[^<]*", b"".join(documents.values()))


def test_sizes_types_and_icons_reach_every_format_and_move_no_date(machine: Machine, server: UpstreamServer) -> None:
    before = machine.documents()
    assert machine.round() == {"all", "source/sample"}
    after = machine.documents()
    assert dates(after) == dates(before)
    sound, picture = at_media(server, 1, "mp3"), at_media(server, 1, "jpg")
    atom, rss = (after[f"source/sample.{format}"].decode() for format in ("atom", "rss"))
    assert f'<link rel="enclosure" href="{sound}" type="audio/x-sample" length="4321"/>' in atom
    assert f'<enclosure url="{sound}" length="4321" type="audio/x-sample"/>' in rss
    for document in (atom, rss):
        assert f'<media:content url="{picture}" medium="image" type="image/webp" fileSize="77"/>' in document
    assert f"<icon>{server.url('/icon.png')}</icon>" in atom
    assert f"<url>{server.url('/icon.png')}</url>" in rss
    feed = json.loads(after["source/sample.json"])
    assert feed["icon"] == feed["favicon"] == server.url("/icon.png")
    assert feed["items"][0]["attachments"] == [{"url": sound, "mime_type": "audio/x-sample", "size_in_bytes": 4321}]
    assert feed["items"][0]["_entry"]["image"] == {"mime_type": "image/webp", "size_in_bytes": 77}
    assert "icon" not in json.loads(after["all.json"])


def test_the_same_store_gives_the_same_bytes_elsewhere_and_after_a_new_dump(
    home: Path, store_url: str, server: UpstreamServer
) -> None:
    machine = Machine(home, store_url)
    machine.pipeline.ingest()
    machine.round()
    before = machine.documents()
    machine.close()
    shutil.rmtree(machine.settings.feeds_dir)
    requests = len(server.requests)
    again = Machine(home, machine.settings.database_url)
    again.pipeline.publisher.publish()
    assert again.documents() == before
    put(home, server, 1, NOON + timedelta(hours=1), "这是第1篇样本的正文，改过了。")
    again.pipeline.ingest()
    entry = json.loads(again.documents()["source/sample.json"])
    again.close()
    assert "改过了" in entry["items"][0]["content_html"]
    assert entry["items"][0]["attachments"][0]["size_in_bytes"] == 4321
    assert entry["favicon"] == server.url("/icon.png")
    assert len(server.requests) == requests


def test_only_entries_in_documents_are_probed_and_failures_less_and_less_often(
    machine: Machine, server: UpstreamServer
) -> None:
    machine.round()
    files = {path for method, path, *_ in server.requests if method == "HEAD" and path != "/icon.png"}
    assert files == {f"/{number}.{kind}" for number in (1, 2, 3) for kind in ("mp3", "jpg")}
    for hours in (0, 1, 1, 6, 24, 24 * 20, 24 * 300):  # the last one beyond the thirty days of the icon
        machine.now += timedelta(hours=hours)
        assert machine.round() == frozenset()
        if hours == 1:
            assert "media     2 known, 4 pending, 0 given up (http" in machine.status()
    assert "2 known, 0 pending, 4 given up (http" in machine.status()
    assert {server.count(f"/{number}.mp3") for number in (2, 3)} == {4}
    assert (server.count("/1.mp3"), server.count("/icon.png")) == (1, 2)


def test_a_failure_changes_no_document_and_a_later_success_does(machine: Machine, server: UpstreamServer) -> None:
    machine.round()
    before = machine.documents()
    server.routes["/2.mp3"] = reply(b"xyz", Content_Type="audio/mpeg")
    assert machine.round() == frozenset()
    assert machine.documents() == before
    machine.now += LATER
    assert machine.round() == {"all", "source/sample"}
    changed = {name for name, data in machine.documents().items() if data != before.get(name)}
    assert {name.partition(".")[0] for name in changed} == {"all", "source/sample"}


def test_a_configured_icon_is_shown_at_once_and_no_other_is_looked_for(
    machine: Machine, home: Path, server: UpstreamServer
) -> None:
    config = home / "config.yaml"
    config.write_text(config.read_text().replace("title: 样本,", "title: 样本, icon: /static/own.png,"))
    other = Machine(home, machine.settings.database_url)
    other.round()
    assert server.count("/") == 0
    assert b"<icon>http://127.0.0.1:8000/static/own.png</icon>" in other.documents()["source/sample.atom"]
    other.close()


@pytest.mark.slow
def test_the_worker_probes_by_itself(
    home: Path, service: LocalService, start: Callable[[], object], server: UpstreamServer
) -> None:
    for dump in (home / "dumps").iterdir():
        dump.write_text(re.sub("<(img|audio)[^>]*>", "", dump.read_text()))  # names are not resolved here
    start()
    feed = service.feeds / "source" / "sample.json"
    wait_until(lambda: feed.exists() and server.url("/icon.png").encode() in feed.read_bytes())
    assert server.count("/icon.png") == 1

"""The store and the dumps are lost: the entries come back from the published feeds."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from refeed.config.settings import Settings
from refeed.errors import FetchError
from refeed.fetch.enclosure_metadata import DUE_NOW, FileMetadata
from refeed.ingest.pipeline import Pipeline
from refeed.render.checksum import add_checksum, strip_checksum
from refeed.store.entry_updates import update_enclosures, update_icons, withdraw_entries
from refeed.store.store import Store

ROOT = Path(__file__).parents[2]
CONFIG = """
site: {{restore_from: "{url}"}}
fetch: {{allow: [127.0.0.0/8]}}
sources:
  - {{id: sample, hosts: [sample.example.net], section: 'net/(?P<section>[0-9])[0-9]*$'}}
topics:
  - {{id: climate, title: 气候, words: [气候]}}
"""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Where a server serves the folder of published feeds."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "old"))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def documents(pipeline: Pipeline) -> dict[str, bytes]:
    """All documents, with archives."""
    pipeline.mark_complete()
    pipeline.publisher.publish()
    for path in pipeline.publisher.registry().feeds:
        pipeline.publisher.render_archives(path)
    return {name: (pipeline.output_dir.root / name).read_bytes() for name in pipeline.output_dir.list_documents()}


@pytest.fixture
def lost_store(tmp_path: Path, url: str, make_settings: Callable[..., Settings]) -> tuple[dict[str, bytes], Settings]:
    """Published documents, with archives and an edited entry; and the settings of an empty service."""
    config, old = tmp_path / "config.yaml", tmp_path / "old.yaml"
    config.write_text(CONFIG.format(url=url), "utf-8")
    old.write_text(CONFIG.format(url=""), "utf-8")
    dumps = tmp_path / "dumps"
    settings = make_settings(old, REFEED_FEEDS=str(tmp_path / "old" / "feeds"), REFEED_VAR=str(tmp_path / "old-var"))
    for seed in (ROOT / "seeds").glob("*.txt"):
        shutil.copy(seed, dumps)
    for number in range(120):
        sample(dumps, number, f"样稿第{number}篇：气候")
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    sample(dumps, 7, "样稿第7篇，改过了：气候", hour=12)
    pipeline.ingest()
    save_metadata(pipeline)
    published = documents(pipeline)
    pipeline.close()
    shutil.rmtree(dumps)
    dumps.mkdir()
    return published, make_settings(config)


def save_metadata(pipeline: Pipeline) -> None:
    """Save the size of an image and the icon of a source."""
    entry = next(
        stored.entry
        for stored in pipeline.store.get_entries(pipeline.store.get_entry_ids())
        if stored.entry.source == "nytimes"
    )
    assert entry.image
    picture = FileMetadata(url=entry.image.url, type="image/jpeg", length=4321)
    update_enclosures(pipeline.store, {entry.id.removeprefix("urn:uuid:"): [picture]}, datetime(2024, 1, 1, tzinfo=UTC))
    icon = FileMetadata(url="https://www.nytimes.example.org/icon.png", next=DUE_NOW)
    update_icons(pipeline.store, {"nytimes": icon}, datetime(2024, 1, 1, tzinfo=UTC))
    pipeline.publisher.publish()


def sample(dumps: Path, number: int, title: str, hour: int = 8) -> None:
    day = f"2023-{5 + number // 60:02}-{1 + number % 28:02}"
    (dumps / f"{number}-{hour}.txt").write_text(
        f"<!--{day}T{hour:02}:00:00Z-->\n[{title}](https://sample.example.net/{number})\n------\n\n"
        f"<p>这是一篇用来测试的样稿，第{number}篇，不是任何媒体的报道。</p>\n",
        "utf-8",
    )


def test_documents_after_a_restoration_are_the_published_bytes(lost_store: tuple[dict[str, bytes], Settings]) -> None:
    before, settings = lost_store
    pipeline = Pipeline.open(settings)
    assert pipeline.restore_from_feeds() == 122
    assert pipeline.restore_from_feeds() == 0
    after = documents(pipeline)
    pipeline.close()
    assert len(before) > 40
    assert b'fileSize="4321"' in before["topic/climate.atom"]
    assert b"<icon>https://www.nytimes.example.org/icon.png</icon>" in before["source/nytimes.atom"]
    assert [name for name in before if before[name] != after.get(name)] == []


def test_restored_entries_are_the_stored_ones(lost_store: tuple[dict[str, bytes], Settings], tmp_path: Path) -> None:
    """Seen: a section came back as a tag, so an entry counted as larger and the last one fell out of its feed."""
    with closing(Store(f"sqlite:///{tmp_path / 'old-var' / 'refeed.db'}")) as old:
        before = {stored.entry.id: asdict(stored.entry) for stored in old.get_entries(old.get_entry_ids())}
    pipeline = Pipeline.open(lost_store[1])
    pipeline.restore_from_feeds()
    for stored in pipeline.store.get_entries(pipeline.store.get_entry_ids()):
        after = asdict(stored.entry)
        assert {name: after[name] for name in after if after[name] != before[stored.entry.id][name]} == {}
    pipeline.close()
    assert {entry["section"] for entry in before.values()} > set("123456789")


def test_dumps_that_arrive_later_move_no_date(lost_store: tuple[dict[str, bytes], Settings], tmp_path: Path) -> None:
    before, settings = lost_store
    pipeline = Pipeline.open(settings)
    pipeline.restore_from_feeds()
    for number in range(120):
        sample(tmp_path / "dumps", number, f"样稿第{number}篇：气候")
    sample(tmp_path / "dumps", 7, "样稿第7篇，改过了：气候", hour=12)
    result = pipeline.ingest()
    assert result.counts["new"] == 0
    after = documents(pipeline)
    pipeline.close()
    assert [name for name in before if before[name] != after.get(name)] == []


def test_a_store_with_entries_is_not_changed(lost_store: tuple[dict[str, bytes], Settings], tmp_path: Path) -> None:
    _, settings = lost_store
    pipeline = Pipeline.open(settings)
    sample(tmp_path / "dumps", 500, "样稿")
    pipeline.ingest()
    ids = pipeline.store.get_entry_ids()
    withdraw_entries(pipeline.store, ids[:1], datetime(2024, 1, 1, tzinfo=UTC))
    assert pipeline.restore_from_feeds() == 0
    assert pipeline.store.get_entry(ids[0])[0].withdrawn is not None
    pipeline.close()


def test_a_damaged_document_is_reported_and_not_used(
    lost_store: tuple[dict[str, bytes], Settings], tmp_path: Path
) -> None:
    _, settings = lost_store
    damaged = tmp_path / "old" / "feeds" / "source" / "nytimes.json"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole.replace("纽约".encode(), "纽行".encode()))
    pipeline = Pipeline.open(settings)
    with pytest.raises(FetchError, match=r"nytimes\.json is damaged, or not written by refeed"):
        pipeline.restore_from_feeds()
    damaged.write_bytes(whole)
    os.utime(damaged, (damaged.stat().st_mtime + 60,) * 2)  # Last-Modified has whole seconds
    assert pipeline.restore_from_feeds() == 122  # an interrupted restoration begins again
    pipeline.close()


def change_document(path: Path, change: Callable[[dict[str, Any]], object], minutes: int = 0) -> None:
    """Change a document, with a valid checksum, as whoever holds the address may."""
    document = json.loads(strip_checksum(path.read_bytes()))
    change(document)
    path.write_bytes(add_checksum(json.dumps(document, ensure_ascii=False, indent=1).encode()))
    os.utime(path, (path.stat().st_mtime + 60 * minutes,) * 2)


FOREIGN: tuple[tuple[str, Callable[[dict[str, Any]], object]], ...] = (
    ("source/nytimes.json", lambda document: document["items"][0].update(url="javascript:alert(1)")),
    ("source/nytimes.json", lambda document: document["items"][0].pop("id")),
    ("source/nytimes.json", lambda document: document.update(items=["x"])),
    ("feeds.json", lambda document: [feed.update(path="source/../../victim") for feed in document["feeds"]]),
    ("feeds.json", lambda document: document.update(feeds=3)),
)


def test_documents_that_refeed_would_not_write_are_refused(
    lost_store: tuple[dict[str, bytes], Settings], tmp_path: Path
) -> None:
    pipeline = Pipeline.open(lost_store[1])
    for number, (name, change) in enumerate(FOREIGN, 1):
        path = tmp_path / "old" / "feeds" / name
        whole = path.read_bytes()
        change_document(path, change, minutes=2 * number)
        with pytest.raises(FetchError, match="is not written by refeed"):
            pipeline.restore_from_feeds()
        path.write_bytes(whole)
        os.utime(path, (path.stat().st_mtime + 120 * number + 60,) * 2)  # Last-Modified has whole seconds
    pipeline.close()


def test_restored_entries_have_http_addresses_alone(
    lost_store: tuple[dict[str, bytes], Settings], tmp_path: Path, url: str
) -> None:
    def change(document: dict[str, Any]) -> None:
        document["next_url"] = f"{url}/feeds/source/nytimes.json"  # for ever
        for item in document["items"]:
            item |= {"image": "javascript:1", "attachments": [{"url": "data:x", "mime_type": "a/b"}]}
            item["_entry"] = {"original": {"url": "file:///etc/passwd"}}
            item["content_html"] = '<p><a href="javascript:alert(1)">x</a><img src="data:x"></p>'

    change_document(tmp_path / "old" / "feeds" / "source" / "nytimes.json", change)
    pipeline = Pipeline.open(lost_store[1])
    pipeline.restore_from_feeds()
    entries = [stored.entry for stored in pipeline.store.get_entries(pipeline.store.get_entry_ids())]
    changed = [entry for entry in entries if entry.source == "nytimes"]
    assert changed
    assert [(e.image, e.images, e.enclosures, e.original) for e in changed] == [(None, (), (), None)] * len(changed)
    assert not any("javascript" in entry.html for entry in changed)
    pipeline.close()

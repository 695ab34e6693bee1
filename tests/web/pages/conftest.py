"""A service with sample entries, served over HTTP on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from helpers.page_fixtures import (
    NOW,
    SampleEntry,
    fill_store,
    make_entries,
    make_entry,
    make_full_entry,
    record_quarantined,
)
from helpers.processes import free_port
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.ingest.pipeline import Pipeline
from refeed.model import Source
from refeed.store.entry_writes import withdraw_entries
from refeed.web.app import create_app

CONFIG = """
site:
  id: tag:example.org,2026
  title: 样例文库
  language: zh-Hans
topics:
  - {id: climate, title: {zh: 气候, en: Climate}, description: 样例专题, words: [气候], aliases: [weather]}
  - {id: hong-kong, title: {zh: 香港, en: Hong Kong}, words: [香港]}
  - {id: empty, title: {zh: 空的专题, en: An empty topic}, words: [从不出现]}
"""
SOURCES = (
    Source(id="bbc", title="BBC News 中文", link="https://www.bbc.com/zhongwen/simp"),
    Source(id="rfi", title="法国国际广播电台", language="zh-Hans"),
    Source(id="dw", title="德国之声中文网"),
    Source(id="sample-folder", title="样例文件夹", configured=False),
)
PICTURE = "https://pictures.example/sample.png"


@dataclass(frozen=True)
class PageSite:
    """The address of a running service, and some of its entries."""

    address: str
    settings: Settings
    rich: str
    """Id of the entry with every field."""
    bilingual: str
    withdrawn: str


def settings_at(home: Path, config: str = CONFIG, **environ: str) -> Settings:
    """Settings with everything below a folder."""
    (home / "dumps").mkdir(parents=True, exist_ok=True)
    (home / "config.yaml").write_text(config, "utf-8")
    given = {
        "REFEED_DUMPS": str(home / "dumps"),
        "REFEED_FEEDS": str(home / "feeds"),
        "REFEED_VAR": str(home / "var"),
    }
    return load_settings(given | environ, home / "config.yaml")


@contextmanager
def serve_pages(settings: Settings) -> Iterator[None]:
    """Serve the application at its own address until the end of the block."""
    server = make_server("127.0.0.1", settings.port, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageSite]:
    """A service with some seventy sample entries."""
    settings = settings_at(tmp_path_factory.mktemp("pages"), PORT=str(free_port()))
    pipeline = Pipeline.open(settings)
    everything = make_full_entry(700, PICTURE)
    english = SampleEntry(
        entry=make_entry(701, source="dw", language="en", title="A sample in English", summary="A sample.")
    )
    gone = SampleEntry(entry=make_entry(702, source="dw"))
    fill_store(pipeline.store, [*make_entries(70), everything, english, gone], SOURCES)
    record_quarantined(pipeline.store, b"bbc/broken.md", "bbc/broken.md", "byte 17: this is a sample of a reason")
    withdraw_entries(pipeline.store, [gone.entry.id.removeprefix("urn:uuid:")], NOW)
    pipeline.publisher.publish()
    pipeline.close()
    with serve_pages(settings):
        yield PageSite(
            address=settings.site.base_url,
            settings=settings,
            rich=everything.entry.id.removeprefix("urn:uuid:"),
            bilingual=english.entry.id.removeprefix("urn:uuid:"),
            withdrawn=gone.entry.id.removeprefix("urn:uuid:"),
        )

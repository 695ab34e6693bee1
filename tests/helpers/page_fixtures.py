"""A service with sample entries for tests of the pages: its settings, its store, its application over HTTP."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import text
from werkzeug.serving import make_server

from refeed.clean.sanitize import sanitize
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.ingest.pipeline import Pipeline
from refeed.model import CleanResult, Entry, Image, Label, Outcome, Person, Removal, Source
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.serialization import EncodedEntry, compress, encode_entry, encode_json, encode_provenance
from refeed.store.store import Store
from refeed.web.app import create_app

START = datetime(2020, 5, 1, 4, 30, tzinfo=UTC)
NOW = datetime(2020, 8, 1, tzinfo=UTC)
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


@dataclass(frozen=True, kw_only=True)
class SampleEntry:
    """An entry and what the store keeps with it."""

    entry: Entry
    labels: tuple[Label, ...] = ()
    removed: tuple[Removal, ...] = ()
    flags: tuple[str, ...] = ()


def make_entry(number: int, **more: Any) -> Entry:
    """An entry whose text says that it is a sample."""
    link = f"https://sample.example/{number}"
    at = START + timedelta(hours=number)
    text = f"<p>这是第 {number} 篇样例文章，为测试页面而写。</p><p>A sample written for the tests, number {number}.</p>"
    given: dict[str, Any] = {
        "id": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}",
        "source": "bbc",
        "link": link,
        "title": f"样例：第 {number} 篇，关于“样例”的文章",
        "published": at,
        "updated": at,
        "language": "zh-Hans",
        "summary": f"这是第 {number} 篇样例文章，为测试页面而写。",
        "html": text,
    }
    given |= more
    return Entry(**given | {"html": sanitize(given["html"])})


def make_full_entry(number: int, picture: str) -> SampleEntry:
    """An entry with everything that a page can show."""
    image = Image(url=picture, caption="样例图片", credit="样例")
    entry = make_entry(
        number,
        source="dw",
        title="样例：应有尽有的一篇",
        authors=("样例作者", "Sample Author"),
        contributors=(Person(name="样例译者", role="翻译"),),
        image=image,
        images=(picture,),
        html=f'<figure><img src="{picture}" alt="样例图片"><figcaption>样例图片</figcaption></figure>'
        '<h2>小标题</h2><p>样例正文，为测试而写。<a href="https://sample.example/more">链接</a></p>'
        "<blockquote><p>引文样例</p></blockquote><ul><li>一</li><li>二</li></ul>",
        rights="© 样例",
        original="https://sample.example/en",
        tags=("样例标签", "香港"),
        section="样例栏目",
        updated=START + timedelta(hours=number, minutes=30),
    )
    return SampleEntry(
        entry=entry,
        labels=(make_label("climate"),),
        removed=(Removal(step="service footers", text="样例页脚"),),
        flags=("样例的疑点 (a sample issue)",),
    )


def make_label(topic: str) -> Label:
    """A label with reasons as the matcher writes them."""
    return Label(topic=topic, score=6.0, reasons=("title: 气候 ×2 (+4)", "body: 减排, not 政治气候 (+2)"))


def fill_store(store: Store, entries: Iterable[SampleEntry], sources: Sequence[Source]) -> None:
    """Record entries in batches, as the worker does."""
    by_id = {source.id: source for source in sources}
    results = [_file_result(number, one, by_id[one.entry.source]) for number, one in enumerate(entries)]
    for start in range(0, len(results), 500):
        record_files(store, results[start : start + 500], NOW)


def record_quarantined(store: Store, path: bytes, shown: str, reason: str) -> None:
    """Record a quarantined file."""
    result = FileResult(
        path=path, display_path=shown, folder="", stamp=1, first_seen=NOW, outcome=Outcome.QUARANTINED, reason=reason
    )
    record_files(store, [result], NOW)


def fill_with_many(store: Store, sources: int, topics: int, entries: int) -> None:
    """Insert many entries by SQL, each in `all`, one `source/source-<n>` and one `topic/topic-<n>`."""
    with store.write_transaction() as connection:
        for statement in _INSERT_MANY.split(";"):
            connection.execute(text(statement), {"sources": sources, "topics": topics, "entries": entries})


_INSERT_MANY = """
INSERT INTO entries (id, source, title, published, updated, size_estimate, digest, payload, provenance,
    labels, repost_links, minhash_bands, rules_version, topics_version, revision)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :entries)
SELECT printf('%08x-0000-0000-0000-000000000000', i), 'source-' || (i % :sources),
    '样例：一个不长不短的标题，与真实的标题一般长短，第 ' || i || ' 篇',
    1588307400 - 1800 * i, 1588307400 - 1800 * i, 1, x'', x'', x'', '', '', x'', '', '', 1 FROM n
;
INSERT INTO feed_members (feed, published, entry_id, size_estimate)
SELECT 'all', published, id, 1 FROM entries
UNION ALL SELECT 'source/' || source, published, id, 1 FROM entries
UNION ALL SELECT 'topic/topic-' || ((1588307400 - published) / 1800 % :topics), published, id, 1 FROM entries
;
INSERT INTO feed_months (feed, month, entries, version, changed)
SELECT feed, strftime('%Y-%m', published, 'unixepoch'), count(*), 1, 0 FROM feed_members GROUP BY 1, 2
;
INSERT INTO feeds (path, version, changed, entries) SELECT feed, 1, 0, count(*) FROM feed_members GROUP BY 1
;
INSERT INTO meta (name, value) VALUES ('revision', '1')
"""


def _file_result(number: int, one: SampleEntry, source: Source) -> FileResult:
    entry = one.entry
    data = f"sample {entry.id}".encode()
    row = EncodedEntry(
        id=entry.id.removeprefix("urn:uuid:"),
        source=source,
        title=entry.title,
        published=entry.published,
        fingerprint=entry.id,
        size_estimate=len(entry.html),
        minhash=None,
        minhash_bands=(),
        payload=encode_entry(entry),
        provenance=encode_provenance(
            CleanResult(entry=entry, fingerprint=entry.id, removed=one.removed, issues=one.flags)
        ),
        labels=encode_json(one.labels),
        rules_version="",
        topics_version="",
    )
    name = f"{entry.source}/{number}.md"
    return FileResult(
        path=name.encode(),
        display_path=name,
        folder=entry.source,
        stamp=1,
        first_seen=NOW,
        outcome=Outcome.FLAGGED if one.flags else Outcome.ACCEPTED,
        reason="; ".join(one.flags) or None,
        digest=sha256(data).digest()[:20],
        data=compress(data),
        dump_time=entry.published,
        entry=row,
    )


def make_entries(count: int) -> Iterator[SampleEntry]:
    """Plain entries of three sources, every second one with a topic."""
    for number in range(count):
        source = ("bbc", "rfi", "sample-folder")[number % 3]
        labels = (make_label(("climate", "hong-kong")[number % 4 // 2]),) if number % 2 else ()
        yield SampleEntry(entry=make_entry(number * 9, source=source), labels=labels)


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
    folders = {
        "REFEED_DUMPS": str(home / "dumps"),
        "REFEED_FEEDS": str(home / "feeds"),
        "REFEED_VAR": str(home / "var"),
    }
    return load_settings(folders | environ, home / "config.yaml")


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


@contextmanager
def run_leader(settings: Settings, now: datetime) -> Iterator[Pipeline]:
    """A leader that closes digests until the end of the block."""
    pipeline, stop = Pipeline.open(settings, clock=lambda: now), threading.Event()

    def close_digests() -> None:
        while not stop.wait(0.02):
            pipeline.close_digests()

    thread = threading.Thread(target=close_digests)
    thread.start()
    try:
        yield pipeline
    finally:
        stop.set()
        thread.join()
        pipeline.close()

"""The same feed gives the same bytes: in another process, time zone or locale, and after any other feed."""

from __future__ import annotations

import hashlib
import locale
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from helpers.feed_builders import NOON, SITE, SOURCE, make_entry, make_feed
from refeed.clean.sanitize import sanitize
from refeed.model import FORMATS, Digest, DigestStory, Entry, FeedEntry, ListedFeed, Report, Site, Source, Tombstone
from refeed.render.common import cache_entries
from refeed.render.epub import render_epub
from refeed.render.feeds_json import render_feeds_json
from refeed.render.formats import RENDERERS
from refeed.render.opml import render_opml

ROOT = Path(__file__).parents[2]
TOMBSTONE = Tombstone(id="urn:uuid:00000000-0000-5000-8000-000000000099", when=NOON, source=SOURCE)

REPORT = Report(
    id="one",
    source="bbc",
    source_title="样本来源",
    title="样本 & 标题",
    link="https://sample.example/1",
    published=NOON,
    language="zh-Hans",
    lead="样本的导语。",
)
DIGEST = Digest(
    name="2026-W03",
    opened=NOON,
    closed=NOON + timedelta(days=7),
    stories=(DigestStory(reports=(REPORT,), html=sanitize("<p>样本。</p>"), fullest="one", more=2),),
    others=(REPORT,),
    more=3,
)


def render_everything() -> bytes:
    feed = make_feed(*(make_entry(n) for n in range(5)), tombstones=(TOMBSTONE,), previous="2025-12")
    archive = make_feed(make_entry(9), mixed=False, archive="2025-12", next="2026-01")
    documents = [RENDERERS[format](document) for document in (feed, archive) for format in FORMATS]
    listed = ListedFeed(info=feed.info, entries=6, updated=NOON, archives=("2025-12",))
    documents.append(render_epub(SITE, feed.info, DIGEST, "urn:uuid:00000000-0000-5000-8000-000000000098"))
    return b"".join([*documents, render_opml(SITE, [feed.info]), render_feeds_json(SITE, [listed])])


@pytest.mark.parametrize(
    ("zone", "language", "seed"), [("Asia/Shanghai", "zh_CN.UTF-8", "1"), ("America/St_Johns", "C", "2")]
)
def test_another_machine_renders_the_same_bytes(zone: str, language: str, seed: str) -> None:
    program = (
        "import hashlib, locale\n"
        "try: locale.setlocale(locale.LC_ALL, '')\n"
        "except locale.Error: pass\n"
        "from render.test_stable_bytes import render_everything\n"
        "print(hashlib.sha256(render_everything()).hexdigest())"
    )
    settings = {"TZ": zone, "LC_ALL": language, "LANG": language, "PYTHONHASHSEED": seed}
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    environment = os.environ | settings | {"PYTHONPATH": paths}
    printed = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert printed.stdout.decode().strip() == hashlib.sha256(render_everything()).hexdigest()


def test_rendering_does_not_set_the_locale_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> str:
        raise AssertionError("a document was formatted with the locale")

    monkeypatch.setattr(locale, "setlocale", fail)
    for render in RENDERERS.values():
        render(make_feed(make_entry(number=70), tombstones=(TOMBSTONE,)))


@pytest.mark.parametrize("format", ["atom", "rss"])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_entries_from_the_cache_give_the_document_that_one_serialization_would(format: Any, count: int) -> None:
    shown = (
        FeedEntry(entry=make_entry(n), source=SOURCE, repost_links=("https://example.org/",) * (n % 2))
        for n in range(count)
    )
    feed = make_feed(*shown, tombstones=(TOMBSTONE,), previous="2025-11", archive="2025-12")
    document = RENDERERS[format](feed)
    root = etree.fromstring(document, etree.XMLParser(remove_blank_text=True))
    whole = etree.tostring(root, encoding="UTF-8", pretty_print=True, xml_declaration=True)
    assert RENDERERS[format](feed) == document == whole


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "changed",
    [
        FeedEntry(entry=make_entry(title="另一个样本标题"), source=SOURCE),
        FeedEntry(entry=make_entry(), source=None),
        FeedEntry(entry=make_entry(), source=replace(SOURCE, title="改名的样本来源")),
        FeedEntry(entry=make_entry(), source=SOURCE, labels=(("energy", "能源"),)),
        FeedEntry(entry=make_entry(), source=SOURCE, repost_links=("https://example.org/",)),
        FeedEntry(entry=make_entry(), source=SOURCE, summary_only=True),
    ],
)
def test_changed_entry_is_not_taken_from_the_cache(format: Any, changed: FeedEntry) -> None:
    before = RENDERERS[format](make_feed(FeedEntry(entry=make_entry(), source=SOURCE)))
    after = RENDERERS[format](make_feed(changed))
    assert after != before
    assert RENDERERS[format](make_feed(FeedEntry(entry=make_entry(), source=SOURCE))) == before


def test_date_in_another_time_zone_gives_the_same_bytes() -> None:
    def shifted(entry: Entry) -> Entry:
        zone = timezone(timedelta(hours=8))
        return replace(entry, published=entry.published.astimezone(zone), updated=entry.updated.astimezone(zone))

    for render in RENDERERS.values():
        assert render(make_feed(shifted(make_entry(80)))) == render(make_feed(make_entry(80)))


def test_an_entry_is_rendered_once_while_nothing_that_it_shows_changes() -> None:
    rendered = []

    @cache_entries
    def render(shown: FeedEntry, site: Site) -> bytes:
        rendered.append(shown.entry.id)
        return b"x" * (1 << 24 if shown.summary_only else 40)

    new, large = FeedEntry(entry=make_entry(0)), FeedEntry(entry=make_entry(1), summary_only=True)
    for entry in (new, replace(new), large, large, new):  # one that is larger than the cache does not empty it
        render(entry, SITE)
    assert rendered == [shown.entry.id for shown in (new, large, large)]


def test_new_title_of_a_source_changes_no_id() -> None:
    named = FeedEntry(entry=make_entry(), source=Source(id="bbc", title="样本新名"))
    for format, render in RENDERERS.items():
        assert b"tag:example.org,2026:source/bbc" in render(make_feed(named)) or format == "rss"

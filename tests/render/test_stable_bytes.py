"""The same feed gives the same bytes: in another process, time zone or locale, and whatever was rendered before."""

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

from helpers.feed_builders import NOON, SITE, SOURCE, make_entry, make_feed
from refeed.model import FORMATS, Entry, FeedEntry, ListedFeed, Site, Source, Tombstone
from refeed.render.atom_rss import render_uncached
from refeed.render.common import RenderedEntryCache
from refeed.render.feeds_json import render_feeds_json
from refeed.render.formats import RENDERERS
from refeed.render.opml import render_opml

ROOT = Path(__file__).parents[2]
GONE = Tombstone(id="urn:uuid:00000000-0000-5000-8000-000000000099", when=NOON, source=SOURCE)


def everything() -> bytes:
    feed = make_feed(*(make_entry(n) for n in range(5)), tombstones=(GONE,), previous="2025-12")
    archive = make_feed(make_entry(9), mixed=False, archive="2025-12", next="2026-01")
    documents = [RENDERERS[format](which) for which in (feed, archive) for format in FORMATS]
    facts = ListedFeed(info=feed.info, entries=6, updated=NOON, archives=("2025-12",))
    return b"".join([*documents, render_opml(SITE, [feed.info]), render_feeds_json(SITE, [facts])])


@pytest.mark.parametrize(
    ("zone", "language", "seed"), [("Asia/Shanghai", "zh_CN.UTF-8", "1"), ("America/St_Johns", "C", "2")]
)
def test_another_machine_writes_the_same_bytes(zone: str, language: str, seed: str) -> None:
    program = (
        "import hashlib, locale\n"
        "try: locale.setlocale(locale.LC_ALL, '')\n"
        "except locale.Error: pass\n"
        "from render.test_stable_bytes import everything\n"
        "print(hashlib.sha256(everything()).hexdigest())"
    )
    there = {"TZ": zone, "LC_ALL": language, "LANG": language, "PYTHONHASHSEED": seed}
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    environment = os.environ | there | {"PYTHONPATH": paths}
    printed = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert printed.stdout.decode().strip() == hashlib.sha256(everything()).hexdigest()


def test_no_locale_is_touched_for_it_belongs_to_the_whole_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> str:
        raise AssertionError("a document was spelt through the locale")

    monkeypatch.setattr(locale, "setlocale", refuse)
    for write in RENDERERS.values():
        write(make_feed(make_entry(number=70), tombstones=(GONE,)))


@pytest.mark.parametrize("format", ["atom", "rss"])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_setting_remembered_entries_into_a_frame_gives_what_feedgen_gives(format: Any, count: int) -> None:
    shown = (
        FeedEntry(entry=make_entry(n), source=SOURCE, repost_links=("https://example.org/",) * (n % 2))
        for n in range(count)
    )
    feed = make_feed(*shown, tombstones=(GONE,), previous="2025-11", archive="2025-12")
    assert RENDERERS[format](feed) == RENDERERS[format](feed) == render_uncached(feed, format)


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
def test_a_remembered_entry_is_never_taken_for_another(format: Any, changed: FeedEntry) -> None:
    before = RENDERERS[format](make_feed(FeedEntry(entry=make_entry(), source=SOURCE)))
    after = RENDERERS[format](make_feed(changed))
    assert after != before
    assert RENDERERS[format](make_feed(FeedEntry(entry=make_entry(), source=SOURCE))) == before


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    def shifted(entry: Entry) -> Entry:
        zone = timezone(timedelta(hours=8))
        return replace(entry, published=entry.published.astimezone(zone), updated=entry.updated.astimezone(zone))

    for write in RENDERERS.values():
        assert write(make_feed(shifted(make_entry(80)))) == write(make_feed(make_entry(80)))


def test_remembered_entries_are_bounded_by_their_bytes_and_the_oldest_go_first() -> None:
    fragments, written = RenderedEntryCache(budget=100), []

    def write(shown: FeedEntry, site: Site) -> bytes:
        written.append(shown.entry.id)
        return b"x" * 40

    shown = [FeedEntry(entry=make_entry(n)) for n in range(3)]
    for one in (shown[0], shown[1], shown[0], shown[2], shown[0], shown[1]):
        assert list(fragments.render_entries(make_feed(one), "atom", write)) == [b"x" * 40]
    assert len(fragments) == 2
    assert written == [shown[n].entry.id for n in (0, 1, 2, 1)]


def test_a_source_s_new_name_changes_no_id() -> None:
    named = FeedEntry(entry=make_entry(), source=Source(id="bbc", title="样本新名"))
    for format, write in RENDERERS.items():
        assert b"tag:example.org,2026:source/bbc" in write(make_feed(named)) or format == "rss"

"""What documents have beside their entries: links, archive marks, pictures, tombstones; and the lists of feeds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from helpers.feed_builders import NOON, SITE, SOURCE, make_entry, make_feed
from helpers.feed_validator import validate_document
from refeed.model import ALL_FEED, FORMATS, Feed, FeedInfo, FeedPath, ListedFeed, Tombstone
from refeed.render.atom_rss import render_atom, render_rss
from refeed.render.feeds_json import render_feeds_json
from refeed.render.formats import RENDERERS
from refeed.render.json_feed import render_json_feed
from refeed.render.opml import render_opml

ATOM = "{http://www.w3.org/2005/Atom}"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
BASE = "https://feeds.example.org"


def atom_links(feed: Feed) -> dict[str, str]:
    return {link.get("rel"): link.get("href") for link in etree.fromstring(render_atom(feed)).findall(f"{ATOM}link")}


def rss_links(feed: Feed) -> dict[str, str]:
    channel = etree.fromstring(render_rss(feed)).find("channel")
    return {link.get("rel"): link.get("href") for link in channel.findall(f"{ATOM}link")}


@pytest.mark.parametrize(("links", "end"), [(atom_links, "atom"), (rss_links, "rss")])
def test_subscription_links_to_itself_its_hub_and_its_newest_archive(links: Any, end: str) -> None:
    by_rel = links(make_feed(make_entry(), mixed=False, previous="2025-12-2"))
    assert by_rel["self"] == f"{BASE}/feeds/source/bbc.{end}"
    assert by_rel["prev-archive"] == f"{BASE}/feeds/source/bbc/archive/2025-12-2.{end}"
    assert by_rel["hub"] == "https://hub.example.org/"
    assert by_rel["via"] == "https://www.bbc.com/zhongwen"
    assert "current" not in by_rel
    assert "next-archive" not in by_rel


@pytest.mark.parametrize(("links", "end"), [(atom_links, "atom"), (rss_links, "rss")])
def test_archive_links_to_both_neighbours_and_the_subscription_but_to_no_hub(links: Any, end: str) -> None:
    by_rel = links(make_feed(make_entry(), archive="2025-12", previous="2025-11", next="2025-12-2"))
    assert by_rel["self"] == f"{BASE}/feeds/topic/climate/archive/2025-12.{end}"
    assert by_rel["current"] == f"{BASE}/feeds/topic/climate.{end}"
    assert by_rel["prev-archive"] == f"{BASE}/feeds/topic/climate/archive/2025-11.{end}"
    assert by_rel["next-archive"] == f"{BASE}/feeds/topic/climate/archive/2025-12-2.{end}"
    assert "hub" not in by_rel


def test_only_an_archive_is_marked_as_one() -> None:
    for archive, marks in ((None, 0), ("2025-12", 1)):
        feed = make_feed(make_entry(), archive=archive)
        assert len(etree.fromstring(render_atom(feed)).findall(ARCHIVE)) == marks
        assert len(etree.fromstring(render_rss(feed)).findall(f"channel/{ARCHIVE}")) == marks


def test_json_feed_pages_by_next_url_and_keeps_one_feed_url() -> None:
    subscription = json.loads(render_json_feed(make_feed(make_entry(), previous="2025-12")))
    archive = json.loads(render_json_feed(make_feed(make_entry(), archive="2025-12", previous="2025-11")))
    last = json.loads(render_json_feed(make_feed(make_entry(), archive="2025-11")))
    assert subscription["next_url"] == f"{BASE}/feeds/topic/climate/archive/2025-12.json"
    assert archive["next_url"] == f"{BASE}/feeds/topic/climate/archive/2025-11.json"
    assert "next_url" not in last
    assert {d["feed_url"] for d in (subscription, archive, last)} == {f"{BASE}/feeds/topic/climate.json"}
    assert subscription["hubs"] == [{"type": "WebSub", "url": "https://hub.example.org/"}]
    assert "hubs" not in archive


def test_link_of_rss_is_the_page_and_not_the_feed() -> None:
    channel = etree.fromstring(render_rss(make_feed(make_entry(), mixed=False))).find("channel")
    assert channel.findtext("link") == f"{BASE}/source/bbc"
    everything = make_feed(make_entry(), info=FeedInfo(path=ALL_FEED, title="全部", mixed=True))
    assert etree.fromstring(render_rss(everything)).findtext("channel/link") == f"{BASE}/"


def test_icon_and_logo_are_in_every_format() -> None:
    info = FeedInfo(
        path=FeedPath("topic", "climate"), title="气候", icon="/static/icon.png", logo="https://example.org/logo.png"
    )
    feed = make_feed(make_entry(), info=info)
    root, item = etree.fromstring(render_atom(feed)), json.loads(render_json_feed(feed))
    assert root.findtext(f"{ATOM}icon") == item["favicon"] == f"{BASE}/static/icon.png"
    assert root.findtext(f"{ATOM}logo") == item["icon"] == "https://example.org/logo.png"
    assert etree.fromstring(render_rss(feed)).findtext("channel/image/url") == "https://example.org/logo.png"


def test_icon_of_a_source_stands_beside_its_entries_in_feeds_of_several_sources() -> None:
    feed = make_feed(make_entry(authors=()), mixed=True)
    icon = "https://news.example.org/icon.png"
    shown = replace(feed.entries[0], source=replace(SOURCE, icon=icon), publisher="BBC")
    signed = replace(shown, entry=make_entry(1, authors=("A reporter",)))
    feed = replace(feed, entries=(shown, signed))
    icons = etree.fromstring(render_atom(feed)).findall(f"{ATOM}entry/{ATOM}source/{ATOM}icon")
    assert [element.text for element in icons] == [icon] * 2
    authors = [item["authors"] for item in json.loads(render_json_feed(feed))["items"]]
    assert authors == [[{"name": "BBC", "avatar": icon}], [{"name": "A reporter"}]]
    assert validate_document(render_atom(feed), "atom") == validate_document(render_json_feed(feed), "json") == []


def test_rss_has_no_picture_in_a_format_it_does_not_allow() -> None:
    feed = make_feed(make_entry(), info=FeedInfo(path=FeedPath("topic", "climate"), title="气候", icon="/favicon.ico"))
    assert etree.fromstring(render_rss(feed)).find("channel/image") is None


def test_tombstone_names_its_source_only_in_feeds_of_several_sources() -> None:
    tombstone = Tombstone(id="urn:uuid:00000000-0000-5000-8000-000000000099", when=NOON)
    mixed = make_feed(make_entry(), tombstones=(replace(tombstone, source=SOURCE),))
    deleted = etree.fromstring(render_atom(mixed)).find(DELETED)
    assert (deleted.get("ref"), deleted.get("when")) == (tombstone.id, "2026-01-02T12:00:00Z")
    assert deleted.findtext(f"{ATOM}source/{ATOM}id") == "tag:example.org,2026:source/bbc"
    own = make_feed(make_entry(), mixed=False, tombstones=(tombstone,))
    assert etree.fromstring(render_atom(own)).find(DELETED).find(f"{ATOM}source") is None
    removed = json.loads(render_json_feed(own))["_feed"]["removed"]
    assert removed == [{"id": tombstone.id, "when": "2026-01-02T12:00:00Z"}]


def test_namespace_is_declared_only_where_it_is_used() -> None:
    assert b"tombstones" not in render_atom(make_feed(make_entry()))
    assert b"syndication/history" not in render_atom(make_feed(make_entry()))


@pytest.mark.parametrize("format", FORMATS)
def test_feed_without_entries_is_a_valid_document(format: Any) -> None:
    assert validate_document(RENDERERS[format](make_feed()), format) == []


def test_opml_groups_feeds_and_lists_their_atom_documents() -> None:
    feeds = [
        FeedInfo(path=ALL_FEED, title="全部", language="zh-Hans"),
        FeedInfo(path=FeedPath("topic", "climate"), title="气候", subtitle="样本"),
        FeedInfo(path=FeedPath("source", "bbc"), title="BBC 样本", language="zh-Hans"),
        FeedInfo(path=FeedPath("source", "other"), title="样本", language=""),
    ]
    body = etree.fromstring(render_opml(SITE, feeds)).find("body")
    assert [(outline.get("text"), len(outline)) for outline in body] == [("全部", 0), ("来源", 2), ("专题", 1)]
    bbc = body[1][0]
    assert dict(bbc.attrib) == {
        "type": "rss",
        "text": "BBC 样本",
        "title": "BBC 样本",
        "xmlUrl": f"{BASE}/feeds/source/bbc.atom",
        "htmlUrl": f"{BASE}/source/bbc",
        "language": "zh-Hans",
    }
    assert "language" not in body[1][1].attrib, "the language of its entries is not known here"
    assert validate_document(render_opml(SITE, feeds), "opml") == []
    english = etree.fromstring(render_opml(replace(SITE, language="en"), feeds)).find("body")
    assert [outline.get("text") for outline in english][1:] == ["Sources", "Topics"]


def test_feeds_json_has_the_url_of_every_document() -> None:
    info = FeedInfo(path=FeedPath("source", "bbc"), title="BBC 样本", link="https://www.bbc.com/zhongwen")
    full = ListedFeed(info=info, entries=70, updated=NOON, archives=("2025-11", "2025-12"))
    document = json.loads(
        render_feeds_json(SITE, [full, ListedFeed(info=FeedInfo(path=FeedPath("topic", "empty"), title="空"))])
    )
    listed, empty = document["feeds"]
    assert (document["updated"], listed["updated"], empty["updated"]) == ("2026-01-02T12:00:00Z",) * 2 + (None,)
    assert (listed["id"], listed["kind"], listed["entries"]) == ("tag:example.org,2026:source/bbc", "source", 70)
    assert listed["documents"]["rss"] == f"{BASE}/feeds/source/bbc.rss"
    assert listed["archives"][1]["json"] == f"{BASE}/feeds/source/bbc/archive/2025-12.json"
    assert validate_document(render_feeds_json(SITE, [full]), "feeds.json") == []

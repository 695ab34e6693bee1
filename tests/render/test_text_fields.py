"""Any text in any field gives documents that strict parsers accept, with the same text in them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any
from xml.parsers import expat

import pytest
from lxml import etree

from helpers.feed_builders import make_entry, make_feed
from helpers.feed_validator import validate_document
from helpers.property_testing import example, given, settings, st
from refeed.clock import format_rfc3339
from refeed.feeds.pagination import estimate_size
from refeed.fetch.enclosure_metadata import FileMetadata, entry_files, with_metadata
from refeed.model import (
    Enclosure,
    Entry,
    FeedEntry,
    FeedInfo,
    FeedPath,
    Image,
    ListedFeed,
    Person,
    SafeHtml,
    Site,
    Source,
    Tombstone,
)
from refeed.render.atom_rss import render_atom, render_rss
from refeed.render.common import format_rfc822, percent_encode_url
from refeed.render.feeds_json import render_feeds_json
from refeed.render.formats import RENDERERS
from refeed.render.json_feed import render_json_feed
from refeed.render.opml import render_opml
from refeed.xml_chars import xml_safe

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "]]>\x00\x0b\ud800\uffff<b>&amp;\r\n\u202e\U0001f600"

anything = st.text(st.characters())
words = st.lists(anything, max_size=3).map(tuple)
paths = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=40)
links = paths.map("https://www.bbc.com/zhongwen/{}".format)
instants = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))

entries = st.builds(
    make_entry,
    number=st.just(1),
    link=links,
    title=anything,
    language=st.sampled_from(["zh-Hans", "zh-Hant", "en"]),
    authors=words,
    contributors=st.lists(st.builds(Person, name=anything, role=anything), max_size=2).map(tuple),
    summary=anything,
    html=anything.map(SafeHtml),
    image=st.none()
    | st.builds(Image, url=links, caption=anything, credit=anything, type=anything, length=st.integers(0, 10**12)),
    enclosures=st.lists(
        st.builds(Enclosure, url=links, type=st.just("audio/mpeg"), length=st.integers(0, 10**12)), max_size=3
    ).map(tuple),
    rights=anything,
    original=st.none() | links,
    tags=words,
    section=anything,
)
shown = st.builds(
    FeedEntry,
    entry=entries,
    source=st.none() | st.builds(Source, id=st.just("bbc"), title=anything, link=links),
    labels=st.lists(st.tuples(st.just("climate"), anything), max_size=2).map(tuple),
    repost_links=st.lists(links, max_size=2).map(tuple),
    summary_only=st.booleans(),
)


def expected(text: str) -> str:
    """The text that a document should have: none if it is blank."""
    return xml_safe(text) if xml_safe(text).strip() else ""


def parse_strictly(document: bytes) -> Any:
    expat.ParserCreate().Parse(document, True)
    return etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))


@given(shown)
@example(FeedEntry(entry=make_entry(title=HOSTILE, html=SafeHtml(HOSTILE), summary=HOSTILE, tags=(HOSTILE,))))
def test_any_text_comes_back_from_atom(shown_entry: FeedEntry) -> None:
    element = parse_strictly(render_atom(make_feed(shown_entry))).find(f"{ATOM}entry")
    entry = shown_entry.entry
    assert element.findtext(f"{ATOM}title") == (expected(entry.title) or percent_encode_url(entry.link))
    assert element.findtext(f"{ATOM}summary", "") == expected(entry.summary)
    assert element.findtext(f"{ATOM}rights", "") == xml_safe(entry.rights)
    names = [expected(name) for name in entry.authors if expected(name)]
    assert [name.text for name in element.iterfind(f"{ATOM}author/{ATOM}name")] == names
    if not shown_entry.summary_only:
        assert element.findtext(f"{ATOM}content", "") == expected(entry.html)


@given(shown)
@example(FeedEntry(entry=make_entry(title=HOSTILE, html=SafeHtml(HOSTILE), summary=HOSTILE, tags=(HOSTILE,))))
def test_any_text_comes_back_from_rss(shown_entry: FeedEntry) -> None:
    element = parse_strictly(render_rss(make_feed(shown_entry))).find("channel/item")
    entry = shown_entry.entry
    content = "{http://purl.org/rss/1.0/modules/content/}encoded"
    assert element.findtext("title") == (expected(entry.title) or percent_encode_url(entry.link))
    if expected(entry.summary):
        description = element.findtext("description").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert description == xml_safe(entry.summary)
        assert "<" not in element.findtext("description")
    if not shown_entry.summary_only and expected(entry.html):
        assert element.findtext(content if expected(entry.summary) else "description") == xml_safe(entry.html)


@given(shown)
@example(FeedEntry(entry=make_entry(title=HOSTILE, html=SafeHtml(HOSTILE), summary=HOSTILE, tags=(HOSTILE,))))
def test_any_text_comes_back_from_json(shown_entry: FeedEntry) -> None:
    item = json.loads(render_json_feed(make_feed(shown_entry)).decode("utf-8", "strict"))["items"][0]
    entry = shown_entry.entry
    assert item["title"] == (expected(entry.title) or percent_encode_url(entry.link))
    assert item.get("summary", "") == expected(entry.summary)
    if not shown_entry.summary_only and expected(entry.html):
        assert item["content_html"] == xml_safe(entry.html)


@settings(max_examples=40)
@given(shown)
@example(FeedEntry(entry=make_entry(title="", summary="", html=SafeHtml(""), authors=(" ",), tags=("",))))
def test_any_entry_gives_a_valid_document(shown_entry: FeedEntry) -> None:
    for format, render in RENDERERS.items():
        assert validate_document(render(make_feed(shown_entry)), format) == []


@given(shown)
def test_no_entry_is_larger_than_its_size_estimate(shown_entry: FeedEntry) -> None:
    """Except for the names of its source and topics and its repost links, which have a fixed allowance."""
    extras = len(
        json.dumps([shown_entry.source and shown_entry.source.title, *shown_entry.labels, *shown_entry.repost_links])
    )
    entry = replace(shown_entry.entry, image=shown_entry.entry.image and replace(shown_entry.entry.image, type=""))
    longest = {"type": f"{'x' * 60}/{'y' * 60}", "length": 2**40 - 1}
    for known in ((), [FileMetadata(url=file.url, **longest) for file in entry_files(entry, ())]):
        probed = replace(shown_entry, entry=with_metadata(entry, known))
        for render in RENDERERS.values():
            empty, document = render(make_feed(updated=entry.updated)), render(make_feed(probed))
            assert len(document) - len(empty) <= estimate_size(entry) + 2 * extras


@given(title=anything, subtitle=anything, name=anything, ref=instants)
@example(title=HOSTILE, subtitle=HOSTILE, name=HOSTILE, ref=datetime(2026, 1, 1, tzinfo=UTC))
def test_any_text_in_the_fields_of_a_feed_gives_a_valid_document(
    title: str, subtitle: str, name: str, ref: datetime
) -> None:
    site = Site(id="tag:example.org,2026", title=title, base_url="http://127.0.0.1:8000", author=name)
    info = FeedInfo(path=FeedPath("topic", "climate"), title=title, subtitle=subtitle, link="http://example.org/")
    tombstone = Tombstone(id="urn:uuid:0", when=ref, source=Source(id="bbc", title=name))
    feed = make_feed(make_entry(), site=site, info=info, tombstones=(tombstone,))
    for format, render in RENDERERS.items():
        assert validate_document(render(feed), format) == []
    assert validate_document(render_opml(site, [info]), "opml") == []
    assert validate_document(render_feeds_json(site, [ListedFeed(info=info)]), "feeds.json") == []
    assert json.loads(render_json_feed(feed))["title"] == (expected(title) or str(info.path))


@given(anything)
def test_only_characters_that_xml_forbids_are_replaced(text: str) -> None:
    assert len(xml_safe(text)) == len(text)
    element = etree.Element("x")
    element.text = xml_safe(text)
    assert all(a == b or b == "\ufffd" for a, b in zip(text, xml_safe(text), strict=True))


@given(links)
def test_url_is_encoded_by_rfc_3986_and_encoding_it_twice_changes_nothing(link: str) -> None:
    assert percent_encode_url(link).isascii()
    assert not set(percent_encode_url(link)) & set(' <>"{}|\\^`[]')
    assert percent_encode_url(percent_encode_url(link)) == percent_encode_url(link)


@pytest.mark.parametrize(
    ("url", "encoded"),
    [
        ("https://www.bbc.com/a?b=1&c=%E6%B0%94#d", "https://www.bbc.com/a?b=1&c=%E6%B0%94#d"),
        ("https://www.bbc.com/气候 [1]", "https://www.bbc.com/%E6%B0%94%E5%80%99%20%5B1%5D"),
        ("http://[::1]:8000/a[1]", "http://[::1]:8000/a%5B1%5D"),
    ],
)
def test_only_what_rfc_3986_forbids_is_encoded(url: str, encoded: str) -> None:
    assert percent_encode_url(url) == encoded


@given(instants, st.integers(-12, 14))
def test_dates_are_written_in_utc_to_the_second(instant: datetime, hours: int) -> None:
    shifted = instant.astimezone(timezone(timedelta(hours=hours)))
    assert format_rfc3339(shifted) == format_rfc3339(instant)
    assert format_rfc3339(instant).endswith("Z")
    assert datetime.fromisoformat(format_rfc3339(shifted)) == instant
    assert parsedate_to_datetime(format_rfc822(shifted)) == instant


def test_entry_too_large_for_a_document_has_its_summary_and_a_link() -> None:
    entry: Entry = make_entry(html=SafeHtml("<p>样本</p>" * 100_000))
    for render in RENDERERS.values():
        document = render(make_feed(FeedEntry(entry=entry, summary_only=True))).decode()
        assert len(document) < 8_000
        text = unescape(unescape(document)).replace('\\"', '"')
        assert f'<a href="https://feeds.example.org/entry/{entry.id[9:]}">阅读全文</a>' in text
        assert "样本摘要" in text

"""What the tests ask of every document: the validator names each error, and where it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.feed_builders import SITE, make_entry, make_feed
from helpers.feed_validator import validate_document
from refeed.model import ALL_FEED, FeedInfo, Tombstone
from refeed.render.atom_rss import render_atom, render_rss
from refeed.render.formats import RENDERERS
from refeed.render.json_feed import render_json_feed
from refeed.render.opml import render_opml

FEED = make_feed(make_entry(), make_entry(1), tombstones=(Tombstone(id="urn:uuid:9", when=make_entry().updated),))
ARCHIVE = make_feed(make_entry(), archive="2025-12")


@pytest.mark.parametrize("format", RENDERERS)
def test_valid_document_has_no_errors(format: Any) -> None:
    assert validate_document(RENDERERS[format](FEED), format) == []
    assert validate_document(RENDERERS[format](ARCHIVE), format) == []


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"</feed>", b"", "not well-formed"),
        (b"<title>", b"<title>\x01", "not well-formed"),
        (b"http://www.w3.org/2005/Atom", b"http://purl.org/atom/ns#", "not an Atom feed"),
        (b"<id>tag:example.org,2026:topic/climate</id>", b"", "feed: no id"),
        (b"<id>urn:uuid:00000000-0000-5000-8000-000000000001<", b"<id>1<", "id '1' is not an absolute IRI"),
        (b"000001</id>", b"000000</id>", "occurs 2 times"),
        (b"  <updated>2026-01-02T12:03:00Z</updated>", b"  <updated>2026-02-30T12:03:00Z</updated>", "not an RFC 3339"),
        (b"  <updated>2026-01-02T12:03:00Z</updated>", b"  <updated>2020-01-02T12:03:00Z</updated>", "older than its"),
        (b"<published>2026-01-02T12:00:00Z", b"<published>2026-01-02T12:30:00Z", "updated before it was published"),
        (b' rel="self" type', b' rel="me" type', "no link rel=self"),
        (b' hreflang="en"', b"", "two alternates"),
        (b'rel="alternate"', b'rel="related"', "no link rel=alternate"),
        (b"    <link rel=", b'    <link href="/a" rel=', "not well-formed"),
        (b'href="https://media.example.org/1.mp3"', b'href="1.mp3"', "'1.mp3' is not an absolute http(s) URL"),
        (b"https://media.example.org/1.mp3", b"https://img.example.org/1.jpg", "a media file is listed twice"),
        (b'ref="urn:uuid:9"', b'ref="urn:uuid:00000000-0000-5000-8000-000000000001"', "in the same document"),
        (b'<link rel="self"', b'<link rel="alternate"', "RSS Guard takes for the entry's"),
        (b' xml:lang="zh-Hans">', b">", "feed: no xml:lang"),
    ],
)
def test_atom_error_is_named(old: bytes, new: bytes, error: str) -> None:
    document = render_atom(FEED)
    assert old in document
    assert any(error in line for line in validate_document(document.replace(old, new), "atom"))


def test_archive_without_its_mark_is_named() -> None:
    assert any(
        "RFC 5005" in line for line in validate_document(render_atom(ARCHIVE).replace(b"<fh:archive/>", b""), "atom")
    )


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b'version="2.0"', b'version="0.91"', "the root is not"),
        (b"<link>https://feeds.example.org/topic/climate<", b"<link>https://feeds.example.org/feeds/topic/climate.rss<",
         "not a page"),
        (b"Fri, 02 Jan 2026 12:00:00 +0000", b"2. Januar", "not an RFC 822 date"),
        (b' isPermaLink="false"', b"", "isPermaLink='false'"),
        (b"000001</guid>", b"000000</guid>", "occurs 2 times"),
        (b'length="4321"', b'length="?"', "needs url, type and length"),
        (b"<dc:creator>", b"<dc:creator>A</dc:creator><dc:creator>", "readers keep only one"),
        (b"<link>https://www.bbc.com/zhongwen/1?", b"<link>//www.bbc.com/zhongwen/1?", "not an absolute http(s) URL"),
        (b"<description>\xe6\xa0\xb7\xe6\x9c\xac\xe6\x91\x98", b"<x>", "not well-formed"),
    ],
)  # fmt: skip
def test_rss_error_is_named(old: bytes, new: bytes, error: str) -> None:
    document = render_rss(FEED)
    assert old in document
    assert any(error in line for line in validate_document(document.replace(old, new), "rss"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"version": "https://jsonfeed.org/version/1"}, "version must be"),
        ({"title": None}, "title and items are required"),
        ({"items": ["x"]}, "an item is not a JSON object"),
        ({"feed_url": "feeds/all.json"}, "not an absolute http(s) URL"),
        ({"next_url": "https://feeds.example.org/feeds/topic/climate.json"}, "next_url is feed_url"),
        ({"items": [{"id": 1}]}, "id must be text"),
        ({"items": [{"id": "1"}]}, "neither content_html nor content_text"),
        ({"items": [{"id": "1", "date_published": "yesterday"}]}, "not an RFC 3339"),
        ({"items": [{"id": "1"}, {"id": "1"}]}, "occurs 2 times"),
    ],
)
def test_json_feed_error_is_named(change: dict[str, Any], error: str) -> None:
    document = json.dumps(json.loads(render_json_feed(FEED)) | change).encode()
    assert any(error in line for line in validate_document(document, "json"))


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"\xff\xfe", b"{", b'{"items": NaN}', b'{"a": 1, "a": 1}', b"\xef\xbb\xbf{}"]
)
def test_what_cannot_be_parsed_is_one_error(document: bytes) -> None:
    for format in ("atom", "rss", "json", "opml", "feeds.json"):
        assert len(validate_document(document, format)) == 1  # type: ignore[arg-type]


def test_error_in_opml_and_feeds_json_is_named() -> None:
    document = render_opml(SITE, [FeedInfo(path=ALL_FEED, title="全部")])
    assert "outline: '/all.atom' is not an absolute http(s) URL" in validate_document(
        document.replace(b"https://feeds.example.org/feeds/all.atom", b"/all.atom"), "opml"
    )
    assert validate_document(b'{"feeds": [{"id": "a"}, {"id": "a"}]}', "feeds.json") == ["feed id a occurs 2 times"]
    assert validate_document(b'{"feeds": 1}', "feeds.json") == ["feeds must be a list"]

"""An item of a saved feed becomes an entry; nothing else is taken for a feed."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from refeed.model import Dump, RawEntry
from refeed.parse.feed_item import is_feed
from refeed.parse.parser import parse_dump

RSS = """<?xml version="1.0"?><!-- saved --><rss version="2.0"><channel><title>Ferry</title>
<link>https://ferry.example/</link><item><title>One &amp; only</title><link>/1</link><author>Ann Sample</author>
<guid>g1</guid><category>boats</category><pubDate>Sat, 02 Mar 2024 08:00:00 +0800</pubDate>
<description>&lt;p&gt;A sample.&lt;/p&gt;</description></item></channel></rss>"""
JSON = """{"version":"https://jsonfeed.org/version/1.1","home_page_url":"https://ferry.example/","items":[
{"id":"1","url":"/1","title":"One","content_html":"<p>样本。</p>","date_published":"2024-03-02T08:00:00Z"}]}"""


def parse(text: str) -> RawEntry:
    seen = datetime(2026, 1, 1, tzinfo=UTC)
    return parse_dump(Dump(path="a.xml#1", folder="", data=text.encode(), first_seen=seen))


def test_item_of_rss_gives_its_fields() -> None:
    entry = parse(RSS)
    assert (entry.title, entry.link) == ("One & only", "https://ferry.example/1")
    assert entry.dump_time == datetime(2024, 3, 2, tzinfo=UTC)
    assert (entry.authors, entry.tags, entry.origin.guid) == (("Ann Sample",), ("boats",), "g1")
    assert entry.html == "<p>A sample.</p>"


def test_item_of_a_feed_that_declares_entities_is_read() -> None:
    latin1 = '<!ENTITY % HTMLlat1 PUBLIC "-//W3C//ENTITIES Latin 1 for XHTML//EN" "xhtml-lat1.ent"> %HTMLlat1;'
    assert parse(RSS.replace("<rss", f"<!DOCTYPE rss [\n{latin1}\n]>\n<rss", 1)).title == "One & only"


def test_item_of_a_json_feed_gives_its_fields() -> None:
    entry = parse(JSON)
    assert (entry.title, entry.link, entry.html) == ("One", "https://ferry.example/1", "<p>样本。</p>")


@pytest.mark.parametrize(
    "data", [b"<!--1700000000000-->\n[a](https://ferry.example/1)", b"<?xml version='1.0'?><html><item>", b'{"a": 1}']
)
def test_dump_or_page_is_no_feed(data: bytes) -> None:
    assert not is_feed(data)


@pytest.mark.parametrize(
    "unit", [b"<!---->", b"<!-- -->\n", b"<?a?>", b"<!DOCTYPE a>", b"<!DOCTYPE a [", b"<!--", b" "]
)
def test_long_beginning_takes_time_in_proportion_to_its_length(unit: bytes) -> None:
    start = time.process_time()
    assert not is_feed(unit * 50_000)
    assert time.process_time() - start < 0.5

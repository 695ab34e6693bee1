"""What feed readers find in our documents, tested with feedparser, the library that most of them use.

The behaviour of other readers was observed in the programs themselves; each test names them.
"""

from __future__ import annotations

import json
from calendar import timegm
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import pytest
from lxml import etree

from helpers.feed_builders import NOON, SITE, SOURCE, make_entry, make_feed, without_fields
from refeed.model import Enclosure, Entry, Feed, FeedEntry, Image
from refeed.render.atom_rss import render_atom, render_rss
from refeed.render.formats import RENDERERS
from refeed.render.json_feed import render_json_feed

ATOM = "{http://www.w3.org/2005/Atom}"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
MEDIA = "{http://search.yahoo.com/mrss/}content"

BARE = without_fields(
    make_entry(1), "authors", "contributors", "summary", "image", "images", "enclosures", "rights", "original", "tags"
)


def parse(document: bytes) -> Any:
    parsed = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.bozo_exception
    return parsed


def atom_entry(feed: Feed) -> Any:
    return etree.fromstring(render_atom(feed)).find(f"{ATOM}entry")


def rss_item(feed: Feed) -> Any:
    return etree.fromstring(render_rss(feed)).find("channel/item")


def json_item(feed: Feed) -> Any:
    return json.loads(render_json_feed(feed))["items"][0]


@pytest.mark.parametrize("render", [render_atom, render_rss], ids=["atom", "rss"])
@pytest.mark.parametrize("sample", [make_entry(), BARE, replace(make_entry(2), title="样本 <b>标记</b> &amp; “引号”")])
def test_reader_finds_the_same_entry_in_atom_and_in_rss(render: Any, sample: Entry) -> None:
    entry = parse(render(make_feed(sample))).entries[0]
    assert entry.id == sample.id
    assert entry.title == sample.title
    assert entry.link == sample.link
    assert datetime.fromtimestamp(timegm(entry.published_parsed), UTC) == sample.published
    assert datetime.fromtimestamp(timegm(entry.updated_parsed), UTC) == sample.updated
    assert (entry.content[0].value if "content" in entry else entry.summary) == sample.html
    assert ", ".join(author.name for author in entry.get("authors", [])) == (", ".join(sample.authors) or SOURCE.title)
    assert [e.href for e in entry.enclosures] == [e.url for e in sample.enclosures]


def test_json_feed_has_what_atom_has() -> None:
    sample = make_entry()
    item = json_item(make_feed(sample))
    assert (item["id"], item["url"], item["title"]) == (sample.id, sample.link, sample.title)
    assert (item["date_published"], item["date_modified"]) == ("2026-01-02T12:00:00Z", "2026-01-02T12:03:00Z")
    assert (item["content_html"], item["summary"]) == (sample.html, sample.summary)
    assert item["authors"] == [{"name": name} for name in sample.authors]
    assert item["attachments"] == [{"url": sample.enclosures[0].url, "mime_type": "audio/mpeg", "size_in_bytes": 4321}]
    assert (item["image"], item["language"]) == (sample.image and sample.image.url, "zh-Hans")
    assert item["tags"] == ["气候", "样本栏目", "样本标签"]
    assert item["_entry"]["contributors"] == [{"name": "样本译者", "role": "翻译"}]
    assert item["_entry"]["original"] == {"url": sample.original, "language": "en"}
    assert item["_entry"]["image"] == {"caption": "样本图说", "credit": "样本摄影"}
    assert item["_entry"]["rights"] == sample.rights


def test_atom_names_its_authors_only_in_atom_elements() -> None:
    """With dc:creator beside atom:author feedparser, FreshRSS and Liferea show every author twice."""
    element = atom_entry(make_feed(make_entry()))
    assert [a.text for a in element.iter(f"{ATOM}name")][:2] == ["样本作者", "Bo Sample"]
    assert element.find(CREATOR) is None


def test_rss_names_all_authors_in_one_creator() -> None:
    """Of several newsboat, reader and Miniflux keep the last, gofeed, sfeed and rss-parser the first."""
    item = rss_item(make_feed(make_entry()))
    assert [c.text for c in item.findall(CREATOR)] == ["样本作者, Bo Sample"]
    assert item.find("author") is None


def test_source_of_an_entry_has_no_link_but_self() -> None:
    """RSS Guard takes an alternate inside atom:source for the entry's own link."""
    source = atom_entry(make_feed(make_entry())).find(f"{ATOM}source")
    assert [(link.get("rel"), link.get("href")) for link in source.findall(f"{ATOM}link")] == [
        ("self", "https://feeds.example.org/feeds/source/bbc.atom")
    ]
    assert source.findtext(f"{ATOM}id") == "tag:example.org,2026:source/bbc"
    assert source.findtext(f"{ATOM}title") == SOURCE.title
    assert source.findtext(f"{ATOM}updated") == "2026-01-02T12:03:00Z"


def test_every_link_of_an_entry_has_a_rel() -> None:
    """A second link without rel becomes the entry's own link in six readers."""
    shown = FeedEntry(entry=make_entry(), repost_links=("https://other.example.org/1",))
    links = atom_entry(make_feed(shown)).findall(f"{ATOM}link")
    assert all(link.get("rel") for link in links)
    assert {link.get("rel") for link in links} == {"alternate", "enclosure", "via"}


def test_link_to_the_original_does_not_replace_the_link_of_the_entry() -> None:
    """Of several alternates rss-parser, feedsmith and fastfeedparser take the first; feedparser, reader, newsboat and
    rss2email the last."""
    sample = make_entry()
    links = atom_entry(make_feed(sample)).findall(f"{ATOM}link")
    alternates = [(link.get("href"), link.get("hreflang")) for link in links if link.get("rel") == "alternate"]
    assert alternates == [(sample.link, None), (sample.original, "en"), (sample.link, "zh-Hans")]
    assert parse(render_rss(make_feed(sample))).entries[0].link == sample.link


def test_json_feed_names_no_authors_of_the_feed() -> None:
    """Miniflux would show them beside the entry's: "Ada, Feed Server"."""
    assert "authors" not in json.loads(render_json_feed(make_feed(make_entry())))


def test_several_authors_stay_several_in_atom_and_json() -> None:
    """Some readers show only one of them; we follow the standards."""
    assert [a.name for a in parse(render_atom(make_feed(make_entry()))).entries[0].authors] == ["样本作者", "Bo Sample"]
    assert len(json_item(make_feed(make_entry()))["authors"]) == 2


@pytest.mark.parametrize("mixed", [True, False])
def test_entry_without_a_byline_is_by_its_publisher(mixed: bool) -> None:
    feed = make_feed(BARE, mixed=mixed)
    assert [parse(render(feed)).entries[0].author for render in (render_atom, render_rss)] == [SOURCE.title] * 2
    assert json_item(feed)["authors"] == [{"name": SOURCE.title}]
    assert json_item(feed)["_entry"]["by_publisher"] is True
    assert parse(render_atom(feed)).feed.author == SITE.author


def test_only_the_entry_itself_changes_its_updated() -> None:
    """rss2email, RSS Guard and feed-extractor sort by it."""
    sample = make_entry()
    later = make_feed(sample, updated=NOON + timedelta(days=400))
    assert atom_entry(later).findtext(f"{ATOM}updated") == "2026-01-02T12:03:00Z"
    assert atom_entry(later).find(f"{ATOM}source").findtext(f"{ATOM}updated") == "2026-01-02T12:03:00Z"


def test_no_media_file_is_listed_twice() -> None:
    """Liferea and RSS Guard list a file twice if it is both Media RSS and an enclosure."""
    picture = "https://img.example.org/0.jpg"
    sample = make_entry(
        image=Image(url=picture),
        enclosures=(
            Enclosure(url=picture, type="image/jpeg"),
            Enclosure(url="https://media.example.org/a.mp3", type="audio/mpeg", length=7),
            Enclosure(url="https://media.example.org/a.mp3", type="audio/mpeg"),
            Enclosure(url="https://media.example.org/b.mp4", type="video/mp4", length=8),
        ),
    )
    feed = make_feed(sample)
    element, item = atom_entry(feed), rss_item(feed)
    enclosed = [(x.get("href"), x.get("length")) for x in element.findall(f"{ATOM}link") if x.get("rel") == "enclosure"]
    assert enclosed == [("https://media.example.org/a.mp3", "7"), ("https://media.example.org/b.mp4", "8")]
    assert [m.get("url") for m in element.iter(MEDIA)] == [picture]
    assert [m.get("url") for m in item.findall("enclosure")] == ["https://media.example.org/a.mp3"]
    assert [m.get("url") for m in item.iter(MEDIA)] == ["https://media.example.org/b.mp4", picture]
    assert [a["url"] for a in json_item(feed)["attachments"]] == [url for url, _ in enclosed]


def test_title_that_looks_like_markup_is_shown_as_it_is() -> None:
    """A title is text in every format; the cleaner has removed its markup."""
    title = "样本 <script>alert(1)</script> & &amp; 完"
    feed = make_feed(make_entry(title=title))
    assert atom_entry(feed).findtext(f"{ATOM}title") == title
    assert atom_entry(feed).find(f"{ATOM}title").get("type") is None
    assert rss_item(feed).findtext("title") == title
    assert json_item(feed)["title"] == title


def test_language_and_source_are_in_every_format() -> None:
    """Few readers show them; those that do need them in the entry."""
    feed = make_feed(make_entry(language="zh-Hant"))
    item = rss_item(feed)
    assert atom_entry(feed).get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hant"
    assert item.findtext("{http://purl.org/dc/elements/1.1/}language") == "zh-Hant"
    assert (item.findtext("source"), item.find("source").get("url")) == (
        SOURCE.title,
        "https://feeds.example.org/feeds/source/bbc.rss",
    )
    assert json_item(feed)["_source"] == {
        "id": "tag:example.org,2026:source/bbc",
        "title": SOURCE.title,
        "url": SOURCE.link,
        "feed_url": "https://feeds.example.org/feeds/source/bbc.json",
    }
    assert parse(render_atom(feed)).entries[0].source.title == SOURCE.title


def test_feed_of_one_source_does_not_repeat_it_in_its_entries() -> None:
    feed = make_feed(make_entry(), mixed=False)
    assert atom_entry(feed).find(f"{ATOM}source") is None
    assert rss_item(feed).find("source") is None
    assert "_source" not in json_item(feed)


@pytest.mark.parametrize("render", RENDERERS.values(), ids=RENDERERS)
def test_readers_without_json_feed_find_the_same_in_the_other_formats(render: Any) -> None:
    """feedparser, newsboat, rss2email, sfeed, rss-parser and node-feedparser support Atom and RSS only."""
    samples = [make_entry(n) for n in range(3)]
    document = render(make_feed(*samples))
    for sample in samples:
        assert sample.id.encode() in document
        assert json.dumps(sample.title, ensure_ascii=False)[1:-1].encode() in document.replace(b"&lt;", b"<").replace(
            b"&amp;", b"&"
        )


@pytest.mark.parametrize("render", RENDERERS.values(), ids=RENDERERS)
def test_document_depends_only_on_the_feed(render: Any) -> None:
    """A request for an unchanged document gets 304, because the bytes are the same; never 226."""
    assert render(make_feed(make_entry(), make_entry(1))) == render(make_feed(make_entry(), make_entry(1)))


@pytest.mark.parametrize("render", RENDERERS.values(), ids=RENDERERS)
def test_new_host_changes_links_and_no_id(render: Any) -> None:
    """Readers follow a redirect to a new host; no entry may become unread there."""
    moved = replace(SITE, base_url="http://new.example.net:8080")
    here, there = render(make_feed(make_entry())), render(make_feed(make_entry(), site=moved))
    assert here.replace(b"https://feeds.example.org", b"http://new.example.net:8080") == there
    assert here != there

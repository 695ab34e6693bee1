"""Feeds that are built to exhaust memory or time, by name."""

from __future__ import annotations

import json
import random

from helpers.upstream_server import feed_item, rss_feed

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ATTRIBUTES = " ".join(f'a{n}="1"' for n in range(100_000))
BOMBS = {
    "billion laughs": f'<!DOCTYPE rss [<!ENTITY l0 "哈">{LAUGHS}]>' + rss_feed(feed_item(1, title="&l9;"), head=""),
    "quadratic blow-up": f'<!DOCTYPE rss [<!ENTITY a "{"a" * 50_000}">]>'
    + rss_feed(feed_item(1, title="&a;" * 50_000), head=""),
    "external entity": '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + rss_feed(feed_item(1, title="&x;"), head=""),
    "parameter entity": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd">%p;]>'
    + rss_feed(feed_item(1), head=""),
    "200,000 nested tags": rss_feed(feed_item(1, title="<b>" * 200_000 + "</b>" * 200_000)),
    "100,000 attributes": rss_feed(feed_item(1)).replace("<channel>", f"<channel {ATTRIBUTES}>"),
    "unclosed CDATA": rss_feed(feed_item(1)) + "<![CDATA[" * 300_000,
    "ampersands": rss_feed(feed_item(1, title="&" * 1_000_000)),
}


def _item(inside: str) -> str:
    return rss_feed(f"<item><title>x</title><link>https://news.example.org/1</link>{inside}</item>")


def _json_feed(**item: object) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "url": "/1"} | item]})


MANY = 30_000
EXHAUSTING = {
    "enclosures": _item(
        "".join(f'<enclosure url="https://m.example/{n}.mp3" type="audio/mpeg"/>' for n in range(MANY))
    ),
    "pictures": _item("".join(f'<media:content url="https://m.example/{n}.jpg" medium="image"/>' for n in range(MANY))),
    "categories": _item("".join(f"<category>tag {n}</category>" for n in range(MANY))),
    "authors": _item("".join(f"<author>a{n}@x.example (A {n})</author>" for n in range(MANY))),
    "links": _item("".join(f"<link>https://news.example.org/{n}</link>" for n in range(MANY))),
    "images of an item": _item("<image>" * 100_000),
    "items": rss_feed(*(f"<item><link>https://news.example.org/{n}</link></item>" for n in range(MANY))),
    "items of one link": rss_feed("<item><title>x</title><link>https://news.example.org/1</link></item>" * 10_000),
    "empty items": rss_feed("<item/>" * 100_000),
    "one long title": rss_feed(feed_item(1, title="<b>x</b" * 100_000)),
    "title of references": rss_feed(feed_item(1, title="&amp;amp;" * 100_000)),
    "escaped HTML": rss_feed(feed_item(1, html="&lt;p&gt;" * 100_000)),
    "CDATA in CDATA": rss_feed(feed_item(1, html="&lt;![CDATA[" * 80_000)),
    "sections of CDATA": rss_feed(feed_item(1, html="]]><![CDATA[" * 80_000)),
    "relative links": rss_feed(feed_item(1, html='<a href="x">x</a>' * 50_000)),
    "namespaces": rss_feed(feed_item(1)).replace(
        "<rss", "<rss " + " ".join(f'xmlns:n{n}="urn:{n}"' for n in range(MANY))
    ),
    "references": rss_feed(feed_item(1, title="&#xD83D;" * 100_000)),
    "a date": rss_feed(feed_item(1, date="Fri, " * 200_000)),
    "comments": rss_feed(feed_item(1, html="<!--" * 200_000)),
    "deep JSON": '{"items":' + "[" * 900_000,
    "items of JSON": json.dumps({"items": [{"id": str(n), "url": f"/{n}"} for n in range(MANY)]}),
    "attachments of JSON": _json_feed(
        attachments=[{"url": f"/{n}.mp3", "mime_type": "audio/mpeg"} for n in range(MANY)]
    ),
    "text of JSON": _json_feed(content_text="<&\n" * 300_000),
    "no known encoding": "".join(map(chr, random.Random(1).choices(range(128, 255), k=900_000))),
    "false encoding": '<?xml version="1.0" encoding="utf-7"?>'
    + rss_feed(feed_item(1, title="+AGE-" * 200_000), head=""),
}
"""Feeds with far more of something than any real one has, by its name."""

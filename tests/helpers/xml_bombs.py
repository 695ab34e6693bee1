"""Feeds that are built to exhaust memory or time, by name."""

from __future__ import annotations

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

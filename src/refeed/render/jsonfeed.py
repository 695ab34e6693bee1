"""Feed -> JSON Feed 1.1. What it has no member for stands in `_feed`, `_entry` and `_source`. Pure."""

from __future__ import annotations

import json as serialiser
from typing import Any

from ..characters import carried
from ..clock import rfc3339
from ..model import Feed, FeedEntry, Site
from .addresses import absolute, document, feed_id, home, identity, page, subscription
from .fragments import FRAGMENTS
from .parts import authors, categories, content, contributors, enclosures, feed_title, source_title, summary, title
from .text import readable, uri

_VERSION = "https://jsonfeed.org/version/1.1"


def json(feed: Feed) -> bytes:
    """The JSON Feed 1.1 document of a feed, one entry a line; older entries follow by `next_url`."""
    frame = serialiser.dumps(_head(feed), ensure_ascii=False, indent=1)
    items = b",\n".join(FRAGMENTS.all(feed, "json", _item))
    return frame.encode().removesuffix(b"\n}") + b',\n "items": [\n' + items + b"\n ]\n}\n"


def _head(feed: Feed) -> dict[str, Any]:
    """Everything but the entries. It names no authors: Miniflux shows those of the feed beside each entry's own."""
    site, info = feed.site, feed.info
    head = {
        "version": _VERSION,
        "title": feed_title(info),
        "description": carried(info.subtitle),
        "home_page_url": uri(home(site, info)),
        # That of the subscription in archives too: it is what a feed is known by.
        "feed_url": subscription(feed, "json"),
        "next_url": document(site, info.path, "json", feed.previous) if feed.previous else None,
        "icon": uri(absolute(site, info.logo or info.icon)),
        "favicon": uri(absolute(site, info.icon)),
        "language": carried(info.language),
        "hubs": [] if feed.archive else [{"type": "WebSub", "url": hub} for hub in site.hubs],
        "_feed": _filled(
            {
                "id": identity(feed),
                "updated": rfc3339(feed.updated),
                "site": uri(info.link),
                "publisher": carried(site.author),
                "archive": feed.archive,
                "removed": [{"id": t.id, "when": rfc3339(t.when)} for t in feed.tombstones],
            }
        ),
    }
    return _filled(head)


def _item(shown: FeedEntry, site: Site) -> bytes:
    """One entry as one line of JSON."""
    entry, html = shown.entry, content(shown, site)
    item = {
        "id": entry.id,
        "url": uri(entry.link),
        "title": title(shown),
        "content_html": html,
        "content_text": None if html else summary(shown) or title(shown),
        "summary": summary(shown),
        "image": uri(entry.image.url) if entry.image else None,
        "date_published": rfc3339(entry.published),
        "date_modified": rfc3339(entry.updated),
        "authors": [{"name": name} for name in authors(shown)],
        "tags": list(dict.fromkeys(c.label or c.term for c in categories(shown, site))),
        "language": carried(entry.language),
        "attachments": [
            _filled({"url": e.url, "mime_type": e.type, "size_in_bytes": e.length}) for e in enclosures(shown)
        ],
        "_source": _source(shown, site),
        "_entry": _extras(shown),
    }
    return serialiser.dumps(_filled(item), ensure_ascii=False).encode()


def _source(shown: FeedEntry, site: Site) -> dict[str, Any] | None:
    """Where an entry of a mixed feed comes from, as atom:source says it."""
    if shown.source is None:
        return None
    path = f"source/{shown.source.id}"
    return _filled(
        {
            "id": feed_id(site, path),
            "title": source_title(shown.source),
            "url": uri(shown.source.link) or page(site, path),
            "feed_url": document(site, path, "json"),
        }
    )


def _extras(shown: FeedEntry) -> dict[str, Any]:
    """What Atom and Media RSS have a place for and JSON Feed has not."""
    entry = shown.entry
    image = entry.image
    return _filled(
        {
            "contributors": [_filled({"name": p.name, "role": p.role}) for p in contributors(shown)],
            "rights": carried(entry.rights),
            "image": _filled(
                {
                    "caption": carried(image.caption),
                    "credit": carried(image.credit),
                    "mime_type": carried(image.type),
                    "size_in_bytes": image.length,
                }
            )
            if image
            else {},
            "original": _filled({"url": uri(entry.original), "language": entry.original_language})
            if entry.original
            else {},
            "via": [uri(other) for other in shown.via],
            "topics": [{"id": carried(id), "title": readable(name, id)} for id, name in shown.labels],
        }
    )


def _filled(members: dict[str, Any]) -> dict[str, Any]:
    """Without the members that say nothing."""
    return {key: value for key, value in members.items() if value not in (None, "", [], {}, 0)}

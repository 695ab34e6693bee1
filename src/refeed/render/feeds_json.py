"""Feeds -> feeds.json, the list of feeds for programs. Pure: its dates come from the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..clock import format_rfc3339
from ..model import FORMATS, FeedPath, ListedFeed, Site
from ..xml_chars import xml_safe
from .common import absolute_url, document_url, feed_id, feed_title, page_url, percent_encode_url

Fragments = dict[FeedPath, tuple[ListedFeed, bytes]]
"""What a feed's item was made from, and its bytes."""


def render_feeds_json(site: Site, feeds: Sequence[ListedFeed], fragments: Fragments | None = None) -> bytes:
    """The document: every feed in the given order, with its permanent id, a description, and its documents' URLs.

    With `fragments`, which are of the same site and are brought up to date, only feeds that changed are encoded.
    """
    fragments = {} if fragments is None else fragments
    newest = max((listed.updated for listed in feeds if listed.updated), default=None)
    document = {
        "version": 1,
        "id": site.id,
        "title": xml_safe(site.title),
        "publisher": xml_safe(site.author),
        "language": site.language,
        "home_page_url": f"{site.base_url}/",
        "opml_url": f"{site.base_url}/feeds/opml.xml",
        "hubs": list(site.hubs),
        "updated": format_rfc3339(newest) if newest else None,
        "feeds": [],
    }
    for listed in feeds:
        path = listed.info.path
        known = fragments.get(path)
        if known is None or known[0] is not listed:
            fragments[path] = listed, _encode(_feed_object(site, listed)).replace(b"\n", b"\n  ")
    items = b",".join(b"\n  " + fragments[listed.info.path][1] for listed in feeds)
    return _encode(document).removesuffix(b"]\n}") + items + (b"\n ]\n}\n" if feeds else b"]\n}\n")


def _encode(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


def _feed_object(site: Site, listed: ListedFeed) -> dict[str, Any]:
    info = listed.info
    return {
        "id": feed_id(site, info.path),
        "path": str(info.path),
        "kind": info.path.kind,
        "title": feed_title(info),
        "description": xml_safe(info.subtitle),
        "language": info.language or None,
        "icon": percent_encode_url(absolute_url(site, info.icon)) or None,
        "home_page_url": page_url(site, info.path),
        "source_url": percent_encode_url(info.link) or None,
        "mixed": info.mixed,
        "entries": listed.entries,
        "empty": listed.is_empty,
        "updated": format_rfc3339(listed.updated) if listed.updated else None,
        "documents": {format: document_url(site, info.path, format) for format in FORMATS},
        "archives": [
            {"name": name} | {format: document_url(site, info.path, format, name) for format in FORMATS}
            for name in listed.archives
        ],
    }

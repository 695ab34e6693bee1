"""Feeds -> feeds.json, the list of feeds for programs. Pure: its dates come from the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..clock import format_rfc3339
from ..model import FORMATS, ListedFeed, Site
from ..xml_chars import xml_safe
from .common import absolute_url, document_url, feed_id, feed_title, page_url, percent_encode_url


def render_feeds_json(site: Site, feeds: Sequence[ListedFeed]) -> bytes:
    """The document: every feed in the given order, with its permanent id, a description, and its documents' URLs."""
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
        "feeds": [_feed_object(site, listed) for listed in feeds],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


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

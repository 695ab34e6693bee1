"""The list of feeds -> feeds.json, for services. Pure: its dates come from the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..clock import format_rfc3339
from ..model import FORMATS, ListedFeed, Site
from ..xml_chars import xml_safe
from .addresses import absolute_url, document_url, feed_id, page_url
from .common import feed_title, percent_encode_url


def render_feeds_json(site: Site, feeds: Sequence[ListedFeed]) -> bytes:
    """Every feed in the order given: what it is called for ever, what it holds, and where each document stands."""
    newest = max((facts.updated for facts in feeds if facts.updated), default=None)
    listing = {
        "version": 1,
        "id": site.id,
        "title": xml_safe(site.title),
        "publisher": xml_safe(site.author),
        "language": site.language,
        "home_page_url": f"{site.base_url}/",
        "opml_url": f"{site.base_url}/feeds/opml.xml",
        "hubs": list(site.hubs),
        "updated": format_rfc3339(newest) if newest else None,
        "feeds": [_listed(site, facts) for facts in feeds],
    }
    return msgspec.json.format(msgspec.json.encode(listing), indent=1) + b"\n"


def _listed(site: Site, facts: ListedFeed) -> dict[str, Any]:
    info = facts.info
    return {
        "id": feed_id(site, info.path),
        "path": str(info.path),
        "kind": info.path.kind,
        "title": feed_title(info),
        "description": xml_safe(info.subtitle),
        "language": info.language,
        "icon": percent_encode_url(absolute_url(site, info.icon)) or None,
        "home_page_url": page_url(site, info.path),
        "source_url": percent_encode_url(info.link) or None,
        "mixed": info.mixed,
        "entries": facts.entries,
        "updated": format_rfc3339(facts.updated) if facts.updated else None,
        "documents": {format: document_url(site, info.path, format) for format in FORMATS},
        "archives": [
            {"name": name} | {format: document_url(site, info.path, format, name) for format in FORMATS}
            for name in facts.archives
        ],
    }

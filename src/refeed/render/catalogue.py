"""The list of feeds -> feeds.json, for services. Pure: its dates come from the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..characters import carried
from ..clock import rfc3339
from ..model import FORMATS, FeedFacts, Site
from .addresses import absolute, document, feed_id, page
from .parts import feed_title
from .text import uri


def catalogue(site: Site, feeds: Sequence[FeedFacts]) -> bytes:
    """Every feed in the order given: what it is called for ever, what it holds, and where each document stands."""
    newest = max((facts.updated for facts in feeds if facts.updated), default=None)
    listing = {
        "version": 1,
        "id": site.id,
        "title": carried(site.title),
        "publisher": carried(site.author),
        "language": site.language,
        "home_page_url": f"{site.base_url}/",
        "opml_url": f"{site.base_url}/feeds/opml.xml",
        "hubs": list(site.hubs),
        "updated": rfc3339(newest) if newest else None,
        "feeds": [_listed(site, facts) for facts in feeds],
    }
    return msgspec.json.format(msgspec.json.encode(listing), indent=1) + b"\n"


def _listed(site: Site, facts: FeedFacts) -> dict[str, Any]:
    info = facts.info
    return {
        "id": feed_id(site, info.path),
        "path": info.path,
        "kind": info.path.partition("/")[0],
        "title": feed_title(info),
        "description": carried(info.subtitle),
        "language": info.language,
        "icon": uri(absolute(site, info.icon)) or None,
        "home_page_url": page(site, info.path),
        "source_url": uri(info.link) or None,
        "mixed": info.mixed,
        "entries": facts.entries,
        "updated": rfc3339(facts.updated) if facts.updated else None,
        "documents": {format: document(site, info.path, format) for format in FORMATS},
        "archives": [
            {"name": name} | {format: document(site, info.path, format, name) for format in FORMATS}
            for name in facts.archives
        ],
    }

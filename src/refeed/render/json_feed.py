"""Feed -> JSON Feed 1.1. `_feed`, `_entry` and `_source` hold what it has no member for. Pure."""

from __future__ import annotations

import json
from typing import Any

from ..clock import format_rfc3339
from ..model import Feed, FeedEntry, FeedPath, Site
from ..xml_chars import xml_safe
from .common import (
    absolute_url,
    author_names,
    cache_entries,
    document_url,
    entry_categories,
    entry_content,
    entry_contributors,
    entry_enclosures,
    entry_summary,
    entry_title,
    feed_id,
    feed_title,
    first_nonblank,
    home_page_url,
    is_by_publisher,
    page_url,
    percent_encode_url,
    source_icon,
    source_title,
)

_VERSION = "https://jsonfeed.org/version/1.1"


def render_json_feed(feed: Feed) -> bytes:
    """The JSON Feed document of a feed, one entry per line. `next_url` leads to older entries."""
    head = json.dumps(_feed_members(feed), ensure_ascii=False, indent=1)
    items = b",\n".join(_render_item(shown, feed.site) for shown in feed.entries)
    return head.encode().removesuffix(b"\n}") + b',\n "items": [\n' + items + b"\n ]\n}\n"


def _feed_members(feed: Feed) -> dict[str, Any]:
    """All members but the items. There are no authors, because Miniflux would add them to those of each entry."""
    site, info = feed.site, feed.info
    head = {
        "version": _VERSION,
        "title": feed_title(info),
        "description": xml_safe(info.subtitle),
        "home_page_url": percent_encode_url(home_page_url(site, info)),
        # Archives have the URL of the subscription too, because readers identify a feed by it.
        "feed_url": document_url(site, info.path, "json", query=info.query),
        "next_url": document_url(site, info.path, "json", feed.previous) if feed.previous else None,
        "icon": percent_encode_url(absolute_url(site, info.logo or info.icon)),
        "favicon": percent_encode_url(absolute_url(site, info.icon)),
        "language": xml_safe(info.language),
        "hubs": [] if feed.archive else [{"type": "WebSub", "url": hub} for hub in site.hubs],
        "_feed": {
            "id": feed_id(site, info.path, info.query),
            "updated": format_rfc3339(feed.updated),
            "site": percent_encode_url(info.link),
            "publisher": xml_safe(site.author),
            "archive": feed.archive,
            "removed": [{"id": tombstone.id, "when": format_rfc3339(tombstone.when)} for tombstone in feed.tombstones],
        },
    }
    members: dict[str, Any] = _without_empty(head)
    return members


@cache_entries
def _render_item(shown: FeedEntry, site: Site) -> bytes:
    """An entry as one line of JSON."""
    entry, html = shown.entry, entry_content(shown, site)
    item = {
        "id": entry.id,
        "url": percent_encode_url(entry.link),
        "title": entry_title(shown),
        "content_html": html,
        "content_text": None if html else entry_summary(shown) or entry_title(shown),
        "summary": entry_summary(shown),
        "image": percent_encode_url(entry.image.url) if entry.image else None,
        "date_published": format_rfc3339(entry.published),
        "date_modified": format_rfc3339(entry.updated),
        "authors": _author_members(shown, site),
        "tags": list(dict.fromkeys(c.label or c.term for c in entry_categories(shown, site))),
        "language": xml_safe(entry.language),
        "attachments": [
            {"url": media.url, "mime_type": media.type, "size_in_bytes": media.length}
            for media in entry_enclosures(shown)
        ],
        "_source": _source_member(shown, site),
        "_entry": _entry_member(shown),
    }
    return json.dumps(_without_empty(item), ensure_ascii=False).encode()


def _author_members(shown: FeedEntry, site: Site) -> list[dict[str, str]]:
    """The authors of an entry. A source that is the author itself, for want of a byline, has its icon."""
    avatar = source_icon(shown.source, site) if is_by_publisher(shown) else ""
    return [{"name": name, "avatar": avatar} for name in author_names(shown)]


def _source_member(shown: FeedEntry, site: Site) -> dict[str, Any] | None:
    """The source of an entry in a feed of several sources, the counterpart of atom:source; otherwise None."""
    if shown.source is None:
        return None
    path = FeedPath("source", shown.source.id)
    return {
        "id": feed_id(site, path),
        "title": source_title(shown.source),
        "url": percent_encode_url(shown.source.link) or page_url(site, path),
        "feed_url": document_url(site, path, "json"),
    }


def _entry_member(shown: FeedEntry) -> dict[str, Any]:
    """The data of an entry that Atom and Media RSS can hold and JSON Feed cannot."""
    entry = shown.entry
    image = entry.image and {
        "caption": xml_safe(entry.image.caption),
        "credit": xml_safe(entry.image.credit),
        "mime_type": xml_safe(entry.image.type),
        "size_in_bytes": entry.image.length,
    }
    original = entry.original and {"url": percent_encode_url(entry.original), "language": entry.original_language}
    return {
        "by_publisher": is_by_publisher(shown),
        "contributors": [{"name": person.name, "role": person.role} for person in entry_contributors(shown)],
        "rights": xml_safe(entry.rights),
        "section": first_nonblank(entry.section).strip(),
        "image": image,
        "original": original,
        "via": [percent_encode_url(other) for other in shown.repost_links],
        "topics": [{"id": xml_safe(id), "title": first_nonblank(name, id)} for id, name in shown.labels],
    }


def _without_empty(value: Any) -> Any:
    """The value without the members of objects, at any depth, that are empty."""
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    members = ((key, _without_empty(member)) for key, member in value.items())
    return {key: member for key, member in members if member not in (None, "", [], {}, 0)}

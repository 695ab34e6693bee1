"""Where documents and pages live, and what feeds are called: from the site's settings alone, never from a request."""

from __future__ import annotations

from ..model import ALL_FEED, Feed, FeedInfo, FeedPath, Format, Site

MEDIA_TYPES: dict[Format, str] = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}


def document_url(site: Site, path: FeedPath, format: Format, archive: str | None = None) -> str:
    """Address of a subscription document, or of an archive such as `2020-06-2`."""
    return f"{site.base_url}/{document_path(path, format, archive)}"


def document_path(path: FeedPath, format: Format, archive: str | None = None) -> str:
    """`feeds/source/bbc.atom`, `feeds/source/bbc/archive/2020-06.atom`: below the outward address as below feeds/."""
    return f"feeds/{path}/archive/{archive}.{format}" if archive else f"feeds/{path}.{format}"


def page_url(site: Site, path: FeedPath) -> str:
    """Address of a feed's page for people."""
    return f"{site.base_url}/" if path == ALL_FEED else f"{site.base_url}/{path}"


def home_page_url(site: Site, info: FeedInfo) -> str:
    """Where people find what a feed is of: its page, or for a private one, which has none, the site it speaks of."""
    return page_url(site, info.path) if not info.private else info.link or page_url(site, ALL_FEED)


def entry_page_url(site: Site, entry_id: str) -> str:
    """Address of an entry's page for people."""
    return f"{site.base_url}/entry/{entry_id.removeprefix('urn:uuid:')}"


def feed_id_with_query(feed: Feed) -> str:
    """The feed's own id; a view by query is another feed than the one it looks at."""
    return _asked(feed_id(feed.site, feed.info.path), feed)


def feed_id(site: Site, path: FeedPath) -> str:
    """A tag URI that outlives every host: `tag:example.org,2026:source/bbc`."""
    return f"{site.id}:{path}"


def absolute_url(site: Site, url: str) -> str:
    """A path on our own site as a URL; every other URL as it is."""
    return f"{site.base_url}{url}" if url.startswith("/") and not url.startswith("//") else url


def self_url(feed: Feed, format: Format) -> str:
    """Address of the document that this feed is rendered into."""
    return _asked(document_url(feed.site, feed.info.path, format, feed.archive), feed)


def subscription_url(feed: Feed, format: Format) -> str:
    """Address of what is subscribed to: for an archive, that of the feed it belongs to."""
    return _asked(document_url(feed.site, feed.info.path, format), feed)


def _asked(address: str, feed: Feed) -> str:
    return f"{address}?{feed.info.query}" if feed.info.query else address

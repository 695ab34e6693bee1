"""Sites, feeds and entries -> their URLs and feed ids. Pure: made of the site's settings, never of a request."""

from __future__ import annotations

from ..model import ALL_FEED, Feed, FeedInfo, FeedPath, Format, Site

MEDIA_TYPES: dict[Format, str] = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}


def document_url(site: Site, path: FeedPath, format: Format, archive: str | None = None) -> str:
    """URL of a subscription document, or of an archive such as `2020-06-2`."""
    name = f"{path}/archive/{archive}" if archive else path
    return f"{site.base_url}/feeds/{name}.{format}"


def self_url(feed: Feed, format: Format) -> str:
    """URL of the document that this feed is rendered into."""
    return _with_query(document_url(feed.site, feed.info.path, format, feed.archive), feed)


def subscription_url(feed: Feed, format: Format) -> str:
    """URL that readers subscribe to. For an archive it is that of its feed."""
    return _with_query(document_url(feed.site, feed.info.path, format), feed)


def page_url(site: Site, path: FeedPath) -> str:
    """URL of a feed's web page."""
    return f"{site.base_url}/" if path == ALL_FEED else f"{site.base_url}/{path}"


def home_page_url(site: Site, info: FeedInfo) -> str:
    """URL of the page about a feed. A private feed has no page here: it is the site of its source."""
    return page_url(site, info.path) if not info.private else info.link or page_url(site, ALL_FEED)


def entry_page_url(site: Site, entry_id: str) -> str:
    """URL of an entry's web page."""
    return f"{site.base_url}/entry/{entry_id.removeprefix('urn:uuid:')}"


def absolute_url(site: Site, url: str) -> str:
    """A path on this site as a URL; any other URL unchanged."""
    return f"{site.base_url}{url}" if url.startswith("/") and not url.startswith("//") else url


def feed_id(site: Site, path: FeedPath) -> str:
    """A tag URI that does not depend on the host: `tag:example.org,2026:source/bbc`."""
    return f"{site.id}:{path}"


def feed_id_with_query(feed: Feed) -> str:
    """The id of a rendered feed. One that is filtered by a query is another feed than the one it is made from."""
    return _with_query(feed_id(feed.site, feed.info.path), feed)


def _with_query(address: str, feed: Feed) -> str:
    return f"{address}?{feed.info.query}" if feed.info.query else address

"""Helpers for all formats: text, URLs and ids, links and fields of feeds and entries, a cache of entries."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from threading import Lock
from typing import NamedTuple, ParamSpec
from urllib.parse import quote

from cachetools import LRUCache, cached

from ..model import ALL_FEED, Enclosure, Feed, FeedEntry, FeedInfo, FeedPath, Format, Person, Site, Source
from ..page_languages import translate
from ..xml_chars import xml_safe

GENERATOR = "refeed"
"""The name has no version, because a new release must not change the bytes of a closed archive."""

MEDIA_TYPES: dict[Format, str] = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}

_IPV6_HOST = re.compile(r"(?:https?://\[[0-9A-Fa-f:.]+\])?")
_SAFE_IN_URL = "!$&'()*+,;=:@/?%"
_CACHE_BYTES = 12 * 1024 * 1024
"""For XML and for JSON: room for the documents of about 80 feeds. A small web dyno has 512 MB in all."""
_Params = ParamSpec("_Params")


def first_nonblank(*texts: str) -> str:
    """The first text that is not blank, limited to characters that XML allows; empty when all are blank."""
    return next((text for text in map(xml_safe, texts) if text.strip()), "")


def percent_encode_url(url: str) -> str:
    """Percent-encode the characters that RFC 3986 does not allow in a URL. A valid URL is not changed."""
    url = xml_safe(url)
    host = _IPV6_HOST.match(url)
    start = host.end() if host else 0
    head, mark, fragment = url[start:].partition("#")
    return url[:start] + quote(head, safe=_SAFE_IN_URL) + mark + quote(fragment, safe=_SAFE_IN_URL)


def format_rfc822(instant: datetime) -> str:
    """Format as `Sat, 21 Nov 2026 08:00:00 +0000`, in English regardless of the locale."""
    return format_datetime(instant.astimezone(UTC))


def document_url(site: Site, path: FeedPath, format: Format, archive: str | None = None, query: str = "") -> str:
    """The URL of a feed's document, or of its archive (`2020-06-2`). A filtered document has a query."""
    name = f"{path}/archive/{archive}" if archive else path
    return f"{site.base_url}/feeds/{name}.{format}{'?' if query else ''}{query}"


def page_url(site: Site, path: FeedPath) -> str:
    """The URL of a feed's web page, also for its digests."""
    return f"{site.base_url}/" if path.base == ALL_FEED else f"{site.base_url}/{path.base}"


def home_page_url(site: Site, info: FeedInfo) -> str:
    """The URL of the page about a feed. A private feed has no page on this site, so it is its source's site."""
    return page_url(site, info.path) if not info.private else info.link or page_url(site, ALL_FEED)


def absolute_url(site: Site, url: str) -> str:
    """Make a path on this site a URL. Any other URL is returned unchanged."""
    return f"{site.base_url}{url}" if url.startswith("/") and not url.startswith("//") else url


def feed_id(site: Site, path: FeedPath, query: str = "") -> str:
    """A tag URI that does not depend on the host: `tag:example.org,2026:source/bbc`.

    A feed filtered by a query is a separate feed, so the query is part of its id.
    """
    return f"{site.id}:{path}{'?' if query else ''}{query}"


class AtomLink(NamedTuple):
    """An Atom link. Every format writes the links that it has a place for."""

    rel: str
    href: str
    type: str = ""
    hreflang: str = ""
    length: str = ""


class AtomCategory(NamedTuple):
    """An Atom category. RSS and JSON Feed use some of its fields."""

    term: str
    scheme: str
    label: str


def feed_title(info: FeedInfo) -> str:
    """The title of a feed, or its path if it has no title."""
    return first_nonblank(info.title, str(info.path))


def source_title(source: Source) -> str:
    """The title of a source, or its id if it has no title."""
    return first_nonblank(source.title, source.id)


def source_icon(source: Source | None, site: Site) -> str:
    """The URL of the icon that a source's rule names; empty if there is none."""
    return percent_encode_url(absolute_url(site, source.icon)) if source and source.icon else ""


def feed_links(feed: Feed, format: Format) -> list[AtomLink]:
    """The links of a document. Our web page comes last, because feedgen takes the last one for RSS's `link`."""
    site, path, media_type = feed.site, feed.info.path, MEDIA_TYPES[format]
    links = [AtomLink("self", document_url(site, path, format, feed.archive, feed.info.query), media_type)]
    if feed.archive:
        links.append(AtomLink("current", document_url(site, path, format), media_type))
    if feed.previous:
        links.append(AtomLink("prev-archive", document_url(site, path, format, feed.previous), media_type))
    if feed.next:
        links.append(AtomLink("next-archive", document_url(site, path, format, feed.next), media_type))
    if not feed.archive:
        links += [AtomLink("hub", hub) for hub in site.hubs]
    if feed.info.link:
        links.append(AtomLink("via", percent_encode_url(feed.info.link), "text/html"))
    return [*links, AtomLink("alternate", percent_encode_url(home_page_url(site, feed.info)), "text/html")]


def entry_links(shown: FeedEntry) -> list[AtomLink]:
    """The links of an entry. The first and the last alternate are both the entry's own link.

    Of several alternates, half of the readers take the first (rss-parser, feedsmith, fastfeedparser, atoma) and half
    the last (feedparser, reader, newsboat, rss2email). So the entry's own link is listed before and after the link of
    the original. The second one has hreflang, because RFC 4287 4.1.2 forbids two of the same type and language.
    """
    entry = shown.entry
    link = percent_encode_url(entry.link)
    links = [AtomLink("alternate", link, "text/html")]
    if entry.original and entry.original_language not in ("", entry.language):
        links.append(AtomLink("alternate", percent_encode_url(entry.original), "text/html", entry.original_language))
        links.append(AtomLink("alternate", link, "text/html", entry.language))
    elif entry.original:
        links.append(AtomLink("related", percent_encode_url(entry.original), "text/html"))
    links += [AtomLink("via", percent_encode_url(other), "text/html") for other in shown.repost_links]
    links += [AtomLink("enclosure", e.url, e.type, length=str(e.length or "")) for e in entry_enclosures(shown)]
    return links


def entry_enclosures(shown: FeedEntry) -> list[Enclosure]:
    """The media files of an entry, without its lead image: Liferea and RSS Guard would list it twice."""
    lead_image = percent_encode_url(shown.entry.image.url) if shown.entry.image else None
    enclosures: dict[str, Enclosure] = {}
    for enclosure in shown.entry.enclosures:
        url = percent_encode_url(enclosure.url)
        if url not in ("", lead_image):
            media_type = xml_safe(enclosure.type) or "application/octet-stream"
            enclosures.setdefault(url, Enclosure(url=url, type=media_type, length=max(0, enclosure.length)))
    return list(enclosures.values())


def entry_categories(shown: FeedEntry, site: Site) -> list[AtomCategory]:
    """The entry's topics, then the section and tags given by its source."""
    topics = [AtomCategory(xml_safe(id), f"{site.id}:topic", first_nonblank(title, id)) for id, title in shown.labels]
    names = dict.fromkeys(first_nonblank(name).strip() for name in (shown.entry.section, *shown.entry.tags))
    return topics + [AtomCategory(name, "", "") for name in names if name]


def author_names(shown: FeedEntry) -> list[str]:
    """The names of the authors, without blank ones. An entry without a byline is by its publisher: otherwise readers
    show the author of the feed, which is the site that republishes it."""
    if is_by_publisher(shown):
        return [name for name in [first_nonblank(shown.publisher)] if name]
    return [name for name in map(first_nonblank, shown.entry.authors) if name]


def is_by_publisher(shown: FeedEntry) -> bool:
    """Whether an entry has no byline, and its publisher is known."""
    return bool(shown.publisher) and not any(map(first_nonblank, shown.entry.authors))


def entry_contributors(shown: FeedEntry) -> list[Person]:
    """The contributors, without those whose name is blank."""
    people = (Person(name=first_nonblank(p.name), role=first_nonblank(p.role)) for p in shown.entry.contributors)
    return [person for person in people if person.name]


def entry_title(shown: FeedEntry) -> str:
    """The title as text, or the link if there is none, because every format requires a title."""
    return first_nonblank(shown.entry.title, percent_encode_url(shown.entry.link))


def entry_summary(shown: FeedEntry) -> str:
    """The summary as text."""
    return first_nonblank(shown.entry.summary)


def entry_content(shown: FeedEntry, site: Site) -> str:
    """The entry's HTML. If the entry is too large for a document: its summary, and a link to its page."""
    entry = shown.entry
    if not shown.summary_only:
        return first_nonblank(entry.html)
    text = translate("Read the full text", entry.language)
    page = f"{site.base_url}/entry/{entry.id.removeprefix('urn:uuid:')}"
    link = f'<p><a href="{escape(page)}">{text}</a></p>'
    summary = entry_summary(shown)
    return (f"<p>{escape(summary, quote=False)}</p>" if summary else "") + link


def cache_entries(render: Callable[_Params, bytes]) -> Callable[_Params, bytes]:
    """Cache what `render` returns for an entry, so that a document with one new entry renders only that one again.

    The key is a hash of everything that the entry is rendered from, because the arguments themselves take as much room
    as the result. Rendering is pure: dropping an entry from the cache never changes a document.
    """

    def key(*arguments: Hashable) -> int:
        return hash(arguments)

    return cached(LRUCache(_CACHE_BYTES, getsizeof=len), key=key, lock=Lock())(render)

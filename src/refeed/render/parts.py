"""What every format says alike of a feed and of an entry, worked out once: links, categories, media, content."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from ..characters import carried
from ..model import Enclosure, Feed, FeedEntry, FeedInfo, Format, Person, Site, Source
from .addresses import MEDIA_TYPES, document, entry_page, home, own
from .text import readable, uri

GENERATOR = "refeed"
"""Without a version: a new release must not change the bytes of a closed archive."""

_FULL_TEXT = {"zh-Hans": "阅读全文", "zh-Hant": "閱讀全文"}


class Link(NamedTuple):
    """An Atom link, in whichever format has a place for it."""

    rel: str
    href: str
    type: str = ""
    hreflang: str = ""
    length: str = ""


class Category(NamedTuple):
    term: str
    scheme: str
    label: str


def feed_links(feed: Feed, format: Format) -> list[Link]:
    """Links of a document; our own page for people comes last, because feedgen takes the last for RSS's `link`."""
    site, path, media_type = feed.site, feed.info.path, MEDIA_TYPES[format]
    links = [Link("self", own(feed, format), media_type)]
    if feed.archive:
        links.append(Link("current", document(site, path, format), media_type))
    if feed.previous:
        links.append(Link("prev-archive", document(site, path, format, feed.previous), media_type))
    if feed.next:
        links.append(Link("next-archive", document(site, path, format, feed.next), media_type))
    if not feed.archive:
        links += [Link("hub", hub) for hub in site.hubs]
    if feed.info.link:
        links.append(Link("via", uri(feed.info.link), "text/html"))
    return [*links, Link("alternate", uri(home(site, feed.info)), "text/html")]


def entry_links(shown: FeedEntry) -> list[Link]:
    """Links of an entry; the first and the last alternate both lead to the entry.

    Of several alternates half of the readers take the first (rss-parser, feedsmith, fastfeedparser, atoma) and half
    the last (feedparser, reader, newsboat, rss2email). So with an original the entry's own link stands on both sides
    of it, the second time with its language: RFC 4287 4.1.2 only forbids the same type and language twice.
    """
    entry = shown.entry
    link = uri(entry.link)
    links = [Link("alternate", link, "text/html")]
    if entry.original and entry.original_language not in ("", entry.language):
        links.append(Link("alternate", uri(entry.original), "text/html", entry.original_language))
        links.append(Link("alternate", link, "text/html", entry.language))
    elif entry.original:
        links.append(Link("related", uri(entry.original), "text/html"))
    links += [Link("via", uri(other), "text/html") for other in shown.via]
    links += [Link("enclosure", e.url, e.type, length=str(e.length or "")) for e in enclosures(shown)]
    return links


def enclosures(shown: FeedEntry) -> list[Enclosure]:
    """Media of an entry, without its lead image: two readers list a picture twice that is named in two ways."""
    lead = uri(shown.entry.image.url) if shown.entry.image else None
    found: dict[str, Enclosure] = {}
    for enclosure in shown.entry.enclosures:
        url = uri(enclosure.url)
        if url not in ("", lead):
            kind = carried(enclosure.type) or "application/octet-stream"
            found.setdefault(url, Enclosure(url=url, type=kind, length=max(0, enclosure.length)))
    return list(found.values())


def categories(shown: FeedEntry, site: Site) -> list[Category]:
    """Topics with their names, then the section and tags that the source itself gave."""
    entry = shown.entry
    found = [Category(carried(id), f"{site.id}:topic", readable(title, id)) for id, title in shown.labels]
    names = dict.fromkeys(readable(name).strip() for name in (entry.section, *entry.tags))
    return found + [Category(name, "", "") for name in names if name]


def authors(shown: FeedEntry) -> list[str]:
    return [name for name in map(readable, shown.entry.authors) if name]


def contributors(shown: FeedEntry) -> list[Person]:
    people = (Person(name=readable(p.name), role=readable(p.role)) for p in shown.entry.contributors)
    return [person for person in people if person.name]


def title(shown: FeedEntry) -> str:
    """The title as text; the link where there is none, for every format wants one."""
    return readable(shown.entry.title, uri(shown.entry.link))


def feed_title(info: FeedInfo) -> str:
    return readable(info.title, info.path)


def source_title(source: Source) -> str:
    return readable(source.title, source.id)


def summary(shown: FeedEntry) -> str:
    return readable(shown.entry.summary)


def content(shown: FeedEntry, site: Site) -> str:
    """The entry's HTML; for one too large for a document its summary and a link to where all of it stands."""
    entry = shown.entry
    if not shown.brief:
        return readable(entry.html)
    text = _FULL_TEXT.get(entry.language, "Read the full text")
    link = f'<p><a href="{escape(entry_page(site, entry.id))}">{text}</a></p>'
    return (f"<p>{escape(summary(shown), quote=False)}</p>" if summary(shown) else "") + link

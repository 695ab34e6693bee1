"""What every format says alike of a feed and of an entry, worked out once: links, categories, media, content."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from threading import Lock
from typing import NamedTuple
from urllib.parse import quote

from ..model import Enclosure, Feed, FeedEntry, FeedInfo, Format, Person, Site, Source
from ..xml_chars import xml_safe
from .addresses import MEDIA_TYPES, document_url, entry_page_url, home_page_url, self_url

# The few spellings that every format shares: text that XML can carry, URLs as RFC 3986 has them, instants.

_LITERAL_HOST = re.compile(r"(?:https?://\[[0-9A-Fa-f:.]+\])?")
_SAFE = "!$&'()*+,;=:@/?%"


def first_nonblank(*texts: str) -> str:
    """The first of the texts that holds more than blanks, as XML can carry it; empty when none does."""
    return next((text for text in map(xml_safe, texts) if text.strip()), "")


def percent_encode_url(url: str) -> str:
    """The URL with everything percent-encoded that RFC 3986 does not allow; one that is right comes back as it is."""
    url = xml_safe(url)
    host = _LITERAL_HOST.match(url)
    start = host.end() if host else 0
    head, mark, fragment = url[start:].partition("#")
    return url[:start] + quote(head, safe=_SAFE) + mark + quote(fragment, safe=_SAFE)


def format_rfc822(instant: datetime) -> str:
    """`Sat, 21 Nov 2026 08:00:00 +0000`, in English whatever the locale."""
    return format_datetime(instant.astimezone(UTC))


GENERATOR = "refeed"
"""Without a version: a new release must not change the bytes of a closed archive."""

_FULL_TEXT = {"zh-Hans": "阅读全文", "zh-Hant": "閱讀全文"}


class AtomLink(NamedTuple):
    """An Atom link, in whichever format has a place for it."""

    rel: str
    href: str
    type: str = ""
    hreflang: str = ""
    length: str = ""


class AtomCategory(NamedTuple):
    term: str
    scheme: str
    label: str


def feed_links(feed: Feed, format: Format) -> list[AtomLink]:
    """Links of a document; our own page for people comes last, because feedgen takes the last for RSS's `link`."""
    site, path, media_type = feed.site, feed.info.path, MEDIA_TYPES[format]
    links = [AtomLink("self", self_url(feed, format), media_type)]
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
    """Links of an entry; the first and the last alternate both lead to the entry.

    Of several alternates half of the readers take the first (rss-parser, feedsmith, fastfeedparser, atoma) and half
    the last (feedparser, reader, newsboat, rss2email). So with an original the entry's own link stands on both sides
    of it, the second time with its language: RFC 4287 4.1.2 only forbids the same type and language twice.
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
    """Media of an entry, without its lead image: two readers list a picture twice that is named in two ways."""
    lead = percent_encode_url(shown.entry.image.url) if shown.entry.image else None
    found: dict[str, Enclosure] = {}
    for enclosure in shown.entry.enclosures:
        url = percent_encode_url(enclosure.url)
        if url not in ("", lead):
            kind = xml_safe(enclosure.type) or "application/octet-stream"
            found.setdefault(url, Enclosure(url=url, type=kind, length=max(0, enclosure.length)))
    return list(found.values())


def entry_categories(shown: FeedEntry, site: Site) -> list[AtomCategory]:
    """Topics with their names, then the section and tags that the source itself gave."""
    entry = shown.entry
    found = [AtomCategory(xml_safe(id), f"{site.id}:topic", first_nonblank(title, id)) for id, title in shown.labels]
    names = dict.fromkeys(first_nonblank(name).strip() for name in (entry.section, *entry.tags))
    return found + [AtomCategory(name, "", "") for name in names if name]


def author_names(shown: FeedEntry) -> list[str]:
    return [name for name in map(first_nonblank, shown.entry.authors) if name]


def entry_contributors(shown: FeedEntry) -> list[Person]:
    people = (Person(name=first_nonblank(p.name), role=first_nonblank(p.role)) for p in shown.entry.contributors)
    return [person for person in people if person.name]


def entry_title(shown: FeedEntry) -> str:
    """The title as text; the link where there is none, for every format wants one."""
    return first_nonblank(shown.entry.title, percent_encode_url(shown.entry.link))


def feed_title(info: FeedInfo) -> str:
    return first_nonblank(info.title, str(info.path))


def source_title(source: Source) -> str:
    return first_nonblank(source.title, source.id)


def entry_summary(shown: FeedEntry) -> str:
    return first_nonblank(shown.entry.summary)


def entry_content(shown: FeedEntry, site: Site) -> str:
    """The entry's HTML; for one too large for a document its summary and a link to where all of it stands."""
    entry = shown.entry
    if not shown.summary_only:
        return first_nonblank(entry.html)
    text = _FULL_TEXT.get(entry.language, "Read the full text")
    link = f'<p><a href="{escape(entry_page_url(site, entry.id))}">{text}</a></p>'
    return (f"<p>{escape(entry_summary(shown), quote=False)}</p>" if entry_summary(shown) else "") + link


# Entries already rendered, so that a document with one new entry does not write the other forty-nine again. A memory
# of what a pure function gave: forgetting any of it changes no byte.

_BUDGET = 24 * 1024 * 1024  # the documents of about 80 feeds; a small web dyno has 512 MB in all


class _Key(NamedTuple):
    """What a fragment was made from, without holding its text: a hash of all of it beside the id and time."""

    id: str
    updated: datetime
    digest: int
    format: Format


class RenderedEntryCache:
    """Fragments up to a number of bytes; the least recently used go first. Safe to share between threads."""

    def __init__(self, budget: int = _BUDGET) -> None:
        self._budget = budget
        self._size = 0
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._lock = Lock()
        self._last: tuple[Feed | None, list[int]] = (None, [])

    def render_entries(self, feed: Feed, format: Format, write: Callable[[FeedEntry, Site], bytes]) -> Iterator[bytes]:
        """The fragments of a feed's entries, each written now or before."""
        for shown, digest in zip(feed.entries, self._digests(feed), strict=True):
            key = _Key(shown.entry.id, shown.entry.updated, digest, format)
            yield self._find(key) or self._keep(key, write(shown, feed.site))

    def _digests(self, feed: Feed) -> list[int]:
        """Of each entry as the feed shows it; worked out once for all formats, which follow one another."""
        last, digests = self._last
        if last is not feed:
            digests = [hash((shown, feed.site)) for shown in feed.entries]
            self._last = feed, digests
        return digests

    def _find(self, key: _Key) -> bytes | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def _keep(self, key: _Key, fragment: bytes) -> bytes:
        with self._lock:
            self._size += len(fragment) - len(self._kept.pop(key, b""))
            self._kept[key] = fragment
            while self._size > self._budget:
                self._size -= len(self._kept.popitem(last=False)[1])
        return fragment

    def __len__(self) -> int:
        return len(self._kept)


RENDERED_ENTRIES = RenderedEntryCache()

"""Feed -> Atom 1.0 or RSS 2.0, by feedgen. Pure: the same feed gives the same bytes on every machine."""

from __future__ import annotations

from html import escape
from typing import Any, Literal

from feedgen.entry import FeedEntry as FeedgenEntry
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.feed import FeedGenerator
from feedgen.util import xml_elem
from lxml import etree

from ..model import Feed, FeedEntry, Site
from ..xml_chars import xml_safe
from .addresses import absolute_url, feed_id_with_query
from .common import (
    GENERATOR,
    RENDERED_ENTRIES,
    author_names,
    entry_categories,
    entry_content,
    entry_contributors,
    entry_summary,
    entry_title,
    feed_links,
    feed_title,
    first_nonblank,
    percent_encode_url,
)
from .feedgen_extensions import ATOM_NS, CONTENT_NS, DUBLIN_CORE_NS, MEDIA_NS, EntryExtension, FeedExtension

_XmlFormat = Literal["atom", "rss"]
_END = {"atom": b"</feed>\n", "rss": b"  </channel>\n</rss>\n"}


def render_atom(feed: Feed) -> bytes:
    """The Atom document of a feed (RFC 4287; archives by RFC 5005, tombstones by RFC 6721)."""
    return _render(feed, "atom")


def render_rss(feed: Feed) -> bytes:
    """The RSS 2.0 document of a feed, by the RSS Advisory Board's Best Practices Profile."""
    return _render(feed, "rss")


def render_uncached(feed: Feed, format: _XmlFormat) -> bytes:
    """The document without the cache of rendered entries: the same bytes, several times slower."""
    generator = _feed_generator(feed, format)
    for shown in feed.entries:
        generator.add_entry(_feedgen_entry(shown, feed.site, format), order="append")
    return _serialize(generator, format)


def _render(feed: Feed, format: _XmlFormat) -> bytes:
    """The feed is rendered without entries, and its entries, mostly from the cache, are put before its end tags."""
    end = _END[format]
    head = _serialize(_feed_generator(feed, format), format).removesuffix(end)
    render_entry = _render_atom_entry if format == "atom" else _render_rss_item
    return b"".join((head, *RENDERED_ENTRIES.render_entries(feed, format, render_entry), end))


def _serialize(generator: Any, format: _XmlFormat) -> bytes:
    document: bytes = generator.atom_str(pretty=True) if format == "atom" else generator.rss_str(pretty=True)
    return document


def _feed_generator(feed: Feed, format: _XmlFormat) -> Any:
    """A feedgen feed without entries."""
    site, info = feed.site, feed.info
    generator = FeedGenerator()
    generator.register_extension("dc", DcExtension, DcEntryExtension, atom=False, rss=True)
    generator.register_extension("refeed", FeedExtension, EntryExtension)
    generator.refeed.feed, generator.refeed.format = feed, format
    generator.id(feed_id_with_query(feed))
    generator.title(feed_title(info))
    generator.subtitle(first_nonblank(info.subtitle, feed_title(info) if format == "rss" else "") or None)
    generator.language(xml_safe(info.language))
    generator.author(name=first_nonblank(site.author, GENERATOR))
    generator.generator(GENERATOR)
    generator.updated(feed.updated)
    generator._FeedGenerator__rss_lastBuildDate = None  # or it would be there twice: see FeedExtension.extend_rss
    for link in feed_links(feed, format):
        generator.link({key: value for key, value in link._asdict().items() if value})
    icon, logo = (percent_encode_url(absolute_url(feed.site, url)) for url in (feed.info.icon, feed.info.logo))
    if format == "rss":
        # RSS 2.0 allows GIF, JPEG and PNG only.
        allowed = (url for url in (logo, icon) if url.lower().endswith((".gif", ".jpg", ".jpeg", ".png")))
        generator.image(url=next(allowed, None))
    else:
        generator.icon(icon or None)
        generator.logo(logo or None)
    return generator


def _feedgen_entry(shown: FeedEntry, site: Site, format: _XmlFormat) -> Any:
    """A feedgen entry. It has one link, because feedgen writes the others wrong; `EntryExtension` adds them."""
    entry = shown.entry
    element = FeedgenEntry()
    element.register_extension("dc", DcEntryExtension, atom=False, rss=True)
    element.register_extension("refeed", EntryExtension)
    element.refeed.shown, element.refeed.site = shown, site
    element.id(entry.id)
    element.title(entry_title(shown))
    element.updated(entry.updated)
    element.link(href=percent_encode_url(entry.link), rel="alternate")
    names = author_names(shown)
    element.author([{"name": name} for name in names])
    # Of several dc:creator half of the readers keep the first and the other half the last.
    element.dc.dc_creator(", ".join(names) or None)
    contributors = [person.name for person in entry_contributors(shown)]
    element.contributor([{"name": name} for name in contributors])
    element.dc.dc_contributor(contributors)
    element.dc.dc_language(xml_safe(entry.language) or None)
    element.category([{k: v for k, v in c._asdict().items() if v} for c in entry_categories(shown, site)])
    if entry.rights:
        element.rights(xml_safe(entry.rights))
        element.dc.dc_rights(xml_safe(entry.rights))
    content, summary = entry_content(shown, site), entry_summary(shown)
    if content:
        element.content(content, type="html")
    if summary:
        # In RSS the description is HTML for every reader. In Atom the summary is marked as text.
        element.summary(summary if format == "atom" else escape(summary, quote=False))
    return element


def _render_atom_entry(shown: FeedEntry, site: Site) -> bytes:
    """One entry, indented as in its document."""
    root = xml_elem("feed", xmlns=ATOM_NS, nsmap={"media": MEDIA_NS})
    root.append(_feedgen_entry(shown, site, "atom").atom_entry())
    return _serialize_inner(root, b"  <entry", "atom")


def _render_rss_item(shown: FeedEntry, site: Site) -> bytes:
    root = xml_elem("rss", nsmap={"media": MEDIA_NS, "dc": DUBLIN_CORE_NS, "atom": ATOM_NS, "content": CONTENT_NS})
    xml_elem("channel", root).append(_feedgen_entry(shown, site, "rss").rss_entry())
    return _serialize_inner(root, b"    <item", "rss")


def _serialize_inner(root: Any, start: bytes, format: _XmlFormat) -> bytes:
    """What is between the start tags of a document and its end tags."""
    document: bytes = etree.tostring(root, pretty_print=True, encoding="UTF-8")
    return document[document.index(b"\n" + start) + 1 :].removesuffix(_END[format])

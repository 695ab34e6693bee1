"""Feed -> Atom 1.0 or RSS 2.0, through feedgen. Pure: the same feed gives the same bytes on every machine."""

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

_Xml = Literal["atom", "rss"]
_CLOSING = {"atom": b"</feed>\n", "rss": b"  </channel>\n</rss>\n"}


def render_atom(feed: Feed) -> bytes:
    """The Atom document of a feed (RFC 4287; archives by RFC 5005, tombstones by RFC 6721)."""
    return _spliced(feed, "atom")


def render_rss(feed: Feed) -> bytes:
    """The RSS 2.0 document of a feed, by the RSS Advisory Board's Best Practices Profile."""
    return _spliced(feed, "rss")


def render_uncached(feed: Feed, format: _Xml) -> bytes:
    """The document as feedgen alone writes it: the same bytes, several times slower."""
    generator = _shell(feed, format)
    for shown in feed.entries:
        generator.add_entry(_entry(shown, feed.site, format), order="append")
    return _written(generator, format)


def _spliced(feed: Feed, format: _Xml) -> bytes:
    """A new dump changes one entry of a document: the others' bytes are remembered, and set into the new frame."""
    closing = _CLOSING[format]
    frame = _written(_shell(feed, format), format)
    write = _atom_fragment if format == "atom" else _rss_fragment
    return b"".join((frame.removesuffix(closing), *RENDERED_ENTRIES.render_entries(feed, format, write), closing))


def _written(generator: Any, format: _Xml) -> bytes:
    written: bytes = generator.atom_str(pretty=True) if format == "atom" else generator.rss_str(pretty=True)
    return written


def _shell(feed: Feed, format: _Xml) -> Any:
    """A feedgen feed without its entries."""
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
    generator._FeedGenerator__rss_lastBuildDate = None  # else it is spelt twice: see FeedParts.extend_rss
    for link in feed_links(feed, format):
        generator.link({key: value for key, value in link._asdict().items() if value})
    _add_pictures(generator, feed, format)
    return generator


def _add_pictures(generator: Any, feed: Feed, format: _Xml) -> None:
    icon, logo = (percent_encode_url(absolute_url(feed.site, url)) for url in (feed.info.icon, feed.info.logo))
    if format == "rss":
        # RSS 2.0 knows GIF, JPEG and PNG only.
        known = (url for url in (logo, icon) if url.lower().endswith((".gif", ".jpg", ".jpeg", ".png")))
        generator.image(url=next(known, None))
    else:
        generator.icon(icon or None)
        generator.logo(logo or None)


def _entry(shown: FeedEntry, site: Site, format: _Xml) -> Any:
    """A feedgen entry. It has one link only, because feedgen spoils the others; `EntryParts` adds them."""
    entry = shown.entry
    made = FeedgenEntry()
    made.register_extension("dc", DcEntryExtension, atom=False, rss=True)
    made.register_extension("refeed", EntryExtension)
    made.refeed.shown, made.refeed.site = shown, site
    made.id(entry.id)
    made.title(entry_title(shown))
    made.updated(entry.updated)
    made.link(href=percent_encode_url(entry.link), rel="alternate")
    names = author_names(shown)
    made.author([{"name": name} for name in names])
    # Of several dc:creator one half of the readers keeps the first and the other half the last.
    made.dc.dc_creator(", ".join(names) or None)
    helpers = [person.name for person in entry_contributors(shown)]
    made.contributor([{"name": name} for name in helpers])
    made.dc.dc_contributor(helpers)
    made.dc.dc_language(xml_safe(entry.language) or None)
    made.category([{k: v for k, v in c._asdict().items() if v} for c in entry_categories(shown, site)])
    if entry.rights:
        made.rights(xml_safe(entry.rights))
        made.dc.dc_rights(xml_safe(entry.rights))
    text, brief = entry_content(shown, site), entry_summary(shown)
    if text:
        made.content(text, type="html")
    if brief:
        # RSS's description is HTML to every reader, Atom's summary says that it is text.
        made.summary(brief if format == "atom" else escape(brief, quote=False))
    return made


def _atom_fragment(shown: FeedEntry, site: Site) -> bytes:
    """The bytes of one entry, indented as in its document."""
    root = xml_elem("feed", xmlns=ATOM_NS, nsmap={"media": MEDIA_NS})
    root.append(_entry(shown, site, "atom").atom_entry())
    return _cut(root, b"  <entry", "atom")


def _rss_fragment(shown: FeedEntry, site: Site) -> bytes:
    root = xml_elem("rss", nsmap={"media": MEDIA_NS, "dc": DUBLIN_CORE_NS, "atom": ATOM_NS, "content": CONTENT_NS})
    xml_elem("channel", root).append(_entry(shown, site, "rss").rss_entry())
    return _cut(root, b"    <item", "rss")


def _cut(root: Any, opening: bytes, format: _Xml) -> bytes:
    """What stands between the frame's first lines and its last."""
    written: bytes = etree.tostring(root, pretty_print=True, encoding="UTF-8")
    return written[written.index(b"\n" + opening) + 1 :].removesuffix(_CLOSING[format])

"""Feed -> Atom 1.0 or RSS 2.0, with feedgen. Pure: the same feed gives the same bytes on every machine."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any, Literal

from feedgen.entry import FeedEntry as FeedgenEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.feed import FeedGenerator
from feedgen.util import xml_elem
from lxml import etree

from ..clock import format_rfc3339
from ..model import Entry, Feed, FeedEntry, FeedPath, Format, Site, Tombstone
from ..xml_chars import xml_safe
from .common import (
    GENERATOR,
    AtomLink,
    absolute_url,
    author_names,
    cache_entries,
    document_url,
    entry_categories,
    entry_content,
    entry_contributors,
    entry_enclosures,
    entry_links,
    entry_summary,
    entry_title,
    feed_id,
    feed_links,
    feed_title,
    first_nonblank,
    format_rfc822,
    percent_encode_url,
    source_icon,
    source_title,
)

_ATOM_NS = "http://www.w3.org/2005/Atom"
_CONTENT_NS = "http://purl.org/rss/1.0/modules/content/"
_MEDIA_NS = "http://search.yahoo.com/mrss/"
_HISTORY_NS = "http://purl.org/syndication/history/1.0"
_TOMBSTONES_NS = "http://purl.org/atompub/tombstones/1.0"
_DC_NS = "http://purl.org/dc/elements/1.1/"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_XmlFormat = Literal["atom", "rss"]


class _NoDate(datetime):
    """A date that feedgen leaves out of RSS: it writes those that are true."""

    def __bool__(self) -> bool:
        return False


_NO_DATE = _NoDate(1970, 1, 1, tzinfo=UTC)
_END = {"atom": b"</feed>\n", "rss": b"  </channel>\n</rss>\n"}


def render_atom(feed: Feed) -> bytes:
    """The Atom document of a feed (RFC 4287), with archives (RFC 5005) and tombstones (RFC 6721)."""
    return _render(feed, "atom")


def render_rss(feed: Feed) -> bytes:
    """The RSS 2.0 document of a feed. Follows the RSS Advisory Board's Best Practices Profile."""
    return _render(feed, "rss")


def _render(feed: Feed, format: _XmlFormat) -> bytes:
    """Render the feed without entries, and insert the entries, most of them from the cache, before its end tags."""
    end = _END[format]
    head = _serialize(_feed_generator(feed, format), format).removesuffix(end)
    return b"".join((head, *(_render_entry(shown, feed.site, format) for shown in feed.entries), end))


def _serialize(generator: Any, format: _XmlFormat) -> bytes:
    document: bytes = generator.atom_str(pretty=True) if format == "atom" else generator.rss_str(pretty=True)
    return document


def _feed_generator(feed: Feed, format: _XmlFormat) -> Any:
    """A feedgen feed without entries."""
    site, info = feed.site, feed.info
    generator = FeedGenerator()
    generator.register_extension("dc", DcExtension, DcEntryExtension, atom=False, rss=True)
    generator.register_extension("refeed", _FeedExtension, _EntryExtension)
    generator.refeed.feed, generator.refeed.format = feed, format
    generator.id(feed_id(site, info.path, info.query))
    generator.title(feed_title(info))
    generator.subtitle(first_nonblank(info.subtitle, feed_title(info) if format == "rss" else "") or None)
    generator.language(xml_safe(info.language))
    generator.author(name=first_nonblank(site.author, GENERATOR))
    generator.generator(GENERATOR)
    # feedgen would format lastBuildDate with locale.setlocale, which changes the whole process and is not thread-safe.
    generator.updated(feed.updated if format == "atom" else _NO_DATE)
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
    """A feedgen entry with one link. `_EntryExtension` adds the other links, which feedgen would write incorrectly."""
    entry = shown.entry
    element = FeedgenEntry()
    element.register_extension("dc", DcEntryExtension, atom=False, rss=True)
    element.register_extension("refeed", _EntryExtension)
    element.refeed.shown, element.refeed.site = shown, site
    element.id(entry.id)
    element.title(entry_title(shown))
    element.updated(entry.updated)
    element.link(href=percent_encode_url(entry.link), rel="alternate")
    names = author_names(shown)
    element.author([{"name": name} for name in names])
    # The names share one dc:creator: of several, half of the readers keep only the first, the other half only the last.
    element.dc.dc_creator(", ".join(names) or None)
    contributors = [person.name for person in entry_contributors(shown)]
    element.contributor([{"name": name} for name in contributors])
    element.dc.dc_contributor(contributors)
    element.dc.dc_language(xml_safe(entry.language) or None)
    element.category(
        [
            {name: value for name, value in category._asdict().items() if value}
            for category in entry_categories(shown, site)
        ]
    )
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


@cache_entries
def _render_entry(shown: FeedEntry, site: Site, format: _XmlFormat) -> bytes:
    """The XML of one entry, indented as in its document."""
    entry = _feedgen_entry(shown, site, format)
    if format == "atom":
        root = xml_elem("feed", xmlns=_ATOM_NS, nsmap={"media": _MEDIA_NS})
        root.append(entry.atom_entry())
        start = b"\n  <entry"
    else:
        root = xml_elem("rss", nsmap={"media": _MEDIA_NS, "dc": _DC_NS, "atom": _ATOM_NS, "content": _CONTENT_NS})
        xml_elem("channel", root).append(entry.rss_entry())
        start = b"\n    <item"
    document: bytes = etree.tostring(root, pretty_print=True, encoding="UTF-8")
    return document[document.index(start) + 1 :].removesuffix(_END[format])


class _FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Adds what feedgen 1.0.0 lacks or gets wrong in a feed: archive marks, further links in RSS, tombstones, dates.

    feedgen writes `xmlns` as a plain attribute, so its elements have no namespace. Atom elements that are added here
    have none either.
    """

    feed: Feed
    format: Format

    def extend_ns(self) -> dict[str, str]:
        """Media RSS always, because any entry may use it; others only if used, or the W3C validator warns."""
        namespaces = {"media": _MEDIA_NS}
        if self.feed.archive:
            namespaces["fh"] = _HISTORY_NS
        if self.feed.tombstones and self.format == "atom":
            namespaces["at"] = _TOMBSTONES_NS
        return namespaces

    def extend_atom(self, root: Any) -> Any:
        root.find("updated").text = format_rfc3339(self.feed.updated)
        if self.feed.archive:
            xml_elem(f"{{{_HISTORY_NS}}}archive", root)
        for tombstone in self.feed.tombstones:
            _add_tombstone(root, tombstone, self.feed.site)
        return root

    def extend_rss(self, root: Any) -> Any:
        channel = root[0]
        xml_elem("lastBuildDate", channel).text = format_rfc822(self.feed.updated)
        for link in feed_links(self.feed, "rss"):
            if link.rel not in ("self", "alternate"):  # feedgen writes self, and RSS has its own element for alternate
                _add_link(channel, link, f"{{{_ATOM_NS}}}link")
        if self.feed.archive:
            xml_elem(f"{{{_HISTORY_NS}}}archive", channel)
        return root


class _EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """Adds what feedgen 1.0.0 lacks or gets wrong in an entry: language, links, dates, source and media."""

    shown: FeedEntry
    site: Site

    def extend_atom(self, element: Any) -> Any:
        entry = self.shown.entry
        element.set(_XML_LANG, xml_safe(entry.language))
        element.find("updated").text = format_rfc3339(entry.updated)
        xml_elem("published", element).text = format_rfc3339(entry.published)
        # feedgen overwrites its own loop variable and loses every attribute of a link but href (feedgen issue 135).
        element.remove(element.find("link"))
        for link in entry_links(self.shown):
            _add_link(element, link, "link")
        self._add_atom_source(element)
        _add_lead_image(element, entry)
        return element

    def extend_rss(self, item: Any) -> Any:
        entry = self.shown.entry
        xml_elem("pubDate", item).text = format_rfc822(entry.published)
        xml_elem(f"{{{_ATOM_NS}}}updated", item).text = format_rfc3339(entry.updated)
        for link in entry_links(self.shown):
            if link.rel in ("related", "via"):
                _add_link(item, link, f"{{{_ATOM_NS}}}link")
            elif link.hreflang and link.href != percent_encode_url(entry.link):
                # rel=related, because feedparser, reader and rss2email take any `alternate` for the entry's own link.
                _add_link(item, link._replace(rel="related"), f"{{{_ATOM_NS}}}link")
        source = self.shown.source
        if source:
            address = document_url(self.site, FeedPath("source", source.id), "rss")
            xml_elem("source", item, url=address).text = source_title(source)
        self._add_media(item)
        _add_lead_image(item, entry)
        return item

    def _add_atom_source(self, element: Any) -> None:
        """Add atom:source to an entry of a feed with several sources.

        Its only link is rel=self, because RSS Guard takes an alternate in it for the entry's own link. Its `updated` is
        the entry's, so that the bytes of an old entry do not change with its source.
        """
        if self.shown.source:
            path = FeedPath("source", self.shown.source.id)
            source = xml_elem("source", element)
            xml_elem("id", source).text = feed_id(self.site, path)
            xml_elem("title", source).text = source_title(self.shown.source)
            xml_elem("updated", source).text = format_rfc3339(self.shown.entry.updated)
            if icon := source_icon(self.shown.source, self.site):
                xml_elem("icon", source).text = icon
            _add_link(source, AtomLink("self", document_url(self.site, path, "atom"), "application/atom+xml"), "link")

    def _add_media(self, item: Any) -> None:
        """Add the first media file as the enclosure, of which RSS allows one, and the others as Media RSS."""
        for index, media in enumerate(entry_enclosures(self.shown)):
            if index == 0:
                xml_elem("enclosure", item, url=media.url, length=str(media.length), type=media.type)
            else:
                xml_elem(f"{{{_MEDIA_NS}}}content", item, url=media.url, **_file_attributes(media.type, media.length))


def _add_lead_image(element: Any, entry: Entry) -> None:
    """Add the lead image as Media RSS. It is not an enclosure: Liferea and RSS Guard would list it twice."""
    if entry.image and entry.image.url:
        attributes = _file_attributes(entry.image.type, entry.image.length)
        media = xml_elem(
            f"{{{_MEDIA_NS}}}content", element, url=percent_encode_url(entry.image.url), medium="image", **attributes
        )
        if entry.image.caption:
            xml_elem(f"{{{_MEDIA_NS}}}description", media, type="plain").text = xml_safe(entry.image.caption)
        if entry.image.credit:
            xml_elem(f"{{{_MEDIA_NS}}}credit", media).text = xml_safe(entry.image.credit)


def _file_attributes(type: str, length: int) -> dict[str, str]:
    """The known attributes of a media file in Media RSS."""
    return {name: value for name, value in (("type", xml_safe(type)), ("fileSize", str(length or ""))) if value}


def _add_link(parent: Any, link: AtomLink, name: str) -> None:
    xml_elem(name, parent, **{key: value for key, value in link._asdict().items() if value})


def _add_tombstone(root: Any, tombstone: Tombstone, site: Site) -> None:
    """Add a tombstone (RFC 6721), which names its source in a feed of several sources."""
    when = format_rfc3339(tombstone.when)
    deleted = xml_elem(f"{{{_TOMBSTONES_NS}}}deleted-entry", root, ref=tombstone.id, when=when)
    if tombstone.source:
        source = xml_elem("source", deleted)
        xml_elem("id", source).text = feed_id(site, FeedPath("source", tombstone.source.id))
        xml_elem("title", source).text = source_title(tombstone.source)
        xml_elem("updated", source).text = when

"""What feedgen 1.0.0 lacks or gets wrong, mended through its own extension points.

feedgen's trees carry no namespace (its `xmlns` is a plain attribute), so children in Atom's are made without one.
"""

from __future__ import annotations

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.util import xml_elem

from ..clock import format_rfc3339
from ..model import Entry, Feed, FeedEntry, FeedPath, Format, Site, Tombstone
from ..xml_chars import xml_safe
from .addresses import document_url, feed_id
from .common import AtomLink, entry_enclosures, entry_links, feed_links, format_rfc822, percent_encode_url, source_title

ATOM_NS = "http://www.w3.org/2005/Atom"
CONTENT_NS = "http://purl.org/rss/1.0/modules/content/"
MEDIA_NS = "http://search.yahoo.com/mrss/"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
DUBLIN_CORE_NS = "http://purl.org/dc/elements/1.1/"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Archive mark, links that RSS wants too, tombstones, and dates in a spelling of our own."""

    feed: Feed
    format: Format

    def extend_ns(self) -> dict[str, str]:
        """Media RSS for any entry; the others only where they are used: the W3C validator warns of tombstones'."""
        used = {"media": MEDIA_NS}
        if self.feed.archive:
            used["fh"] = HISTORY
        if self.feed.tombstones and self.format == "atom":
            used["at"] = TOMBSTONES
        return used

    def extend_atom(self, root: Any) -> Any:
        root.find("updated").text = format_rfc3339(self.feed.updated)
        self._mark_archive(root)
        for tombstone in self.feed.tombstones:
            _add_tombstone(root, tombstone, self.feed.site)
        return root

    def extend_rss(self, root: Any) -> Any:
        channel = root[0]
        # feedgen would spell it through locale.setlocale, which is the whole process's and not safe in threads.
        xml_elem("lastBuildDate", channel).text = format_rfc822(self.feed.updated)
        for link in feed_links(self.feed, "rss"):
            if link.rel not in ("self", "alternate"):  # feedgen writes the former; the latter is RSS's own link
                _add_link(channel, link, f"{{{ATOM_NS}}}link")
        self._mark_archive(channel)
        return root

    def _mark_archive(self, parent: Any) -> None:
        if self.feed.archive:
            xml_elem(f"{{{HISTORY}}}archive", parent)


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """Language, links, dates, source and media of one entry."""

    shown: FeedEntry
    site: Site

    def extend_atom(self, element: Any) -> Any:
        entry = self.shown.entry
        element.set(XML_LANG, xml_safe(entry.language))
        element.find("updated").text = format_rfc3339(entry.updated)
        xml_elem("published", element).text = format_rfc3339(entry.published)
        # feedgen overwrites its own loop variable and loses every attribute of a link but href (its issue 135).
        element.remove(element.find("link"))
        for link in entry_links(self.shown):
            _add_link(element, link, "link")
        self._add_atom_source(element)
        _add_picture(element, entry)
        return element

    def extend_rss(self, item: Any) -> Any:
        entry = self.shown.entry
        xml_elem("pubDate", item).text = format_rfc822(entry.published)
        xml_elem(f"{{{ATOM_NS}}}updated", item).text = format_rfc3339(entry.updated)
        for link in entry_links(self.shown):
            if link.rel in ("related", "via"):
                _add_link(item, link, f"{{{ATOM_NS}}}link")
            elif link.hreflang and link.href != percent_encode_url(entry.link):
                # As `alternate` feedparser, reader and rss2email would take it for the entry's own link.
                _add_link(item, link._replace(rel="related"), f"{{{ATOM_NS}}}link")
        source = self.shown.source
        if source:
            address = document_url(self.site, FeedPath("source", source.id), "rss")
            xml_elem("source", item, url=address).text = source_title(source)
        self._add_media(item)
        _add_picture(item, entry)
        return item

    def _add_atom_source(self, element: Any) -> None:
        """atom:source for an entry beside those of other sources, with rel=self alone: RSS Guard takes an alternate
        in it for the entry's own link. Its `updated` is the entry's, so that an old entry's bytes stay what they are.
        """
        if self.shown.source:
            path = FeedPath("source", self.shown.source.id)
            source = xml_elem("source", element)
            xml_elem("id", source).text = feed_id(self.site, path)
            xml_elem("title", source).text = source_title(self.shown.source)
            xml_elem("updated", source).text = format_rfc3339(self.shown.entry.updated)
            _add_link(source, AtomLink("self", document_url(self.site, path, "atom"), "application/atom+xml"), "link")

    def _add_media(self, item: Any) -> None:
        """RSS has room for one enclosure; any further are Media RSS."""
        for index, media in enumerate(entry_enclosures(self.shown)):
            if index == 0:
                xml_elem("enclosure", item, url=media.url, length=str(media.length), type=media.type)
            else:
                xml_elem(f"{{{MEDIA_NS}}}content", item, url=media.url, **_facts(media.type, media.length))


def _add_picture(element: Any, entry: Entry) -> None:
    """The lead image, once: beside an enclosure of the same URL Liferea and RSS Guard would list it twice."""
    if entry.image and entry.image.url:
        facts = _facts(entry.image.type, entry.image.length)
        picture = xml_elem(
            f"{{{MEDIA_NS}}}content", element, url=percent_encode_url(entry.image.url), medium="image", **facts
        )
        if entry.image.caption:
            xml_elem(f"{{{MEDIA_NS}}}description", picture, type="plain").text = xml_safe(entry.image.caption)
        if entry.image.credit:
            xml_elem(f"{{{MEDIA_NS}}}credit", picture).text = xml_safe(entry.image.credit)


def _facts(type: str, length: int) -> dict[str, str]:
    """What Media RSS says of a file, as far as it is known."""
    return {name: value for name, value in (("type", xml_safe(type)), ("fileSize", str(length or ""))) if value}


def _add_link(parent: Any, link: AtomLink, name: str) -> None:
    xml_elem(name, parent, **{key: value for key, value in link._asdict().items() if value})


def _add_tombstone(root: Any, tombstone: Tombstone, site: Site) -> None:
    """RFC 6721: in a feed that is not the entry's own a tombstone names the source."""
    deleted = xml_elem(f"{{{TOMBSTONES}}}deleted-entry", root, ref=tombstone.id, when=format_rfc3339(tombstone.when))
    if tombstone.source:
        source = xml_elem("source", deleted)
        xml_elem("id", source).text = feed_id(site, FeedPath("source", tombstone.source.id))
        xml_elem("title", source).text = source_title(tombstone.source)
        xml_elem("updated", source).text = format_rfc3339(tombstone.when)

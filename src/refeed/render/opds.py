"""Digests -> OPDS 1.2, the catalogues from which reading programs download books (KOReader, Moon+ Reader). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from lxml import etree

from ..clock import format_rfc3339
from ..model import FeedInfo, Site
from ..xml_chars import xml_safe
from .common import GENERATOR, feed_id, feed_title, first_nonblank

_ATOM = "http://www.w3.org/2005/Atom"
_KIND = "application/atom+xml;profile=opds-catalog;kind="
NAVIGATION, ACQUISITION = f"{_KIND}navigation", f"{_KIND}acquisition"
EPUB_TYPE = "application/epub+zip"
_OPEN_ACCESS = "http://opds-spec.org/acquisition/open-access"


class Book(NamedTuple):
    """A digest in a catalogue."""

    id: str
    title: str
    summary: str
    published: datetime
    updated: datetime
    url: str


class Shelf(NamedTuple):
    """A catalogue in a catalogue."""

    path: str
    """Below `/opds/`."""
    title: str
    type: str
    """NAVIGATION or ACQUISITION."""


def render_navigation(site: Site, path: str, title: str, shelves: Sequence[Shelf], updated: datetime) -> bytes:
    """A catalogue of catalogues. `path` is its own, below `/opds`."""
    root = _start(site, f"{site.id}:opds{path}", title, updated)
    _add_links(root, site, f"/opds{path}", NAVIGATION)
    for shelf in shelves:
        entry = _add_entry(root, f"{site.id}:opds/{shelf.path}", shelf.title, updated)
        _add(entry, "content", first_nonblank(shelf.title), type="text")
        _add(entry, "link", rel="subsection", href=f"{site.base_url}/opds/{shelf.path}", type=shelf.type)
    return _serialize(root)


def render_acquisition(site: Site, info: FeedInfo, books: Sequence[Book], updated: datetime) -> bytes:
    """The catalogue of the digests of one feed."""
    root = _start(site, feed_id(site, info.path), feed_title(info), updated)
    _add_links(root, site, f"/opds/{info.path}", ACQUISITION)
    for book in books:
        entry = _add_entry(root, book.id, book.title, book.updated)
        _add(entry, "published", format_rfc3339(book.published))
        _add(entry, "summary", xml_safe(book.summary), type="text")
        _add(entry, "link", rel=_OPEN_ACCESS, href=book.url, type=EPUB_TYPE)
    return _serialize(root)


def _start(site: Site, id: str, title: str, updated: datetime) -> etree._Element:
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    _add(root, "id", id)
    _add(root, "title", first_nonblank(title, GENERATOR))
    _add(root, "updated", format_rfc3339(updated))
    _add(_add(root, "author"), "name", first_nonblank(site.author, GENERATOR))
    return root


def _add_links(root: etree._Element, site: Site, path: str, type: str) -> None:
    _add(root, "link", rel="self", href=f"{site.base_url}{path}", type=type)
    _add(root, "link", rel="start", href=f"{site.base_url}/opds", type=NAVIGATION)


def _add_entry(root: etree._Element, id: str, title: str, updated: datetime) -> etree._Element:
    entry = _add(root, "entry")
    _add(entry, "id", id)
    _add(entry, "title", first_nonblank(title, id))
    _add(entry, "updated", format_rfc3339(updated))
    return entry


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = text or None
    return element


def _serialize(root: etree._Element) -> bytes:
    document: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return document

"""Feeds -> OPML 2.0, for readers that import subscriptions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from lxml import etree

from ..model import FEED_KINDS, FeedInfo, Site
from ..page_languages import translate
from ..xml_chars import xml_safe
from .common import GENERATOR, document_url, feed_title, first_nonblank, page_url

_GROUP_TITLES = {"source": "Sources", "topic": "Topics", "filtered": "Filtered feeds"}


def render_opml(site: Site, feeds: Sequence[FeedInfo]) -> bytes:
    """The OPML document: the Atom documents of all feeds, grouped by kind and otherwise in the given order."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = first_nonblank(site.title, GENERATOR)
    etree.SubElement(head, "ownerName").text = xml_safe(site.author)
    body = etree.SubElement(root, "body")
    by_kind = sorted(feeds, key=lambda info: FEED_KINDS.index(info.path.kind))
    for kind, members in groupby(by_kind, key=lambda info: info.path.kind):
        title = _GROUP_TITLES.get(kind)
        parent = etree.SubElement(body, "outline", text=translate(title, site.language)) if title else body
        for info in members:
            _add_outline(parent, site, info)
    document: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return document


def _add_outline(parent: etree._Element, site: Site, info: FeedInfo) -> None:
    """Add the outline of a feed. It has no `version`, because OPML defines no value of it for Atom."""
    title = feed_title(info)
    outline = etree.SubElement(parent, "outline", type="rss", text=title, title=title)
    outline.set("xmlUrl", document_url(site, info.path, "atom"))
    outline.set("htmlUrl", page_url(site, info.path))
    if info.subtitle:
        outline.set("description", xml_safe(info.subtitle))
    if info.language:
        outline.set("language", xml_safe(info.language))

"""The list of feeds -> OPML 2.0, for readers that import subscriptions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from lxml import etree

from ..model import FeedInfo, Site
from ..xml_chars import xml_safe
from .addresses import document_url, page_url
from .common import GENERATOR, feed_title, first_nonblank

_GROUPS = {
    "zh-Hans": {"source": "来源", "topic": "专题", "view": "选集"},
    "zh-Hant": {"source": "來源", "topic": "專題", "view": "選集"},
}
_ENGLISH = {"source": "Sources", "topic": "Topics", "view": "Views"}


def render_opml(site: Site, feeds: Sequence[FeedInfo]) -> bytes:
    """One outline a feed, its Atom document, in the order given; sources, topics and views each in a group."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = first_nonblank(site.title, GENERATOR)
    etree.SubElement(head, "ownerName").text = xml_safe(site.author)
    body = etree.SubElement(root, "body")
    names = _GROUPS.get(site.language, _ENGLISH)
    for kind, members in groupby(sorted(feeds, key=_rank), key=_kind):
        name = names.get(kind)
        parent = etree.SubElement(body, "outline", text=name) if name else body
        for info in members:
            _add_outline(parent, site, info)
    written: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return written


def _add_outline(parent: etree._Element, site: Site, info: FeedInfo) -> None:
    """`version` is left out: it has no word for Atom."""
    title = feed_title(info)
    outline = etree.SubElement(parent, "outline", type="rss", text=title, title=title)
    outline.set("xmlUrl", document_url(site, info.path, "atom"))
    outline.set("htmlUrl", page_url(site, info.path))
    if info.subtitle:
        outline.set("description", xml_safe(info.subtitle))
    outline.set("language", xml_safe(info.language))


def _kind(info: FeedInfo) -> str:
    return info.path.kind if info.path.slug else ""


def _rank(info: FeedInfo) -> tuple[int, str]:
    kind = _kind(info)
    order = ["", *_ENGLISH]
    return (order.index(kind) if kind in order else len(order), kind)

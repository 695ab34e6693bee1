"""A saved RSS, Atom or JSON feed with one item -> an article. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..dumps.origin import NO_ORIGIN
from ..errors import FetchError, QuarantineError
from ..model import Origin

_XML_FEED = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?>(?:<\?[^<>]{0,500}\?>|<!DOCTYPE[^<>\[]{0,500}(?:\[[^\]]{0,5000}\]\s*+)?>|<!--.{0,2000}?-->)\s*+){0,8}+"
    rb"<(?:[A-Za-z][\w.-]{0,40}:)?(?:rss|feed|RDF)[\s>]",
    re.DOTALL,
)
_ITEM = re.compile(rb"<(?:[A-Za-z][\w.-]{0,40}:)?(?:item|entry)[\s>]")
_SITE = re.compile(
    rb"<link\b[^<>]{0,500}?\bhref=[\"'](https?:[^\"'<>\s]{1,500})|<link>\s{0,20}(https?:[^<>\s]{1,500})"
    rb'|"home_page_url":"(https?:[^"\\]{1,500})"'
)
_JSON_FEED = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"version"\s*:\s*"[^"]{0,100}jsonfeed')


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The fields of an article as its container has them. A field that it does not have is empty."""

    title: str
    link: str
    date: str
    body: str
    """HTML, Markdown or plain text."""
    folder: str
    """The name of the source, when no rule knows the host of the link."""
    layout: str
    origin: Origin = NO_ORIGIN
    issues: tuple[str, ...] = ()


def is_feed(data: bytes) -> bool:
    """True for data that begins like a feed. A dump's text never does."""
    return bool((_XML_FEED.match(data) and _ITEM.search(data)) or _JSON_FEED.match(data))


def parse_feed_item(data: bytes) -> Article:
    """Read the item of a feed that `dumps.containers` has split. Raises QuarantineError."""
    from ..dumps.feed_parser import parse_feed  # takes 70 ms, and few dumps are feeds

    base = _SITE.search(data)
    try:
        feed = parse_feed(data, "", next(filter(None, base.groups()), b"").decode("ascii", "ignore") if base else "")
    except FetchError as error:
        raise QuarantineError(str(error)) from error
    if not feed.items:
        raise QuarantineError("the item has no link")
    item = feed.items[0]
    date = item.published or item.updated
    return Article(
        title=item.title,
        link=item.link,
        date=date.isoformat() if date else "",
        body=item.html,
        folder="",
        layout="feed item",
        origin=Origin(guid=item.guid, authors=item.authors, tags=item.tags, language=item.language),
        issues=feed.issues + item.issues,
    )

"""What tags, attributes and class names mean, whatever the source: the vocabulary of the walk."""

from __future__ import annotations

import re
from functools import lru_cache

from bs4.element import NavigableString, Tag

from ..config.source_rules import ElementRole

MARK_TAGS = {
    "b": "strong", "strong": "strong", "i": "em", "em": "em", "dfn": "em", "var": "em", "cite": "cite", "u": "u",
    "q": "q", "s": "s", "strike": "s", "del": "s", "sub": "sub", "sup": "sup", "mark": "mark",
    "code": "code", "kbd": "code", "samp": "code", "tt": "code",
}  # fmt: skip
"""Tags that become a mark on a run, and the tag that it is written as."""

TRANSPARENT_TAGS = frozenset((
    "span", "font", "small", "big", "bdi", "bdo", "abbr", "acronym", "time", "label", "ins", "wbr", "nobr", "output",
    "data", "ruby", "rb", "rt", "rp", "meter", "progress",
))  # fmt: skip
"""Tags that say nothing by themselves; what they hold is read on."""

TEXTLESS_TAGS = frozenset((
    "script", "style", "link", "meta", "title", "base", "template", "button", "input", "select", "option", "datalist",
    "canvas", "map", "area", "svg", "object", "embed", "applet", "param", "source", "track", "frame", "frameset",
    "noframes", "dialog", "share-button", "share-modal",
))  # fmt: skip
"""Tags that hold no text of an article."""

BLOCK_TAGS = frozenset((
    "p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "center", "address", "fieldset",
    "form", "details", "summary", "hgroup",
))  # fmt: skip
"""Tags that begin and end a paragraph."""

BOX_TAGS = {
    "ul": "ul", "ol": "ol", "menu": "ul", "li": "li", "blockquote": "blockquote", "dl": "dl", "dt": "dt", "dd": "dd",
    "table": "table", "tr": "tr", "td": "td", "th": "th",
}  # fmt: skip
"""Tags that hold blocks, and the kind of block that they are."""

CELLS = frozenset(("tr", "td", "th"))
HEADING_TAGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h5", "h6": "h6"}

EMBED_ATTRIBUTES = ("data-e2e", "data-iframe", "data-oembed-url", "data-video-url")
"""Attributes that may hold the only address of an embed."""

WATCHED_ATTRIBUTES = frozenset(("class", "itemprop", "hidden", "aria-hidden", "style", *EMBED_ATTRIBUTES))
"""Attributes for which the walk stops to ask what an element is."""

ITEMPROP_FIELDS: dict[str, ElementRole] = {"author": "author", "datePublished": "date"}
"""schema.org properties that are fields."""

DISPLAY_NONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
SENTENCE = re.compile(r"[。！？；]|[.!?]\s+\S|，.*，")
CREDIT_LABEL = re.compile(
    r"^(?:图[像片](?:来源|版权)|圖[像片](?:來源|版權)|"
    r"Image source|Image credit|Photo(?:graph)?(?: by)?|Credit)\s*[，,:：]?\s*"
)


def element_text(tag: Tag, between: str = "") -> str:
    """All text in an element: Beautiful Soup's get_text, four times as fast."""
    parts: list[str] = []
    rest = list(reversed(tag.contents))
    while rest:
        node = rest.pop()
        if type(node) is NavigableString:
            parts.append(node)
        elif isinstance(node, Tag):
            rest.extend(reversed(node.contents))
    return between.join(parts)


def format_kept_attributes(tag: Tag) -> str:
    """The attributes that stay on a list or a cell, as they are written: where its numbers start, what it spans."""
    if tag.name == "ol":
        start = str(tag.get("start") or "")
        return f'start="{start}"' if start.isdigit() and start != "1" and len(start) < 7 else ""
    if tag.name in ("td", "th"):
        spans = [(name, str(tag.get(name) or "")) for name in ("colspan", "rowspan")]
        return " ".join(f'{name}="{value}"' for name, value in spans if value.isdigit() and 1 < int(value[:4]) < 1000)
    return ""


_PART = r"(?:(?:article|story|post|entry|news|content|meta)[-_]{1,2})"
_MEANINGS = (
    (
        "caption",
        r"(?:^|\s)(?:wp-caption-text|image-caption|media-caption__text|media-caption|caption|photo-caption|img-caption|figure-caption)(?:$|\s)",
    ),
    ("credit", r"(?:^|\s)(?:story-image-copyright|copyright|credit|photo-credit|image-credit|caption-credit)(?:$|\s)"),
    (
        "hidden",
        r"(?:^|[\s_-])(?:off-screen|sr-only|visually-?hidden\w*|screen-reader-text|screenreader\w*)(?:$|\s)|VisuallyHiddenText",
    ),
    (
        "clutter",
        r"(?i:(?:^|[\s_-])(?:share|sharing|shares|sharedaddy|addtoany\w*|social|related|recommend(?:ed|ations?)?|jp-relatedposts|newsletter|"
        r"subscribe|promo|advert(?:isement)?s?|ads?|adsbygoogle|sponsor(?:ed)?|outbrain|taboola|trc_related_container|comments?|breadcrumbs?|"
        r"toolbar|navigation|pagination|wp_rp_wrap|yarpp\w*|feedflare|mc4wp\w*)(?:$|[\s_-]))",
    ),
    (
        "author",
        rf"(?:^|\s)(?:{_PART}?(?:byline|by-line|authors?)(?:[-_]{{1,2}}names?)?|p-author|vcard)(?:$|\s)",
    ),
    (
        "date",
        rf"(?:^|\s)(?:{_PART}?(?:pubdate|publish-date|published|dateline|timestamp)|{_PART}(?:date|time)|dt-published)(?:$|\s)",
    ),
)
_COMPILED = tuple((meaning, re.compile(pattern)) for meaning, pattern in _MEANINGS)


@lru_cache(maxsize=4096)
def classify_class_names(classes: str) -> str:
    """What the class names of an element say of it: caption, credit, hidden, clutter, author, date, or nothing."""
    return next((meaning for meaning, pattern in _COMPILED if pattern.search(classes)), "")

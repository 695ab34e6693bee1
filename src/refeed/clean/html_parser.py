"""A body's HTML -> the limit that it exceeds, repaired HTML, Beautiful Soup's tree, or plain text.

Pure. Every pattern takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import unescape

from bs4 import BeautifulSoup
from bs4.builder import LXMLTreeBuilder  # type: ignore[attr-defined]  # bs4 sets it when it is imported
from bs4.element import AttributeDict, NavigableString, Tag

from ..config.settings import DEFAULT_LIMITS, Limits
from ..xml_chars import xml_safe
from .blocks import Block
from .text import normalize_line

# A tag with fewer characters has at most 125 attributes, so its attributes are not counted.
_LONG_TAG = 250
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
# Void elements, and elements whose end tag may be omitted because the parser closes them.
_NOT_NESTING = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p",
    "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option",
))  # fmt: skip
_TAG_ATTRIBUTE = re.compile(r"""[^\s"'=<>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?""")


def find_exceeded_limit(html: str, limits: Limits = DEFAULT_LIMITS) -> str:
    """Why a body has to be published as plain text; empty if it is within the limits.

    Comments, scripts, styles and drawings have no elements and attributes that count.
    Takes about 10 ms for a megabyte of any content. In 4,470 real bodies, the deepest had 14 levels of elements, and
    no tag more than 16 attributes.
    """
    if not (reason := _exceeded_limit(html, limits)):
        return ""
    counted = "".join(_without(_UNCOUNTED_TAG, "".join(_without_comments(html))))
    return reason if len(counted) == len(html) else _exceeded_limit(counted, limits)


def _exceeded_limit(html: str, limits: Limits) -> str:
    long_tag = min(_LONG_TAG, 2 * limits.attributes)
    if html.count("<") <= limits.depth and _long_tag_pattern(long_tag).search(html) is None:
        return ""  # nine of ten bodies
    depth, previous = 0, len(html)
    for match in _TAG.finditer(html):
        start = match.start()
        if start - previous > long_tag and _count_attributes(html, previous, start) > limits.attributes:
            return f"an element has more than {limits.attributes} attributes"
        previous = start
        if match[2].lower() not in _NOT_NESTING:
            depth = max(0, depth - 1) if match[1] else depth + 1
            if depth > limits.depth:
                return f"elements are nested more than {limits.depth} deep"
    if len(html) - previous > long_tag and _count_attributes(html, previous, len(html)) > limits.attributes:
        return f"an element has more than {limits.attributes} attributes"
    return ""


@lru_cache(maxsize=8)
def _long_tag_pattern(length: int) -> re.Pattern[str]:
    return re.compile(rf"<[a-zA-Z][^<>]{{{length}}}")


def _count_attributes(html: str, start: int, end: int) -> int:
    """The number of attributes of the tag that begins at `start` and ends before `end`."""
    close = html.find(">", start, end)
    return sum(1 for _ in _TAG_ATTRIBUTE.finditer(html, start + 1, end if close < 0 else close)) - 1


# A crawler deleted line breaks without leaving a space: `<div` LF `class="a"` became `<divclass="a"`. The three parsers
# that we tried (lxml, html.parser, lexbor) read that as an unknown element, and its end tag then closes the article.
_ATTRIBUTE = r"(?:class|id|src|srcset|href|alt|style|title|width|height|rel|target|data-|aria-|role|v-)[\w:-]*="
_GLUED_TAG = re.compile(
    rf"<(div|img|p|a|span|figure|figcaption|iframe|section|article|video|audio|source|ul|ol|li|h[1-6]|button|time|blockquote)(?={_ATTRIBUTE})",
    re.IGNORECASE,
)
# A cheap test for every dump. The pattern above is too slow for that.
_MAYBE_GLUED = re.compile(r"<[a-zA-Z][\w:-]*=")
_GLUED_ATTRIBUTE = re.compile(rf"""(=(?:"[^"<>]*"|'[^'<>]*'))(?={_ATTRIBUTE})""", re.IGNORECASE)

# `alt="他说"不"之后"`: the value ends at the quote that comes before a space, a slash or the end of the tag.
_TAG_WITH_TEXT = re.compile(r"<(?:img|a|figure|video)\b[^<>]*>", re.IGNORECASE)
_INNER_QUOTE = re.compile(r"""\s(?:alt|title)="[^"]*"[^\s/>="']""", re.IGNORECASE)
_VALUE = re.compile(
    r"""(\s(?:alt|title|aria-label)=")(.*?)("(?=\s*/?>|\s+[a-zA-Z][\w:-]*\s*=)|\Z)""", re.IGNORECASE | re.DOTALL
)

# Void elements that libxml2 (2.14) does not know as such. It would read everything up to the end of the paragraph, or
# of the body, as their content.
_UNKNOWN_VOID = re.compile(
    r"<(source|embed|track|wbr|image|keygen|bgsound|command|nextid)(?=[\s/>])([^<>]*)>", re.IGNORECASE
)


def repair_markup(html: str) -> str:
    """Split glued tags and attributes, escape quotes in `alt` and `title`, close void elements.

    Characters illegal in XML are replaced.
    """
    html = xml_safe(html)
    if _MAYBE_GLUED.search(html):
        html = _GLUED_TAG.sub(r"<\1 ", html)
        html = _GLUED_ATTRIBUTE.sub(r"\1 ", html)
    html = _UNKNOWN_VOID.sub(lambda tag: f"<{tag[1]}{tag[2].removesuffix('/')} />", html)
    return _TAG_WITH_TEXT.sub(_escape_quotes, html)


def _escape_quotes(tag: re.Match[str]) -> str:
    if not _INNER_QUOTE.search(tag[0]):
        return tag[0]
    return _VALUE.sub(lambda value: value[1] + value[2].replace('"', "&quot;") + value[3], tag[0])


class _HtmlTreeBuilder(LXMLTreeBuilder):  # type: ignore[misc]
    """Beautiful Soup's builder without what XML and the writing of trees need: a fifth of its time.

    lxml reports no namespaces for HTML, and the encoding that a `meta` names matters only where bytes are written.
    """

    def start(self, tag: str, attrib: Mapping[str, str], _nsmap: object = None) -> None:
        self.soup.handle_starttag(tag, None, None, attrib)

    def end(self, tag: str) -> None:
        self.soup.handle_endtag(tag)

    def set_up_substitutions(self, _tag: Tag) -> bool:
        return False


def parse_html(html: str) -> BeautifulSoup:
    """Parse a repaired body."""
    # The <body> keeps Beautiful Soup from warning that the text looks like a file name or like XML.
    return BeautifulSoup(
        f"<body>{html}",
        builder=_HtmlTreeBuilder,
        multi_valued_attributes=None,
        string_containers={},
        attribute_dict_class=AttributeDict,  # others look at the type of each value, and ours are text
    )


def find_elements(tag: Tag, *names: str) -> Iterator[Tag]:
    """Yield the elements with one of these names in an element, in order.

    Beautiful Soup's find and find_all with several names or a limit take ten times as long.
    """
    return (node for node in tag.descendants if isinstance(node, Tag) and node.name in names)


def find_element(tag: Tag, *names: str) -> Tag | None:
    """Return the first element with one of these names in an element."""
    return next(find_elements(tag, *names), None)


def element_text(tag: Tag, separator: str = "") -> str:
    """Return all text in an element. Works like Beautiful Soup's get_text and is four times as fast."""
    parts: list[str] = []
    stack = list(reversed(tag.contents))
    while stack:
        node = stack.pop()
        if type(node) is NavigableString:
            parts.append(node)
        elif isinstance(node, Tag):
            stack.extend(reversed(node.contents))
    return separator.join(parts)


def visible_nodes(tag: Tag) -> Iterator[str | Tag]:
    """Yield the texts and the elements in an element, in order, without scripts and styles."""
    stack = list(reversed(tag.contents))
    while stack:
        node = stack.pop()
        if type(node) is NavigableString:
            yield node
        elif isinstance(node, Tag) and node.name not in ("script", "style"):
            yield node
            stack.extend(reversed(node.contents))


def visible_text(tag: Tag) -> str:
    """Return the text in an element without scripts and styles, with a blank between its parts."""
    return " ".join([node for node in visible_nodes(tag) if not isinstance(node, Tag)])


def has_text_around(tag: Tag, length: int) -> bool:
    """True when the text before and after an element has more than `length` characters without white space."""
    element: Tag | None = tag
    while element is not None and element.parent is not None:
        for sibling in element.parent.contents:
            if sibling is not element:
                text = element_text(sibling) if isinstance(sibling, Tag) else str(sibling)
                length -= len("".join(text.split()))
                if length < 0:
                    return True
        element = element.parent
    return False


_INLINE_TAGS = frozenset((
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "em", "font", "i", "img", "ins", "kbd", "label",
    "mark", "q", "s", "small", "span", "strong", "sub", "sup", "time", "u", "wbr",
))  # fmt: skip
_ANY_TAG = re.compile(r"<(?:/?([a-zA-Z][^\s/<>]*+)|[/!?])[^<>]*>")
_SCRIPT_TAG = re.compile(r"<(/?)(script|style)(?=[\s/>])", re.IGNORECASE)
_UNCOUNTED_TAG = re.compile(r"<(/?)(script|style|svg)(?=[\s/>])", re.IGNORECASE)
_MAX_PARAGRAPHS = 2000
"""In a longer text, neighbouring paragraphs are joined."""


def plain_text_to_blocks(html: str) -> list[Block]:
    """Extract the visible text of a body without parsing it, one paragraph for each block. Takes linear time."""
    visible = "".join(_without(_SCRIPT_TAG, "".join(_without_comments(html))))
    text = unescape(_ANY_TAG.sub(lambda tag: "" if (tag[1] or "").lower() in _INLINE_TAGS else "\n", visible))
    parts = [part for part in text.split("\n") if part and not part.isspace()]
    share = len(parts) // _MAX_PARAGRAPHS + 1
    paragraphs = (normalize_line(" ".join(parts[at : at + share])) for at in range(0, len(parts), share))
    return [Block("p", [(paragraph, ())]) for paragraph in paragraphs if paragraph]


def _without_comments(html: str) -> Iterator[str]:
    first, *others = html.split("<!--")
    yield first
    for other in others:
        comment, end, rest = other.partition("-->")
        yield rest if end else comment


def _without(tags: re.Pattern[str], html: str) -> Iterator[str]:
    """Yield the HTML outside of the elements that a pattern's tags open and close. An unclosed one stays in."""
    at = 0
    opened: re.Match[str] | None = None
    for match in tags.finditer(html):
        if opened is None:
            yield html[at : match.start()]
            at = match.start()
            opened = None if match[1] else match
        elif match[1] and match[2].lower() == opened[2].lower():
            at = match.start()
            opened = None
    yield html[at:]

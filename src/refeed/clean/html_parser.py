"""A body as a dump has it -> repaired HTML -> Beautiful Soup's tree. Pure; every pattern is linear."""

from __future__ import annotations

import inspect
import re
from typing import Any

from bs4 import BeautifulSoup
from bs4.builder._lxml import LXMLTreeBuilder
from bs4.element import AttributeValueList, HTMLAttributeDict, NavigableString, PageElement, Tag

from ..xml_chars import xml_safe

# A crawler deleted line breaks without leaving a space: `<div` LF `class="a"` became `<divclass="a"`. All three parsers
# tried (lxml, html.parser, lexbor) read that as an unknown element, and its end tag then closes the article.
_ATTRIBUTE = r"(?:class|id|src|srcset|href|alt|style|title|width|height|rel|target|data-|aria-|role|v-)[\w:-]*="
_GLUED_TAG = re.compile(
    rf"<(div|img|p|a|span|figure|figcaption|iframe|section|article|video|audio|source|ul|ol|li|h[1-6]|button|time|blockquote)(?={_ATTRIBUTE})",
    re.IGNORECASE,
)
# Cheap enough for every dump; the pattern above is not.
_MAYBE_GLUED = re.compile(r"<[a-zA-Z][\w:-]*=")
_GLUED_ATTRIBUTE = re.compile(rf"""(=(?:"[^"<>]*"|'[^'<>]*'))(?={_ATTRIBUTE})""", re.IGNORECASE)

# `alt="他说"不"之后"`: a value ends at the quote before a space, a slash or the end of the tag.
_TEXT_ATTRIBUTE = re.compile(
    r"""<(?:img|a|figure|video)\b[^<>]*?\s(?:alt|title)="[^"<>]*"[^\s/>="'][^<>]*>""", re.IGNORECASE
)
_VALUE = re.compile(
    r"""(\s(?:alt|title|aria-label)=")(.*?)("(?=\s*/?>|\s+[a-zA-Z][\w:-]*\s*=))""", re.IGNORECASE | re.DOTALL
)


def repair_markup(html: str) -> str:
    """Split glued tags and attributes, escape quotes in `alt` and `title`, replace what XML cannot carry."""
    html = xml_safe(html)
    if _MAYBE_GLUED.search(html):
        html = _GLUED_TAG.sub(r"<\1 ", html)
        html = _GLUED_ATTRIBUTE.sub(r"\1 ", html)
    return _TEXT_ATTRIBUTE.sub(_escape_quotes, html)


def _escape_quotes(tag: re.Match[str]) -> str:
    return _VALUE.sub(lambda value: value[1] + value[2].replace('"', "&quot;") + value[3], tag[0])


def parse_html(html: str) -> BeautifulSoup:
    """Parse a repaired body."""
    # After <body>, Beautiful Soup does not warn that the text looks like a file name or like XML.
    return BeautifulSoup(f"<body>{html}", builder=_HtmlBuilder(multi_valued_attributes=None, string_containers={}))


def element_text(tag: Tag, separator: str = "") -> str:
    """All text in an element: Beautiful Soup's get_text, four times as fast."""
    parts: list[str] = []
    stack = list(reversed(tag.contents))
    while stack:
        node = stack.pop()
        if type(node) is NavigableString:
            parts.append(node)
        elif isinstance(node, Tag):
            stack.extend(reversed(node.contents))
    return separator.join(parts)


class _Element(Tag):
    """A tag of a tree that is read and never changed, so attributes that are the same for all live in the class."""

    parser_class = BeautifulSoup
    namespace = prefix = sourceline = sourcepos = cdata_list_attributes = None
    known_xml = hidden = can_be_empty_element = False
    attribute_value_list_class = AttributeValueList
    preserve_whitespace_tags = LXMLTreeBuilder.DEFAULT_PRESERVE_WHITESPACE_TAGS
    interesting_string_types = Tag.MAIN_CONTENT_STRING_TYPES
    _namespaces: dict[str, str] = {}  # noqa: RUF012  Beautiful Soup's annotation


class _Void(_Element):
    """`br`, `img` and the other elements without content."""

    can_be_empty_element = True


class _HtmlBuilder(LXMLTreeBuilder):
    """Beautiful Soup's lxml builder (4.15) for HTML without namespaces: the same tree in two fifths of the time.

    It links elements and texts into the tree directly, without the cases that only a changing tree has.
    """

    def start(self, tag: Any, attrib: Any, nsmap: Any = None) -> None:  # noqa: ARG002  lxml's signature
        self._flush_text()
        kind = _Void if tag in _VOID else _Element
        element = kind.__new__(kind)
        element.name = tag
        element.attrs = HTMLAttributeDict(attrib)
        element.contents = []
        self._link(element)
        soup = self.soup
        soup.currentTag = element
        soup.tagStack.append(element)
        if tag in _PRESERVED:
            soup.preserve_whitespace_tag_stack.append(element)

    def end(self, tag: Any) -> None:
        self._flush_text()
        soup = self.soup
        if soup.currentTag.name == tag and tag not in _PRESERVED:
            soup.tagStack.pop()
            soup.currentTag = soup.tagStack[-1]
        else:
            soup.open_tag_counter[tag] = sum(element.name == tag for element in soup.tagStack)
            soup.handle_endtag(tag)

    def _flush_text(self) -> None:
        """Add the text since the last tag to the tree."""
        soup = self.soup
        if not soup.current_data:
            return
        text = "".join(soup.current_data)
        soup.current_data = []
        if text.isspace() and not soup.preserve_whitespace_tag_stack and not text.strip(" \n\t\f\r"):
            text = "\n" if "\n" in text else " "
        self._link(str.__new__(NavigableString, text))

    def _link(self, element: PageElement) -> None:
        """Link an element or a text to its parent, its siblings and the node before it."""
        soup = self.soup
        parent, before = soup.currentTag, soup._most_recent_element
        siblings = parent.contents
        element.parent = parent
        element.previous_element = before
        element.previous_sibling = element.next_element = element.next_sibling = None
        if siblings:
            element.previous_sibling = siblings[-1]
            siblings[-1].next_sibling = element
        if before is not None:
            before.next_element = element
        siblings.append(element)
        soup._most_recent_element = element


_PRESERVED = frozenset(LXMLTreeBuilder.DEFAULT_PRESERVE_WHITESPACE_TAGS)
_VOID = frozenset(LXMLTreeBuilder.DEFAULT_EMPTY_ELEMENT_TAGS or ())

# lxml (6.0) inspects the signature of `start` for each parser, which takes a twentieth of a short body's time.
_HtmlBuilder.start.__signature__ = inspect.signature(_HtmlBuilder.start)  # type: ignore[attr-defined]

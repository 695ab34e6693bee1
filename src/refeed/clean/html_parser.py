"""A repaired body -> Beautiful Soup's tree, by the quickest way that it has."""

from __future__ import annotations

import inspect
import re
from typing import Any

from bs4 import BeautifulSoup
from bs4.builder._lxml import LXMLTreeBuilder
from bs4.element import AttributeValueList, HTMLAttributeDict, NavigableString, PageElement, Tag

from ..xml_chars import xml_safe

# HTML as a dump has it -> HTML that a parser reads as its author meant it. Text only; all patterns are linear.

# A crawler deleted line breaks without leaving a space: `<div` LF `class="a"` became `<divclass="a"`. The three parsers
# tried (lxml, html.parser, lexbor) all make an unknown element of it, and its closing tag then closes the article.
_ATTRIBUTE = r"(?:class|id|src|srcset|href|alt|style|title|width|height|rel|target|data-|aria-|role|v-)[\w:-]*="
_GLUED_TAG = re.compile(
    rf"<(div|img|p|a|span|figure|figcaption|iframe|section|article|video|audio|source|ul|ol|li|h[1-6]|button|time|blockquote)(?={_ATTRIBUTE})",
    re.IGNORECASE,
)
# Cheap enough to ask of every dump; the pattern above is not.
_MAYBE_GLUED = re.compile(r"<[a-zA-Z][\w:-]*=")
_GLUED_ATTRIBUTE = re.compile(rf"""(=(?:"[^"<>]*"|'[^'<>]*'))(?={_ATTRIBUTE})""", re.IGNORECASE)

# `alt="他说"不"之后"`: a value ends at a quote that a blank, a slash or the tag's end follows.
_TEXT_ATTRIBUTE = re.compile(
    r"""<(?:img|a|figure|video)\b[^<>]*?\s(?:alt|title)="[^"<>]*"[^\s/>="'][^<>]*>""", re.IGNORECASE
)
_VALUE = re.compile(
    r"""(\s(?:alt|title|aria-label)=")(.*?)("(?=\s*/?>|\s+[a-zA-Z][\w:-]*\s*=))""", re.IGNORECASE | re.DOTALL
)


def repair_markup(html: str) -> str:
    """The same HTML, glued tags parted, quotes inside alt and title escaped, what XML cannot carry replaced."""
    html = xml_safe(html)
    if _MAYBE_GLUED.search(html):
        html = _GLUED_TAG.sub(r"<\1 ", html)
        html = _GLUED_ATTRIBUTE.sub(r"\1 ", html)
    return _TEXT_ATTRIBUTE.sub(_quoted, html)


def _quoted(tag: re.Match[str]) -> str:
    return _VALUE.sub(lambda value: value[1] + value[2].replace('"', "&quot;") + value[3], tag[0])


_SPACES = " \n\t\f\r"
"""What Beautiful Soup makes one space or line end of, where a text is nothing else."""


def parse_html(html: str) -> BeautifulSoup:
    """Parse a body."""
    # Behind <body>, Beautiful Soup takes no text for a file name and no `<?xml` for a mistake, and warns of neither.
    return BeautifulSoup(f"<body>{html}", builder=_soup_HtmlBuilder(multi_valued_attributes=None, string_containers={}))


class _Element(Tag):
    """A tag of HTML that is read and not changed: what all of them have in common is their class's, not theirs."""

    parser_class = BeautifulSoup
    namespace = prefix = sourceline = sourcepos = cdata_list_attributes = None
    known_xml = hidden = can_be_empty_element = False
    attribute_value_list_class = AttributeValueList
    preserve_whitespace_tags = LXMLTreeBuilder.DEFAULT_PRESERVE_WHITESPACE_TAGS
    interesting_string_types = Tag.MAIN_CONTENT_STRING_TYPES
    _namespaces: dict[str, str] = {}  # noqa: RUF012  Beautiful Soup's annotation


class _Void(_Element):
    """`br`, `img` and their like."""

    can_be_empty_element = True


class _soup_HtmlBuilder(LXMLTreeBuilder):
    """Beautiful Soup's lxml builder (4.15) for HTML that nobody searches for namespaces: the same tree in two fifths of
    the time, because elements and texts are put where they belong at once, without the many cases that a tree which is
    changed has."""

    def start(self, tag: Any, attrib: Any, nsmap: Any = None) -> None:  # noqa: ARG002  lxml's signature
        self._text()
        kind = _Void if tag in _VOID else _Element
        element = kind.__new__(kind)
        element.name = tag
        element.attrs = HTMLAttributeDict(attrib)
        element.contents = []
        self._put(element)
        soup = self.soup
        soup.currentTag = element
        soup.tagStack.append(element)
        if tag in _PRESERVED:
            soup.preserve_whitespace_tag_stack.append(element)

    def end(self, tag: Any) -> None:
        self._text()
        soup = self.soup
        if soup.currentTag.name == tag and tag not in _PRESERVED:
            soup.tagStack.pop()
            soup.currentTag = soup.tagStack[-1]
        else:
            soup.open_tag_counter[tag] = sum(element.name == tag for element in soup.tagStack)
            soup.handle_endtag(tag)

    def _text(self) -> None:
        """Put in place what text there was since the last tag."""
        soup = self.soup
        if not soup.current_data:
            return
        text = "".join(soup.current_data)
        soup.current_data = []
        if text.isspace() and not soup.preserve_whitespace_tag_stack and not text.strip(_SPACES):
            text = "\n" if "\n" in text else " "
        self._put(str.__new__(NavigableString, text))

    def _put(self, element: PageElement) -> None:
        """Link an element or a text to what stands before it and around it."""
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

# lxml (6.0) asks for each parser what its target's `start` takes: a twentieth of a short body's time to find out.
_soup_HtmlBuilder.start.__signature__ = inspect.signature(_soup_HtmlBuilder.start)  # type: ignore[attr-defined]

"""HTML as a dump has it -> HTML that a parser reads as its author meant it. Text only; all patterns are linear."""

from __future__ import annotations

import re

from ..characters import carried

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


def repair(html: str) -> str:
    """The same HTML, glued tags parted, quotes inside alt and title escaped, what XML cannot carry replaced."""
    html = carried(html)
    if _MAYBE_GLUED.search(html):
        html = _GLUED_TAG.sub(r"<\1 ", html)
        html = _GLUED_ATTRIBUTE.sub(r"\1 ", html)
    return _TEXT_ATTRIBUTE.sub(_quoted, html)


def _quoted(tag: re.Match[str]) -> str:
    return _VALUE.sub(lambda value: value[1] + value[2].replace('"', "&quot;") + value[3], tag[0])

"""A body -> how complex it is, from one linear scan; and its text alone, for a body too complex to parse. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from ..config.settings import DEFAULT_LIMITS, Limits
from .blocks import Block
from .text import normalize_line

# Of 4,470 real bodies the largest had 89 kB, the deepest 14 elements, the fullest tag 16 attributes.
_HEAVY_SIZE = 150_000
_HEAVY_TAGS = 6_000
_HEAVY_TAG = 20_000

# A tag of fewer characters has at most 125 attributes, so they are not counted.
_LONG_TAG = 250
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
# Void elements, and those whose end tag may be omitted because the parser closes them.
_NOT_NESTING = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p",
    "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option",
))  # fmt: skip
_ATTRIBUTE = re.compile(r"""[^\s"'=<>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complexity:
    """What one body holds. Of a body too small to matter, only the size is measured."""

    size: int
    """In characters."""
    tags: int
    depth: int
    attributes: int
    """The most on one tag, counted only where a tag is long enough to have many."""
    longest_tag: int
    """In characters."""
    limit_exceeded: str = ""
    """Why the body has to be published as plain text; empty when it need not be."""

    @property
    def is_heavy(self) -> bool:
        """True when cleaning belongs in a process that can be killed. No ordinary dump is heavy."""
        return self.size > _HEAVY_SIZE or self.tags > _HEAVY_TAGS or self.longest_tag > _HEAVY_TAG


def measure_complexity(html: str, limits: Limits = DEFAULT_LIMITS) -> Complexity:
    """Scan a body once, at about 10 ms for a megabyte whatever is in it, and compare it with the limits."""
    long_tag = min(_LONG_TAG, 2 * limits.attributes)
    if html.count("<") <= limits.depth and _long_tag_pattern(long_tag).search(html) is None:
        return Complexity(size=len(html), tags=0, depth=0, attributes=0, longest_tag=0)  # nine bodies of ten
    tags = depth = max_depth = attributes = longest_tag = 0
    previous = 0
    for match in _TAG.finditer(html):
        tags += 1
        start = match.start()
        if start - previous > long_tag and tags > 1:
            length, count = _measure_tag(html, previous, start)
            longest_tag, attributes = max(longest_tag, length), max(attributes, count)
        previous = start
        if match[2].lower() in _NOT_NESTING:
            continue
        if match[1]:
            depth = max(0, depth - 1)
        else:
            depth += 1
            max_depth = max(max_depth, depth)
            if depth > limits.depth:
                break
    if tags and len(html) - previous > long_tag:
        length, count = _measure_tag(html, previous, len(html))
        longest_tag, attributes = max(longest_tag, length), max(attributes, count)
    limit_exceeded = ""
    if max_depth > limits.depth:
        limit_exceeded = f"elements are nested more than {limits.depth} deep"
    elif attributes > limits.attributes:
        limit_exceeded = f"an element has more than {limits.attributes} attributes"
    return Complexity(
        size=len(html),
        tags=tags,
        depth=max_depth,
        attributes=attributes,
        longest_tag=longest_tag,
        limit_exceeded=limit_exceeded,
    )


@lru_cache(maxsize=8)
def _long_tag_pattern(length: int) -> re.Pattern[str]:
    return re.compile(rf"<[a-zA-Z][^<>]{{{length}}}")


def _measure_tag(html: str, start: int, end: int) -> tuple[int, int]:
    """(characters, attributes) of the tag at `start`, which is over by `end`."""
    close = html.find(">", start, end)
    if close < 0:
        close = end
    return close - start, sum(1 for _ in _ATTRIBUTE.finditer(html, start + 1, close)) - 1


_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|big|cite|code|del|em|font|i|img|ins|kbd|label|mark|q|s|small|span|strong|sub|sup|time|u|wbr)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_ANY_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_SCRIPT_TAG = re.compile(r"<(/?)(?:script|style)(?=[\s/>])", re.IGNORECASE)
_MAX_PARAGRAPHS = 2000
"""Of more paragraphs, neighbours are joined."""


def plain_text_to_blocks(html: str) -> list[Block]:
    """The visible text of a body without parsing it, a paragraph for each of its blocks. Linear in its length."""
    visible = "".join(_without_scripts("".join(_without_comments(html))))
    text = unescape(_ANY_TAG.sub("\n", _INLINE_TAG.sub("", visible)))
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


def _without_scripts(html: str) -> Iterator[str]:
    """The text outside of scripts and styles. An unclosed one ends where the next tag begins."""
    at = 0
    opened: re.Match[str] | None = None
    for match in _SCRIPT_TAG.finditer(html):
        if opened is None:
            yield html[at : match.start()]
            at = match.start()
        if match[1]:
            at = match.start()
            opened = None
        else:
            opened = opened or match
    yield html[at:]

"""A body that no parser should see -> paragraphs of its text. Linear in its length, whatever is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from .blocks import Block
from .text import normalize_line

_INLINE = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|big|cite|code|del|em|font|i|img|ins|kbd|label|mark|q|s|small|span|strong|sub|sup|time|u|wbr)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_UNREAD = re.compile(r"<(/?)(?:script|style)(?=[\s/>])", re.IGNORECASE)
_PARAGRAPHS = 2000
"""At most so many; of more, neighbours share one."""


def plain_text_to_blocks(html: str) -> list[Block]:
    """The visible text of a body, a paragraph for each block of it."""
    read = "".join(_without_scripts("".join(_without_comments(html))))
    text = unescape(_TAG.sub("\n", _INLINE.sub("", read)))
    parts = [part for part in text.split("\n") if part and not part.isspace()]
    share = len(parts) // _PARAGRAPHS + 1
    lines = (normalize_line(" ".join(parts[at : at + share])) for at in range(0, len(parts), share))
    return [Block("p", [(part, ())]) for part in lines if part]


def _without_comments(html: str) -> Iterator[str]:
    first, *others = html.split("<!--")
    yield first
    for other in others:
        comment, end, rest = other.partition("-->")
        yield rest if end else comment


def _without_scripts(html: str) -> Iterator[str]:
    """What stands outside of scripts and styles; one that is never closed ends where the next tag begins."""
    at = 0
    opened: re.Match[str] | None = None
    for match in _UNREAD.finditer(html):
        if opened is None:
            yield html[at : match.start()]
            at = match.start()
        if match[1]:
            at = match.start()
            opened = None
        else:
            opened = opened or match
    yield html[at:]

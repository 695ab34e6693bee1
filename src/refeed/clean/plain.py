"""A body that no parser should see -> paragraphs of its text. One linear scan; nothing is parsed and nothing cut."""

from __future__ import annotations

import re
from html import unescape

from .blocks import Block
from .text import line

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)|<!--")
_UNREAD = ("script", "style", "template", "title")
# A tag is looked through no further, so that a million of them without an end cost no square.
_LONGEST = 100_000
_INLINE = frozenset((
    "a", "b", "strong", "i", "em", "u", "s", "sub", "sup", "span", "font", "small", "big", "code", "q", "mark", "cite",
    "abbr", "time", "label", "img", "wbr", "ins", "del", "kbd", "bdi", "bdo",
))  # fmt: skip


def plain_blocks(html: str) -> list[Block]:
    """The visible text of a body, a paragraph for each block of it."""
    pieces: list[str] = []
    unread = ""
    at = 0
    for match in _TAG.finditer(html):
        if match.start() < at:
            continue
        name = (match[2] or "").lower()
        if unread:
            if name == unread and match[1]:
                unread = ""
            else:
                continue
        else:
            pieces.append(html[at : match.start()])
            if name not in _INLINE:
                pieces.append("\n")
            if name in _UNREAD and not match[1]:
                unread = name
        at = _after(html, match)
    if not unread:
        pieces.append(html[at:])
    return [Block("p", [(part, ())]) for part in map(line, unescape("".join(pieces)).split("\n")) if part]


def _after(html: str, match: re.Match[str]) -> int:
    """Where reading goes on behind a tag or a comment; behind its name when it never ends."""
    mark = "-->" if match[0] == "<!--" else ">"
    end = html.find(mark, match.end(), match.end() + _LONGEST)
    return end + len(mark) if end >= 0 else match.end()

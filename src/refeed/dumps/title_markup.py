"""A title with HTML -> the title without the markup that cannot be meant as text. Pure."""

from __future__ import annotations

import re

_LINE_BREAK = re.compile(r"(?<!\s)\s*<(?:br|wbr|img)\b[^<>]{0,500}>\s*", re.IGNORECASE)
_INLINE = re.compile(
    r"<(b|i|em|strong|u|span|sub|sup|small|font|a|p|div|h[1-6]|code)\b[^<>]{0,500}>(.*?)</\1\s*>", re.I | re.DOTALL
)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_LONG_TITLE = 2000
"""A longer title keeps its markup, because looking for end tags takes quadratic time."""


def strip_title_markup(title: str) -> str:
    """Remove CDATA's marks, line breaks, pictures, and tags with their end tags. `List<String>` and `a < b` stay."""
    if len(title) > _LONG_TITLE or "<" not in title:
        return title
    title = _LINE_BREAK.sub(" ", _CDATA.sub(r"\1", title)).strip()
    return _INLINE.sub(r"\2", _INLINE.sub(r"\2", title))


def escape_title_markup(title: str) -> str:
    """Escape what `strip_title_markup` would remove from a title that is plain text."""
    return title if strip_title_markup(title) == title else title.replace("<", "&lt;")

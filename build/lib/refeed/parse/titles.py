"""A header's title -> plain text that can stand in any field, and what stands in for one that is missing."""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote, urlsplit

_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")
# Controls and invisible characters that say nothing. Joiners (emoji, Persian), direction marks and tags (flags) stay.
_NOTHING = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]"
)
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_EMBEDDINGS, _ISOLATES = "\u202a\u202b\u202d\u202e", "\u2066\u2067\u2068"
_POP_EMBEDDING, _POP_ISOLATE = "\u202c", "\u2069"
_TAG = re.compile(r"<[^<>]*>")
_BLOCK = re.compile(r"<(p|h[1-6])\b[^<>]*>(.*?)</\1\s*>", re.IGNORECASE | re.DOTALL)
# An entity is at most this much longer than what it means; what lies behind cannot be in the title any more.
_SPARE = 34
_STAND_IN = 60
_LOOK = 4000


def clean_title(raw: str, longest: int) -> tuple[str, tuple[str, ...]]:
    """The title as people read it, and doubts. Markup stays as text; entities are unescaped once.

    Empty when there is nothing to read in it.
    """
    title = readable(raw[: longest * _SPARE])
    if not any(unicodedata.category(c)[0] in "LNSP" for c in title):
        return "", ("no title; the beginning of the text stands in",)
    if len(title) <= longest and len(raw) <= longest * _SPARE:
        return title, ()
    return cut(title, longest), (f"the title has {max(len(title), len(raw)):,} characters; it was cut to {longest:,}",)


def readable(raw: str) -> str:
    """One line of text: no controls, no invisible characters, direction overrides closed, white space collapsed."""
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), raw)
    text = _NOT_XML.sub("\ufffd", _NOTHING.sub("", text))
    return " ".join(balanced(text).split())


def cut(text: str, longest: int) -> str:
    """At most so many characters, the last one an ellipsis, not cut inside what people see as one character."""
    if len(text) <= longest:
        return text
    end = max(longest - 1, 0)
    for _ in range(16):
        joined = text[end] == "\u200d" or unicodedata.category(text[end])[0] == "M"
        if end < 2 or not (joined or text[end - 1] == "\u200d"):
            break
        end -= 1
    return _BIDI.sub("", text[:end]).rstrip() + "…"


def balanced(text: str) -> str:
    """Every direction override, embedding and isolate closed within the text; nothing closed that was not opened."""
    if not _BIDI.search(text):
        return text
    kept: list[str] = []
    opened: list[str] = []
    for c in text:
        if c in _EMBEDDINGS or c in _ISOLATES:
            opened.append(c)
        elif c == _POP_EMBEDDING:
            if not opened or opened[-1] not in _EMBEDDINGS:
                continue
            opened.pop()
        elif c == _POP_ISOLATE:
            if not any(o in _ISOLATES for o in opened):
                continue
            while opened.pop() not in _ISOLATES:
                pass
        kept.append(c)
    closing = (_POP_EMBEDDING if o in _EMBEDDINGS else _POP_ISOLATE for o in reversed(opened))
    return "".join((*kept, *closing))


def stand_in(body: str, link: str) -> str:
    """What a reader would call an entry without a title: its first words, else the end of its link."""
    head = body[:_LOOK]
    url = urlsplit(link)
    places = [_TAG.sub("", match[2]) for match in _BLOCK.finditer(head)]
    places += [_TAG.sub(" ", head), unquote(url.path.rstrip("/").rpartition("/")[2])]
    words = (readable(place) for place in places)
    return next((cut(text, _STAND_IN) for text in words if any(c.isalnum() for c in text)), url.netloc)

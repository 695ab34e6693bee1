"""Origin <-> front matter with the key `refeed`, which stands before a dump that was fetched or pushed.

---
refeed: {"guid": "…", "source": "…", "sources": ["…"], "authors": ["…"], "tags": ["…"], "language": "…"}
---

Only these bytes count: one line of JSON in UTF-8 at the very beginning. Otherwise another encoding or other line ends
would bring in what `drop_origin` does not see.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import quote, unquote

from ..model import Origin
from ..xml_chars import xml_safe

NO_ORIGIN = Origin()
_BLOCK = re.compile(rb"---\nrefeed: (\{[^\r\n]{0,800000}\})\n---\n")
_RECEIVED = re.compile(rb"\s*(?:\xef\xbb\xbf\s*)?---[ \t]*\r?\n\s*refeed[ \t]*:[^\n]*\n\s*---[ \t]*(?:\r?\n|\Z)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_MAX_GUID = 4000
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPED_CHARS = re.compile(r"(?:%[89A-F][0-9A-F])+")
_PRINTABLE = "".join(map(chr, range(33, 127)))


def spell_guid(guid: str) -> tuple[str, ...]:
    """All spellings of a guid that a feed may change to and mean the same item; the first is the same for all of them.

    A URL may have http or https, and characters beyond ASCII as they are or escaped, in capitals or in small letters.
    """
    scheme, _, rest = guid.partition("://")
    if scheme not in ("http", "https"):
        return (guid,)
    escaped = _ESCAPE.sub(lambda escape: escape[0].upper(), quote(rest, _PRINTABLE))
    plain = _ESCAPED_CHARS.sub(lambda match: unquote(match[0], errors="surrogateescape"), escaped)
    spellings = [escaped, _ESCAPE.sub(lambda escape: escape[0].lower(), escaped)]
    if plain.isprintable():
        spellings.append(plain)
    rests = dict.fromkeys(spellings if rest in spellings else [rest])
    return tuple(f"{each}://{rest}" for each in ("https", "http") for rest in rests)


def compose_origin(origin: Origin) -> bytes:
    """The front matter; empty when the origin says nothing."""
    fields = {name: value for name, value in asdict(origin).items() if value}
    return f"---\nrefeed: {json.dumps(fields, ensure_ascii=False)}\n---\n".encode("utf-8", "replace") if fields else b""


def limited_origin(sources: tuple[str, ...], own: str = "") -> Origin:
    """The origin of a sender that may write to these sources only. Its own is `own`, or else the first."""
    own = own or sources[0]
    return Origin(source=own, sources=tuple(source for source in sources if source != own))


def drop_origin(data: bytes) -> bytes:
    """Remove such front matter from a dump that was received, because only we may write it."""
    while match := _RECEIVED.match(data):
        data = data[match.end() :]
    return data


def split_origin(data: bytes) -> tuple[Origin, bytes]:
    """Return the origin, and the dump below its front matter. What is missing or invalid is empty."""
    match = _BLOCK.match(data)
    if not match:
        return NO_ORIGIN, data
    try:
        fields = json.loads(match[1])
    except (ValueError, RecursionError):
        fields = {}
    return read_origin(fields), data[match.end() :]


def read_origin(fields: dict[str, object], error: Callable[[str, str], Exception] | None = None) -> Origin:
    """The origin in an object of JSON. Raises `error(key, message)` for a wrong value; without `error` it is empty."""

    def report(key: str, message: str) -> None:
        if error:
            raise error(key, message)

    def text(key: str, pattern: re.Pattern[str] | None, expected: str) -> str:
        value = fields.get(key) or ""
        value = value.strip() if isinstance(value, str) else value
        if not isinstance(value, str) or (value and pattern and not pattern.fullmatch(value)):
            report(key, f"must be {expected}, got {json.dumps(value)[:60]}")
            return ""
        return xml_safe(value)[:_MAX_GUID]

    def texts(key: str) -> tuple[str, ...]:
        value = fields.get(key) or []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            report(key, f"must be a list of texts, got {json.dumps(value)[:60]}")
            return ()
        return tuple(dict.fromkeys(line for each in value if (line := " ".join(xml_safe(each).split()))))

    return Origin(
        guid=text("guid", None, "text"),
        source=text("source", _SOURCE, "a slug such as bbc"),
        sources=texts("sources"),
        authors=texts("authors"),
        tags=texts("tags"),
        language=text("language", _LANGUAGE, "a language such as en or zh-Hans"),
    )

"""The fields of a header as written in the dump -> a valid URL, a title on one line, a date in UTC."""

from __future__ import annotations

import html
import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

from ..dumps.title_markup import strip_title_markup
from ..errors import QuarantineError
from ..written_dates import parse_date, parse_epoch
from ..xml_chars import xml_safe

_LINE_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_HTTP_URL = re.compile(r"(https?)://([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]*)(?::([0-9]*))?")
_HOST = re.compile(
    r"(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?"
)
# The characters that RFC 3986 allows after the host, and `%`. Escapes are not changed, and a `%` that begins no escape
# is not encoded: URLs of real pages have it (`80%%20`, `3.2%/a-53`), and the encoded URL would be a different page.
_SAFE = "!$%&'()*+,-./:;=?@_~"
_ONLY_SAFE = re.compile(rf"[A-Za-z0-9{re.escape(_SAFE)}]*")
_CREDENTIALS = re.compile(r"//[^/?#\s]*@")
_MAX_QUOTED = 80

_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")
_MAX_ENTITY = 34
# Controls and invisible characters without a meaning. Joiners (in emoji and Persian), direction marks and tags (in
# flags) have a meaning and are not in it.
_MEANINGLESS = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]"
)
_ZERO_WIDTH_JOINER = "\u200d"
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_EMBEDDINGS, _ISOLATES = "\u202a\u202b\u202d\u202e", "\u2066\u2067\u2068"
_POP_EMBEDDING, _POP_ISOLATE = "\u202c", "\u2069"
_TAG = re.compile(r"<[^<>]*>")
_FIRST_BLOCKS = re.compile(r"<(?:p|h[1-6])\b[^<>]*>((?:[^<]|<(?!/?(?:p|h[1-6])\b))*+)</(?:p|h[1-6])\b", re.IGNORECASE)
_FALLBACK_LENGTH = 60
_FALLBACK_SEARCHED = 4000


def validate_link(raw: str, where: str, longest: int, advice: str = "a dump has [title](https://…) here") -> str:
    """Return the link as an absolute http(s) URL in ASCII, without credentials.

    Path and query are not changed, except that characters not allowed in a URL (RFC 3986) are percent-encoded.
    Raises QuarantineError, whose message begins with `where`, when the link is missing, relative, not http(s), invalid,
    or longer than `longest` characters.
    """
    link = raw.strip(" \t\xa0\u3000\u200b\ufeff")
    if not link:
        raise QuarantineError(f"{where}: no link; {advice}")
    try:
        return _normalize_link(link, longest)
    except ValueError as error:
        quoted = _CREDENTIALS.sub("//…@", link)
        quoted = quoted if len(quoted) <= _MAX_QUOTED else quoted[:_MAX_QUOTED] + "…"
        raise QuarantineError(f"{where}: the link {quoted!r} {error}") from error


def _normalize_link(link: str, longest: int) -> str:
    if _LINE_BREAKS.search(link):
        raise ValueError("has a line break in it; join its lines")
    if len(link) > longest:
        raise ValueError(f"has {len(link):,} characters, and {longest:,} are allowed (dumps.limits.link)")
    match = _HTTP_URL.fullmatch(link)
    if not match:
        scheme = _SCHEME.match(link)
        if not scheme:
            raise ValueError("is relative; write it with https:// and the host")
        if scheme[0].lower() in ("http:", "https:"):
            raise ValueError("is not a URL: two slashes must follow its scheme")
        raise ValueError(f"is not http or https but {scheme[0]}")
    rest = match[3].replace("&amp;", "&")
    if rest.startswith("\\"):
        raise ValueError("has a backslash after its host")
    if not _ONLY_SAFE.fullmatch(rest):
        path, hash_, fragment = rest.partition("#")
        rest = quote(path, safe=_SAFE) + hash_ + quote(fragment, safe=_SAFE)
    return f"{match[1].lower()}://{_normalize_authority(match[2])}{rest}"


def _normalize_authority(text: str) -> str:
    """Return host and port without credentials. An internationalized name is converted to its ASCII form (IDNA)."""
    match = _AUTHORITY.fullmatch(text.rpartition("@")[2])
    if not match or (match[2] and int(match[2][:6]) > 65535):
        raise ValueError("is not a URL: its host or port is invalid")
    host, port = match[1].lower(), f":{match[2]}" if match[2] else ""
    if not host:
        raise ValueError("has no host")
    try:
        if host.startswith("["):
            return f"[{ipaddress.IPv6Address(host[1:-1])}]{port}"
        if not host.isascii():
            host = host.encode("idna").decode("ascii").lower()
        parent, _, last = host.removesuffix(".").rpartition(".")
        if parent and last.isdigit():
            ipaddress.IPv4Address(host.removesuffix("."))
    except ValueError as error:
        raise ValueError(f"is not a URL: its host is invalid ({error})") from error
    if not _HOST.fullmatch(host):
        raise ValueError(f"is not a URL: {host!r} is not a host")
    return host + port


def clean_title(raw: str, longest: int) -> tuple[str, tuple[str, ...]]:
    """Return the title as plain text, and issues. Tags with their end tags go; entities are unescaped once.

    The title is empty when it has no visible character.
    """
    # Later characters cannot be part of the title, even when every character before them is written as an entity.
    title = clean_line(strip_title_markup(raw[: longest * _MAX_ENTITY]))
    if not any(unicodedata.category(char)[0] in "LNSP" for char in title):
        return "", ("no title; the beginning of the text is used instead",)
    if len(title) <= longest and len(raw) <= longest * _MAX_ENTITY:
        return title, ()
    length = max(len(title), len(raw))
    return truncate(title, longest), (f"the title has {length:,} characters; it was cut to {longest:,}",)


def fallback_title(body: str, link: str) -> str:
    """Make a title for an entry without one: the first words of its body, else the end of its link."""
    start = body[:_FALLBACK_SEARCHED]
    url = urlsplit(link)
    candidates = [_TAG.sub("", match[1]) for match in _FIRST_BLOCKS.finditer(start)]
    candidates += [_TAG.sub(" ", start), unquote(url.path.rstrip("/").rpartition("/")[2])]
    for candidate in candidates:
        title = clean_line(candidate)
        if any(char.isalnum() for char in title):
            return truncate(title, _FALLBACK_LENGTH)
    return url.netloc


def clean_line(raw: str) -> str:
    """Return the text on one line: entities are unescaped once, controls and invisible characters removed, direction
    overrides closed, and white space collapsed."""
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), raw)
    text = close_bidi_overrides(_MEANINGLESS.sub("", text))
    return xml_safe(" ".join(text.split()))


def truncate(text: str, longest: int) -> str:
    """Cut the text to at most `longest` characters including an ellipsis. Does not cut inside a grapheme."""
    if len(text) <= longest:
        return text
    end = max(longest - 1, 0)
    for _ in range(16):
        continues = text[end] == _ZERO_WIDTH_JOINER or unicodedata.category(text[end])[0] == "M"
        if end < 2 or not (continues or text[end - 1] == _ZERO_WIDTH_JOINER):
            break
        end -= 1
    return _BIDI.sub("", text[:end]).rstrip() + "…"


def close_bidi_overrides(text: str) -> str:
    """Close every direction override, embedding and isolate within the text (Unicode UAX 9), and remove closing
    characters without an opening one."""
    if not _BIDI.search(text):
        return text
    kept: list[str] = []
    opened: list[str] = []
    isolates = 0
    for char in text:
        if char in _EMBEDDINGS or char in _ISOLATES:
            opened.append(char)
            isolates += char in _ISOLATES
        elif char == _POP_EMBEDDING:
            if not opened or opened[-1] not in _EMBEDDINGS:
                continue
            opened.pop()
        elif char == _POP_ISOLATE:
            if not isolates:
                continue
            while opened.pop() not in _ISOLATES:
                pass
            isolates -= 1
        kept.append(char)
    closing = (_POP_EMBEDDING if char in _EMBEDDINGS else _POP_ISOLATE for char in reversed(opened))
    return "".join((*kept, *closing))


_EPOCH_DIGITS = 13
"""Of milliseconds since 1970, from 2001 to 2286."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDate:
    """A date as written in a dump, and its value."""

    text: str
    at: datetime | None
    """UTC, in whole seconds; None when the text is not a date after the year 1, or an epoch before 1990."""

    @classmethod
    def parse(cls, text: str) -> WrittenDate:
        """Read an epoch in seconds, milliseconds or microseconds, or a date in any form. Without a zone it is UTC."""
        text = text.strip()
        if len(text) == _EPOCH_DIGITS and (epoch := parse_epoch(text)):
            return cls(text=text, at=epoch)  # most dumps; no date has 13 figures
        parsed = parse_date(text, UTC)
        # Eight or fourteen figures may be a date (20200720); as an epoch they are before 1990, or after 2286.
        return cls(text=text, at=parsed.at.astimezone(UTC) if parsed else parse_epoch(text))

"""A header's title -> plain text that can stand in any field, and what stands in for one that is missing."""

from __future__ import annotations

import html
import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote, urlsplit

from ..errors import QuarantineError

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
    title = clean_line(raw[: longest * _SPARE])
    if not any(unicodedata.category(c)[0] in "LNSP" for c in title):
        return "", ("no title; the beginning of the text stands in",)
    if len(title) <= longest and len(raw) <= longest * _SPARE:
        return title, ()
    return truncate(title, longest), (
        f"the title has {max(len(title), len(raw)):,} characters; it was cut to {longest:,}",
    )


def clean_line(raw: str) -> str:
    """One line of text: no controls, no invisible characters, direction overrides closed, white space collapsed."""
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), raw)
    text = _NOT_XML.sub("\ufffd", _NOTHING.sub("", text))
    return " ".join(close_bidi_overrides(text).split())


def truncate(text: str, longest: int) -> str:
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


def close_bidi_overrides(text: str) -> str:
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


def fallback_title(body: str, link: str) -> str:
    """What a reader would call an entry without a title: its first words, else the end of its link."""
    head = body[:_LOOK]
    url = urlsplit(link)
    places = [_TAG.sub("", match[2]) for match in _BLOCK.finditer(head)]
    places += [_TAG.sub(" ", head), unquote(url.path.rstrip("/").rpartition("/")[2])]
    words = (clean_line(place) for place in places)
    return next((truncate(text, _STAND_IN) for text in words if any(c.isalnum() for c in text)), url.netloc)


# A header's link -> an absolute http(s) URL without credentials, in ASCII.

_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_SHAPE = re.compile(r"(https?)://([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]*)(?::([0-9]*))?")
_HOST = re.compile(
    r"(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?"
)
# What RFC 3986 lets stand after the host, and `%`: an escape stays as it is, and so does a bare one, for the
# addresses of real pages have it (`80%%20`, `3.2%/a-53`) and re-encoding would point elsewhere.
_SAFE = "!$%&'()*+,-./:;=?@_~"
_PLAIN = re.compile(rf"[A-Za-z0-9{re.escape(_SAFE)}]*")
_CREDENTIALS = re.compile(r"//[^/?#\s]*@")
_SHOWN = 80


def validate_link(raw: str, where: str, longest: int) -> str:
    """The link, its path and query as the dump has them but for characters no URL may hold, which are percent-encoded.

    Raises QuarantineError, beginning with `where`, for one that is missing, relative, not http(s), too long or no URL.
    """
    link = raw.strip(" \t\xa0\u3000\u200b\ufeff")
    if not link:
        raise QuarantineError(f"{where}: there is no link; a dump says [title](https://…) there")
    if _BREAKS.search(link):
        raise _refused(link, where, "has a line break in it; join its lines")
    if len(link) > longest:
        raise _refused(link, where, f"has {len(link):,} characters, and {longest:,} are allowed (dumps.limits.link)")
    match = _SHAPE.fullmatch(link)
    if not match:
        raise _refused(link, where, _what_else(link))
    rest = match[3].replace("&amp;", "&")
    if rest.startswith("\\"):
        raise _refused(link, where, "has a backslash after its host")
    if not _PLAIN.fullmatch(rest):
        path, hash_, fragment = rest.partition("#")
        rest = quote(path, safe=_SAFE) + hash_ + quote(fragment, safe=_SAFE)
    return f"{match[1].lower()}://{_authority(match[2], link, where)}{rest}"


def _authority(text: str, link: str, where: str) -> str:
    """Host and port, without credentials; a name in other letters in the spelling that the DNS uses."""
    match = _AUTHORITY.fullmatch(text.rpartition("@")[2])
    if not match or (match[2] and int(match[2][:6]) > 65535):
        raise _refused(link, where, "is no URL: its host or port cannot be read")
    host = match[1].lower()
    if not host:
        raise _refused(link, where, "has no host")
    return _host(host, link, where) + (f":{match[2]}" if match[2] else "")


def _host(host: str, link: str, where: str) -> str:
    try:
        if host.startswith("["):
            return f"[{ipaddress.IPv6Address(host[1:-1])}]"
        if not host.isascii():
            host = host.encode("idna").decode("ascii").lower()
        last = host.removesuffix(".").rpartition(".")
        if last[0] and last[2].isdigit():
            ipaddress.IPv4Address(host.removesuffix("."))
    except ValueError as error:
        raise _refused(link, where, f"is no URL: its host cannot be read ({error})") from error
    if not _HOST.fullmatch(host):
        raise _refused(link, where, f"is no URL: {host!r} is no host")
    return host


def _what_else(link: str) -> str:
    scheme = _SCHEME.match(link)
    if scheme and scheme[0].lower() in ("http:", "https:"):
        return "is no URL: two slashes have to follow its scheme"
    if scheme:
        return f"is not http or https but {scheme[0]}"
    return "is relative; write it whole, with https:// and the host"


def _refused(link: str, where: str, what: str) -> QuarantineError:
    link = _CREDENTIALS.sub("//…@", link)
    shown = link if len(link) <= _SHOWN else link[:_SHOWN] + "…"
    return QuarantineError(f"{where}: the link {shown!r} {what}")


# A date as a dump may have it -> an instant.


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDate:
    """A date as it stands in a dump, and what it means."""

    text: str
    at: datetime | None
    """None when it means nothing."""


_NUMBER = re.compile(r"([0-9]{1,17})(?:\.[0-9]*)?")
# Older than the web: a zero, a counter, a date that somebody's software made up.
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
# Microseconds, milliseconds, seconds: an epoch is in the finest of them that does not put it before the web.
_UNITS = (1_000_000, 1000, 1)
_LONGEST = 64


def parse_header_date(text: str) -> datetime | None:
    """The instant in whole seconds, UTC; None when the text is no date or one that makes no sense.

    Takes an epoch in seconds, milliseconds or microseconds, ISO 8601 and RFC 2822; without a zone it is UTC.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    number = _NUMBER.fullmatch(text)
    try:
        at = _epoch(int(number[1])) if number else _utc(_written(text))
    except (ValueError, TypeError, IndexError, OverflowError):  # of email.utils and datetime, for what is no date
        return None
    return at if at >= _EARLIEST else None


def _epoch(number: int) -> datetime:
    seconds = next((number // unit for unit in _UNITS if number // unit >= _EARLIEST.timestamp()), 0)
    return datetime.fromtimestamp(seconds, UTC)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC).replace(microsecond=0)


def _written(text: str) -> datetime:
    try:
        return datetime.fromisoformat(_with_colon(text))
    except ValueError:
        return parsedate_to_datetime(text)


def _with_colon(text: str) -> str:
    """`2020-07-20 10:20:18 +0800`, as Jekyll writes it, in the spelling of ISO 8601."""
    return re.sub(r"(?<=\d) (?=[+-]\d\d:?\d\d$)", "", text)

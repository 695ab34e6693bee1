"""The body of an upstream feed (RSS, RDF, Atom, JSON Feed) -> its items. Pure; works within bounds on hostile input."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from ..errors import FetchError


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One article as an upstream has it; HTML as it came, nothing cleaned and nothing safe."""

    guid: str
    """What the upstream tells it by: guid, id, otherwise the link."""
    title: str
    """Plain text."""
    link: str
    """Absolute http(s) URL."""
    html: str
    published: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What could be read of an upstream feed."""

    items: tuple[Item, ...]
    doubts: tuple[str, ...] = ()
    """What was left out or mended, in plain words."""


MOST = 5000
"""Items that are read of one feed; the longest in use hold some hundreds."""

# What feeds are really written in. Not every codec that Python has: punycode takes time that grows with the square.
_ENCODINGS = frozenset(
    ["ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "hz", "big5", "big5hkscs"]
    + ["shift_jis", "euc_jp", "euc_kr", "cp932", "cp949", "cp950", "koi8-r"]
    + [f"iso8859-{n}" for n in range(1, 17)]
    + [f"cp{n}" for n in range(1250, 1259)]
)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_ZONE = re.compile(r"\s+(?=(?:[+-]\d\d:?\d\d|Z)$)")


def decode(body: bytes, content_type: str) -> str:
    """Text of a body: byte order mark, XML declaration, header, UTF-8, GB18030, whichever fits first."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    declared, header = _DECLARED.search(body[:400]), _CHARSET.search(content_type)
    named = [declared[1].decode() if declared else "", header[1] if header else "", "utf-8", "gb18030"]
    for encoding in filter(None, map(_encoding, named)):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    # Nothing fits: a few spoilt bytes in what the upstream says it is, shown as U+FFFD, are better than no feed.
    return body.decode(next(filter(None, map(_encoding, named)), "utf-8"), "replace")


def instant(text: str) -> datetime | None:
    """A date as feeds write them (RFC 822, RFC 3339 and what comes near); UTC where none is said; None for no date."""
    text = " ".join(text.split())[:60]
    for parse in (_iso, parsedate_to_datetime):
        try:
            found = parse(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def absolute(base: str, link: str) -> str:
    """`link` as seen from `base`; empty when it is empty or no URL at all."""
    try:
        return urljoin(base, link) if link else ""
    except ValueError:
        return ""


def refuse_page(text: str) -> None:
    """Raise FetchError when the text is a web page, which is what a moved or guarded feed mostly turns into."""
    if re.match(r"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html)\b", text[:2000], re.IGNORECASE | re.DOTALL):
        raise FetchError("the answer is a web page, not a feed")


def _iso(text: str) -> datetime:
    return datetime.fromisoformat(_ZONE.sub("", text))


def _encoding(name: str) -> str | None:
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return None
    if known in ("gb2312", "gbk"):
        return "gb18030"  # its superset, and what pages labelled so are really written in
    return known if known in _ENCODINGS else None

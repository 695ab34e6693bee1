"""The body of an upstream feed (RSS, RDF, Atom, JSON Feed) -> its items. Pure; works within bounds on hostile input."""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import escape, unescape
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from ..dumps.composer import is_http_url
from ..errors import FetchError


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamItem:
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
class ParsedFeed:
    """What could be read of an upstream feed."""

    items: tuple[UpstreamItem, ...]
    issues: tuple[str, ...] = ()
    """What was left out or mended, in plain words."""


MAX_ITEMS = 5000
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


def decode_body(body: bytes, content_type: str) -> str:
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


def parse_feed_date(text: str) -> datetime | None:
    """A date as feeds write them (RFC 822, RFC 3339 and what comes near); UTC where none is said; None for no date."""
    text = " ".join(text.split())[:60]
    for parse in (_iso, parsedate_to_datetime):
        try:
            found = parse(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def resolve_url(base: str, link: str) -> str:
    """`link` as seen from `base`; empty when it is empty or no URL at all."""
    try:
        return urljoin(base, link) if link else ""
    except ValueError:
        return ""


def reject_web_page(text: str) -> None:
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


# JSON Feed 1.0 or 1.1 as text -> items. Pure.


def parse_json_feed(text: str, url: str) -> ParsedFeed:
    """Items of a JSON Feed. One that is broken costs itself and a doubt. Raises FetchError where nothing is a feed."""
    try:
        feed = json.loads(text)
    except ValueError as error:
        raise FetchError(f"the answer is not JSON: {error}"[:300]) from error
    except RecursionError as error:
        raise FetchError("the answer is JSON nested too deep to be a feed") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise FetchError("the answer is JSON, but no JSON Feed: it has no list of items")
    items, doubts = [], []
    for place, raw in enumerate(feed["items"][:MAX_ITEMS]):
        item = _item(raw, url) if isinstance(raw, dict) else None
        if item:
            items.append(item)
        else:
            doubts.append(f"items[{place}] has no link")
    if len(feed["items"]) > MAX_ITEMS:
        doubts.append(f"it has more than {MAX_ITEMS:,} items; the rest was left out")
    return ParsedFeed(items=tuple(items), issues=tuple(doubts))


def _item(raw: dict[str, Any], url: str) -> UpstreamItem | None:
    links = [resolve_url(url, _text(raw, key)) for key in ("url", "external_url")]
    link = next((link for link in [*links, _text(raw, "id")] if is_http_url(link)), "")
    if not link:
        return None
    plain = html.escape(_text(raw, "content_text") or _text(raw, "summary"), quote=False).replace("\n", "<br>")
    return UpstreamItem(
        guid=_text(raw, "id") or link,
        title=_text(raw, "title"),
        link=link,
        html=embed_media(_text(raw, "content_html") or plain, _files(raw, url)),
        published=parse_feed_date(_text(raw, "date_published")),
        updated=parse_feed_date(_text(raw, "date_modified")),
    )


def _files(raw: dict[str, Any], url: str) -> Iterator[MediaFile]:
    attached = raw.get("attachments")
    for one in attached if isinstance(attached, list) else []:
        if isinstance(one, dict):
            yield MediaFile(resolve_url(url, _text(one, "url")), _text(one, "mime_type"))
    for key in ("image", "banner_image"):
        yield MediaFile(resolve_url(url, _text(raw, key)), "image")


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    # Version 1.0 lets an id be a number, and asks readers to take it as text.
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


# What an item carries beside its text (enclosures, pictures, base addresses) -> HTML, for a dump holds nothing else.
# Pure.


class MediaFile(NamedTuple):
    """A media file as an upstream names it."""

    url: str
    type: str
    """Media type, or only its first part; empty when the upstream does not say."""


_KIND = re.compile(
    r"\.(?:(?P<audio>mp3|m4a|aac|og[ga]|opus|wav|flac)|(?P<video>mp4|m4v|webm|ogv|mov|m3u8)|(?P<image>jpe?g|png|gif|webp|avif))",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[A-Za-z][^<>]{0,5000}>")
_ADDRESS = re.compile(r"""(\s(?:src|href|poster)\s*=\s*)(["'])([^"'<>]{0,2000})\2""", re.IGNORECASE)
_ABSOLUTE = re.compile(r"#|[A-Za-z][A-Za-z0-9+.-]*:")


def embed_media(html: str, files: Iterable[MediaFile]) -> str:
    """The HTML with players of sounds and films that it does not name yet, and a picture above it if it has none."""
    known = {file.url: _kind(file) for file in files if is_http_url(file.url) and not _named(file.url, html)}
    pictures = [url for url, kind in known.items() if kind == "image"]
    above = f'<img src="{escape(pictures[0])}">' if pictures and "<img" not in html.lower() else ""
    players = (f'<{kind} src="{escape(url)}"></{kind}>' for url, kind in known.items() if kind in ("audio", "video"))
    return above + html + "".join(players)


def resolve_relative_urls(html: str, base: str) -> str:
    """The HTML with its relative addresses as seen from `base`."""

    def whole(match: re.Match[str]) -> str:
        address = unescape(match[3]).strip()
        if not address or _ABSOLUTE.match(address):
            return match[0]
        return f"{match[1]}{match[2]}{escape(resolve_url(base, address))}{match[2]}"

    return _TAG.sub(lambda tag: _ADDRESS.sub(whole, tag[0]), html)


def _named(url: str, html: str) -> bool:
    return url in html or escape(url) in html


def _kind(file: MediaFile) -> str:
    kind = file.type.strip().lower().partition("/")[0]
    if kind in ("audio", "video", "image"):
        return kind
    found = _KIND.fullmatch("." + urlsplit(file.url).path.rpartition(".")[2])
    return (found.lastgroup or "") if found else ""

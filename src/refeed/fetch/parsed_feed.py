"""JSON Feed -> items, and the types and helpers that all upstream formats share. Pure.

`xml_feed_parser` parses RSS and Atom. Every function takes bounded time on hostile input.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import escape, unescape
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import charset_normalizer

from ..dumps.writer import is_http_url
from ..errors import FetchError

MAX_ITEMS = 5000
"""The number of items read from one feed. The longest feeds in use have some hundreds."""

# Encodings that feeds use. Other codecs of Python are excluded: punycode, for example, takes quadratic time.
_ENCODINGS = [
    *("utf_8", "gb18030", "big5", "big5hkscs", "cp950", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949", "koi8_r"),
    *(f"cp{n}" for n in range(1250, 1259)),
    *(f"iso8859_{n}" for n in range(1, 17) if n != 12),
]
_7_BIT = ["hz", "iso2022_jp"]
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UTF16_STARTS = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_BLANK_BEFORE_ZONE = re.compile(r"\s+(?=(?:[+-]\d\d:?\d\d|Z)$)")
_FILE_KIND = re.compile(
    r"\.(?:(?P<audio>mp3|m4a|aac|og[ga]|opus|wav|flac)|(?P<video>mp4|m4v|webm|ogv|mov|m3u8)|(?P<image>jpe?g|png|gif|webp|avif))",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[A-Za-z][^<>]{0,5000}>")
_URL_ATTRIBUTE = re.compile(r"""(\s(?:src|href|poster)\s*=\s*)(["'])([^"'<>]{0,2000})\2""", re.IGNORECASE)
_FRAGMENT_OR_SCHEME = re.compile(r"#|[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamItem:
    """One article of an upstream feed. Its HTML is as received: neither cleaned nor safe."""

    guid: str
    """What identifies the item in its feed: its guid or id, otherwise its link."""
    title: str
    """Plain text."""
    link: str
    """Absolute http(s) URL."""
    html: str
    published: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """The items of an upstream feed, and the issues found in it."""

    items: tuple[UpstreamItem, ...]
    issues: tuple[str, ...] = ()
    """What was left out or repaired, in plain words."""


class MediaFile(NamedTuple):
    """A media file of an item, as the upstream describes it."""

    url: str
    type: str
    """Media type, or only its first part; empty when the upstream does not give one."""


def decode_body(body: bytes, content_type: str) -> str:
    """The text of a body. Its bytes are believed before what it says of itself.

    A byte order mark decides; then UTF-8, if that is valid and not only ASCII. Otherwise it is the first encoding that
    fits: that of the XML declaration, that of the Content-Type header, the one that the text reads best in.
    """
    for mark, encoding in (*_BOMS, *_UTF16_STARTS.items()):
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    declared, charset = _XML_ENCODING.search(body[:400]), _CHARSET.search(content_type)
    names = [declared[1].decode() if declared else "", charset[1] if charset else ""]
    encodings = [known for name in names if (known := _known_encoding(name))]
    is_ascii = body.isascii()
    for encoding in [each for each in encodings if each in _7_BIT] if is_ascii else ["utf_8", *encodings]:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    text = body.decode("utf-8", "replace")
    # A few wrong bytes shown as U+FFFD are better than another encoding.
    if is_ascii or text.count("\ufffd") * 3 < len(_NOT_ASCII.findall(text)):
        return text
    best = charset_normalizer.from_bytes(body, cp_isolation=_ENCODINGS).best()
    return body.decode(best.encoding, "replace") if best else text


def _known_encoding(name: str) -> str | None:
    try:
        known = codecs.lookup(name).name.replace("-", "_")
    except LookupError:
        return None
    if known in ("gb2312", "gbk"):
        return "gb18030"  # a superset of both; feeds labelled gb2312 or gbk often use characters beyond them
    return known if known in (*_ENCODINGS, *_7_BIT) else None


def parse_feed_date(text: str) -> datetime | None:
    """Parse a date in RFC 822, RFC 3339 or a similar format, and return it in UTC; None if it is not a date.

    A date without a time zone counts as UTC.
    """
    text = " ".join(text.split())[:60]
    for parse in (lambda text: datetime.fromisoformat(_BLANK_BEFORE_ZONE.sub("", text)), parsedate_to_datetime):
        try:
            date = parse(text)
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def resolve_url(base: str, link: str) -> str:
    """Resolve `link` against `base`. Empty when `link` is empty or not a URL."""
    try:
        return urljoin(base, link) if link else ""
    except ValueError:
        return ""


def resolve_relative_urls(html: str, base: str) -> str:
    """Make the relative URLs in the HTML absolute, resolved against `base`."""

    def resolve(match: re.Match[str]) -> str:
        address = unescape(match[3]).strip()
        if not address or _FRAGMENT_OR_SCHEME.match(address):
            return match[0]
        return f"{match[1]}{match[2]}{escape(resolve_url(base, address))}{match[2]}"

    return _TAG.sub(lambda tag: _URL_ATTRIBUTE.sub(resolve, tag[0]), html)


def embed_media(html: str, files: Iterable[MediaFile]) -> str:
    """Add the media files of an item to its HTML, because a dump holds only HTML.

    Audio and video players are appended, unless the HTML already names the file. The first picture is put before HTML
    that has no image.
    """
    kinds = {
        file.url: _kind_of(file)
        for file in files
        if is_http_url(file.url) and file.url not in html and escape(file.url) not in html
    }
    pictures = [url for url, kind in kinds.items() if kind == "image"]
    picture = f'<img src="{escape(pictures[0])}">' if pictures and "<img" not in html.lower() else ""
    players = (f'<{kind} src="{escape(url)}"></{kind}>' for url, kind in kinds.items() if kind in ("audio", "video"))
    return picture + html + "".join(players)


def _kind_of(file: MediaFile) -> str:
    kind = file.type.strip().lower().partition("/")[0]
    if kind in ("audio", "video", "image"):
        return kind
    match = _FILE_KIND.fullmatch("." + urlsplit(file.url).path.rpartition(".")[2])
    return (match.lastgroup or "") if match else ""


def parse_json_feed(text: str, url: str) -> ParsedFeed:
    """Parse a JSON Feed (1.0 or 1.1). Items without a link become issues. Raises FetchError if it is not a feed."""
    try:
        feed = json.loads(text)
    except ValueError as error:
        raise FetchError(f"the response is not JSON: {error}"[:300]) from error
    except RecursionError as error:
        raise FetchError("the response is JSON that is nested too deeply for a feed") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise FetchError("the response is JSON, but not a JSON Feed: it has no list of items")
    items, issues = [], []
    for index, raw in enumerate(feed["items"][:MAX_ITEMS]):
        item = _parse_json_item(raw, url) if isinstance(raw, dict) else None
        if item:
            items.append(item)
        else:
            issues.append(f"items[{index}] has no link")
    if len(feed["items"]) > MAX_ITEMS:
        issues.append(f"it has more than {MAX_ITEMS:,} items; the rest was left out")
    return ParsedFeed(items=tuple(items), issues=tuple(issues))


def _parse_json_item(raw: dict[str, Any], url: str) -> UpstreamItem | None:
    links = [resolve_url(url, _json_text(raw, key)) for key in ("url", "external_url")]
    link = next((link for link in [*links, _json_text(raw, "id")] if is_http_url(link)), "")
    if not link:
        return None
    plain = escape(_json_text(raw, "content_text") or _json_text(raw, "summary"), quote=False).replace("\n", "<br>")
    return UpstreamItem(
        guid=_json_text(raw, "id") or link,
        title=_json_text(raw, "title"),
        link=link,
        html=embed_media(_json_text(raw, "content_html") or plain, _json_files(raw, url)),
        published=parse_feed_date(_json_text(raw, "date_published")),
        updated=parse_feed_date(_json_text(raw, "date_modified")),
    )


def _json_files(raw: dict[str, Any], url: str) -> Iterator[MediaFile]:
    attachments = raw.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else []:
        if isinstance(attachment, dict):
            yield MediaFile(resolve_url(url, _json_text(attachment, "url")), _json_text(attachment, "mime_type"))
    for key in ("image", "banner_image"):
        yield MediaFile(resolve_url(url, _json_text(raw, key)), "image")


def _json_text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    # JSON Feed 1.0 allows a number as id, and asks readers to treat it as text.
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""

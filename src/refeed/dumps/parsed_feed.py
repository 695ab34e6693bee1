"""JSON Feed -> items, and the types and helpers that all upstream formats share. Pure.

`feed_parser` parses RSS and Atom. Every function takes bounded time on hostile input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from html import escape, unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

from ..errors import FetchError
from ..written_dates import parse_date, parse_epoch
from ..xml_chars import xml_safe
from .media_files import MediaFile, embed_media, to_length
from .writer import is_http_url

MAX_ITEMS = 5000
"""The number of items read from one feed. The longest feeds in use have some hundreds."""
_MAX_NAMES = 50
_MAX_NAME = 200

_TAG = re.compile(r"<[A-Za-z][^<>]{0,5000}>")
_URL_ATTRIBUTE = re.compile(r"""(\s(?:src|href|poster)\s*=\s*)(["'])([^"'<>]{0,2000})\2""", re.IGNORECASE)
_NAME_OF_HOST = re.compile(r"www\.[\w-]{1,63}\.", re.IGNORECASE)
_URL_IN_TEXT = re.compile(r"https?://[^\s<>\"']{1,2000}")
_TWO_URLS = re.compile(r"\s(?=https?://)")
_SCHEME_TWICE = re.compile(r"https?://(?=https?:/)", re.IGNORECASE)
_LANGUAGE = re.compile(r"\s*+((?!und\b)[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3})(?=[\s.,;@]|\Z)(?!\s+\w)")
_DATE_IN_MARKUP = re.compile(r"""\sdatetime\s*=\s*["']([^"'<>]{1,60})["']""")
_DATE_OF_DOTNET = re.compile(r"/?Date\((\d{1,17})(?:[+-]\d{4})?\)/?")
_JSON = json.JSONDecoder(strict=False)
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+")|,(?=\s*+[}\]])', re.DOTALL)
_FRAGMENT_OR_SCHEME = re.compile(r"#|[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamItem:
    """One article of an upstream feed. Its HTML is as received: neither cleaned nor safe."""

    guid: str
    """What identifies the item in its feed; empty when the feed does not say."""
    title: str
    """Plain text."""
    link: str
    """Absolute http(s) URL."""
    html: str
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""
    """Only where the feed gives one for this item: that of a whole feed is often a default of its software."""
    issues: tuple[str, ...] = ()
    """What could not be read, in plain words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """The items of an upstream feed, and the issues found in it."""

    items: tuple[UpstreamItem, ...]
    issues: tuple[str, ...] = ()
    """What was left out or repaired, in plain words."""
    title: str = ""
    """The feed's own title, on one line and printable."""


def unique_texts(texts: Iterable[object]) -> tuple[str, ...]:
    """Names or tags on one line each, without blank and repeated ones, and not more than a reader would look at."""
    lines = (" ".join(xml_safe(text).split())[:_MAX_NAME] for text in texts if isinstance(text, str))
    return tuple(dict.fromkeys(line for line in lines if line))[:_MAX_NAMES]


def printable_title(text: object) -> str:
    """A feed's title on one line, without control characters and changes of direction, cut where it is too long."""
    line = "".join(c for c in " ".join(text.split()) if c.isprintable()) if isinstance(text, str) else ""
    return line[:_MAX_NAME]


def to_language(text: str) -> str:
    """A language tag as it should be written; empty for a text that is none, such as a language's name."""
    return match[1].replace("_", "-") if (match := _LANGUAGE.match(text)) else ""


def parse_item_date(text: str, zone: tzinfo | None, issues: list[str]) -> datetime | None:
    """A date of an item in UTC, which is also the zone of a date that names none, unless `zone` is given.

    None for a text that is not a date. This is added to the issues, unless the text is blank.
    """
    if match := _DATE_IN_MARKUP.search(text) or _DATE_OF_DOTNET.fullmatch(text.strip()):
        text = match[1]
    text = unescape(text)
    if not text.strip():
        return None
    parsed = parse_date(text, zone)
    if parsed is None and (at := parse_epoch(text)):
        return at
    if parsed is None:
        issues.append(f"the date {text.strip()[:60]!r} cannot be read")
        return None
    return (parsed.at if parsed.at.tzinfo else parsed.at.replace(tzinfo=UTC)).astimezone(UTC)


def collect_items(build: Callable[[Any], UpstreamItem | str], parts: Sequence[Any]) -> ParsedFeed:
    """Build the items of a feed. One that cannot be built, for the reason that `build` returns, costs no other."""
    items: list[UpstreamItem] = []
    issues: list[str] = []
    for number, part in enumerate(parts[:MAX_ITEMS], 1):
        try:
            item = build(part)
        except Exception as error:  # noqa: BLE001 -- an item in a form that nobody has thought of must not cost the feed
            item = f"cannot be read ({type(error).__name__}: {error})"[:200]
        if isinstance(item, UpstreamItem):
            items.append(item)
            issues += (f"item {number}: {issue}" for issue in item.issues)
        else:
            issues.append(f"item {number} {item}")
    if len(parts) > MAX_ITEMS:
        issues.append(f"it has more than {MAX_ITEMS:,} items; the rest was left out")
    return ParsedFeed(items=tuple(items), issues=tuple(issues))


def resolve_url(base: str, link: str) -> str:
    """Resolve `link` against `base`. Empty when `link` is empty or not a URL.

    A host without a scheme, which people write, is not a name of a file.
    """
    if "<" in link:  # brackets around it, a whole link in HTML, or a placeholder
        link = next(iter(_URL_IN_TEXT.findall(link)), "")
    link = _TWO_URLS.split(_SCHEME_TWICE.sub("", link.strip()), maxsplit=1)[0].rstrip()
    try:
        host = urlsplit(base).netloc
        if _NAME_OF_HOST.match(link) or (host and link.startswith(f"{host}/")):
            link = f"//{link}"
        return urljoin(base, link) if link else ""
    except ValueError:
        return link if is_http_url(link) else ""  # the base may be what is no URL


def resolve_relative_urls(html: str, base: str) -> str:
    """Make the relative URLs in the HTML absolute, resolved against `base`."""

    def resolve(match: re.Match[str]) -> str:
        address = unescape(match[3]).strip()
        if not address or _FRAGMENT_OR_SCHEME.match(address):
            return match[0]
        return f"{match[1]}{match[2]}{escape(resolve_url(base, address))}{match[2]}"

    return _TAG.sub(lambda tag: _URL_ATTRIBUTE.sub(resolve, tag[0]), html)


def parse_json_feed(text: str, url: str, zone: tzinfo | None = None) -> ParsedFeed:
    """Parse a JSON Feed (1.0 or 1.1). Items without a link become issues. Raises FetchError if it is not a feed."""
    try:
        # Comments of a cache may follow. Line breaks in texts and commas before brackets are read as they are meant.
        feed, _ = _JSON.raw_decode(_LAST_COMMA.sub(lambda match: match[1] or "", text.strip()))
    except ValueError as error:
        raise FetchError(f"the response is not JSON: {error}"[:300]) from error
    except RecursionError as error:
        raise FetchError("the response is JSON that is nested too deeply for a feed") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise FetchError("the response is JSON, but not a JSON Feed: it has no list of items")
    authors = tuple(_json_authors(feed))
    items = collect_items(lambda raw: _parse_json_item(raw, url, zone, authors), feed["items"])
    return replace(items, title=printable_title(feed.get("title")))


def _parse_json_item(raw: object, url: str, zone: tzinfo | None, authors: tuple[object, ...]) -> UpstreamItem | str:
    if not isinstance(raw, dict):
        return "is not an object"
    links = [resolve_url(url, _json_text(raw, key)) for key in ("url", "external_url")]
    link = next((link for link in [*links, _json_text(raw, "id")] if is_http_url(link)), "")
    if not link:
        return "has no link"
    plain = escape(_json_text(raw, "content_text") or _json_text(raw, "summary"), quote=False).replace("\n", "<br>")
    issues: list[str] = []
    return UpstreamItem(
        guid=_json_text(raw, "id"),
        title=_json_text(raw, "title"),
        link=link,
        html=embed_media(_json_text(raw, "content_html") or plain, _json_files(raw, url)),
        published=parse_item_date(_json_text(raw, "date_published"), zone, issues),
        updated=parse_item_date(_json_text(raw, "date_modified"), zone, issues),
        authors=unique_texts(_json_authors(raw)) or unique_texts(authors),
        tags=unique_texts(_json_list(raw, "tags")),
        language=to_language(_json_text(raw, "language")),
        issues=tuple(issues),
    )


def _json_files(raw: dict[str, Any], url: str) -> Iterator[MediaFile]:
    for attachment in _json_objects(raw, "attachments"):
        address, length = resolve_url(url, _json_text(attachment, "url")), to_length(attachment.get("size_in_bytes"))
        yield MediaFile(address, _json_text(attachment, "mime_type"), length)
    yield MediaFile(resolve_url(url, _json_text(raw, "image") or _json_text(raw, "banner_image")), "image")


def _json_authors(raw: dict[str, Any]) -> Iterator[object]:
    for key in ("authors", "author"):
        yield from (part.get("name") if isinstance(part, dict) else part for part in _json_list(raw, key))


def _json_objects(raw: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    yield from (part for part in _json_list(raw, key) if isinstance(part, dict))


def _json_list(raw: dict[str, Any], key: str) -> list[Any]:
    """A list; of a value that is not one, the list of this value."""
    value = raw.get(key)
    return value if isinstance(value, list) else [value]


def _json_text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    # JSON Feed 1.0 allows a number as id, and asks readers to treat it as text.
    return xml_safe(value).strip() if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""

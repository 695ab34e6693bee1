"""The body of an upstream feed -> items, in a process with limits. feedparser reads RSS and Atom.

feedparser neither sanitizes nor resolves URLs here: the first is the cleaner's work, and the second needs a base that
feedparser does not know. Hostile XML can keep it busy for minutes.
"""

from __future__ import annotations

import html
import io
import logging
import re
import unicodedata
import xml.sax
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import tzinfo
from typing import Any, NamedTuple

import feedparser

from ..errors import FetchError
from ..process_pool import ProcessEndedError, ProcessPool
from ..xml_chars import xml_safe
from .feed_encoding import decode_body
from .media_files import MAX_FILES, MediaFile, choose_pictures, embed_media, to_length
from .parsed_feed import (
    ParsedFeed,
    UpstreamItem,
    collect_items,
    parse_item_date,
    parse_json_feed,
    printable_title,
    resolve_relative_urls,
    resolve_url,
    to_language,
    unique_texts,
)
from .title_markup import strip_title_markup
from .writer import is_http_url

_log = logging.getLogger(__name__)

_SECONDS = 4.0
"""Processor time for one feed. A feed of 5 MB in broken XML takes 3.5 s, in valid XML 2.2 s."""
_MEMORY = 400_000_000
_WEB_PAGE = re.compile(r"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]{0,40}:)?(?:rss|feed|RDF|channel)\b")
_ITEM_END = re.compile(r"</(?:\w{1,40}:)?(?:item|entry)\s*>")
_REFERENCE = r"&#(?:([xX][0-9a-fA-F]{1,4000})|([0-9]{1,4000}));?"
_REFERENCES = re.compile(f"(?:{_REFERENCE})+")
_ANY_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BARE_AMPERSAND = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?=[A-Za-z][A-Za-z0-9]{0,31}=)", re.DOTALL)
"""One in a URL, as in `?a=1&copy=2`. In CDATA it is right."""
_ANY_TAG = re.compile(r"</?[A-Za-z!]")
_TAGS = re.compile(r"<[/A-Za-z][^<>]{0,2000}>")
_MEDIA_TAG = re.compile(r"<(?:img|audio|video|iframe|embed|object|picture|svg)\b", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![@\w.+-])[(<]?[^\s()<>@]{1,100}@[^\s()<>@]{1,100}[)>]?")
_NAMES_BEHIND_EMAILS = re.compile(r"@[^\s()<>@]{1,100}\s?\(([^()@]{1,200})\)")
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|<img\b(?=[^<>]*?\s(?:width|height)\s*=\s*[\"']?[01](?:px)?[\s\"'/>])[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
"""Comments, scripts, and the pixels that count readers."""
_NO_VALUES = frozenset(["null", "undefined", "None", "NaN", "[object Object]"])
"""What programs write where they have nothing."""
_VOID_END = re.compile(r"</(?:area|br|col|embed|hr|img|input|link|source|track|wbr)>")
"""feedparser writes an empty element of XHTML with an end tag, which HTML does not have."""
_XHTML = "application/xhtml+xml"
_SCRIPTS = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"""<!ENTITY\s+([A-Za-z][\w.-]{0,40})\s+(["'])([^"'<>&%]{0,100})\2\s*>""")
_MAX_EXPANSIONS = 10_000
_MARKUP_TYPE = re.compile(r"^text/|[/+]xml$")

_URI_OF_LINK = re.compile(r"""(<link\b[^<>]{0,500}?)\suri\s{0,5}=\s{0,5}(?:"[^"<>]{0,2000}"|'[^'<>]{0,2000}')""")
_ITEM_IMAGE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<image>((?:[^<]|<(?!/?image>)){0,2000})</image>", re.DOTALL)
_ADDRESS = re.compile(r"https?://[^\s<>\]]{1,2000}")
_CDATA = "<![CDATA["
_ESCAPED_HTML = re.compile(
    r"\s*&lt;(?:p|div|a|img|br|span|ul|ol|table|figure|h[1-6]|blockquote|section)\b[^<>]*&gt;\s*", re.IGNORECASE
)
"""HTML that was escaped once too often: it begins and ends with a tag, and has no other."""
_NAMESPACE = re.compile(r"""(\sxmlns(?::[\w.-]{1,40})?\s{0,5}=\s{0,5}["'])([^"'<>]{1,200})(?=["'])""")
_NAMESPACES = {
    re.sub(r"^https?://|[/#]$", "", each).lower(): each
    for each in (
        "http://www.w3.org/2005/Atom",
        "http://purl.org/rss/1.0/",
        "http://purl.org/rss/1.0/modules/content/",
        "http://purl.org/dc/elements/1.1/",
        "http://purl.org/dc/terms/",
        "http://search.yahoo.com/mrss/",
        "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "http://rssnamespace.org/feedburner/ext/1.0",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "http://www.w3.org/1999/xhtml",
    )
}
"""Names of namespaces, without what many writers change in them."""
_FULL_TEXT = ("yandex_full-text", "rambler_fulltext", "mailru_full-text", "fulltext", "full-text")
"""Elements of other namespaces that hold the whole text, as feedparser names them."""
_MEDIA_GROUP = re.compile(r"<\w{1,40}:group\b")

_Entry = dict[str, Any]


class _Channel(NamedTuple):
    """What the items of a feed depend on besides themselves."""

    base: str
    """What relative URLs are resolved against."""
    zone: tzinfo | None
    """The zone of dates that name none."""
    version: str
    """The feed's format, as feedparser names it."""
    language: str
    authors: list[_Entry]
    """Of the items that name none."""
    has_groups: bool
    """Whether Media RSS groups the files of one medium."""


FeedParser = Callable[[bytes, str, str, tzinfo | None], ParsedFeed]
"""Body, Content-Type, URL, and the zone of dates that name none -> items. Raises FetchError."""


def parse_feed(body: bytes, content_type: str, url: str, zone: tzinfo | None = None) -> ParsedFeed:
    """Parse a feed in any format. Raises FetchError if the body is not a feed."""
    text = decode_body(body, content_type)
    is_json = text[:200].lstrip("\ufeff \t\r\n").startswith(("{", "["))
    return parse_json_feed(text.lstrip("\ufeff"), url, zone) if is_json else parse_xml_feed(text, url, zone)


class IsolatedParser:
    """Parses feeds in other processes, which may be killed. Safe to use from several threads."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        """`seconds`: processor time for one feed."""
        self._pool = ProcessPool(seconds, _MEMORY)

    def parse(self, body: bytes, content_type: str, url: str, zone: tzinfo | None = None) -> ParsedFeed:
        """Parse a feed as `parse_feed` does. Raises FetchError, also for a feed that needs too much time or memory."""
        try:
            (feed,) = self._pool.call(_parse_arguments, [(body, content_type, url, zone)])
        except FetchError:
            raise
        except ProcessEndedError as error:
            raise FetchError(
                f"the feed takes more than {_SECONDS:g} s or {_MEMORY:,} bytes to parse ({error})"
            ) from error
        except Exception as error:
            _log.exception("%s: internal error", url, extra={"upstream": url})
            raise FetchError(f"the feed cannot be parsed ({type(error).__name__}: {error})"[:300]) from error
        return feed

    def close(self) -> None:
        """End the processes."""
        self._pool.close()


def _parse_arguments(arguments: tuple[bytes, str, str, tzinfo | None]) -> ParsedFeed:
    return parse_feed(*arguments)


def parse_xml_feed(text: str, url: str, zone: tzinfo | None = None) -> ParsedFeed:
    """Parse the items of an RSS or Atom feed, in feed order. Broken XML is read as far as possible, with an issue.

    Raises FetchError if the text is not a feed, or would expand without limit.
    """
    if _WEB_PAGE.match(text[:2000]):
        # This is what a feed that has moved or needs a login usually returns.
        raise FetchError("the response is a web page, not a feed")
    if not text.strip():
        raise FetchError("the response is empty")
    root = _ROOT.search(text)
    start = root.start() if root else 0
    # Declarations before the root are left out: the text is decoded, a DOCTYPE names a file that is not loaded, and
    # entities are what bombs are made of. A reference stays as it is written, except to a short text or to one of HTML.
    if entities := {name: value for name, _, value in _ENTITY.findall(text, 0, min(start, 100_000))}:
        text = _ANY_REFERENCE.sub(
            lambda match: entities.get(match[0][1:-1], match[0]), text[start:], count=_MAX_EXPANSIONS
        )
        start = 0
    text = _REFERENCES.sub(_legal_references, xml_safe(text[start:]))
    text = _NAMESPACE.sub(_usual_namespace, text)
    text = _BARE_AMPERSAND.sub(lambda match: "&amp;" if match[0] == "&" else match[0], text)
    # feedparser (6.0) takes this attribute for the link, which feeds of Bluesky have beside it.
    text = _URI_OF_LINK.sub(r"\1", text)
    # feedparser (6.0) takes the title in the image of an item for that of the item, and knows no other form of one.
    text = _ITEM_IMAGE.sub(_image_of_item, text)
    feed = feedparser.parse(io.BytesIO(text.encode()), sanitize_html=False, resolve_relative_uris=False)
    error = feed.get("bozo_exception")
    broken = f"broken XML ({error.getMessage()})"[:300] if isinstance(error, xml.sax.SAXException) else ""
    if not feed.entries and not feed.get("version"):
        raise FetchError(broken or "the response is XML, but neither RSS nor Atom")
    entries, issues = feed.entries, [f"{broken}, parsed as far as possible"] if broken else []
    if broken and len(_ITEM_END.findall(text)) < len(entries):
        entries = entries[:-1]
        issues.append("its last item is cut off and was left out")
    # A relative URL of RSS belongs to the channel's website, and one of Atom to the document (RFC 4287, 2).
    is_atom = feed.version.startswith("atom")
    base = url if is_atom else resolve_url(url, feed.feed.get("link", "")) or url
    channel = _Channel(
        base=base,
        zone=zone,
        version=feed.version,
        language=feed.feed.get("language", ""),
        authors=feed.feed.get("authors", []) if is_atom else [],
        has_groups=bool(_MEDIA_GROUP.search(text)),
    )
    items = collect_items(lambda entry: _to_item(entry, channel), entries)
    return replace(items, issues=(*issues, *items.issues), title=printable_title(_title(feed.feed, feed.version)))


def _image_of_item(match: re.Match[str]) -> str:
    address = _ADDRESS.search(match[1] or "")
    return f"<image><url>{address[0]}</url></image>" if address else match[0]


def _usual_namespace(match: re.Match[str]) -> str:
    key = re.sub(r"^https?://|[/#]+$", "", match[2].strip().lower())
    return match[1] + _NAMESPACES.get(key, match[2])


def _legal_references(match: re.Match[str]) -> str:
    """Consecutive references without the characters that XML does not allow. Two halves of a character become one."""
    codes = [int(f"0{hexa}", 16) if hexa else int(decimal) for hexa, decimal in re.findall(_REFERENCE, match[0])]
    text = "".join(chr(code if code < 0x110000 else 0xFFFF) for code in codes)
    if xml_safe(text) == text and match[0].count(";") == len(codes):
        return match[0]
    text = xml_safe(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return "".join(f"&#{ord(char)};" for char in text)


def _to_item(entry: _Entry, channel: _Channel) -> UpstreamItem | str:
    base, zone, version = channel.base, channel.zone, channel.version
    link = next((link for text in _links(entry, version) if is_http_url(link := resolve_url(base, text))), "")
    if not link:
        return "has no link"
    issues: list[str] = []
    parts = (*entry.get("content", []), entry.get("summary_detail", {}), entry.get("title_detail", {}))
    languages = (entry.get("language"), *(part.get("language") for part in parts))
    return UpstreamItem(
        guid=entry.get("id", ""),
        title=_title(entry, version) or entry.get("itunes_title", ""),
        link=link,
        html=embed_media(_content(entry, base, version), _files(entry, base, has_groups=channel.has_groups)),
        # Not by the entry's own `get`, which warns where it has only one of the two. `updated` may be a dc:date.
        published=parse_item_date(dict.get(entry, "published") or dict.get(entry, "created") or "", zone, issues),
        updated=parse_item_date(dict.get(entry, "updated") or "", zone, issues),
        authors=unique_texts(_authors(entry, channel.authors)),
        tags=unique_texts(_without_markup(tag.get("label") or tag.get("term") or "") for tag in entry.get("tags", [])),
        language=to_language(
            next((each for each in languages if each and each.lower() != channel.language.lower()), "")
        ),
        issues=tuple(issues),
    )


def _authors(entry: _Entry, of_feed: list[_Entry]) -> Iterator[str]:
    """The names of the entry's own authors, or else of those of its source, or else of its feed (RFC 4287, 4.2.1)."""
    authors = entry.get("authors") or (of_feed and entry.get("source", {}).get("authors")) or of_feed
    names = [author.get("name", "") for author in authors]
    if "@" in (whole := entry.get("author", "")):
        # feedparser (6.0) knows no domain of more than four letters: `a@b.example (Ada)` becomes `ple (Ada`.
        listed = _NAMES_BEHIND_EMAILS.findall(whole)
        names[-1:] = listed if len(listed) > 1 else [whole]
    for name in map(_without_markup, map(_without_markup, names)):
        name = _EMAIL.sub(" ", name).strip(" ()<>") if "@" in name else name
        name = name.strip(' ()"')
        if not is_http_url(name) and name not in _NO_VALUES:
            yield name


def _links(entry: _Entry, version: str) -> Iterator[str]:
    """Candidates for the item's link, the best first."""
    alternates = [link.get("href", "") for link in entry.get("links", []) if link.get("rel") == "alternate"]
    if is_http_url(original := entry.get("feedburner_origlink", "").strip()):  # not relative to anything
        yield original
    if not (version.startswith("atom") and alternates and entry.get("link") not in alternates):
        yield entry.get("link", "")  # feedparser (6.0) takes the text of another link for it
    yield from alternates
    yield entry.get("id", "")
    # If no page is linked, use what a reader can open: content at another URL, or the media file itself.
    yield from (part.get("src", "") for part in entry.get("content", []))
    yield from (file.url for file in _files(entry, ""))
    for rel in ("related", "via", "self"):
        yield from (link.get("href", "") for link in entry.get("links", []) if link.get("rel") == rel)


def _files(entry: _Entry, base: str, *, has_groups: bool = True) -> Iterator[MediaFile]:
    """Enclosures, then Media RSS: of each kind the first, as the others are other sizes of the same media.

    Sounds and videos are different ones in a feed that has no groups, by Media RSS 1.5.1 ("media:group"), and so are
    pictures without a size.
    """
    enclosures = [link for link in entry.get("links", []) if link.get("rel") == "enclosure"][:MAX_FILES]
    files = [_to_file(link, "href", "length", base) for link in enclosures]
    contents = [_to_file(file, "url", "filesize", base) for file in entry.get("media_content", [])[:MAX_FILES]]
    kinds = set[str]()
    for file in contents:
        if file.kind in ("audio", "video") and not (has_groups and file.kind in kinds):
            files.append(file)
            kinds.add(file.kind)
    thumbnails = [_to_file(file, "url", "", base, "image") for file in entry.get("media_thumbnail", [])[:MAX_FILES]]
    picture = entry.get("image", {})
    address = picture.get("href") or picture.get("url") or dict.get(entry, "href") or ""
    if not any(file.kind == "image" for file in files):
        files += (
            choose_pictures(contents, has_groups=has_groups)
            or choose_pictures(thumbnails, has_groups=True)
            or [MediaFile(resolve_url(base, address), "image")]
        )
    yield from files


def _to_file(attributes: _Entry, address: str, size: str, base: str, kind: str = "") -> MediaFile:
    return MediaFile(
        resolve_url(base, attributes.get(address, "")),
        attributes.get("type", "") or attributes.get("medium", "") or kind,
        to_length(attributes.get(size, "")),
        to_length(attributes.get("width", "")),
        to_length(attributes.get("height", "")),
    )


def _is_typed(part: _Entry, version: str) -> bool:
    """Whether the type of a text is what it says. In RSS no text has one, and writers of Atom 0.3 left it out."""
    return version.startswith("atom") and (version != "atom03" or part.get("type") != "text/plain")


def _title(entry: _Entry, version: str) -> str:
    title: str = entry.get("title", "")
    detail = entry.get("title_detail", {})
    if _is_typed(detail, version):
        is_text = detail.get("type", "text/plain") == "text/plain"
        return title if is_text else html.unescape(_TAGS.sub("", _SCRIPTS.sub("", title))).strip()
    # RSS does not define whether a title is HTML, and most feeds write HTML.
    return _without_markup(_unwrap(title))


def _without_markup(text: str) -> str:
    """The text without markup that is unambiguous, for a field that should have none."""
    return _ANY_REFERENCE.sub(lambda match: html.unescape(match[0]), strip_title_markup(text))


def _unwrap(text: str) -> str:
    """The text without the escaping that some software applies twice: to CDATA, or in CDATA."""
    if (stripped := text.strip()).startswith(_CDATA):
        text = stripped.removeprefix(_CDATA).removesuffix("]]>")
    is_escaped = "<" not in text and _ESCAPED_HTML.fullmatch(text)
    return html.unescape(text) if is_escaped else text


def _content(entry: _Entry, base: str, version: str) -> str:
    """The item's text as HTML: of its contents and its summary, the first that shows something."""
    parts = [part for part in entry.get("content", []) if _is_text(part)]
    if "summary_detail" in entry:
        parts.append(entry["summary_detail"])
    if not version.startswith("atom"):
        # feedparser makes a content of each further description, such as the caption in Media RSS.
        parts.sort(key=lambda part: part["type"] == "text/plain")
        parts[:0] = ({"value": entry[name], "type": "text/html"} for name in _FULL_TEXT if entry.get(name))
    for part in parts:
        value = part["value"] if version.startswith("atom") else _unwrap(part["value"])
        seen = _UNSEEN.sub("", value)
        shown = html.unescape(_TAGS.sub("", seen)).strip()
        if shown in _NO_VALUES or not (_MEDIA_TAG.search(seen) or any(map(_is_seen, shown))):
            continue
        if part["type"] == "text/plain" and _is_typed(part, version):
            return html.escape(value, quote=False).replace("\n", "<br>")
        value = _paragraphs(_VOID_END.sub("", value) if part["type"] == _XHTML else value)
        return resolve_relative_urls(value, resolve_url(base, part["base"])) if part.get("base") else value
    return ""


def _is_seen(char: str) -> bool:
    """Whether a character is more than punctuation."""
    return char.isalnum() or unicodedata.category(char) in ("So", "Sc", "Sm")


def _is_text(part: _Entry) -> bool:
    """Whether a content is text. Some writers of base64 name no type of text."""
    kind = part.get("type", "")
    return bool(_MARKUP_TYPE.search(kind) or (kind == "application/octet-stream" and _TAGS.search(part["value"])))


def _paragraphs(text: str) -> str:
    """Make paragraphs of text with blank lines and without any tag, because it is plain text and not HTML."""
    if "\n" not in text or _ANY_TAG.search(text):
        return text
    parts = [part.strip() for part in re.split(r"\n\s*\n", text)]
    return "".join(f"<p>{part}</p>" for part in parts) if len(parts) > 1 else text

"""RSS (0.9x, 1.0, 2.0) or Atom (0.3, 1.0) as text -> items. Pure. Loads no files, expands no entities, in linear time.

feedparser is not used, because its sanitizer and its loose parser would change the HTML before our own cleaner sees
it, and because it takes seconds for 200,000 nested tags. lxml takes milliseconds, and reports what it had to repair.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import datetime
from html.entities import html5
from itertools import islice

from lxml import etree

from ..dumps.writer import is_http_url
from ..errors import FetchError
from ..xml_chars import xml_safe
from .parsed_feed import (
    MAX_ITEMS,
    MediaFile,
    ParsedFeed,
    UpstreamItem,
    embed_media,
    parse_feed_date,
    resolve_relative_urls,
    resolve_url,
)

_Children = dict[str, list[etree._Element]]
"""The child elements of an item by qualified name."""

_ATOM = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
_RSS = (
    "",
    "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://backend.userland.com/rss2",
    "http://blogs.law.harvard.edu/tech/rss",
)
_PREFIXES = {
    **dict.fromkeys(_ATOM, "atom:"),
    **dict.fromkeys(_RSS, ""),
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
}
_CONTENTS = (
    "content:encoded",
    "atom:content",
    "description",
    "atom:summary",
    "dc:description",
    "media:description",
)
_PUBLISHED = ("pubDate", "atom:published", "atom:issued", "dc:date", "dcterms:issued", "atom:created")
_UPDATED = ("atom:updated", "atom:modified", "dcterms:modified")

_WEB_PAGE = re.compile(r"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,400}\?>")
_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]{0,40}:)?(?:rss|feed|RDF)\b")
_ITEM_END = re.compile(r"</(?:\w{1,40}:)?(?:item|entry)\s*>")
_BARE_AMPERSAND = re.compile(r"&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
_HTML_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,31};)")
_ILLEGAL_REFERENCE = re.compile(r"&#(?:0*(?:[0-8]|1[1245-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));")
_ANY_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HTML_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}")
_INLINE_TAGS = re.compile(r"<(b|i|em|strong|u|span|sub|sup|small|font|a)\b[^<>]{0,500}>(.*?)</\1\s*>", re.I | re.DOTALL)
_LONG_TITLE = 2000
_ANY_TAG = re.compile(r"</?[A-Za-z!]")
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_MARKUP_TYPE = re.compile(r"^text/|[/+]xml$|^application/xhtml")


def parse_xml_feed(text: str, url: str) -> ParsedFeed:
    """Parse the items of an RSS or Atom feed, in feed order. Broken XML is repaired if possible, and becomes an issue.

    Raises FetchError if the text is not a feed, cannot be repaired, or would expand without limit.
    """
    if _WEB_PAGE.match(text[:2000]):
        # This is what a feed that has moved or needs a login usually returns.
        raise FetchError("the response is a web page, not a feed")
    root, issues = _parse_tolerantly(text)
    if root is None:
        raise FetchError(issues[0])
    elements = [
        element
        for element in islice(root.iter("{*}item", "{*}entry"), MAX_ITEMS + 1)
        if _qualified_name(element) in ("item", "atom:entry")
    ]
    if not elements and _qualified_name(root) not in ("rss", "RDF", "atom:feed", "channel"):
        raise FetchError("the response is XML, but neither RSS nor Atom")
    if len(elements) > MAX_ITEMS:
        del elements[MAX_ITEMS:]
        issues.append(f"it has more than {MAX_ITEMS:,} items; the rest was left out")
    elif issues and len(_ITEM_END.findall(text)) < len(elements):
        elements.pop()
        issues.append("its last item is cut off and was left out")
    items = []
    for number, element in enumerate(elements, 1):
        item = _parse_item(element, url)
        if item:
            items.append(item)
        else:
            issues.append(f"item {number} has no link")
    return ParsedFeed(items=tuple(items), issues=tuple(issues))


def _parse_tolerantly(text: str) -> tuple[etree._Element | None, list[str]]:
    """Return the root of an XML text and the repairs made; if it cannot be parsed, None and the reason.

    Raises FetchError for XML that would expand without limit.
    """
    text = _XML_DECLARATION.sub("", text, count=1).lstrip("\ufeff \t\r\n\0")
    root = _ROOT.search(text)
    if "<!ENTITY" in (text[: root.start()] if root else text[:100_000]):
        raise FetchError("the feed declares XML entities, which no feed needs and which entity bombs are made of")
    try:
        return _parse(text, recover=False), []
    except etree.XMLSyntaxError as error:
        issue = f"broken XML ({error.msg})"[:300]
        code = getattr(error, "code", None)
        if code in (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_ENTITY_LOOP) or "depth" in issue:
            raise FetchError(f"the feed is nested too deeply, or expands without limit: {error.msg}") from error
    repaired = _repair(text)
    try:
        return _parse(repaired, recover=False), [f"{issue}, repaired"]
    except etree.XMLSyntaxError:
        pass
    try:
        recovered = _parse(repaired, recover=True)
    except etree.XMLSyntaxError:
        recovered = None
    return recovered, [issue if recovered is None else f"{issue}, parsed as far as possible"]


def _parse(text: str, recover: bool) -> etree._Element | None:
    parser = etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    return etree.fromstring(text.encode("utf-8", "replace"), parser)


def _repair(text: str) -> str:
    """Replace characters that XML does not allow, and write HTML's named entities as numbers. CDATA is not changed."""
    text = _ILLEGAL_REFERENCE.sub("&#xFFFD;", xml_safe(text))
    repaired: list[str] = []
    start = 0
    while start < len(text):
        opened = text.find("<![CDATA[", start)
        closed = text.find("]]>", opened) if opened >= 0 else -1
        if closed < 0:
            opened, closed = len(text), len(text)
        outside = _BARE_AMPERSAND.sub("&amp;", text[start:opened])
        repaired += _HTML_ENTITY.sub(_numbered_reference, outside), text[opened : closed + 3]
        start = closed + 3
    return "".join(repaired)


def _numbered_reference(match: re.Match[str]) -> str:
    known = html5.get(match[1])
    return "".join(f"&#{ord(c)};" for c in known) if known else f"&amp;{match[1]}"


def _qualified_name(element: etree._Element) -> str:
    """The element's name with our prefix for its namespace: `pubDate`, `content:encoded`, `atom:entry`."""
    namespace, local = _split_name(element)
    if not namespace and ":" in local:
        return local  # the feed does not declare this prefix, so it is assumed to have its usual meaning
    prefix = _PREFIXES.get(namespace)
    return f"{prefix}{local}" if prefix is not None else f"?:{local}"


def _split_name(element: etree._Element) -> tuple[str, str]:
    # etree.QName would raise for names that only a recovering parser accepts.
    namespace, closed, local = str(element.tag).rpartition("}")
    return (namespace[1:], local) if closed else ("", local)


def _parse_item(element: etree._Element, url: str) -> UpstreamItem | None:
    children: _Children = {}
    for child in element:
        if isinstance(child.tag, str):
            name = _qualified_name(child)
            children.setdefault(name, []).append(child)
            for inner in child if name == "media:group" else ():
                if isinstance(inner.tag, str):
                    children.setdefault(_qualified_name(inner), []).append(inner)
    link = next((link for link in _links(children, url) if is_http_url(link)), "")
    if not link:
        return None
    return UpstreamItem(
        guid=_first_text(children, "guid", "atom:id", "dc:identifier") or link,
        title=_title(children),
        link=link,
        html=embed_media(_content(children, url), _files(children, url)),
        published=_first_date(children, _PUBLISHED),
        updated=_first_date(children, _UPDATED),
    )


def _links(children: _Children, url: str) -> Iterator[str]:
    """Candidates for the item's link, the best first."""
    yield _first_text(children, "feedburner:origLink")
    for element in children.get("link", []):
        yield resolve_url(_base_url(element, url), _text(element))
    atom_links = children.get("atom:link", [])
    pages = [element for element in atom_links if element.get("rel", "alternate") == "alternate"]
    for element in sorted(pages, key=lambda element: element.get("type", "text/html") != "text/html"):
        yield resolve_url(_base_url(element, url), element.get("href", ""))
    for element in children.get("guid", []):
        if element.get("isPermaLink", "true").lower() != "false":
            yield _text(element)
    yield _first_text(children, "atom:id")
    # If no page is linked, use what a reader can open: content at another URL, or the media file itself.
    for element in children.get("atom:content", []):
        yield resolve_url(_base_url(element, url), element.get("src", ""))
    yield from (file.url for file in _files(children, url))


def _files(children: _Children, url: str) -> Iterator[MediaFile]:
    """Enclosures, then the first file of each kind in Media RSS. Further files are other sizes of the same media."""
    for element in children.get("enclosure", []):
        yield MediaFile(resolve_url(_base_url(element, url), element.get("url", "")), element.get("type", ""))
    for element in children.get("atom:link", []):
        if element.get("rel") == "enclosure":
            yield MediaFile(resolve_url(_base_url(element, url), element.get("href", "")), element.get("type", ""))
    kinds: set[str] = set()
    for element in (*children.get("media:content", []), *children.get("media:thumbnail", [])):
        is_thumbnail = _qualified_name(element) == "media:thumbnail"
        kind = "image" if is_thumbnail else element.get("medium") or element.get("type", "").partition("/")[0]
        if kind not in kinds:
            yield MediaFile(resolve_url(_base_url(element, url), element.get("url", "")), kind)
        kinds.add(kind)


def _base_url(element: etree._Element, url: str) -> str:
    return resolve_url(url, element.base) if element.base else url


def _title(children: _Children) -> str:
    for name in ("title", "dc:title"):
        if title := _first_text(children, name):
            # RSS does not define whether a title is HTML, and most feeds write HTML: unambiguous markup is removed.
            if len(title) <= _LONG_TITLE:
                title = _INLINE_TAGS.sub(r"\2", _INLINE_TAGS.sub(r"\2", title))
            return _ANY_REFERENCE.sub(lambda match: html.unescape(match[0]), title)
    for element in children.get("atom:title", []):
        if element.get("type", "text") in ("text", "text/plain"):
            return _text(element)
        return html.unescape(_TAGS.sub("", _html(element))).strip()
    return ""


def _content(children: _Children, url: str) -> str:
    for name in _CONTENTS:
        for element in children.get(name, []):
            if content := _html(element):
                return resolve_relative_urls(content, _base_url(element, url)) if element.base else content
    return ""


def _html(element: etree._Element) -> str:
    """The content of an element as HTML. It may be plain text, escaped HTML, CDATA or inline XHTML."""
    kind = element.get("type", "").lower()
    if _qualified_name(element).startswith("atom:") and kind in ("", "text", "text/plain"):
        return html.escape(_text(element), quote=False).replace("\n", "<br>")
    if _qualified_name(element) == "atom:content" and "/" in kind and not _MARKUP_TYPE.search(kind):
        return ""  # binary content, such as a picture in base64
    if len(element) == 0:
        return _paragraphs(_text(element))
    children = list(element)
    if kind == "xhtml" and len(children) == 1 and _split_name(children[0])[1] == "div":
        element = children[0]
    return _inner_html(element)


def _paragraphs(text: str) -> str:
    """Make paragraphs of text with blank lines and without any tag, because it is plain text and not HTML."""
    if "\n" not in text or _ANY_TAG.search(text):
        return text
    parts = [part.strip() for part in re.split(r"\n\s*\n", text)]
    return "".join(f"<p>{part}</p>" for part in parts) if len(parts) > 1 else text


def _inner_html(element: etree._Element) -> str:
    parent = etree.Element("div")
    parent.text = element.text
    parent.extend(list(element))
    for inner in parent.iter():
        if isinstance(inner.tag, str):
            name = _split_name(inner)[1].rpartition(":")[2]
            inner.tag = name if _HTML_NAME.fullmatch(name) else "span"
    etree.cleanup_namespaces(parent)
    inside = (etree.tostring(child, method="html", encoding="unicode") for child in parent)
    return (html.escape(parent.text or "", quote=False) + "".join(inside)).strip()


def _first_date(children: _Children, names: tuple[str, ...]) -> datetime | None:
    return next((date for name in names if (date := parse_feed_date(_first_text(children, name)))), None)


def _first_text(children: _Children, *names: str) -> str:
    return next((text for name in names for element in children.get(name, []) if (text := _text(element))), "")


def _text(element: etree._Element) -> str:
    return "".join(map(str, element.itertext())).strip()

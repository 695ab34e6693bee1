"""RSS (0.9x, 1.0, 2.0) or Atom (0.3, 1.0) as text -> items. Pure; loads nothing, expands nothing, needs linear time.

Not feedparser: its sanitizer and its loose parser would come between the upstream and our own cleaner, and 200,000
nested tags take it seconds. lxml takes milliseconds for them, and tells what it had to mend.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import datetime
from html.entities import html5
from itertools import islice

from lxml import etree

from ..dumps.composer import is_http_url
from ..errors import FetchError
from ..xml_chars import xml_safe
from .parsed_feed import (
    MAX_ITEMS,
    MediaFile,
    ParsedFeed,
    UpstreamItem,
    embed_media,
    parse_feed_date,
    reject_web_page,
    resolve_relative_urls,
    resolve_url,
)

# The text of an upstream's XML -> its tree, mended where that is safe. Pure; loads nothing and expands nothing. lxml
# takes milliseconds for 200,000 nested tags, and tells what it had to mend.

_BARE = re.compile(r"&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,31};)")
_BAD_REFERENCE = re.compile(r"&#(?:0*(?:[0-8]|1[1245-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,400}\?>")
_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]{0,40}:)?(?:rss|feed|RDF)\b")


def _refuse_entities(text: str) -> None:
    root = _ROOT.search(text)
    prolog = text[: root.start()] if root else text[:100_000]
    if "<!ENTITY" in prolog:
        raise FetchError("the feed declares XML entities, which no feed needs and bombs are made of")


def parse_broken_xml(text: str) -> tuple[etree._Element | None, list[str]]:
    """The root of an XML text, None when not even that can be read, and what was mended in plain words.

    Raises FetchError for what is built to explode.
    """
    text = _DECLARATION.sub("", text, count=1).lstrip("\ufeff \t\r\n\0")
    _refuse_entities(text)
    try:
        return _tree(text, recover=False), []
    except etree.XMLSyntaxError as error:
        doubt = f"broken XML ({error.msg})"[:300]
        code = getattr(error, "code", None)
        if code in (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_ENTITY_LOOP) or "depth" in doubt:
            raise FetchError(f"the feed is nested too deep, or built to explode: {error.msg}") from error
    mended = _mend(text)
    try:
        return _tree(mended, recover=False), [f"{doubt}, mended"]
    except etree.XMLSyntaxError:
        pass
    try:
        root = _tree(mended, recover=True)
    except etree.XMLSyntaxError:
        root = None
    return root, [doubt if root is None else f"{doubt}, read as far as possible"]


def _tree(text: str, recover: bool) -> etree._Element | None:
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


def _mend(text: str) -> str:
    """Replace what XML cannot carry and name in numbers what only HTML has a name for; leave CDATA as it is."""
    text = _BAD_REFERENCE.sub("&#xFFFD;", xml_safe(text))
    mended: list[str] = []
    start = 0
    while start < len(text):
        opened = text.find("<![CDATA[", start)
        closed = text.find("]]>", opened) if opened >= 0 else -1
        if closed < 0:
            opened, closed = len(text), len(text)
        mended += _NAMED.sub(_reference, _BARE.sub("&amp;", text[start:opened])), text[opened : closed + 3]
        start = closed + 3
    return "".join(mended)


def _reference(match: re.Match[str]) -> str:
    known = html5.get(match[1])
    return "".join(f"&#{ord(c)};" for c in known) if known else f"&amp;{match[1]}"


def is_truncated(text: str, count: int) -> bool:
    """Whether the text ends before the last of so many items does."""
    return len(re.findall(r"</(?:\w{1,40}:)?(?:item|entry)\s*>", text)) < count


_ATOM = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
_RSS = (
    "",
    "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://backend.userland.com/rss2",
    "http://blogs.law.harvard.edu/tech/rss",
)
_FAMILIES = {
    **dict.fromkeys(_ATOM, "atom:"),
    **dict.fromkeys(_RSS, ""),
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
}
_HTML_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}")
_CONTENTS = (
    "content:encoded",
    "atom:content",
    "description",
    "atom:summary",
    "dc:description",
    "media:description",
)
_INLINE = re.compile(r"<(b|i|em|strong|u|span|sub|sup|small|font|a)\b[^<>]{0,500}>(.*?)</\1\s*>", re.I | re.DOTALL)
_LONG_TITLE = 2000
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ANY_TAG = re.compile(r"</?[A-Za-z!]")
_MARKED_UP = re.compile(r"^text/|[/+]xml$|^application/xhtml")
_TAGS = re.compile(r"<[^<>]{0,2000}>")


def parse_xml_feed(text: str, url: str) -> ParsedFeed:
    """Items of an RSS or Atom feed, in its order. Broken XML is mended where that is safe, and then a doubt says so.

    Raises FetchError for what is no feed, is beyond mending, or is built to explode.
    """
    reject_web_page(text)
    root, doubts = parse_broken_xml(text)
    found = _items(root)
    if root is None or (not found and _name(root) not in ("rss", "RDF", "atom:feed", "channel")):
        raise FetchError("the answer is XML, but neither RSS nor Atom" if root is not None else doubts[0])
    if len(found) > MAX_ITEMS:
        del found[MAX_ITEMS:]
        doubts.append(f"it has more than {MAX_ITEMS:,} items; the rest was left out")
    elif doubts and is_truncated(text, len(found)):
        found.pop()
        doubts.append("its last item is cut off and was left out")
    items = []
    for place, element in enumerate(found, 1):
        item = _item(element, url)
        if item:
            items.append(item)
        else:
            doubts.append(f"item {place} has no link")
    return ParsedFeed(items=tuple(items), issues=tuple(doubts))


def _items(root: etree._Element | None) -> list[etree._Element]:
    found = root.iter("{*}item", "{*}entry") if root is not None else iter(())
    return [element for element in islice(found, MAX_ITEMS + 1) if _name(element) in ("item", "atom:entry")]


def _name(element: etree._Element) -> str:
    """`pubDate`, `content:encoded`, `atom:entry`: under one name whatever prefix the feed uses."""
    namespace, local = _split(element)
    if not namespace and ":" in local:
        return local  # a prefix that the feed forgot to declare: taken for what it is everywhere else
    family = _FAMILIES.get(namespace)
    return f"{family}{local}" if family is not None else f"?:{local}"


def _split(element: etree._Element) -> tuple[str, str]:
    # Not etree.QName, which raises for names that only a recovering parser lets through.
    namespace, closed, local = str(element.tag).rpartition("}")
    return (namespace[1:], local) if closed else ("", local)


def _item(element: etree._Element, url: str) -> UpstreamItem | None:
    parts: dict[str, list[etree._Element]] = {}
    for child in _children(element):
        parts.setdefault(_name(child), []).append(child)
    link = next((link for link in _links(parts, url) if is_http_url(link)), "")
    if not link:
        return None
    return UpstreamItem(
        guid=_first(parts, "guid", "atom:id", "dc:identifier") or link,
        title=_title(parts),
        link=link,
        html=embed_media(_content(parts, url), _files(parts, url)),
        published=_instant(
            parts, "pubDate", "atom:published", "atom:issued", "dc:date", "dcterms:issued", "atom:created"
        ),
        updated=_instant(parts, "atom:updated", "atom:modified", "dcterms:modified"),
    )


def _children(element: etree._Element) -> Iterator[etree._Element]:
    for child in element:
        if isinstance(child.tag, str):
            yield child
            if _name(child) == "media:group":
                yield from (inner for inner in child if isinstance(inner.tag, str))


def _links(parts: dict[str, list[etree._Element]], url: str) -> Iterator[str]:
    yield _first(parts, "feedburner:origLink")
    for element in parts.get("link", []):
        yield resolve_url(_base(element, url), _text(element))
    atom = parts.get("atom:link", [])
    pages = [element for element in atom if element.get("rel", "alternate") == "alternate"]
    for element in sorted(pages, key=lambda element: element.get("type", "text/html") != "text/html"):
        yield resolve_url(_base(element, url), element.get("href", ""))
    for element in parts.get("guid", []):
        if element.get("isPermaLink", "true").lower() != "false":
            yield _text(element)
    yield _first(parts, "atom:id")
    # No page, but something that a reader can open: content that stands elsewhere, or the sound itself.
    for element in parts.get("atom:content", []):
        yield resolve_url(_base(element, url), element.get("src", ""))
    yield from (file.url for file in _files(parts, url))


def _files(parts: dict[str, list[etree._Element]], url: str) -> Iterator[MediaFile]:
    """Enclosures; the first sound, film and picture of Media RSS, where further ones are the same in other sizes."""
    for element in parts.get("enclosure", []):
        yield MediaFile(resolve_url(_base(element, url), element.get("url", "")), element.get("type", ""))
    for element in parts.get("atom:link", []):
        if element.get("rel") == "enclosure":
            yield MediaFile(resolve_url(_base(element, url), element.get("href", "")), element.get("type", ""))
    kinds: set[str] = set()
    for element in (*parts.get("media:content", []), *parts.get("media:thumbnail", [])):
        small = _name(element) == "media:thumbnail"
        kind = "image" if small else element.get("medium") or element.get("type", "").partition("/")[0]
        if kind not in kinds:
            yield MediaFile(resolve_url(_base(element, url), element.get("url", "")), kind)
        kinds.add(kind)


def _base(element: etree._Element, url: str) -> str:
    return resolve_url(url, element.base) if element.base else url


def _title(parts: dict[str, list[etree._Element]]) -> str:
    for name in ("title", "dc:title"):
        if text := _first(parts, name):
            return _plain(text)
    for element in parts.get("atom:title", []):
        kind = element.get("type", "text")
        if kind == "text" or kind == "text/plain":
            return _text(element)
        return html.unescape(_TAGS.sub("", _html(element))).strip()
    return ""


def _plain(title: str) -> str:
    """RSS does not say whether a title is HTML, and most write it so: what is plainly markup is taken for markup."""
    if len(title) <= _LONG_TITLE:
        title = _INLINE.sub(r"\2", _INLINE.sub(r"\2", title))
    return _ENTITY.sub(lambda match: html.unescape(match[0]), title)


def _content(parts: dict[str, list[etree._Element]], url: str) -> str:
    for name in _CONTENTS:
        for element in parts.get(name, []):
            if found := _html(element):
                return resolve_relative_urls(found, _base(element, url)) if element.base else found
    return ""


def _html(element: etree._Element) -> str:
    """What an element carries, as HTML, whichever of the ways to put HTML into XML it uses."""
    kind = element.get("type", "").lower()
    if _name(element).startswith("atom:") and kind in ("", "text", "text/plain"):
        return html.escape(_text(element), quote=False).replace("\n", "<br>")
    if _name(element) == "atom:content" and "/" in kind and not _MARKED_UP.search(kind):
        return ""  # a picture in base64, a file of data
    if len(element) == 0:
        return _paragraphs(_text(element))
    children = list(element)
    if kind == "xhtml" and len(children) == 1 and _split(children[0])[1] == "div":
        element = children[0]
    return _markup(element)


def _paragraphs(text: str) -> str:
    """HTML without a single tag and with blank lines in it is plain text: the lines part its paragraphs."""
    if "\n" not in text or _ANY_TAG.search(text):
        return text
    parts = [part.strip() for part in re.split(r"\n\s*\n", text)]
    return "".join(f"<p>{part}</p>" for part in parts) if len(parts) > 1 else text


def _markup(element: etree._Element) -> str:
    alone = etree.Element("div")
    alone.text = element.text
    alone.extend(list(element))
    for inner in alone.iter():
        if isinstance(inner.tag, str):
            name = _split(inner)[1].rpartition(":")[2]
            inner.tag = name if _HTML_NAME.fullmatch(name) else "span"
    etree.cleanup_namespaces(alone)
    inside = (etree.tostring(child, method="html", encoding="unicode") for child in alone)
    return (html.escape(alone.text or "", quote=False) + "".join(inside)).strip()


def _instant(parts: dict[str, list[etree._Element]], *names: str) -> datetime | None:
    return next((found for name in names if (found := parse_feed_date(_first(parts, name)))), None)


def _first(parts: dict[str, list[etree._Element]], *names: str) -> str:
    return next((text for name in names for element in parts.get(name, []) if (text := _text(element))), "")


def _text(element: etree._Element) -> str:
    return "".join(map(str, element.itertext())).strip()

"""RSS (0.9x, 1.0, 2.0) or Atom (0.3, 1.0) as text -> items. Pure; loads nothing, expands nothing, needs linear time.

Not feedparser: its sanitizer and its loose parser would come between the upstream and our own cleaner, and 200,000
nested tags take it seconds. lxml takes milliseconds for them, and tells what it had to mend.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from lxml import etree

from ..dumpfile import is_link
from ..errors import FetchError
from .items import MOST, Item, Reading, absolute, instant, refuse_page
from .items_media import File, rooted, with_media
from .mending import is_cut, parse

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


def read_xml(text: str, url: str) -> Reading:
    """Items of an RSS or Atom feed, in its order. Broken XML is mended where that is safe, and then a doubt says so.

    Raises FetchError for what is no feed, is beyond mending, or is built to explode.
    """
    refuse_page(text)
    root, doubts = parse(text)
    found = _items(root)
    if root is None or (not found and _name(root) not in ("rss", "RDF", "atom:feed", "channel")):
        raise FetchError("the answer is XML, but neither RSS nor Atom" if root is not None else doubts[0])
    if len(found) > MOST:
        del found[MOST:]
        doubts.append(f"it has more than {MOST:,} items; the rest was left out")
    elif doubts and is_cut(text, len(found)):
        found.pop()
        doubts.append("its last item is cut off and was left out")
    items = []
    for place, element in enumerate(found, 1):
        item = _item(element, url)
        if item:
            items.append(item)
        else:
            doubts.append(f"item {place} has no link")
    return Reading(items=tuple(items), doubts=tuple(doubts))


def _items(root: etree._Element | None) -> list[etree._Element]:
    found = root.iter("{*}item", "{*}entry") if root is not None else iter(())
    return [element for element in islice(found, MOST + 1) if _name(element) in ("item", "atom:entry")]


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


def _item(element: etree._Element, url: str) -> Item | None:
    parts: dict[str, list[etree._Element]] = {}
    for child in _children(element):
        parts.setdefault(_name(child), []).append(child)
    link = next((link for link in _links(parts, url) if is_link(link)), "")
    if not link:
        return None
    return Item(
        guid=_first(parts, "guid", "atom:id", "dc:identifier") or link,
        title=_title(parts),
        link=link,
        html=with_media(_content(parts, url), _files(parts, url)),
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
        yield absolute(_base(element, url), _text(element))
    atom = parts.get("atom:link", [])
    pages = [element for element in atom if element.get("rel", "alternate") == "alternate"]
    for element in sorted(pages, key=lambda element: element.get("type", "text/html") != "text/html"):
        yield absolute(_base(element, url), element.get("href", ""))
    for element in parts.get("guid", []):
        if element.get("isPermaLink", "true").lower() != "false":
            yield _text(element)
    yield _first(parts, "atom:id")
    # No page, but something that a reader can open: content that stands elsewhere, or the sound itself.
    for element in parts.get("atom:content", []):
        yield absolute(_base(element, url), element.get("src", ""))
    yield from (file.url for file in _files(parts, url))


def _files(parts: dict[str, list[etree._Element]], url: str) -> Iterator[File]:
    """Enclosures; the first sound, film and picture of Media RSS, where further ones are the same in other sizes."""
    for element in parts.get("enclosure", []):
        yield File(absolute(_base(element, url), element.get("url", "")), element.get("type", ""))
    for element in parts.get("atom:link", []):
        if element.get("rel") == "enclosure":
            yield File(absolute(_base(element, url), element.get("href", "")), element.get("type", ""))
    kinds: set[str] = set()
    for element in (*parts.get("media:content", []), *parts.get("media:thumbnail", [])):
        small = _name(element) == "media:thumbnail"
        kind = "image" if small else element.get("medium") or element.get("type", "").partition("/")[0]
        if kind not in kinds:
            yield File(absolute(_base(element, url), element.get("url", "")), kind)
        kinds.add(kind)


def _base(element: etree._Element, url: str) -> str:
    return absolute(url, element.base) if element.base else url


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
                return rooted(found, _base(element, url)) if element.base else found
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
    return next((found for name in names if (found := instant(_first(parts, name)))), None)


def _first(parts: dict[str, list[etree._Element]], *names: str) -> str:
    return next((text for name in names for element in parts.get(name, []) if (text := _text(element))), "")


def _text(element: etree._Element) -> str:
    return "".join(map(str, element.itertext())).strip()

"""Document -> what is wrong with it, for `refeed publish --check`: strict parsing, then what standards and readers ask.

Knows nothing of how documents are written; it reads them as a stranger would.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from xml.parsers import expat

from lxml import etree

from ..model import Format

DocumentKind = Format | Literal["opml", "catalogue"]

_ATOM = "{http://www.w3.org/2005/Atom}"
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
_MEDIA = "{http://search.yahoo.com/mrss/}content"
_ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
_DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def validate_document(document: bytes, format: DocumentKind) -> list[str]:
    """What is wrong with the document, one sentence each; empty when it may be published."""
    if format in ("json", "catalogue"):
        return _checked_json(document, _json_feed if format == "json" else _catalogue)
    try:
        expat.ParserCreate().Parse(document, True)
        root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    except (expat.ExpatError, etree.XMLSyntaxError) as error:
        return [f"not well-formed XML: {error}"]
    return list({"atom": _atom, "rss": _rss, "opml": _opml}[format](root))


def _checked_json(document: bytes, judge: Callable[[dict[str, Any]], Iterator[str]]) -> list[str]:
    try:
        value = json.loads(document.decode(), parse_constant=_refuse, object_pairs_hook=_once_each)
    except ValueError as error:  # covers UnicodeDecodeError and JSONDecodeError
        return [f"not JSON in UTF-8: {error}"]
    return list(judge(value)) if isinstance(value, dict) else ["the document is not a JSON object"]


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError(f"a member named twice among {', '.join(name for name, _ in pairs)}")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _atom(root: Any) -> Iterator[str]:
    if root.tag != f"{_ATOM}feed":
        yield f"the root is {root.tag}, not an Atom feed"
        return
    yield from _once(root, "feed", "id", "title", "updated")
    entries = root.findall(f"{_ATOM}entry")
    if not root.findtext(f"{_ATOM}author/{_ATOM}name"):
        yield "feed: no author, and RFC 4287 4.1.1 wants one where an entry has none"
    if not root.get(_LANG):
        yield "feed: no xml:lang"
    yield from _links(root, "feed")
    if (root.find(_ARCHIVE) is None) != ("current" not in _rels(root)):
        yield "feed: an archive document has fh:archive and a link rel=current, a subscription neither (RFC 5005 4)"
    yield from _unique((entry.findtext(f"{_ATOM}id") for entry in entries), "entry id")
    for entry in entries:
        yield from _atom_entry(entry)
    yield from _atom_order(root, entries)
    yield from _tombstones(root, entries)


def _atom_entry(entry: Any) -> Iterator[str]:
    place = f"entry {entry.findtext(f'{_ATOM}id')}"
    yield from _once(entry, place, "id", "title", "updated")
    links = entry.findall(f"{_ATOM}link")
    alternates = [(a.get("type"), a.get("hreflang")) for a in links if a.get("rel", "alternate") == "alternate"]
    if not alternates:
        yield f"{place}: no link rel=alternate"
    if len(set(alternates)) < len(alternates):
        yield f"{place}: two alternates of the same type and hreflang (RFC 4287 4.1.2)"
    yield from _addresses((a.get("href") for a in links), place)
    yield from _pictured(entry, {a.get("href") for a in links if a.get("rel") == "enclosure"}, place)
    if entry.find(_CREATOR) is not None:
        yield f"{place}: dc:creator beside atom:author shows the author twice"
    source = entry.find(f"{_ATOM}source")
    if source is not None:
        yield from _once(source, f"{place}: source", "id", "title", "updated")
        if _rels(source) != ["self"]:
            yield f"{place}: a link in source other than rel=self is taken for the entry's by RSS Guard"


def _atom_order(root: Any, entries: list[Any]) -> Iterator[str]:
    updated = [entry.findtext(f"{_ATOM}updated") or "" for entry in entries]
    instants = [text for text in updated if _is_instant(text)]
    own = root.findtext(f"{_ATOM}updated") or ""
    if instants and _is_instant(own) and max(map(datetime.fromisoformat, instants)) > datetime.fromisoformat(own):
        yield f"feed: updated {own} is older than its newest entry's"
    for entry, text in zip(entries, updated, strict=True):
        published = entry.findtext(f"{_ATOM}published") or ""
        if not _is_instant(published):
            yield f"entry {entry.findtext(f'{_ATOM}id')}: published {published!r} is no RFC 3339 instant"
        elif text in instants and datetime.fromisoformat(text) < datetime.fromisoformat(published):
            yield f"entry {entry.findtext(f'{_ATOM}id')}: updated before it was published"


def _tombstones(root: Any, entries: list[Any]) -> Iterator[str]:
    live = {entry.findtext(f"{_ATOM}id") for entry in entries}
    for deleted in root.findall(_DELETED):
        place = f"tombstone {deleted.get('ref')}"
        if not _IRI.fullmatch(deleted.get("ref", "")) or not _is_instant(deleted.get("when", "")):
            yield f"{place}: RFC 6721 wants an IRI in ref and an instant in when"
        if deleted.get("ref") in live:
            yield f"{place}: the entry is in the same document"


def _once(parent: Any, place: str, *names: str) -> Iterator[str]:
    """RFC 4287 4.1.1, 4.1.2: exactly one of each, and what it must look like."""
    for name in names:
        found = [element.text or "" for element in parent.findall(_ATOM + name)]
        if len(found) != 1 or not found[0].strip():
            yield f"{place}: {len(found) or 'no'} {name}, where exactly one with text is wanted"
        elif name == "updated" and not _is_instant(found[0]):
            yield f"{place}: updated {found[0]!r} is no RFC 3339 instant"
        elif name == "id" and not _IRI.fullmatch(found[0]):
            yield f"{place}: id {found[0]!r} is no absolute IRI"


def _rels(parent: Any) -> list[str]:
    return [link.get("rel", "alternate") for link in parent.findall(f"{_ATOM}link")]


def _links(parent: Any, place: str) -> Iterator[str]:
    rels = Counter(_rels(parent))
    for rel in ("self", "current", "prev-archive", "next-archive"):
        if rels[rel] > 1 or (rel == "self" and not rels[rel]):
            yield f"{place}: {rels[rel] or 'no'} link rel={rel}"
    yield from _addresses((link.get("href") for link in parent.findall(f"{_ATOM}link")), place)


def _rss(root: Any) -> Iterator[str]:
    channel = root.find("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or channel is None:
        yield "the root is not <rss version='2.0'> with a channel"
        return
    for name in ("title", "link", "description"):
        if len(channel.findall(name)) != 1 or not channel.findtext(name):
            yield f"channel: exactly one {name} with text is wanted"
    yield from _links(channel, "channel")
    own = [link.get("href") for link in channel.findall(f"{_ATOM}link") if link.get("rel") == "self"]
    if channel.findtext("link") in own:
        yield "channel: link is the feed's own address, not a page"
    yield from _rfc822(channel.findtext("lastBuildDate"), "channel: lastBuildDate")
    items = channel.findall("item")
    yield from _unique((item.findtext("guid") for item in items), "guid")
    for item in items:
        yield from _rss_item(item)


def _rss_item(item: Any) -> Iterator[str]:
    guid = item.find("guid")
    place = f"item {item.findtext('guid')}"
    if guid is None or (guid.get("isPermaLink") != "false" and not str(guid.text).startswith("http")):
        yield f"{place}: a guid that is no web address says isPermaLink='false'"
    if not item.findtext("title") and not item.findtext("description"):
        yield f"{place}: neither title nor description"
    yield from _addresses([item.findtext("link")], place)
    yield from _rfc822(item.findtext("pubDate"), f"{place}: pubDate")
    for name, reason in ((_CREATOR, "readers keep only one"), ("enclosure", "the profile allows one")):
        if len(item.findall(name)) > 1:
            yield f"{place}: {len(item.findall(name))} {etree.QName(name).localname}, and {reason}"
    for media in item.findall("enclosure"):
        if not (media.get("type") and (media.get("length") or "").isdigit()):
            yield f"{place}: an enclosure needs url, type and length"
        yield from _addresses([media.get("url")], place)
    yield from _pictured(item, {media.get("url") for media in item.findall("enclosure")}, place)
    order = [child.tag for child in item if child.tag in ("description", _ENCODED)]
    if order[:1] == [_ENCODED]:
        yield f"{place}: description must stand before content:encoded"


def _opml(root: Any) -> Iterator[str]:
    if root.tag != "opml" or root.get("version") != "2.0" or root.find("body") is None:
        yield "the root is not <opml version='2.0'> with a body"
        return
    if not root.findtext("head/title"):
        yield "head: no title"
    feeds = [outline for outline in root.iter("outline") if outline.get("type") == "rss"]
    for outline in root.iter("outline"):
        if not outline.get("text"):
            yield f"outline {outline.get('xmlUrl', '')}: no text"
    yield from _addresses((outline.get("xmlUrl") for outline in feeds), "outline")
    yield from _unique((outline.get("xmlUrl") for outline in feeds), "xmlUrl")


def _json_feed(feed: dict[str, Any]) -> Iterator[str]:
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        yield "version is not that of JSON Feed 1.1"
    items = feed.get("items")
    if not isinstance(feed.get("title"), str) or not isinstance(items, list):
        yield "title and items are required"
        return
    if not all(isinstance(item, dict) for item in items):
        yield "an item is not a JSON object"
        return
    yield from _addresses([feed.get("home_page_url"), feed.get("feed_url")], "feed")
    if "next_url" in feed:
        yield from _addresses([feed["next_url"]], "feed")
        if feed["next_url"] == feed.get("feed_url"):
            yield "feed: next_url is feed_url"
    yield from _unique((item.get("id") for item in items), "item id")
    for item in items:
        yield from _json_item(item)


def _json_item(item: dict[str, Any]) -> Iterator[str]:
    place = f"item {item.get('id')}"
    if not isinstance(item.get("id"), str) or not item["id"]:
        yield f"{place}: id is no text"
    if not (item.get("content_html") or item.get("content_text")):
        yield f"{place}: neither content_html nor content_text"
    for name in ("date_published", "date_modified"):
        if not _is_instant(str(item.get(name))):
            yield f"{place}: {name} {item.get(name)!r} is no RFC 3339 instant"
    yield from _addresses([item.get("url"), *(a.get("url") for a in item.get("attachments", []))], place)
    if item.get("image") in [attachment.get("url") for attachment in item.get("attachments", [])]:
        yield f"{place}: the lead image is an attachment too"


def _catalogue(listing: dict[str, Any]) -> Iterator[str]:
    feeds = listing.get("feeds")
    if not isinstance(feeds, list):
        yield "feeds: no list"
        return
    yield from _unique((feed.get("id") for feed in feeds), "feed id")
    for feed in feeds:
        yield from _addresses(feed.get("documents", {}).values(), f"feed {feed.get('id')}")


def _unique(ids: Iterable[str | None], what: str) -> Iterator[str]:
    for id, count in Counter(ids).items():
        if count > 1:
            yield f"{what} {id} stands {count} times"


def _addresses(urls: Iterable[str | None], place: str) -> Iterator[str]:
    for url in urls:
        if not re.fullmatch(r"https?://[^\s<>\"]+", url or ""):
            yield f"{place}: {url!r} is no absolute web address"


def _pictured(parent: Any, enclosed: set[str | None], place: str) -> Iterator[str]:
    """Liferea and RSS Guard list a file twice that is both an enclosure and Media RSS."""
    urls = [media.get("url") for media in parent.iter(_MEDIA)]
    if len(set(urls)) < len(urls) or enclosed & set(urls):
        yield f"{place}: a media file is listed twice"


def _rfc822(text: str | None, place: str) -> Iterator[str]:
    try:
        parsedate_to_datetime(text or "")
    except ValueError:
        yield f"{place} {text!r} is no RFC 822 date"


def _is_instant(text: str) -> bool:
    """RFC 3339, and a day that there is."""
    try:
        return bool(_INSTANT.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False

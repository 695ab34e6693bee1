"""Document -> its errors: strict parsing, then the rules of standards and readers. It shares no code with `refeed`."""

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

from refeed.model import Format

DocumentKind = Format | Literal["opml", "feeds.json"]

_ATOM = "{http://www.w3.org/2005/Atom}"
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
_MEDIA = "{http://search.yahoo.com/mrss/}content"
_ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
_DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def validate_document(document: bytes, format: DocumentKind) -> list[str]:
    """The errors in the document, one sentence each; empty when it is valid."""
    if format in ("json", "feeds.json"):
        return _validate_json(document, _check_json_feed if format == "json" else _check_feeds_json)
    try:
        expat.ParserCreate().Parse(document, True)
        root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    except (expat.ExpatError, etree.XMLSyntaxError) as error:
        return [f"not well-formed XML: {error}"]
    return list({"atom": _check_atom, "rss": _check_rss, "opml": _check_opml}[format](root))


def _validate_json(document: bytes, check: Callable[[dict[str, Any]], Iterator[str]]) -> list[str]:
    try:
        value = json.loads(document.decode(), parse_constant=_reject_constant, object_pairs_hook=_unique_members)
    except ValueError as error:  # covers UnicodeDecodeError and JSONDecodeError
        return [f"not JSON in UTF-8: {error}"]
    return list(check(value)) if isinstance(value, dict) else ["the document is not a JSON object"]


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError(f"the same member twice among {', '.join(name for name, _ in pairs)}")
    return members


def _reject_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _check_atom(root: Any) -> Iterator[str]:
    if root.tag != f"{_ATOM}feed":
        yield f"the root is {root.tag}, not an Atom feed"
        return
    yield from _check_required(root, "feed", "id", "title", "updated")
    entries = root.findall(f"{_ATOM}entry")
    if not root.findtext(f"{_ATOM}author/{_ATOM}name"):
        yield "feed: no author, which RFC 4287 4.1.1 requires if an entry has none"
    if not root.get(_LANG):
        yield "feed: no xml:lang"
    yield from _check_links(root, "feed")
    if (root.find(_ARCHIVE) is None) != ("current" not in _rels(root)):
        yield "feed: fh:archive and link rel=current must be in an archive and in no other document (RFC 5005 4)"
    yield from _check_unique((entry.findtext(f"{_ATOM}id") for entry in entries), "entry id")
    for entry in entries:
        yield from _check_atom_entry(entry)
    yield from _check_atom_dates(root, entries)
    yield from _check_tombstones(root, entries)


def _check_atom_entry(entry: Any) -> Iterator[str]:
    where = f"entry {entry.findtext(f'{_ATOM}id')}"
    yield from _check_required(entry, where, "id", "title", "updated")
    links = entry.findall(f"{_ATOM}link")
    alternates = [(a.get("type"), a.get("hreflang")) for a in links if a.get("rel", "alternate") == "alternate"]
    if not alternates:
        yield f"{where}: no link rel=alternate"
    if len(set(alternates)) < len(alternates):
        yield f"{where}: two alternates of the same type and hreflang (RFC 4287 4.1.2)"
    yield from _check_urls((a.get("href") for a in links), where)
    yield from _check_media_urls(entry, {a.get("href") for a in links if a.get("rel") == "enclosure"}, where)
    if entry.find(_CREATOR) is not None:
        yield f"{where}: dc:creator in addition to atom:author, so readers show the author twice"
    source = entry.find(f"{_ATOM}source")
    if source is not None:
        yield from _check_required(source, f"{where}: source", "id", "title", "updated")
        if _rels(source) != ["self"]:
            yield f"{where}: source has a link other than rel=self, which RSS Guard takes for the entry's"


def _check_atom_dates(root: Any, entries: list[Any]) -> Iterator[str]:
    updated = [entry.findtext(f"{_ATOM}updated") or "" for entry in entries]
    valid = [text for text in updated if _is_rfc3339(text)]
    newest = max(map(datetime.fromisoformat, valid), default=None)
    feed_updated = root.findtext(f"{_ATOM}updated") or ""
    if newest and _is_rfc3339(feed_updated) and newest > datetime.fromisoformat(feed_updated):
        yield f"feed: updated {feed_updated} is older than its newest entry's"
    for entry, text in zip(entries, updated, strict=True):
        published = entry.findtext(f"{_ATOM}published") or ""
        if not _is_rfc3339(published):
            yield f"entry {entry.findtext(f'{_ATOM}id')}: published {published!r} is not an RFC 3339 date"
        elif text in valid and datetime.fromisoformat(text) < datetime.fromisoformat(published):
            yield f"entry {entry.findtext(f'{_ATOM}id')}: updated before it was published"


def _check_tombstones(root: Any, entries: list[Any]) -> Iterator[str]:
    ids = {entry.findtext(f"{_ATOM}id") for entry in entries}
    for deleted in root.findall(_DELETED):
        where = f"tombstone {deleted.get('ref')}"
        if not _IRI.fullmatch(deleted.get("ref", "")) or not _is_rfc3339(deleted.get("when", "")):
            yield f"{where}: RFC 6721 requires an IRI in ref and a date in when"
        if deleted.get("ref") in ids:
            yield f"{where}: the entry is in the same document"


def _check_required(parent: Any, where: str, *names: str) -> Iterator[str]:
    """Check that each element occurs once, is not blank and is well-formed (RFC 4287 4.1.1, 4.1.2)."""
    for name in names:
        texts = [element.text or "" for element in parent.findall(_ATOM + name)]
        if len(texts) != 1 or not texts[0].strip():
            yield f"{where}: {len(texts) or 'no'} {name}, but exactly one that is not blank is required"
        elif name == "updated" and not _is_rfc3339(texts[0]):
            yield f"{where}: updated {texts[0]!r} is not an RFC 3339 date"
        elif name == "id" and not _IRI.fullmatch(texts[0]):
            yield f"{where}: id {texts[0]!r} is not an absolute IRI"


def _rels(parent: Any) -> list[str]:
    return [link.get("rel", "alternate") for link in parent.findall(f"{_ATOM}link")]


def _check_links(parent: Any, where: str) -> Iterator[str]:
    rels = Counter(_rels(parent))
    for rel in ("self", "current", "prev-archive", "next-archive"):
        if rels[rel] > 1 or (rel == "self" and not rels[rel]):
            yield f"{where}: {rels[rel] or 'no'} link rel={rel}"
    yield from _check_urls((link.get("href") for link in parent.findall(f"{_ATOM}link")), where)


def _check_rss(root: Any) -> Iterator[str]:
    channel = root.find("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or channel is None:
        yield "the root is not <rss version='2.0'> with a channel"
        return
    for name in ("title", "link", "description"):
        if len(channel.findall(name)) != 1 or not channel.findtext(name):
            yield f"channel: exactly one {name} that is not blank is required"
    yield from _check_links(channel, "channel")
    self_urls = [link.get("href") for link in channel.findall(f"{_ATOM}link") if link.get("rel") == "self"]
    if channel.findtext("link") in self_urls:
        yield "channel: link is the feed's own address, not a page"
    yield from _check_rfc822(channel.findtext("lastBuildDate"), "channel: lastBuildDate")
    items = channel.findall("item")
    yield from _check_unique((item.findtext("guid") for item in items), "guid")
    for item in items:
        yield from _check_rss_item(item)


def _check_rss_item(item: Any) -> Iterator[str]:
    guid = item.find("guid")
    where = f"item {item.findtext('guid')}"
    if guid is None or (guid.get("isPermaLink") != "false" and not str(guid.text).startswith("http")):
        yield f"{where}: a guid that is not a URL must say isPermaLink='false'"
    if not item.findtext("title") and not item.findtext("description"):
        yield f"{where}: neither title nor description"
    yield from _check_urls([item.findtext("link")], where)
    yield from _check_rfc822(item.findtext("pubDate"), f"{where}: pubDate")
    for name, reason in ((_CREATOR, "readers keep only one"), ("enclosure", "the profile allows one")):
        if len(item.findall(name)) > 1:
            yield f"{where}: {len(item.findall(name))} {etree.QName(name).localname}, and {reason}"
    for media in item.findall("enclosure"):
        if not (media.get("type") and (media.get("length") or "").isdigit()):
            yield f"{where}: an enclosure needs url, type and length"
        yield from _check_urls([media.get("url")], where)
    yield from _check_media_urls(item, {media.get("url") for media in item.findall("enclosure")}, where)
    order = [child.tag for child in item if child.tag in ("description", _ENCODED)]
    if order[:1] == [_ENCODED]:
        yield f"{where}: description must come before content:encoded"


def _check_opml(root: Any) -> Iterator[str]:
    if root.tag != "opml" or root.get("version") != "2.0" or root.find("body") is None:
        yield "the root is not <opml version='2.0'> with a body"
        return
    if not root.findtext("head/title"):
        yield "head: no title"
    feeds = [outline for outline in root.iter("outline") if outline.get("type") == "rss"]
    for outline in root.iter("outline"):
        if not outline.get("text"):
            yield f"outline {outline.get('xmlUrl', '')}: no text"
    yield from _check_urls((outline.get("xmlUrl") for outline in feeds), "outline")
    yield from _check_unique((outline.get("xmlUrl") for outline in feeds), "xmlUrl")


def _check_json_feed(feed: dict[str, Any]) -> Iterator[str]:
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        yield "version must be that of JSON Feed 1.1"
    items = feed.get("items")
    if not isinstance(feed.get("title"), str) or not isinstance(items, list):
        yield "title and items are required"
        return
    if not all(isinstance(item, dict) for item in items):
        yield "an item is not a JSON object"
        return
    yield from _check_urls([feed.get("home_page_url"), feed.get("feed_url")], "feed")
    if "next_url" in feed:
        yield from _check_urls([feed["next_url"]], "feed")
        if feed["next_url"] == feed.get("feed_url"):
            yield "feed: next_url is feed_url"
    yield from _check_unique((item.get("id") for item in items), "item id")
    for item in items:
        yield from _check_json_item(item)


def _check_json_item(item: dict[str, Any]) -> Iterator[str]:
    where = f"item {item.get('id')}"
    if not isinstance(item.get("id"), str) or not item["id"]:
        yield f"{where}: id must be text"
    if not (item.get("content_html") or item.get("content_text")):
        yield f"{where}: neither content_html nor content_text"
    for name in ("date_published", "date_modified"):
        if not _is_rfc3339(str(item.get(name))):
            yield f"{where}: {name} {item.get(name)!r} is not an RFC 3339 date"
    yield from _check_urls([item.get("url"), *(a.get("url") for a in item.get("attachments", []))], where)
    if item.get("image") in [attachment.get("url") for attachment in item.get("attachments", [])]:
        yield f"{where}: the lead image is an attachment too"


def _check_feeds_json(document: dict[str, Any]) -> Iterator[str]:
    feeds = document.get("feeds")
    if not isinstance(feeds, list):
        yield "feeds must be a list"
        return
    yield from _check_unique((feed.get("id") for feed in feeds), "feed id")
    for feed in feeds:
        yield from _check_urls(feed.get("documents", {}).values(), f"feed {feed.get('id')}")


def _check_unique(ids: Iterable[str | None], what: str) -> Iterator[str]:
    for id, count in Counter(ids).items():
        if count > 1:
            yield f"{what} {id} occurs {count} times"


def _check_urls(urls: Iterable[str | None], where: str) -> Iterator[str]:
    for url in urls:
        if not re.fullmatch(r"https?://[^\s<>\"]+", url or ""):
            yield f"{where}: {url!r} is not an absolute http(s) URL"


def _check_media_urls(parent: Any, enclosures: set[str | None], where: str) -> Iterator[str]:
    """Check that no file is both an enclosure and Media RSS, because Liferea and RSS Guard would list it twice."""
    urls = [media.get("url") for media in parent.iter(_MEDIA)]
    if len(set(urls)) < len(urls) or enclosures & set(urls):
        yield f"{where}: a media file is listed twice"


def _check_rfc822(text: str | None, where: str) -> Iterator[str]:
    try:
        parsedate_to_datetime(text or "")
    except ValueError:
        yield f"{where} {text!r} is not an RFC 822 date"


def _is_rfc3339(text: str) -> bool:
    """Whether the text is a date in RFC 3339 format that exists in the calendar."""
    try:
        return bool(_RFC3339.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False

"""`python bench/feed_corpus.py FOLDER [--show N] [--second]`: test feeds of other projects -> how many fields agree.

Feeds of feedparser (`tests/`) begin with a comment such as `Expect: entries[0]['title'] == 'Example'`, and beside those
of gofeed (`testdata/`) stands what it reads, in JSON. Of feeds without either, such as those of the W3C validator, the
outcomes are counted. `--second` compares every item with what fastfeedparser reads, if it is installed. A field agrees
when it is equal, or shows the same: feedparser's expectations are of sanitized HTML, and titles may be HTML there. Each
disagreement has a kind, which says why both are so, and so has each file that one of the two readers alone reads.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from types import ModuleType
from urllib.parse import urljoin

from refeed.clean.sanitize import sanitize
from refeed.dumps.feed_encoding import decode_body
from refeed.dumps.feed_parser import parse_feed
from refeed.dumps.parsed_feed import UpstreamItem
from refeed.errors import FetchError

URL = "http://127.0.0.1:8097/"
"""Where feedparser's own tests serve these files."""
FIELDS = {
    "title": "title title_detail.value",
    "link": "link",
    "guid": "id guid",
    "html": "summary description content.0.value summary_detail.value",
    "authors": "author author_detail.name authors.0.name authors.1.name",
    "tags": "category tags.0.term tags.1.term tags.2.term",
    "published": "published_parsed created_parsed",
    "updated": "updated_parsed",
    "language": "content.0.language title_detail.language summary_detail.language",
}
"""Our fields, and what feedparser calls them."""
EXPECT = re.compile(r"Expect:\s*(.*?)(?:\n\w+:|-->|\Z)", re.DOTALL)
CONTENT_TYPE = re.compile(r"Header:\s*Content-type:\s*(.*)", re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ITEM = re.compile(r"(<(?:\w+:)?(item|entry)\b[^<>]*>)", re.IGNORECASE)
ADDRESS = re.compile(r"((?:href|src)\s*=\s*[\"'])([^\"']*)", re.IGNORECASE)
KINDS = (
    ("html", r"content_base64|issue_275", "base64 of what is no HTML, and types that are not text, are not shown"),
    ("authors title html tags", r"escaped_markup", "text that was escaped once too often is read as it was meant"),
    ("authors guid tags", r"naked_markup", "feedparser loses the text of a field that has elements in it"),
    ("html", r"fallbacks", "the picture of the item stands before its text"),
    ("title", r"illegal_char", "what XML does not allow is replaced and not deleted"),
    ("title", r"<(?:a|img|div|p)\b|&lt;blink", "titles are text: markup, links and pictures in them are not kept"),
    (
        "title",
        r"lang|base|amp\d|attr\d|inline|naked|base64|hex_|media_title2|crazy|object|script|tsch|<p>|'foo'",
        "the other reader does not read markup, base64 or references in titles",
    ),
    ("html", r"content_location", "Content-Location is no base (RFC 7231, appendix B)"),
    (
        "link guid",
        r"content_location|docuri",
        "links are resolved against the feed's address, ids never (RFC 4287, 4.2.6.1)",
    ),
    ("html", r"iframe|object", "what stands in a frame or object is read by cleaning, with its player"),
    ("html", r"doctype|nested_cdata", "a bogus comment of HTML shows nothing"),
    ("html", r"summary", "the full text comes before the summary"),
    ("html", r"body_link", "the item has no link, so it is not read"),
    ("html", r"brackets", "our value is HTML, the expected one plain text"),
    ("language", r"", "one language for an item: its own, or that of its text; that of the feed is the source's"),
    ("tags", r"", "the label of a category is for people, its term is not (RFC 4287, 4.2.2.3)"),
    ("link", r"cdf|guid_map|isPermaLink_map", "this script has given the item a link"),
    ("authors", r"@|overloaded|\(\)", "mail addresses are no names; names of shops' extensions are not read"),
    ("authors", r"expected ''", "an author of the feed is that of its items (RFC 4287, 4.2.1)"),
    ("link guid", r"rss-world|origLink|entry-|robots", "feedburner:origLink, and only rel=alternate is the page"),
    (
        "link guid published",
        r"multiple|link-same|overwriting|/permalink",
        "two elements where one is allowed: we take the last",
    ),
    (
        "link guid",
        r"expected '/|expected '\?|expected 'insert|expected 'purl|2003/12/13",
        "the other reader does not resolve the link",
    ),
    (
        "link guid",
        r"NoDefNS|doctype|query_variable|ValueError|127\.0\.0\.1",
        "the other reader misses prefixes and entities",
    ),
    (
        "published",
        r"dublincore|entry_modified|fallbacks",
        "a date that is not called that of publication is that of the update",
    ),
    ("published", r"bad_month|year|None|created|pubDate", "no date is made up from half of one; created is a date"),
    ("published", r"\.\d{3,}", "dates have whole seconds"),
)
"""Field, what the disagreement has, and why both are so. The first that fits counts; the rest is to be looked at."""
FILE_KINDS = (
    (
        r"^neither: .*(neither RSS nor Atom|web page)",
        "no feed of articles: KML, OPML, OpenSearch, CDF without items",
    ),
    (r"^neither: .*(broken XML|is empty)", "no feed: what is left of the XML has no item"),
    (r"^refused: not ours.*rss10_invalid_namespace", "an RDF without the namespace of RSS"),
    (r"^ours: .*missing channel element", "the other reader wants a channel; a feed without items is one"),
    (
        r"^ours: .*(received content|parsed as XML)",
        "the other reader does not read UTF-16 and UTF-32 that is labelled otherwise",
    ),
    (r"^ours: .*namespace in feed type", "the other reader knows one namespace of Atom"),
    (r"^ours: .*Unknown feed type: .*(2005/Atom\}entry)", "a document of one entry (RFC 4287, 2)"),
    (r"^ours: .*Unknown feed type: .*(app\}|kml)", "documents with Atom in them, and no items"),
    (r"^ours: .*Unknown feed type", "RSS 1.1, RDF in small letters and CDF, which the other reader does not know"),
    (
        r"^count: .*(has no link)",
        "an item whose only links lead elsewhere (license, ftp, mailto, other relations) has none",
    ),
    (
        r"^count: .*(guid|permalink|rdf_about|rss10_missing|itunes|psc|noerr|noself|item_category_image|rss-2\.0)",
        "the other reader has no link from a guid, an enclosure or rdf:about",
    ),
    (
        r"^count: .*(link_no_href|content-src|link_not_empty)",
        "the other reader has no link from another element: id, content, a text",
    ),
    (
        r"^count: .*(rss_?090|unknown-namespace|contributor_url)",
        "the other reader does not see items in RSS 0.90 and under odd roots",
    ),
)
"""What became of a file, and why. The first that fits counts."""


def read_expectations(head: str) -> Iterator[tuple[int, str, object]]:
    """Number of the item, our field, value. Conditions of other kinds are left out."""
    for condition in EXPECT.findall(head):
        try:
            tree = ast.parse(condition.strip(), mode="eval")
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq)):
                continue
            parts = re.findall(r"\[['\"]?(\w+)['\"]?\]", ast.unparse(node.left))
            is_entry = ast.unparse(node.left).startswith("entries[") and len(parts) > 1
            field = next((name for name, keys in FIELDS.items() if ".".join(parts[1:]) in keys.split()), "")
            with suppress(ValueError):  # not a literal
                if is_entry and field:
                    yield int(parts[0]), field, ast.literal_eval(node.comparators[0])


def read_gofeed(path: Path) -> Iterator[tuple[int, str, object]]:
    """The fields of each item in the JSON beside a feed: in the form of its format, or in the form of all formats."""
    try:
        feed = json.loads(path.with_suffix(".json").read_text())
    except (OSError, ValueError):
        return
    for number, item in enumerate(feed.get("items") or feed.get("entries") or []):
        found: dict[str, object] = {name: item.get(name) for name in ("title", "link")}
        found["guid"] = item.get("guid") or item.get("id")
        found["html"] = item.get("content") or item.get("description") or item.get("summary")
        for name in ("guid", "html"):
            found[name] = found[name].get("value") if isinstance(found[name], dict) else found[name]
        people = item.get("authors") or [item.get("author")]
        names = [person.get("name") if isinstance(person, dict) else person for person in people]
        categories = [each if isinstance(each, dict) else {"value": each} for each in item.get("categories") or []]
        tags = [each.get("label") or each.get("value") or each.get("term") for each in categories]
        for field in ("published", "updated"):
            date = item.get(f"{field}Parsed") or (item.get("pubDateParsed") if field == "published" else None)
            found[field] = datetime.fromisoformat(date).astimezone(UTC) if date else None
        links = [each for each in item.get("links") or [] if isinstance(each, dict)]
        pages = [each.get("href") for each in links if each.get("rel", "alternate") == "alternate"]
        found["link"] = found["link"] or next(filter(None, pages), None)
        pairs = [*found.items(), *(("authors", name) for name in names), *(("tags", tag) for tag in tags)]
        yield from ((number, field, value) for field, value in pairs if value)


def add_links(text: str) -> str:
    """Give the items of a feed without any link one each, because refeed reads no item without a link."""
    if "<link" in COMMENT.sub("", text).lower():
        return text
    links = {"item": f"<link>{URL}page</link>", "entry": f'<link href="{URL}page"/>'}
    return ITEM.sub(lambda match: match[1] + links[match[2].lower()], text)


def shown(value: object) -> object:
    """What a reader shows: the words and addresses of a text, the second of a date."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, tuple) and len(value) == 9:
        return datetime(*value[:6])  # noqa: DTZ001  feedparser's dates are in UTC
    if not isinstance(value, str):
        return value
    visible = sanitize(ADDRESS.sub(lambda match: match[1] + urljoin(URL, unescape(match[2]).strip()), value))
    words = " ".join(unescape(unescape(re.sub(r"<[^<>]*>", " ", visible))).split())
    return words, sorted(unescape(each) for _, each in ADDRESS.findall(visible))


def agrees(item: UpstreamItem, field: str, expected: object) -> str:
    """How a field agrees: `equal`, `shown`, or empty."""
    got = getattr(item, field)
    candidates = [*got, ", ".join(got)] if isinstance(got, tuple) else [got]
    if (expected or "") in candidates:
        return "equal"
    return "shown" if any(shown(each) == shown(expected) for each in candidates) else ""


def find_file_kind(outcome: str) -> str:
    """Why one reader alone reads a file, or none does."""
    return next(
        (kind for pattern, kind in FILE_KINDS if re.search(pattern, outcome)), f"not explained: {outcome[:150]}"
    )


def find_kind(field: str, text: str) -> str:
    """Why a value disagrees."""
    found = (kind for fields, pattern, kind in KINDS if field in fields.split() and re.search(pattern, text))
    return next(found, "not explained")


class Count:
    """How many values of each field agree, and those that do not."""

    def __init__(self) -> None:
        self.same: dict[str, Counter[str]] = defaultdict(Counter)
        self.different: dict[str, list[str]] = defaultdict(list)

    def add(self, where: object, item: UpstreamItem | None, field: str, expected: object) -> None:
        """Compare one field."""
        agreement = agrees(item, field, expected) if item else ""
        self.same[field][agreement] += 1
        if not agreement:
            got = getattr(item, field) if item else "no such item"
            self.different[field].append(f"  {where}: {str(got)[:90]!r}, expected {str(expected)[:90]!r}")

    def print(self, show: int) -> None:
        """Print the share of each field."""
        for field, counts in sorted(self.same.items()):
            whole = sum(counts.values())
            print(f"{field}: {whole - counts['']} of {whole}, {counts['equal']} of them equal")
            kinds = Counter(find_kind(field, each) for each in self.different[field])
            print(*(f"  {count} {kind}" for kind, count in kinds.most_common()), sep="\n")
            print(*self.different[field][:show], sep="\n", end="\n" if self.different[field][:show] else "")


def count_items(second: ModuleType | None, text: str) -> int:
    """The number of items that the second reader finds; 0 also where it reads no feed."""
    try:
        return len(second.parse(text.encode()).entries) if second else 0
    except Exception:  # noqa: BLE001 -- any error of the other program
        return 0


def main() -> None:
    """Print the outcomes, the share of each field, and with `--show` the first disagreements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=0, help="disagreements to print for each field")
    parser.add_argument("--second", action="store_true", help="compare with fastfeedparser")
    arguments = parser.parse_args()
    second = importlib.import_module("fastfeedparser") if arguments.second else None
    outcomes, kinds, written, other = Counter[str](), Counter[tuple[str, str]](), Count(), Count()
    for path in sorted(arguments.folder.rglob("*.xml")):
        data = path.read_bytes()
        head = data[:4000].decode("utf-8", "replace")
        content_type = header[1].strip() if (header := CONTENT_TYPE.search(head)) else ""
        text = add_links(decode_body(data, content_type))
        where = path.relative_to(arguments.folder)
        try:
            feed = parse_feed(text.encode(), "", f"{URL}tests/{where}")
        except FetchError as error:
            outcomes[f"refused: {str(error).partition('(')[0][:60]}"] += 1
            theirs = count_items(second, text)
            outcome = f"refused: not ours, {where} {error}" if theirs else f"neither: {where} {error}"
            kinds[outcome.partition(":")[0], find_file_kind(outcome)] += 1
            continue
        items = feed.items
        outcomes["read"] += 1
        for number, field, expected in [*read_expectations(head), *read_gofeed(path)]:
            written.add(where, items[number] if number < len(items) else None, field, expected)
        if second:
            try:
                entries = [entry for entry in second.parse(text.encode()).entries if entry.get("link")]
            except Exception as error:  # noqa: BLE001 -- any error of the other program
                kinds["ours", find_file_kind(f"ours: {where} {error}")] += 1
                continue
            if len(entries) != len(items):
                kinds["count", find_file_kind(f"count: {where} {' '.join(feed.issues)}")] += 1
                continue
            for item, entry in zip(items, entries, strict=True):
                other.add(where, item, "title", entry.get("title") or "")
                other.add(where, item, "link", entry.get("link"))
                other.add(where, replace(item, guid=item.guid or item.link), "guid", entry.get("id") or "")
                other.add(where, item, "authors", entry.get("author") or "")
                date = entry.get("published")
                item = replace(item, published=item.published or item.updated)
                other.add(where, item, "published", datetime.fromisoformat(date).astimezone(UTC) if date else None)
    print(*(f"{count} {outcome}" for outcome, count in outcomes.most_common()), sep="\n")
    print("read by one reader alone (ours, refused), by neither, or with another number of items (count):")
    print(*(f"  {count} {which}: {kind}" for (which, kind), count in kinds.most_common()), sep="\n")
    print("expectations in the files:")
    written.print(arguments.show)
    print("second reader:")
    other.print(arguments.show)


if __name__ == "__main__":
    main()

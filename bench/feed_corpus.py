"""`python bench/feed_corpus.py FOLDER [--show N] [--second]`: test feeds of other projects -> how many fields agree.

Feeds of feedparser (`tests/`) begin with a comment such as `Expect: entries[0]['title'] == 'Example'`. Of feeds without
one, such as those of the W3C validator, the outcomes are counted. `--second` compares every item with what
fastfeedparser reads, if it is installed. A field agrees when it is equal, or shows the same: feedparser's expectations
are of sanitized HTML, and titles may be HTML there. Each disagreement has a kind, which says why both are so.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
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
    ("published", r"bad_month|year|None|created|pubDate", "no date is made up from half of one; created is a date"),
    ("published", r"\.\d{3,}", "dates have whole seconds"),
)
"""Field, what the disagreement has, and why both are so. The first that fits counts; the rest is to be looked at."""


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


def main() -> None:
    """Print the outcomes, the share of each field, and with `--show` the first disagreements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=0, help="disagreements to print for each field")
    parser.add_argument("--second", action="store_true", help="compare with fastfeedparser")
    arguments = parser.parse_args()
    second = importlib.import_module("fastfeedparser") if arguments.second else None
    outcomes, written, other = Counter[str](), Count(), Count()
    for path in sorted(arguments.folder.rglob("*.xml")):
        data = path.read_bytes()
        head = data[:4000].decode("utf-8", "replace")
        content_type = header[1].strip() if (header := CONTENT_TYPE.search(head)) else ""
        text = add_links(decode_body(data, content_type))
        where = path.relative_to(arguments.folder)
        try:
            items = parse_feed(text.encode(), "", f"{URL}tests/{where}").items
        except FetchError as error:
            outcomes[f"refused: {str(error).partition('(')[0][:60]}"] += 1
            continue
        outcomes["read"] += 1
        for number, field, expected in read_expectations(head):
            written.add(where, items[number] if number < len(items) else None, field, expected)
        if second:
            try:
                theirs = [entry for entry in second.parse(text.encode()).entries if entry.get("link")]
            except Exception:  # noqa: BLE001 -- any error of the other program
                outcomes["read here, but not by the second reader"] += 1
                continue
            if len(theirs) != len(items):
                outcomes["number of items differs from the second reader's"] += 1
                continue
            for item, entry in zip(items, theirs, strict=True):
                other.add(where, item, "title", entry.get("title") or "")
                other.add(where, item, "link", entry.get("link"))
                other.add(where, replace(item, guid=item.guid or item.link), "guid", entry.get("id") or "")
                other.add(where, item, "authors", entry.get("author") or "")
                date = entry.get("published")
                item = replace(item, published=item.published or item.updated)
                other.add(where, item, "published", datetime.fromisoformat(date).astimezone(UTC) if date else None)
    print(*(f"{count} {outcome}" for outcome, count in outcomes.most_common()), sep="\n")
    print("expectations in the files:")
    written.print(arguments.show)
    print("second reader:")
    other.print(arguments.show)


if __name__ == "__main__":
    main()

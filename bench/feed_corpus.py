"""`python bench/feed_corpus.py FOLDER [--show N]`: feeds with the expectations written in them -> how many fields agree.

The folder has test feeds of feedparser (`tests/`), which begin with a comment such as
`Expect: entries[0]['title'] == 'Example'`. Of other feeds, only the outcomes are counted.
"""

from __future__ import annotations

import argparse
import ast
import re
import time
from collections import Counter, defaultdict
from pathlib import Path

from refeed.dumps.feed_parser import parse_feed
from refeed.dumps.parsed_feed import UpstreamItem
from refeed.errors import FetchError

URL = "http://feed.example/feed.xml"
EXPECTATION = re.compile(
    r"""entries\[(\d)\]\[['"](title|link|id|author|summary)['"]\]\s*==\s*u?('[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")"""
)
COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
ITEM = re.compile(rb"(<(?:\w+:)?(item|entry)\b[^>]*>)")


def add_links(data: bytes) -> bytes:
    """Give the items of a feed without any link one each, because refeed reads no item without a link."""
    if b"<link" in COMMENT.sub(b"", data):
        return data
    page = b"http://feed.example/page"
    links = {b"item": b"<link>%s</link>" % page, b"entry": b'<link href="%s"/>' % page}
    return ITEM.sub(lambda match: match[1] + links[match[2]], data)


def field_of(item: UpstreamItem, name: str) -> str:
    """The field that feedparser calls `name`."""
    fields = {"title": item.title, "link": item.link, "id": item.guid, "summary": item.html}
    return fields.get(name, ", ".join(item.authors))


def main() -> None:
    """Print the share of each field, and with `--show` the first disagreements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=0, help="disagreements to print for each field")
    arguments = parser.parse_args()
    outcomes, same = Counter[str](), Counter[str]()
    different: dict[str, list[str]] = defaultdict(list)
    slowest = 0.0
    for path in sorted(arguments.folder.rglob("*.xml")):
        data = path.read_bytes()
        start = time.perf_counter()
        try:
            items = parse_feed(add_links(data), "", URL).items
        except FetchError as error:
            outcomes[f"refused: {str(error).partition('(')[0][:60]}"] += 1
            continue
        finally:
            slowest = max(slowest, time.perf_counter() - start)
        outcomes["read"] += 1
        for number, name, literal in EXPECTATION.findall(data[:3000].decode("utf-8", "replace")):
            expected = ast.literal_eval(literal)
            got = field_of(items[int(number)], name) if int(number) < len(items) else "no such item"
            if got == expected:
                same[name] += 1
            else:
                different[name].append(f"  {path.name}: {got[:80]!r}, expected {expected[:80]!r}")
    print(*(f"{count} {outcome}" for outcome, count in outcomes.most_common()), f"slowest {slowest:.2f} s", sep="\n")
    for name in sorted(same.keys() | different.keys()):
        print(
            f"{name}: {same[name]} of {same[name] + len(different[name])}", *different[name][: arguments.show], sep="\n"
        )


if __name__ == "__main__":
    main()

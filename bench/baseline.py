"""The baseline: the script that one writes in an afternoon. No store, no increments, every feed from scratch, Atom alone.

python -m bench.baseline DUMPS FEEDS
"""

from __future__ import annotations

import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from bs4 import BeautifulSoup
from feedgen.feed import FeedGenerator

_DUMP = re.compile(r"<!--(\d+)-->\n\[(.*)\]\((.*)\)\n-{3,}\n\n(.*)", re.DOTALL)
_FOOTER = re.compile("获取更多RSS")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_TOPICS = {
    "america": ("美国", "中美"),
    "economy": ("经济", "贸易"),
    "climate": ("气候", "碳排"),
    "hongkong": ("香港", "港版"),
    "health": ("疫情", "病毒"),
}


class Article(NamedTuple):
    at: datetime
    title: str
    link: str
    html: str
    feeds: list[str]


def read(path: Path) -> Article | None:
    match = _DUMP.match(path.read_text("utf-8", errors="replace"))
    if not match:
        return None
    epoch, title, link, body = match.groups()
    soup = BeautifulSoup(body, "lxml")
    for footer in soup.find_all("div", string=_FOOTER):
        footer.decompose()
    for image in soup.find_all("img", src=True):
        if "weserv.nl" in image["src"]:
            image["src"] = "https://" + unquote(image["src"].partition("url=")[2])
    for junk in soup.find_all(["script", "style", "iframe"]):
        junk.decompose()
    html = _CONTROLS.sub("", soup.body.decode_contents() if soup.body else "")
    topics = [topic for topic, words in _TOPICS.items() if any(word in html for word in words)]
    return Article(datetime.fromtimestamp(int(epoch) / 1000, UTC), title, link, html, [path.parent.name, *topics])


def write(path: Path, articles: list[Article]) -> None:
    feed = FeedGenerator()
    feed.id(f"urn:baseline:{path.stem}")
    feed.title(path.stem)
    feed.link(href="https://example.org/")
    for article in articles[:50]:
        entry = feed.add_entry(order="append")
        entry.id(article.link)
        entry.title(article.title)
        entry.link(href=article.link)
        entry.content(article.html, type="html")
        entry.published(article.at)
        entry.updated(article.at)
    feed.atom_file(str(path))


def run(dumps: Path, feeds: Path) -> int:
    feeds.mkdir(parents=True, exist_ok=True)
    groups: dict[str, list[Article]] = defaultdict(list)
    count = 0
    for article in _read_all(dumps):
        count += 1
        for feed in article.feeds:
            groups[feed].append(article)
    for name, articles in groups.items():
        write(feeds / f"{name}.atom", sorted(articles, reverse=True))
    return count


def _read_all(dumps: Path) -> Iterator[Article]:
    for path in dumps.glob("*/*.md"):
        if article := read(path):
            yield article


if __name__ == "__main__":
    started = time.monotonic()
    count = run(Path(sys.argv[1]), Path(sys.argv[2]))
    print(time.monotonic() - started, count)

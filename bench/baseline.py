"""The baseline: sixty lines that one writes in an afternoon. No store, no increments, every feed from scratch.

python -m bench.baseline DUMPS FEEDS
"""

from __future__ import annotations

import re
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import yaml
from bs4 import BeautifulSoup
from feedgen.feed import FeedGenerator

_HEAD = re.compile(r"<!--(\d+)-->\s*\[(.*)\]\((\S+)\)\s*-{3,}\s*(.*)", re.DOTALL)
_FOOTER = re.compile(r"<br><hr><div>获取更多RSS：.*$", re.DOTALL)


def read(path: Path, topics: dict[str, list[str]]) -> dict[str, object] | None:
    match = _HEAD.match(path.read_text("utf-8"))
    if not match:
        return None
    epoch, title, link, html = match.groups()
    soup = BeautifulSoup(_FOOTER.sub("", html), "lxml")
    for image in soup.find_all("img"):
        image["src"] = re.sub(r"^https://images\.weserv\.nl/?\?url=", "https://", image.get("src", ""))
    for junk in soup.select("script, style, iframe, .o-self-promo, .bbccom_slot, [data-o-ads-name]"):
        junk.decompose()
    body = soup.body.decode_contents() if soup.body else ""
    text = title + soup.get_text()
    return {
        "title": title,
        "link": link,
        "html": body,
        "at": datetime.fromtimestamp(int(epoch) / 1000, UTC),
        "source": path.parent.name,
        "topics": [topic for topic, words in topics.items() if any(word in text for word in words)],
    }


def write(folder: Path, name: str, entries: list[dict[str, object]]) -> None:
    feed = FeedGenerator()
    feed.id(f"urn:baseline:{name}")
    feed.title(name)
    feed.link(href="https://example.org/")
    feed.description(name)
    for entry in sorted(entries, key=lambda e: e["at"], reverse=True)[:50]:
        item = feed.add_entry(order="append")
        item.id(entry["link"])
        item.title(entry["title"])
        item.link(href=entry["link"])
        item.updated(entry["at"])
        item.published(entry["at"])
        item.content(entry["html"], type="html")
    feed.atom_file(str(folder / f"{name}.atom"))
    feed.rss_file(str(folder / f"{name}.rss"))


def run(dumps: Path, feeds: Path, topics: dict[str, list[str]]) -> int:
    feeds.mkdir(parents=True, exist_ok=True)
    entries = [entry for path in sorted(dumps.rglob("*.md")) if (entry := read(path, topics))]
    groups: dict[str, list[dict[str, object]]] = defaultdict(list, all=entries)
    for entry in entries:
        for name in [entry["source"], *entry["topics"]]:
            groups[name].append(entry)
    for name, group in groups.items():
        write(feeds, name, group)
    return len(entries)


def topics_of(folder: Path) -> dict[str, list[str]]:
    topics = [yaml.safe_load(file.read_text("utf-8")) for file in sorted(folder.glob("*.yaml"))]
    return {topic["id"]: [w for w in topic["words"] if not w.startswith("re:")] for topic in topics}


if __name__ == "__main__":
    root = Path(__file__).parents[1]
    started = time.monotonic()
    count = run(Path(sys.argv[1]), Path(sys.argv[2]), topics_of(root / "src/refeed/packs/chinese-news/topics"))
    print(time.monotonic() - started, count)

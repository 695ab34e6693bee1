"""Sample feeds, whose entries have everything that an entry can have. Their texts say that they are samples."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from refeed.model import Enclosure, Entry, Feed, FeedEntry, FeedInfo, FeedPath, Image, Person, SafeHtml, Site, Source

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
SITE = Site(
    id="tag:example.org,2026",
    title="示例站",
    base_url="https://feeds.example.org",
    author="示例站编辑部",
    language="zh-Hans",
    hubs=("https://hub.example.org/",),
)
SOURCE = Source(id="bbc", title="BBC 样本", link="https://www.bbc.com/zhongwen")


def make_entry(number: int = 0, **fields: Any) -> Entry:
    """A sample entry; the higher its number, the older it is."""
    at = NOON - timedelta(hours=number)
    everything: dict[str, Any] = {
        "id": f"urn:uuid:00000000-0000-5000-8000-{number:012d}",
        "source": "bbc",
        "link": f"https://www.bbc.com/zhongwen/{number}?a=1&b=2",
        "title": f"样本标题 {number}: A & B < C",
        "published": at,
        "updated": at + timedelta(minutes=3),
        "language": "zh-Hans",
        "authors": ("样本作者", "Bo Sample"),
        "contributors": (Person(name="样本译者", role="翻译"),),
        "summary": "样本摘要 a < b & c",
        "html": SafeHtml(
            f'<figure><img src="https://img.example.org/{number}.jpg" alt=""></figure><p>样本正文 &amp; 句</p>'
        ),
        "image": Image(url=f"https://img.example.org/{number}.jpg", caption="样本图说", credit="样本摄影"),
        "images": (f"https://img.example.org/{number}.jpg",),
        "enclosures": (Enclosure(url=f"https://media.example.org/{number}.mp3", type="audio/mpeg", length=4321),),
        "rights": "© 样本",
        "original": f"https://www.bbc.com/news/{number}",
        "original_language": "en",
        "tags": ("样本标签",),
        "section": "样本栏目",
    }
    return Entry(**(everything | fields))


def make_feed(*entries: Entry | FeedEntry, mixed: bool = True, **fields: Any) -> Feed:
    """A sample feed of these entries, of a topic when mixed, otherwise of their source."""
    shown = tuple(
        e
        if isinstance(e, FeedEntry)
        else FeedEntry(entry=e, source=SOURCE if mixed else None, publisher=SOURCE.title, labels=(("climate", "气候"),))
        for e in entries
    )
    info = FeedInfo(
        path=FeedPath("topic", "climate"),
        title="气候",
        subtitle="气候样本",
        language="zh-Hans",
        icon="/static/icon.png",
        mixed=True,
    )
    if not mixed:
        info = FeedInfo(path=FeedPath("source", "bbc"), title="BBC 样本", link="https://www.bbc.com/zhongwen")
    updated = max((s.entry.updated for s in shown), default=NOON)
    return Feed(**({"site": SITE, "info": info, "updated": updated, "entries": shown} | fields))


def without_fields(entry: Entry, *names: str) -> Entry:
    """The entry with these fields as if its source had not given them."""
    defaults = {f.name: f.default for f in dataclasses.fields(Entry) if f.default is not dataclasses.MISSING}
    return dataclasses.replace(entry, **{name: defaults.get(name, "") for name in names})

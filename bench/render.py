"""The time to render a document: with all entries new, with one new entry, and with none.

    python bench/render.py [ENTRIES [BYTES]]

The times are those of this machine. Their ratios are comparable between machines.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from time import perf_counter

from refeed.model import Entry, Feed, FeedEntry, FeedInfo, FeedPath, Format, Image, SafeHtml, Site, Source
from refeed.render.formats import RENDERERS

SITE = Site(id="tag:example.org,2026", title="Bench", base_url="https://example.org", author="Bench")
SOURCE = Source(id="bbc", title="Bench")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PARAGRAPH = "<p>一句样本，用来量时间 &amp; 大小。</p>"


def make_entry(number: int, size: int) -> FeedEntry:
    at = NOON + timedelta(minutes=number)
    entry = Entry(
        id=f"urn:uuid:00000000-0000-5000-8000-{number:012d}",
        source="bbc",
        link=f"https://example.org/{number}",
        title=f"样本 {number}",
        published=at,
        updated=at,
        language="zh-Hans",
        authors=("样本作者",),
        summary="样本摘要",
        html=SafeHtml(PARAGRAPH * (size // len(PARAGRAPH.encode()))),
        image=Image(url=f"https://example.org/{number}.jpg", caption="样本图说"),
    )
    return FeedEntry(entry=entry, source=SOURCE, labels=(("climate", "气候"),))


def make_feed(first: int, count: int, size: int) -> Feed:
    """A feed of new objects, as the store gives them."""
    shown = tuple(make_entry(number, size) for number in range(first + count, first, -1))
    info = FeedInfo(path=FeedPath("topic", "climate"), title="气候", mixed=True)
    return Feed(site=SITE, info=info, updated=shown[0].entry.updated, entries=shown)


def time_rendering(format: Format, feed: Feed) -> float:
    """Milliseconds to render the document once."""
    start = perf_counter()
    RENDERERS[format](feed)
    return (perf_counter() - start) * 1000


def measure(format: Format, count: int, size: int, rounds: int = 5) -> tuple[int, float, float, float]:
    """Bytes of the document, and milliseconds with all entries new, one new and none new: the best of some rounds."""
    all_new = min(time_rendering(format, make_feed(1000 + n * count, count, size)) for n in range(rounds))
    one_new = min(time_rendering(format, make_feed(100_000 + n, count, size)) for n in range(1, rounds + 1))
    none_new = min(time_rendering(format, make_feed(100_000 + rounds, count, size)) for _ in range(rounds))
    return len(RENDERERS[format](make_feed(0, count, size))), all_new, one_new, none_new


def main(count: int = 50, size: int = 6000) -> None:
    print(f"{'document':10}{'bytes':>10}{'all new':>12}{'one new':>12}{'none new':>12}{'all : one':>12}")
    for format in RENDERERS:
        length, *times = measure(format, count, size)
        columns = "".join(f"{time:>10.2f}ms" for time in times)
        print(f"{format:10}{length:>10}{columns}{times[0] / times[1]:>11.0f}x")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Settings and the store -> the feeds and entries that pages show. Feeds are read once per revision of the store."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

from ...config.field_types import choose_title
from ...config.settings import Settings
from ...config.topic_rules import TopicRule
from ...feeds.access_tokens import AccessTokens
from ...feeds.cached_images import link_cached_images
from ...feeds.registry import FeedRegistry, build_registry
from ...model import ALL_FEED, Entry, FeedInfo, FeedKind, FeedPath
from ...store.rows import FeedMember, FeedSummary
from ...store.store import Store
from ...topics.normalization import to_simplified

MAX_DETAILED_FEEDS = 40
"""The largest number of feeds for which the home page shows details, so that it stays small enough for a phone."""
_MONTHS = 12
_EMPTY_SUMMARY = FeedSummary(entries=0, newest=(), months=())
_UTC = ZoneInfo("UTC")
_SUMMARY_LENGTH = 140
"""The length of a summary in a list, in characters: three lines on a phone."""

_HOSTED_READERS = (("Miniflux", "/bookmarklet?uri={}"), ("FreshRSS", "/i/?c=feed&a=add&url_rss={}"))
_READERS = (
    ("Folo", "follow://add?url={}"),
    ("Feedly", "https://feedly.com/i/subscription/feed/{}"),
    ("Inoreader", "https://www.inoreader.com/?add_feed={}"),
    ("Feedbin", "https://feedbin.com/?subscribe={}"),
    ("NewsBlur", "https://www.newsblur.com/?url={}"),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url={}"),
)
"""Feed readers and their subscription URLs, from their help pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedName:
    """The name of a feed or source, and the language of that name."""

    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSnapshot:
    """The feeds at one revision of the store."""

    revision: str
    registry: FeedRegistry
    summaries: dict[FeedPath, FeedSummary]
    topics: dict[str, TopicRule]
    timezones: dict[str, ZoneInfo]
    """Time zones by source id."""
    newest_month: int
    """The newest month of any feed, as a number of months since year 0."""
    feeds: dict[FeedPath, FeedInfo]
    """The feeds that have a page, which are all public feeds."""
    access: AccessTokens

    def renamed_to(self, path: FeedPath) -> FeedPath | None:
        """The new path of a renamed feed; None if it was not renamed or has no page."""
        new = self.registry.moved.get(path)
        return new if new in self.feeds else None

    def is_public(self, source: str) -> bool:
        """Whether entries of this source may be shown to the public."""
        return not self.access.is_private(FeedPath("source", source))

    def summary(self, path: FeedPath) -> FeedSummary:
        """Counts and newest entries of a feed; an empty summary if it never had an entry."""
        return self.summaries.get(path, _EMPTY_SUMMARY)

    def paths(self, kind: FeedKind) -> list[FeedPath]:
        """The feeds of one kind with entries: topics and filtered feeds in configuration order, sources by number of
        entries. The entries of some filtered feeds are not counted: these are always listed."""
        paths = [path for path in self.feeds if path.kind == kind]
        if kind != "filtered":
            paths = [path for path in paths if self.summary(path).entries or path == ALL_FEED]
        return sorted(paths, key=lambda path: -self.summary(path).entries) if kind == "source" else paths

    def feed_name(self, path: FeedPath, language: str) -> LocalizedName:
        """The name of a feed on a page in this language."""
        info = self.registry.feeds[path]
        rule = self.topics.get(path.slug) if path.kind == "topic" else None
        if rule is None or isinstance(rule.title, str):
            return LocalizedName(text=info.title, language=info.language)
        return _choose_name(rule.title, language, path.slug)

    def feed_description(self, path: FeedPath, language: str) -> LocalizedName:
        """The description of a feed on a page in this language; empty if it has none."""
        info = self.registry.feeds[path]
        rule = self.topics.get(path.slug) if path.kind == "topic" else None
        if rule is None or isinstance(rule.description, str):
            return LocalizedName(text=info.subtitle, language=info.language)
        return _choose_name(rule.description, language, "")

    def source_name(self, id: str) -> LocalizedName:
        """The name of a source, or its id if the store does not know it."""
        source = self.registry.sources.get(id)
        return LocalizedName(text=source.title if source else id, language=source.language if source else "")

    def timezone(self, source: str) -> ZoneInfo:
        """The time zone of a source's dates."""
        return self.timezones.get(source, _UTC)

    def monthly_average(self, path: FeedPath) -> int:
        """Average entries per month over the last year, or since the feed's first entry if that is later."""
        months = self.summary(path).months
        if not months:
            return 0
        return round(sum(count for _, count in months) / (self.newest_month - _month_number(months[0][0]) + 1))

    def sparkline(self, path: FeedPath) -> list[int]:
        """Entries in each of the last twelve months, oldest first, as tenths of the largest month."""
        counts = dict(self.summary(path).months)
        largest = max(counts.values(), default=0)
        first = self.newest_month - _MONTHS + 1
        months = [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, first + _MONTHS)]
        return [-(-10 * counts.get(month, 0) // largest) if largest else 0 for month in months]

    def search_text(self, path: FeedPath) -> str:
        """The text that a search for a feed matches: its id and its names, in Simplified characters."""
        rule = self.topics.get(path.slug) if path.kind == "topic" else None
        titles = rule.title.values() if rule is not None and isinstance(rule.title, dict) else ()
        return _simplified_names(path.slug, self.registry.feeds[path].title, *titles)

    def matches(self, path: FeedPath, query: str) -> bool:
        """Whether a search finds this feed: every word of the query is in its names, in either Chinese script."""
        text = self.search_text(path)
        return all(word in text for word in to_simplified(query).split())

    def simplified_pairs(self) -> str:
        """The Traditional characters that feed names may have, each followed by its Simplified form. The search in the
        browser uses them."""
        return _simplified_pairs("".join(sorted({char for path in self.feeds for char in self.search_text(path)})))


def _choose_name(names: dict[str, str], language: str, default: str) -> LocalizedName:
    known = [tag for tag in (language, language.partition("-")[0]) if tag in names]
    return LocalizedName(text=choose_title(names, language, default), language=(known or [*names, ""])[0])


class SiteSnapshots:
    """Keeps the newest snapshot. Each access costs one query for the store's revision."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._lock = threading.Lock()
        self._snapshot: SiteSnapshot | None = None

    def current(self) -> SiteSnapshot:
        """The snapshot of the store's current revision. Raises StoreError."""
        revision = self._store.get_meta("revision") or "0"
        snapshot = self._snapshot
        if snapshot is not None and snapshot.revision == revision:
            return snapshot
        with self._lock:
            if self._snapshot is None or self._snapshot.revision != revision:
                self._snapshot = self._take(revision)
            return self._snapshot

    def _take(self, revision: str) -> SiteSnapshot:
        registry, access = build_registry(self._settings, self._store.get_sources()), AccessTokens(self._settings)
        feeds = registry.public_feeds
        entries_of_each = 3 if len(feeds) <= MAX_DETAILED_FEEDS else 1
        summaries = {}
        for path, summary in self._store.get_feed_summaries(entries_of_each, _MONTHS).items():
            newest = [entry for entry in summary.newest if not access.is_private(FeedPath("source", entry.source))]
            summaries[path] = replace(summary, newest=tuple(newest))
        newest_months = [_month_number(summary.months[-1][0]) for summary in summaries.values() if summary.months]
        return SiteSnapshot(
            revision=revision,
            registry=registry,
            feeds=feeds,
            access=access,
            summaries=summaries,
            newest_month=max(newest_months, default=0),
            topics={topic.id: topic for topic in self._settings.topics},
            timezones={rule.id: ZoneInfo(rule.timezone) for rule in self._settings.sources},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLink:
    """A link that opens a reader's own subscription dialog."""

    name: str
    """Empty for the device's own feed reader."""
    link: str
    is_hosted: bool = False
    """Whether people host it themselves, so that the link is a path on a server that only they know."""


def reader_links(feed_url: str) -> list[ReaderLink]:
    """Links to subscribe with each reader. The first is a `feed:` link, which NetNewsWire, Reeder, Fluent Reader and
    others open."""
    local = f"feed://{feed_url.removeprefix('http://')}" if feed_url.startswith("http:") else f"feed:{feed_url}"
    quoted = quote(feed_url, safe="")
    return [
        ReaderLink(name="", link=local),
        *(ReaderLink(name=name, link=path.format(quoted), is_hosted=True) for name, path in _HOSTED_READERS),
        *(ReaderLink(name=name, link=template.format(quoted)) for name, template in _READERS),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryListItem:
    """An entry in a list."""

    id: str
    title: str
    language: str
    summary: str
    image: str
    source: str
    source_name: LocalizedName
    published: datetime
    timezone: ZoneInfo
    reasons: tuple[str, ...]
    """Why the entry is in the topic, if the list is that of a topic."""


def list_members(
    store: Store, snapshot: SiteSnapshot, path: FeedPath, members: Sequence[FeedMember]
) -> list[EntryListItem]:
    """The list items of a feed's members, in the given order. Entries of private sources are left out."""
    topic = path.slug if path.kind == "topic" else ""
    items = []
    for stored in store.get_entries([member.id for member in members]):
        if snapshot.is_public(stored.entry.source):
            reasons = next((label.reasons for label in stored.labels if label.topic == topic), ())
            items.append(make_list_item(stored.entry, snapshot, reasons))
    return items


def make_list_item(entry: Entry, snapshot: SiteSnapshot, reasons: tuple[str, ...] = ()) -> EntryListItem:
    """Create the list item of an entry."""
    entry = link_cached_images(entry, snapshot.registry)
    return EntryListItem(
        id=entry.id.removeprefix("urn:uuid:"),
        title=entry.title,
        language=entry.language,
        summary=shorten(entry.summary, _SUMMARY_LENGTH),
        image=entry.image.url if entry.image else "",
        source=entry.source,
        source_name=snapshot.source_name(entry.source),
        published=entry.published,
        timezone=snapshot.timezone(entry.source),
        reasons=reasons,
    )


def shorten(text: str, length: int) -> str:
    """Cut the text to `length` characters, at the end of a sentence or word if one is in the last third."""
    if len(text) <= length:
        return text
    cut = text[:length]
    for end in ("。", "！", "？", ". ", "；", "，", " "):
        position = cut.rfind(end)
        if position > length * 2 // 3:
            return cut[: position + 1].rstrip(" ，；") + ("" if end in "。！？. " and end != " " else "…")
    return cut + "…"


def _month_number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


@cache
def _simplified_names(*names: str) -> str:
    return " ".join(dict.fromkeys(to_simplified(name) for name in names if name))


@lru_cache(maxsize=1)
def _simplified_pairs(characters_of_names: str) -> str:
    # All characters are converted with OpenCC's small table, because the table of the other direction takes 26 MB.
    characters = list(map(chr, range(0x3400, 0xA000)))
    pairs = zip(characters, to_simplified("\n".join(characters)).split("\n"), strict=True)
    return "".join(old + new for old, new in pairs if old != new and new in characters_of_names)

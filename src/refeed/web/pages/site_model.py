"""Settings and the store -> what all pages know of the feeds, made once for each revision of the store."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from ...config.settings import Settings
from ...config.topic_rules import TopicRule
from ...feeds.access_tokens import AccessTokens
from ...feeds.registry import FeedRegistry, build_registry
from ...model import Entry, FeedEntry, FeedInfo, FeedKind, FeedPath
from ...store.feed_summaries import FeedSummary, get_feed_summaries
from ...store.rows import FeedMember, StoredEntry
from ...store.store import Store
from ...topics.normalization import to_simplified

MAX_DETAILED_FEEDS = 40
"""Up to so many feeds, home shows more of each; beyond, it has to stay small enough for a phone."""
_MONTHS = 12
_NOTHING = FeedSummary(entries=0, newest=(), months=())


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedName:
    """What something is called, and in which language that is."""

    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSnapshot:
    """The feeds as of one revision of the store."""

    revision: str
    registry: FeedRegistry
    summaries: dict[FeedPath, FeedSummary]
    topics: dict[str, TopicRule]
    timezones: dict[str, ZoneInfo]
    newest_month: int
    """The newest month of any feed, counted from year 0."""
    feeds: dict[FeedPath, FeedInfo]
    """Those that have a page: all that are not private."""
    access: AccessTokens

    def feed(self, path: FeedPath) -> FeedInfo | None:
        """A feed, if it has a page."""
        return self.feeds.get(path)

    def renamed_to(self, path: FeedPath) -> FeedPath | None:
        """What a feed's page is called now, if it was called otherwise."""
        new = self.registry.moved.get(path)
        return new if new in self.feeds else None

    def is_public(self, source: str) -> bool:
        """Whether entries of this source may be shown to anybody."""
        return not self.access.is_private(FeedPath("source", source))

    def summary(self, path: FeedPath) -> FeedSummary:
        """What there is of a feed; nothing, when it has never had an entry."""
        return self.summaries.get(path, _NOTHING)

    def paths(self, kind: FeedKind) -> list[FeedPath]:
        """Feeds of a kind: topics and views as they were configured, sources with most entries first."""
        paths = [path for path in self.feeds if path.kind == kind]
        return sorted(paths, key=lambda path: -self.summary(path).entries) if kind == "source" else paths

    def feed_name(self, path: FeedPath, language: str) -> LocalizedName:
        """What a feed is called on a page in this language."""
        info = self.registry.feeds[path]
        rule = self.topics.get(path.slug) if path.kind == "topic" else None
        if rule is None or isinstance(rule.title, str):
            return LocalizedName(text=info.title, language=info.language)
        known = [tag for tag in (language, language.partition("-")[0]) if tag in rule.title]
        return LocalizedName(text=rule.localized_title(language), language=(known or [*rule.title, info.language])[0])

    def source_name(self, id: str) -> LocalizedName:
        """What a source is called."""
        source = self.registry.sources.get(id)
        return (
            LocalizedName(text=source.title, language=source.language)
            if source
            else LocalizedName(text=id, language="")
        )

    def timezone(self, source: str) -> ZoneInfo:
        """The time zone that a source's dates are in."""
        return self.timezones.get(source, _UTC)

    def monthly_average(self, path: FeedPath) -> int:
        """Entries a month, on average over the last year or as long as there have been any."""
        months = self.summary(path).months
        if not months:
            return 0
        return round(sum(count for _, count in months) / (self.newest_month - _number(months[0][0]) + 1))

    def sparkline(self, path: FeedPath) -> list[int]:
        """How much each of the last twelve months brought, oldest first, in tenths of the largest."""
        counted = dict(self.summary(path).months)
        most = max(counted.values(), default=0)
        first = self.newest_month - _MONTHS + 1
        months = [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, first + _MONTHS)]
        return [-(-10 * counted.get(month, 0) // most) if most else 0 for month in months]

    def search_text(self, path: FeedPath) -> str:
        """All that a search for a feed may be typed as, in Simplified characters: its names, its id."""
        info = self.registry.feeds[path]
        return _spellings(path.slug, *self._names(path, info))

    def matches(self, path: FeedPath, asked: str) -> bool:
        """Whether a search finds this feed: every word of it somewhere in its names, whatever the script."""
        found = self.search_text(path)
        return all(word in found for word in to_simplified(asked).split())

    def simplified_pairs(self) -> str:
        """Pairs of characters: a Traditional one, and the Simplified one in the names that it stands for."""
        return _folding("".join(sorted({char for path in self.feeds for char in self.search_text(path)})))

    def _names(self, path: FeedPath, info: FeedInfo) -> Iterator[str]:
        yield info.title
        rule = self.topics.get(path.slug) if path.kind == "topic" else None
        if rule is not None and isinstance(rule.title, dict):
            yield from rule.title.values()


class SiteSnapshots:
    """The newest snapshot. Asking costs one look at the store's revision."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._lock = threading.Lock()
        self._snapshot: SiteSnapshot | None = None

    def current(self) -> SiteSnapshot:
        """As the store is now. Raises StoreError when it is away."""
        revision = self._store.get_meta("revision") or "0"
        snapshot = self._snapshot
        if snapshot is not None and snapshot.revision == revision:
            return snapshot
        with self._lock:
            if self._snapshot is None or self._snapshot.revision != revision:
                self._snapshot = self._look(revision)
            return self._snapshot

    def configured_feeds(self) -> list[FeedInfo]:
        """The feeds that are configured, while the store is away."""
        return list(build_registry(self._settings).public_feeds.values())

    def _look(self, revision: str) -> SiteSnapshot:
        registry = build_registry(self._settings, self._store.get_sources())
        feeds = registry.public_feeds
        found = get_feed_summaries(self._store, 3 if len(feeds) <= MAX_DETAILED_FEEDS else 1, _MONTHS)
        access = AccessTokens(self._settings)
        seen = {path: _open(glance, access) for path, glance in found.items()}
        return SiteSnapshot(
            revision=revision,
            registry=registry,
            feeds=feeds,
            access=access,
            summaries=seen,
            newest_month=max((_number(glance.months[-1][0]) for glance in seen.values() if glance.months), default=0),
            topics={topic.id: topic for topic in self._settings.topics},
            timezones={rule.id: ZoneInfo(rule.timezone) for rule in self._settings.sources},
        )


_UTC = ZoneInfo("UTC")


def _open(glance: FeedSummary, access: AccessTokens) -> FeedSummary:
    """Without what is of private sources."""
    newest = tuple(line for line in glance.newest if not access.is_private(FeedPath("source", line.source)))
    return replace(glance, newest=newest)


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


@cache
def _spellings(*names: str) -> str:
    return " ".join(dict.fromkeys(to_simplified(name) for name in names if name))


@lru_cache(maxsize=1)
def _folding(wanted: str) -> str:
    # By the characters alone, from OpenCC's small table: that of phrases in the other direction takes 26 MB.
    characters = list(map(chr, range(0x3400, 0xA000)))
    pairs = zip(characters, to_simplified("\n".join(characters)).split("\n"), strict=True)
    return "".join(old + new for old, new in pairs if old != new and new in wanted)


# Entries of the store -> what lists of entries and the page of one entry show.

_SUMMARY = 140
"""Characters of a summary in a list: three lines on a phone."""


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
    """Why it is in the topic that the list is of."""


def entry_list_items(
    store: Store, snapshot: SiteSnapshot, members: Sequence[FeedMember], topic: str = ""
) -> list[EntryListItem]:
    """The entries of these places, in their order, but for those of private sources."""
    found = store.get_entries([member.id for member in members])
    return [_row(s.entry, snapshot, _reasons(s, topic)) for s in found if snapshot.is_public(s.entry.source)]


def filtered_entry_rows(entries: Iterable[FeedEntry], snapshot: SiteSnapshot) -> list[EntryListItem]:
    """The entries as a view shows them."""
    return [_row(shown.entry, snapshot, ()) for shown in entries if snapshot.is_public(shown.entry.source)]


def _reasons(stored: StoredEntry, topic: str) -> tuple[str, ...]:
    return next((label.reasons for label in stored.labels if label.topic == topic), ())


def _row(entry: Entry, snapshot: SiteSnapshot, reasons: tuple[str, ...]) -> EntryListItem:
    return EntryListItem(
        id=entry.id.removeprefix("urn:uuid:"),
        title=entry.title,
        language=entry.language,
        summary=shorten(entry.summary),
        image=entry.image.url if entry.image else "",
        source=entry.source,
        source_name=snapshot.source_name(entry.source),
        published=entry.published,
        timezone=snapshot.timezone(entry.source),
        reasons=reasons,
    )


def shorten(text: str, most: int = _SUMMARY) -> str:
    """Cut where a sentence or a word ends, if there is such a place in the last third."""
    if len(text) <= most:
        return text
    cut = text[:most]
    for end in ("。", "！", "？", ". ", "；", "，", " "):
        place = cut.rfind(end)
        if place > most * 2 // 3:
            return cut[: place + 1].rstrip(" ，；") + ("" if end in "。！？. " and end != " " else "…")
    return cut + "…"

"""Settings and the store -> what all pages know of the feeds, made once for each revision of the store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from ...access import Access
from ...catalogue import Catalogue, make_catalogue
from ...config import Settings
from ...model import FeedInfo
from ...rules import TopicRule
from ...store import Store
from ...store.glances import Glance, glances, months_before
from ...topics.wording import simplified

FEW = 40
"""Up to so many feeds, home shows more of each; beyond, it has to stay small enough for a phone."""
_MONTHS = 12
_NOTHING = Glance(entries=0, newest=(), months=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What something is called, and in which language that is."""

    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The feeds as of one revision of the store."""

    revision: str
    catalogue: Catalogue
    glances: dict[str, Glance]
    topics: dict[str, TopicRule]
    zones: dict[str, ZoneInfo]
    last: int
    """The newest month of any feed, counted from year 0."""
    feeds: dict[str, FeedInfo]
    """Those that have a page: all that are not private."""
    access: Access

    def info(self, path: str) -> FeedInfo | None:
        """A feed, if it has a page."""
        return self.feeds.get(path)

    def moved(self, path: str) -> str | None:
        """What a feed's page is called now, if it was called otherwise."""
        new = self.catalogue.moved.get(path)
        return new if new in self.feeds else None

    def is_open(self, source: str) -> bool:
        """Whether entries of this source may be shown to anybody."""
        return not self.access.is_private(f"source/{source}")

    def glance(self, path: str) -> Glance:
        """What there is of a feed; nothing, when it has never had an entry."""
        return self.glances.get(path, _NOTHING)

    def paths(self, kind: str) -> list[str]:
        """Feeds of a kind: topics and views as they were configured, sources with most entries first."""
        paths = [path for path in self.feeds if path.startswith(f"{kind}/")]
        return sorted(paths, key=lambda path: -self.glance(path).entries) if kind == "source" else paths

    def name(self, path: str, language: str) -> Name:
        """What a feed is called on a page in this language."""
        info = self.catalogue.feeds[path]
        rule = self.topics.get(path.removeprefix("topic/")) if path.startswith("topic/") else None
        if rule is None or isinstance(rule.title, str):
            return Name(text=info.title, language=info.language)
        known = [tag for tag in (language, language.partition("-")[0]) if tag in rule.title]
        return Name(text=rule.name(language), language=(known or [*rule.title, info.language])[0])

    def source(self, id: str) -> Name:
        """What a source is called."""
        source = self.catalogue.sources.get(id)
        return Name(text=source.title, language=source.language) if source else Name(text=id, language="")

    def zone(self, source: str) -> ZoneInfo:
        """The time zone that a source's dates are in."""
        return self.zones.get(source, _UTC)

    def monthly(self, path: str) -> int:
        """Entries a month, on average over the last year or as long as there have been any."""
        months = self.glance(path).months
        if not months:
            return 0
        return round(sum(count for _, count in months) / (self.last - _number(months[0][0]) + 1))

    def bars(self, path: str) -> list[int]:
        """How much each of the last twelve months brought, oldest first, in tenths of the largest."""
        counted = dict(self.glance(path).months)
        most = max(counted.values(), default=0)
        first = self.last - _MONTHS + 1
        months = [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, first + _MONTHS)]
        return [-(-10 * counted.get(month, 0) // most) if most else 0 for month in months]

    def spellings(self, path: str) -> str:
        """All that a search for a feed may be typed as, in Simplified characters: its names, its id."""
        info = self.catalogue.feeds[path]
        return _spellings(path.partition("/")[2], *self._names(path, info))

    def matches(self, path: str, asked: str) -> bool:
        """Whether a search finds this feed: every word of it somewhere in its names, whatever the script."""
        found = self.spellings(path)
        return all(word in found for word in simplified(asked).split())

    def folding(self) -> str:
        """Pairs of characters: a Traditional one, and the Simplified one in the names that it stands for."""
        return _folding("".join(sorted({char for path in self.feeds for char in self.spellings(path)})))

    def _names(self, path: str, info: FeedInfo) -> Iterator[str]:
        yield info.title
        rule = self.topics.get(path.removeprefix("topic/"))
        if rule is not None and isinstance(rule.title, dict):
            yield from rule.title.values()


class Outlooks:
    """The newest outlook. Asking costs one look at the store's revision."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._lock = threading.Lock()
        self._outlook: Outlook | None = None

    def current(self) -> Outlook:
        """As the store is now. Raises StoreError when it is away."""
        revision = self._store.state("revision") or "0"
        outlook = self._outlook
        if outlook is not None and outlook.revision == revision:
            return outlook
        with self._lock:
            if self._outlook is None or self._outlook.revision != revision:
                self._outlook = self._look(revision)
            return self._outlook

    def without_store(self) -> list[FeedInfo]:
        """The feeds that are configured, while the store is away."""
        return list(make_catalogue(self._settings).listed.values())

    def _look(self, revision: str) -> Outlook:
        catalogue = make_catalogue(self._settings, self._store.sources())
        feeds = catalogue.listed
        found = glances(self._store, 3 if len(feeds) <= FEW else 1, _MONTHS)
        access = Access(self._settings)
        seen = {path: _open(glance, access) for path, glance in found.items()}
        return Outlook(
            revision=revision,
            catalogue=catalogue,
            feeds=feeds,
            access=access,
            glances=seen,
            last=max((_number(glance.months[-1][0]) for glance in seen.values() if glance.months), default=0),
            topics={topic.id: topic for topic in self._settings.topics},
            zones={rule.id: ZoneInfo(rule.timezone) for rule in self._settings.sources},
        )


_UTC = ZoneInfo("UTC")


def _open(glance: Glance, access: Access) -> Glance:
    """Without what is of private sources."""
    newest = tuple(line for line in glance.newest if not access.is_private(f"source/{line.source}"))
    return replace(glance, newest=newest)


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


@cache
def _spellings(*names: str) -> str:
    return " ".join(dict.fromkeys(simplified(name) for name in names if name))


@lru_cache(maxsize=1)
def _folding(wanted: str) -> str:
    # By the characters alone, from OpenCC's small table: that of phrases in the other direction takes 26 MB.
    characters = list(map(chr, range(0x3400, 0xA000)))
    pairs = zip(characters, simplified("\n".join(characters)).split("\n"), strict=True)
    return "".join(old + new for old, new in pairs if old != new and new in wanted)


__all__ = ["FEW", "Name", "Outlook", "Outlooks", "months_before"]

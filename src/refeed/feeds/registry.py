"""Settings and the store's sources -> every feed there is, and what each document says of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

import msgspec

from ..config.filter_rules import FilteredFeedRule
from ..config.settings import Settings
from ..config.topic_rules import TopicRule
from ..model import ALL_FEED, FeedInfo, FeedPath, Site, Source
from .access_tokens import AccessTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRegistry:
    """Every feed by its path, with the sources and topics behind them."""

    site: Site
    feeds: dict[FeedPath, FeedInfo]
    sources: dict[str, Source]
    topics: dict[str, str]
    """Titles by topic id."""
    moved: dict[FeedPath, FeedPath]
    """Paths of feeds that were renamed, and where they are now."""
    filtered: dict[FeedPath, FilteredFeedRule] = field(default_factory=dict)
    """Named views by path."""
    source_shares: dict[FeedPath, float]
    """Largest share of one source, for the feeds that set one."""
    retired: frozenset[FeedPath] = frozenset()
    """Paths of feeds that there are no longer."""

    @property
    def public_feeds(self) -> dict[FeedPath, FeedInfo]:
        """Those that may be listed: all that are not private."""
        return {path: info for path, info in self.feeds.items() if not info.private}

    def without_private(self) -> FeedRegistry:
        """The same without a trace of what is private."""
        return replace(
            self,
            feeds=self.public_feeds,
            filtered={path: v for path, v in self.filtered.items() if path in self.public_feeds},
        )

    def presentation_digest(self, path: FeedPath, *more: object) -> str:
        """Digest of what a feed's documents depend on besides its entries."""
        # Sources that nobody configured never change what is said of them: a new one makes no other feed stale. Nor
        # does an icon, which stands in its source's own feed alone.
        configured = sorted((id, replace(s, icon="")) for id, s in self.sources.items() if s.configured)
        facts = (
            self.site,
            self.feeds.get(path),
            self.filtered.get(path),
            self.source_shares.get(path),
            configured,
            sorted(self.topics.items()),
            more,
        )
        return sha256(msgspec.json.encode(facts)).hexdigest()[:16]


def build_registry(settings: Settings, stored: Iterable[Source] = ()) -> FeedRegistry:
    """All feeds: `all`, every configured source and topic, and every other source that has an entry."""
    site = Site(
        id=settings.site.id,
        title=settings.site.title,
        base_url=settings.site.base_url,
        author=settings.site.author,
        language=settings.site.language,
        hubs=settings.websub.hubs,
    )
    sources = {source.id: source for source in stored}
    sources |= {
        rule.id: Source(
            id=rule.id,
            title=rule.title,
            link=rule.link,
            language=rule.language or "zh-Hans",
            icon=rule.icon or (sources[rule.id].icon if rule.id in sources else ""),
        )
        for rule in settings.sources
    }
    feeds = {ALL_FEED: FeedInfo(path=ALL_FEED, title=site.title, language=site.language, mixed=True)}
    feeds |= {FeedPath("source", id): _source_feed(source) for id, source in sorted(sources.items())}
    feeds |= {FeedPath("topic", topic.id): _topic_feed(topic, site) for topic in settings.topics}
    access = AccessTokens(settings)
    retired = frozenset(settings.retired)
    retired |= {FeedPath("view", path.slug) for path in retired if path.kind == "filtered"}
    views = {FeedPath("filtered", view.id): view for view in settings.filtered_feeds if view.feed in feeds}
    feeds |= {path: _view_feed(path, view, feeds[view.feed], site) for path, view in views.items()}
    return FeedRegistry(
        site=site,
        feeds={
            path: replace(info, private=access.is_private(path)) for path, info in feeds.items() if path not in retired
        },
        sources=sources,
        topics={
            topic.id: topic.localized_title(site.language)
            for topic in settings.topics
            if topic.access == "public"  # its entries are in other feeds too, and must not name it there
        },
        source_shares={
            FeedPath("topic", topic.id): topic.per_source for topic in settings.topics if topic.per_source < 1
        },
        moved={
            FeedPath("topic", old): FeedPath("topic", topic.id) for topic in settings.topics for old in topic.aliases
        }
        | {FeedPath("view", path.slug): path for path in views},
        filtered=views,
        retired=retired,
    )


def title_labels(catalogue: FeedRegistry, ids: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Topics as documents show them: (id, title), for the topics that there still are."""
    return tuple((id, catalogue.topics[id]) for id in ids if id in catalogue.topics)


def _source_feed(source: Source) -> FeedInfo:
    return FeedInfo(
        path=FeedPath("source", source.id),
        title=source.title,
        language=source.language,
        link=source.link,
        icon=source.icon,
    )


def _topic_feed(topic: TopicRule, site: Site) -> FeedInfo:
    return FeedInfo(
        path=FeedPath("topic", topic.id),
        title=topic.localized_title(site.language),
        subtitle=topic.description,
        language=site.language,
        mixed=True,
    )


def _view_feed(path: FeedPath, view: FilteredFeedRule, feed: FeedInfo, site: Site) -> FeedInfo:
    title = view.localized_title(site.language, feed.title)
    return replace(feed, path=path, title=title, subtitle=view.description or feed.subtitle)

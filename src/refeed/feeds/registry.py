"""Settings and the sources of the store -> all feeds, and what each document says about its feed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import msgspec

from ..config.filter_rules import FilteredFeedRule
from ..config.settings import Settings
from ..model import ALL_FEED, FeedInfo, FeedPath, Site, Source
from .access_tokens import AccessTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRegistry:
    """Every feed by its path, with the sources and topics behind them."""

    site: Site
    feeds: dict[FeedPath, FeedInfo]
    sources: dict[str, Source]
    topics: dict[str, str]
    """Titles by topic id. Private topics are left out: public feeds contain their entries and must not name the
    topics."""
    moved: dict[FeedPath, FeedPath]
    """The new paths of renamed feeds, by old path."""
    filtered: dict[FeedPath, FilteredFeedRule]
    source_shares: dict[FeedPath, float]
    """Largest share of one source (0 to 1), for the feeds that set one."""
    retired: frozenset[FeedPath]
    """Feeds that were removed for good."""
    caches_images: bool = False
    """Whether entries show images from this server (`feeds.cached_images`)."""

    def find_scan(self, path: FeedPath) -> FilteredFeedRule | None:
        """The rule of a filtered feed whose entries are looked for when it is built; None for all other feeds.

        Those of a public feed with a search are members of the filtered feed, as of a topic.
        """
        rule = self.filtered.get(path)
        return None if rule is None or (rule.q and not self.feeds[rule.feed].private) else rule

    @property
    def public_feeds(self) -> dict[FeedPath, FeedInfo]:
        """The feeds that may be listed."""
        return {path: info for path, info in self.feeds.items() if not info.private}

    def presentation_digests(self, *more: object) -> dict[FeedPath, str]:
        """Digests of everything that the documents of each feed depend on, except for their entries."""
        more += ("cached images",) if self.caches_images else ()
        # What all feeds depend on is encoded once: for each of thousands of feeds, that would take minutes.
        # Sources without a rule are left out, because what documents say about them never changes: a new one makes no
        # other feed stale.
        configured = sorted((id, source) for id, source in self.sources.items() if source.configured)
        common = sha256(msgspec.json.encode((self.site, configured, sorted(self.topics.items()), more)))

        def digest(path: FeedPath, info: FeedInfo) -> str:
            own = common.copy()
            own.update(msgspec.json.encode((info, self.filtered.get(path), self.source_shares.get(path))))
            return own.hexdigest()[:16]

        return {path: digest(path, info) for path, info in self.feeds.items()}


def build_registry(settings: Settings, stored: Sequence[Source] = ()) -> FeedRegistry:
    """Build the registry: `all`, every configured source and topic, every stored source, and every filtered feed."""
    site = Site(
        id=settings.site.id,
        title=settings.site.title,
        base_url=settings.site.base_url,
        author=settings.site.author or settings.site.title,
        language=settings.site.language,
        hubs=settings.websub.hubs,
    )
    # An icon that was found on a site is shown by the feed of the source alone: a new one makes no other feed stale.
    icons = {source.id: source.icon for source in stored}
    icons |= {rule.id: rule.icon for rule in settings.sources if rule.icon}
    # Earlier versions stored a language for sources without a rule.
    sources = {
        source.id: replace(source, icon="", language=source.language if source.configured else "") for source in stored
    }
    sources |= {
        rule.id: Source(
            id=rule.id,
            title=rule.title,
            link=rule.link,
            language=rule.language,
            icon=rule.icon,
        )
        for rule in settings.sources
    }
    feeds = _list_feeds(settings, site, sources, icons)
    access = AccessTokens(settings)
    retired = frozenset(settings.retired)
    retired |= {FeedPath("view", path.slug) for path in retired if path.kind == "filtered"}
    filtered = {FeedPath("filtered", rule.id): rule for rule in settings.filtered_feeds if rule.feed in feeds}
    moved = {FeedPath("topic", old): FeedPath("topic", topic.id) for topic in settings.topics for old in topic.aliases}
    moved |= {FeedPath("view", path.slug): path for path in filtered}  # the former paths of filtered feeds
    return FeedRegistry(
        site=site,
        feeds={
            path: replace(info, private=access.is_private(path)) for path, info in feeds.items() if path not in retired
        },
        sources=sources,
        topics={
            topic.id: topic.localized_title(site.language) for topic in settings.topics if topic.access == "public"
        },
        source_shares={
            FeedPath("topic", topic.id): topic.per_source for topic in settings.topics if topic.per_source < 1
        },
        moved=moved,
        filtered=filtered,
        retired=retired,
        caches_images=settings.images == "cached",
    )


def _list_feeds(
    settings: Settings, site: Site, sources: Mapping[str, Source], icons: Mapping[str, str]
) -> dict[FeedPath, FeedInfo]:
    """All feeds in the order in which lists show them. A filtered feed inherits from the feed that it filters."""
    infos = [FeedInfo(path=ALL_FEED, title=site.title, language=site.language, mixed=True)]
    infos += [
        FeedInfo(
            path=FeedPath("source", id),
            title=source.title,
            language=source.language,
            link=source.link,
            icon=icons.get(id, ""),
        )
        for id, source in sorted(sources.items())
    ]
    infos += [
        FeedInfo(
            path=FeedPath("topic", topic.id),
            title=topic.localized_title(site.language),
            subtitle=topic.localized_description(site.language),
            language=site.language,
            mixed=True,
        )
        for topic in settings.topics
    ]
    feeds = {info.path: info for info in infos}
    for rule in settings.filtered_feeds:
        if rule.feed in feeds:
            base = feeds[rule.feed]
            path = FeedPath("filtered", rule.id)
            title = rule.localized_title(site.language, base.title)
            feeds[path] = replace(base, path=path, title=title, subtitle=rule.description or base.subtitle)
    return feeds

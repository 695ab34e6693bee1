"""States of feeds -> the documents that list all public feeds, OPML and feeds.json. Only changes are rendered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from ..feeds.registry import FeedRegistry
from ..model import ALL_FEED, FeedInfo, FeedPath, ListedFeed
from ..render.feeds_json import Fragments, render_feeds_json
from ..render.opml import render_opml
from ..store.rows import FeedState
from ..store.store import Store
from .output_dir import RenderedDocument

_MAX_QUERIES = 5
"""When the newest entries of more feeds than this are unknown, one query finds those of all feeds."""


class FeedLists:
    """Renders the lists, with what it knows of the feeds from the last time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._newest: dict[FeedPath, tuple[int, datetime | None]] = {}
        """Version and publication time of the newest entry, by feed."""
        self._registry: FeedRegistry | None = None
        """What the rendered parts were made from."""
        self._opml, self._opml_feeds = b"", list[FeedInfo]()
        self._items: dict[FeedPath, tuple[FeedState | None, ListedFeed] | None] = {}
        """Every public feed as it was last listed, and its state at that time."""
        self._fragments: Fragments = {}

    def set_newest(self, path: FeedPath, version: int, published: datetime | None) -> None:
        """Take over when the newest entry of a feed was published, which spares a query."""
        self._newest[path] = version, published

    def render(self, registry: FeedRegistry, states: Mapping[FeedPath, FeedState]) -> dict[str, RenderedDocument]:
        """Render both documents. Raises StoreError."""
        if registry is not self._registry:
            self._registry, self._fragments = registry, {}
            self._items = dict.fromkeys(registry.public_feeds)
            self._opml_feeds = []
        unknown = [path for path, state in states.items() if path not in self._newest and state.entries]
        if len(unknown) > _MAX_QUERIES:
            newest = self._store.get_newest_times()
            self._newest |= {path: (states[path].version, newest.get(path)) for path in unknown}
        listed = [self._list(registry, path, states.get(path)) for path in self._items]
        with_entries = [feed.info for feed in listed if feed.info.path == ALL_FEED or not feed.is_empty]
        if with_entries != self._opml_feeds or not self._opml:
            self._opml, self._opml_feeds = render_opml(registry.site, with_entries), with_entries
        changed = max((state.changed for state in states.values()), default=datetime(1970, 1, 1, tzinfo=UTC))
        feeds_json = render_feeds_json(registry.site, listed, self._fragments)
        return {
            "opml.xml": RenderedDocument(data=self._opml, last_modified=changed),
            "feeds.json": RenderedDocument(data=feeds_json, last_modified=changed),
        }

    def _list(self, registry: FeedRegistry, path: FeedPath, state: FeedState | None) -> ListedFeed:
        known = self._items[path]
        if known is None or known[0] is not state:
            rule = registry.find_scan(path)
            listed = ListedFeed(
                info=registry.feeds[path],
                entries=None if rule else state.entries if state else 0,
                updated=self._last_published(rule.feed if rule else path, state),
            )
            known = self._items[path] = state, listed
        return known[1]

    def _last_published(self, path: FeedPath, state: FeedState | None) -> datetime | None:
        """When a feed's newest entry was published. Queries the store only for versions that were not built here."""
        if state is None:
            return None
        known = self._newest.get(path)
        if known is None or known[0] != state.version:
            newest = self._store.get_newest(path, 1)
            known = self._newest[path] = state.version, newest[0].published if newest else None
        return known[1]


def digest_lists(registry: FeedRegistry, *more: object) -> str:
    """A digest of everything that the lists depend on, except for the states of the feeds."""
    return sha256(msgspec.json.encode((registry.site, list(registry.public_feeds.values()), more))).hexdigest()[:16]

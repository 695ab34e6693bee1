"""Requests for stories and digests -> documents that are made when somebody asks, and kept until their content changes.

What nobody reads costs nothing: the first request makes the leader close the digests of the feed, and waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from flask import Response

from ..clock import utc_now
from ..config.settings import Settings
from ..errors import StoreError
from ..feeds.access_tokens import AccessTokens
from ..feeds.digest_feeds import DerivedDocument, DigestFeeds
from ..feeds.pagination import DocumentBudget
from ..feeds.registry import FeedRegistry, build_registry
from ..feeds.story_feeds import StoryFeeds
from ..metrics import observe_duration
from ..model import ALL_FEED, DIGEST_KINDS, STORY_KINDS, DerivedPart, FeedPath
from ..render.checksum import add_checksum, verify_checksum
from ..render.opds import ACQUISITION
from ..store.change_propagation import CORRECTED_KEY, REVISION_KEY
from ..store.serialization import from_timestamp
from ..store.store import Store
from ..store.stored_digests import get_digest_feed, request_digests
from ..store.story_members import get_stories_state
from .document_cache import CachedDocument, Headers
from .made_documents import MadeDocuments
from .rate_limit import BusyError, ConcurrencyLimit
from .responses import busy_response, error_response
from .url_map import DocumentUrl, UrlMap, parse_document_url

_CHECK_INTERVAL = 1.0
"""Seconds before the store is asked again whether a document has changed."""
_REQUEST_INTERVAL = timedelta(days=1)
"""How often a web process writes to the store that somebody reads a feed."""
_MAX_WAIT, _WAIT_STEP = 5.0, 0.1
"""Seconds that the first request waits for the leader, and between two looks."""


class _Version(NamedTuple):
    """Changes whenever a derived document of a feed may have changed."""

    revision: str | None
    closed: object


class DerivedDocuments:
    """Safe to use from several threads."""

    def __init__(
        self, settings: Settings, store: Callable[[], Store], url_map: UrlMap, wait: float = _MAX_WAIT
    ) -> None:
        """`store` opens the store for reading. The first request waits `wait` seconds for the leader."""
        self._settings = settings
        self._wait = wait
        self._get_store = store
        self._url_map = url_map
        self._registry = build_registry(settings)
        self._access = AccessTokens(settings)
        # Apart from those of pages, which must not wait for the leader.
        self._limit = ConcurrencyLimit()
        self._versions: dict[tuple[FeedPath, DerivedPart], tuple[float, _Version]] = {}
        self._documents: MadeDocuments[_Version] = MadeDocuments(self._limit, overhead=1000)

    def find(self, url_path: str) -> CachedDocument | Response | None:
        """The document at a path below `/feeds/` or `/k/`, or an error; None when no derived document has the path."""
        url = parse_document_url(url_path)
        return self._answer(url_path, url) if url is not None and url.document.part is not None else None

    def find_catalogue(self, feed: FeedPath, part: DerivedPart) -> CachedDocument | Response | None:
        """The OPDS catalogue of a feed's digests, or an error; None when there is no such feed."""
        url = parse_document_url(f"/feeds/{feed}/{part}.atom")
        return self._answer(f"/opds/{feed}/{part}", url) if url is not None else None

    def _answer(self, key: str, url: DocumentUrl) -> CachedDocument | Response | None:
        url = self._url_map.hide_private(url)
        feed, part = url.document.feed, url.document.part
        if feed is None or part is None or feed.kind not in (STORY_KINDS if part == "stories" else DIGEST_KINDS):
            return None
        try:
            registry = self._find_registry(feed)
            if registry is None:
                return None
            version = self._check(feed, part) or self._wait_for_leader(feed, part)
            if version is None:
                return error_response(503, "This document is being made. Retry in a few seconds.", retry_after=5)
            return self._documents.get(key, version, lambda _: self._make(key, url, registry))
        except BusyError:
            return busy_response()
        except StoreError:
            # An outdated document is better than none.
            message = "Stories and digests are unavailable. Retry in a minute."
            return self._documents.find(key) or error_response(503, message, retry_after=60)

    def _find_registry(self, feed: FeedPath) -> FeedRegistry | None:
        """The registry that has the feed. A source without a rule is known only to the store."""
        if feed not in self._registry.feeds and feed.kind == "source":
            self._registry = build_registry(self._settings, self._get_store().get_sources())
        return self._registry if feed in self._registry.feeds else None

    def _check(self, feed: FeedPath, part: DerivedPart) -> _Version | None:
        """The current version; None when the leader has not closed a digest of this feed yet."""
        now = time.monotonic()
        checked, version = self._versions.get((feed, part), (float("-inf"), None))
        if version is not None and now - checked < _CHECK_INTERVAL:
            return version
        store = self._get_store()
        if part == "stories":
            with store.snapshot():
                state, revision = get_stories_state(store), store.get_meta(REVISION_KEY)
            version = _Version(revision, state.version) if state.version else None
            if version:
                self._versions[feed, part] = now, version
            return version
        with store.snapshot():
            known, revision = get_digest_feed(store, feed, part), store.get_meta(REVISION_KEY)
        if known is None or utc_now() - known.requested > _REQUEST_INTERVAL:
            request_digests(self._writable_store, feed, part, utc_now())
        if known is None or known.closed is None:
            return None
        version = _Version(revision, known.closed)
        self._versions[feed, part] = now, version
        return version

    def _wait_for_leader(self, feed: FeedPath, part: DerivedPart) -> _Version | None:
        with self._limit.slot():
            end = time.monotonic() + self._wait
            while time.monotonic() < end:
                time.sleep(_WAIT_STEP)
                version = self._check(feed, part)
                if version is not None:
                    return version
        return None

    @cached_property
    def _writable_store(self) -> Store:
        return Store(self._settings.database_url)

    def _make(self, key: str, url: DocumentUrl, registry: FeedRegistry) -> CachedDocument | None:
        with observe_duration("derived"), self._get_store().snapshot():
            made = self._render(key, url, registry)
        if made is None:
            return None
        is_catalogue = key.startswith("/opds/")
        if url.document.format and not is_catalogue:
            data = self._url_map.personalize(url, add_checksum(made.data))
            digest = verify_checksum(data) or ""
        else:
            data, digest = made.data, sha256(made.data).hexdigest()
        label = "private" if url.token else url.path.rpartition(".")[0]
        headers = self._url_map.headers(key, url)
        if is_catalogue:
            headers = _with_type(headers, ACQUISITION)
        changed = max(made.changed, *self._find_changes(url))
        return CachedDocument(label=label, data=data, digest=digest, modified=changed, headers=headers)

    def _find_changes(self, url: DocumentUrl) -> list[datetime]:
        """When a document may have changed in a way that its dates do not tell. These times never go back."""
        store = self._get_store()
        if url.document.part != "stories":
            return [from_timestamp(int(store.get_meta(CORRECTED_KEY) or 0))]
        shown = (ALL_FEED, url.document.feed)  # a story has reports of all public feeds
        joined = get_stories_state(store).changed
        return [state.changed for state in store.get_feed_states() if state.path in shown] + (
            [joined] if joined else []
        )

    def _render(self, key: str, url: DocumentUrl, registry: FeedRegistry) -> DerivedDocument | None:
        budget = DocumentBudget(self._settings.feeds.entries, self._settings.feeds.bytes)
        digests = DigestFeeds(self._get_store(), registry, budget)
        feed, part, document = url.document.feed, url.document.part, url.document
        assert feed is not None and part is not None
        if part == "stories":
            return StoryFeeds(self._get_store(), registry, budget).render_feed(feed, document.format or "atom")
        if document.digest:
            return digests.render_file(feed, part, document.digest, "epub" if document.media_key == "epub" else "html")
        if key.startswith("/opds/"):
            return digests.render_catalogue(feed, part)
        return digests.render_feed(feed, part, document.format or "atom")


def _with_type(headers: Headers, media_type: str) -> Headers:
    """The headers of a document that a browser gets as it is, with its own type."""
    kept = [(name, value) for name, value in headers if name not in ("Content-Type", "Vary", "Link")]
    return [("Content-Type", media_type), ("Vary", "Accept-Encoding"), *kept]

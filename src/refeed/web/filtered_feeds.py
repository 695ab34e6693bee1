"""Feeds filtered by query -> documents, rendered from the store on request.

They are kept until the feed's own document changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from cachetools import LRUCache

from ..clock import utc_now
from ..config.filter_rules import FeedFilter
from ..errors import StoreError
from ..model import FeedPath, Format
from ..render.checksum import add_checksum, verify_checksum
from .document_cache import CachedDocument
from .error_responses import error_response
from .filter_params import FilterParamsError, parse_filter_params
from .rate_limit import BusyError, ConcurrencyLimit
from .url_map import DocumentUrl, UrlMap, parse_document_url

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_MAX_BYTES = 16_000_000

FilteredRenderer = Callable[[FeedPath, Format, FeedFilter, str, datetime], bytes]
"""Feed, format, filter, its canonical query, now -> a document. Raises StoreError."""


class FilteredRequest(NamedTuple):
    """A request for a feed's document through a filter."""

    path_and_query: str
    """With the canonical query: the key of the cache."""
    url: DocumentUrl
    feed: FeedPath
    feed_filter: FeedFilter
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _CacheEntry:
    document: CachedDocument
    base_version: str
    """Of the feed's own document at the time of rendering."""
    minute: datetime | None
    """When the filter depends on the clock."""

    @property
    def size(self) -> int:
        """Bytes: up to three codings are kept too, together no longer than the document."""
        return 2 * len(self.document.data) + 1_000


class FilteredFeeds:
    """Answers requests with filter parameters. Bounded in memory and in concurrent renderings.

    Safe to use from several threads.
    """

    def __init__(
        self,
        render: FilteredRenderer,
        url_map: UrlMap,
        limit: ConcurrencyLimit,
        response_app: Callable[[str, CachedDocument], WSGIApplication],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._render = render
        self._url_map = url_map
        self._limit = limit
        self._response_app = response_app
        self._clock = clock
        self._lock = Lock()
        self._entries: LRUCache[str, _CacheEntry] = LRUCache(_MAX_BYTES, getsizeof=lambda entry: entry.size)

    def handle(self, environ: WSGIEnvironment, base: CachedDocument) -> WSGIApplication | None:
        """The application that answers, when the query filters the feed whose own document is `base`."""
        path = environ["PATH_INFO"]
        url = parse_document_url(path)
        if url is None or url.document.feed is None or url.document.archive:
            return None
        try:
            feed_filter, query = parse_filter_params(environ["QUERY_STRING"])
        except FilterParamsError as error:
            # The reason may quote a pattern with line breaks.
            return error_response(400, " ".join(f"{error}.".split())[:300])
        if not query:
            return None
        return self._answer(FilteredRequest(f"{path}?{query}", url, url.document.feed, feed_filter, query), base)

    def _answer(self, wanted: FilteredRequest, base: CachedDocument) -> WSGIApplication:
        key = wanted.path_and_query
        minute = self._clock().replace(second=0, microsecond=0) if wanted.feed_filter.filter_time else None
        entry = self._find_fresh(key, base, minute)
        if entry is None:
            try:
                with self._limit.slot():
                    entry = self._find_fresh(key, base, minute) or self._generate(wanted, base, minute)
            except BusyError:
                return error_response(503, "Too many requests. Retry in a few seconds.", retry_after=5)
            except StoreError:
                entry = self._find(key)  # an outdated document is better than none
        if entry is None:
            message = "Filtered feeds are unavailable; the unfiltered feed still works."
            return error_response(503, message, retry_after=60)
        return self._response_app(key, entry.document)

    def _find(self, key: str) -> _CacheEntry | None:
        with self._lock:
            return self._entries.get(key)

    def _find_fresh(self, key: str, base: CachedDocument, minute: datetime | None) -> _CacheEntry | None:
        entry = self._find(key)
        is_fresh = entry is not None and entry.base_version == _version(base) and entry.minute == minute
        return entry if is_fresh else None

    def _generate(self, wanted: FilteredRequest, base: CachedDocument, minute: datetime | None) -> _CacheEntry:
        format = wanted.url.document.format or "atom"
        rendered = self._render(wanted.feed, format, wanted.feed_filter, wanted.query, minute or base.modified)
        data = add_checksum(self._url_map.personalize(wanted.url, rendered))
        digest = verify_checksum(data) or ""
        modified = base.modified
        if minute is not None:
            # Entries leave such a feed with the clock, not with a change of the feed.
            previous = self._find(wanted.path_and_query)
            is_unchanged = previous is not None and previous.document.digest == digest
            modified = previous.document.modified if previous and is_unchanged else self._clock()
        document = CachedDocument(
            feed=base.feed,
            data=data,
            digest=digest,
            modified=modified,
            header_policy=self._url_map.header_policy(wanted.path_and_query, wanted.url),
        )
        entry = _CacheEntry(document=document, base_version=_version(base), minute=minute)
        with self._lock:
            try:
                self._entries[wanted.path_and_query] = entry
            except ValueError:  # larger than the whole cache
                self._entries.pop(wanted.path_and_query, None)
        return entry


def _version(base: CachedDocument) -> str:
    """Changes whenever a filtered feed may: a change outside the feed's own document moves only its date."""
    return f"{base.digest}@{base.last_modified}"

"""Views by query: rendered from what is stored when first asked for, kept until their feed's document changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from ..clock import utc_now
from ..config.filter_rules import FeedFilter
from ..errors import StoreError
from ..model import FeedPath, Format
from ..render import checksum
from .document_response import CachedDocument
from .error_responses import error_response
from .filter_params import FilterParamsError, parse_filter_params
from .rate_limit import BusyError, ConcurrencyLimit
from .url_map import DocumentUrl, UrlMap, parse_document_url

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_BUDGET = 16_000_000
"""Bytes of views kept."""

FilteredRenderer = Callable[[FeedPath, Format, FeedFilter, str, datetime], bytes]
"""Feed, format, view, its query in one spelling, now -> a document. Raises StoreError."""


class FilteredRequest(NamedTuple):
    """A feed's document that somebody wants to see through a view."""

    address: str
    """With the query in its one spelling."""
    what: DocumentUrl
    feed: FeedPath
    view: FeedFilter
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    ready: CachedDocument
    digest: str
    """Of the feed's own document when the view was made."""
    minute: datetime | None
    """Of views that depend on the clock."""


class FilteredFeeds:
    """Hands out views. Bounded in memory and in how many are made at once."""

    def __init__(
        self,
        render: FilteredRenderer,
        places: UrlMap,
        turns: ConcurrencyLimit,
        answering: Callable[[str, CachedDocument], WSGIApplication],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._render = render
        self._places = places
        self._answering = answering
        self._clock = clock
        self._turns = turns
        self._lock = Lock()
        self._size = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def handle(self, environ: WSGIEnvironment, ready: CachedDocument) -> WSGIApplication | None:
        """The answer to a request for a feed's document, when its query asks for a view."""
        query = environ["QUERY_STRING"]
        what = parse_document_url(environ["PATH_INFO"])
        if what is None or what.document.feed is None or what.document.archive:
            return None
        try:
            view, spelling = parse_filter_params(query)
        except FilterParamsError as error:
            # A pattern that came with line breaks comes back in the reason without them.
            return error_response(400, " ".join(f"{error}.".split())[:300])
        if not spelling:
            return None
        address = f"{environ['PATH_INFO']}?{spelling}"
        return self._answer(FilteredRequest(address, what, what.document.feed, view, spelling), ready)

    def _answer(self, shown: FilteredRequest, base: CachedDocument) -> WSGIApplication:
        address = shown.address
        minute = self._clock().replace(second=0, microsecond=0) if shown.view.filter_time else None
        kept = self._fresh(address, base, minute)
        if kept is None:
            try:
                with self._turns.slot():
                    kept = self._fresh(address, base, minute) or self._make(shown, base, minute)
            except BusyError:
                return error_response(503, "Much is being made just now. Ask again in a moment.", retry_after=5)
            except StoreError:
                kept = self._kept.get(address)  # what it was is better than nothing
        if kept is None:
            return error_response(503, "Views cannot be made just now; the feed itself can be had.", retry_after=60)
        return self._answering(address, kept.ready)

    def _fresh(self, address: str, base: CachedDocument, minute: datetime | None) -> _Kept | None:
        kept = self._kept.get(address)
        if kept is None or kept.digest != _state(base) or kept.minute != minute:
            return None
        with self._lock:
            if address in self._kept:
                self._kept.move_to_end(address)
        return kept

    def _make(self, shown: FilteredRequest, base: CachedDocument, minute: datetime | None) -> _Kept:
        address, what = shown.address, shown.what
        data = self._render(
            shown.feed, what.document.format or "atom", shown.view, shown.query, minute or base.modified
        )
        sealed = checksum.add_checksum(self._places.personalize(what, data))
        digest = checksum.verify_checksum(sealed) or ""
        before = self._kept.get(address)
        changed = base.modified
        if minute is not None:
            # What has grown too old went away with the clock, and not with a change of the feed.
            changed = before.ready.modified if before and before.ready.digest == digest else self._clock()
        ready = CachedDocument(
            feed=base.feed,
            data=sealed,
            digest=digest,
            modified=changed,
            header_policy=self._places.header_policy(address, what),
        )
        kept = _Kept(ready=ready, digest=_state(base), minute=minute)
        self._keep(address, kept)
        return kept

    def _keep(self, address: str, kept: _Kept) -> None:
        with self._lock:
            old = self._kept.pop(address, None)
            self._size += _cost(kept) - (_cost(old) if old else 0)
            self._kept[address] = kept
            while self._size > _BUDGET and self._kept:
                self._size -= _cost(self._kept.popitem(last=False)[1])


def _state(base: CachedDocument) -> str:
    """What a view depends on: an entry outside the feed's own document moves its date, and nothing else of it."""
    return f"{base.digest}@{base.last_modified}"


def _cost(kept: _Kept) -> int:
    """A view is kept in up to three codings too; they are smaller by half at least."""
    return 2 * len(kept.ready.data) + 1_000

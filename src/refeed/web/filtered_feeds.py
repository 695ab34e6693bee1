"""A feed and the filter in a query string -> a document, rendered from the store on request.

Documents are cached until the feed's own document changes. Unknown parameters are ignored; invalid values are errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from flask import Response

from ..clock import utc_now
from ..config.filter_rules import FeedFilter
from ..config.search_query import parse_query
from ..config.validation import validate
from ..errors import StoreError
from ..model import FeedPath, Format
from ..render.checksum import add_checksum, verify_checksum
from .document_cache import CachedDocument
from .made_documents import MadeDocuments
from .rate_limit import BusyError, ConcurrencyLimit
from .responses import busy_response, error_response
from .url_map import DocumentUrl, UrlMap, parse_document_url

_MAX_LENGTH = 4_000

FilteredRenderer = Callable[[FeedPath, Format, FeedFilter, str, datetime], bytes]
"""(feed, format, filter, canonical query of the filter, current time) -> document. Raises StoreError."""


class _FilteredRequest(NamedTuple):
    """A request for a feed's document through a filter."""

    path_and_query: str
    """The URL path with the canonical query. It is the key of the cache."""
    url: DocumentUrl
    feed: FeedPath
    feed_filter: FeedFilter
    query: str


class _FeedVersion(NamedTuple):
    """Changes whenever the filtered feed may have changed."""

    digest: str
    """Digest of the feed's own document."""
    last_modified: str
    """Last-Modified of the feed's own document. A change of the feed outside the document changes only this."""
    minute: datetime | None
    """The current minute if the filter depends on the clock, otherwise None."""


class FilteredFeeds:
    """Documents of feeds with a filter in the query. Memory and concurrent rendering are limited.

    Safe to use from several threads.
    """

    def __init__(
        self,
        render: FilteredRenderer,
        url_map: UrlMap,
        limit: ConcurrencyLimit,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._render = render
        self._url_map = url_map
        self._clock = clock
        self._documents: MadeDocuments[_FeedVersion] = MadeDocuments(limit, overhead=3 * _MAX_LENGTH)

    def find(self, path: str, query_string: str, base: CachedDocument) -> CachedDocument | Response:
        """The document at a path and query, or an error. It is `base`, the document without the query, where the query
        has no filter parameters; those of cache busters and trackers do not count."""
        if not query_string or not _FILTER_PARAM.search(query_string):
            return base
        url = parse_document_url(path)
        if url is None or url.document.feed is None or url.document.archive or url.document.part:
            return base
        try:
            feed_filter, query = parse_filter_params(query_string)
        except FilterParamsError as error:
            # The error may quote a pattern with line breaks.
            message = " ".join(str(error).split()).removesuffix(".")
            return error_response(400, f"{message[:300]}.")
        if not query:
            return base
        return self._answer(_FilteredRequest(f"{path}?{query}", url, url.document.feed, feed_filter, query), base)

    def _answer(self, request: _FilteredRequest, base: CachedDocument) -> CachedDocument | Response:
        key = request.path_and_query
        # A search also finds what is indexed after the feed's last change.
        depends_on_time = request.feed_filter.filter_time or request.feed_filter.q
        minute = self._clock().replace(second=0, microsecond=0) if depends_on_time else None
        version = _FeedVersion(base.digest, base.last_modified, minute)
        try:
            return self._documents.get(key, version, lambda before: self._generate(request, base, version, before))
        except BusyError:
            return busy_response()
        except StoreError:
            # An outdated document is better than none.
            message = "Filtered feeds are unavailable; the unfiltered feed still works."
            return self._documents.find(key) or error_response(503, message, retry_after=60)

    def _generate(
        self, request: _FilteredRequest, base: CachedDocument, version: _FeedVersion, before: CachedDocument | None
    ) -> CachedDocument:
        key, url, minute = request.path_and_query, request.url, version.minute
        format = url.document.format or "atom"
        rendered = self._render(request.feed, format, request.feed_filter, request.query, minute or base.modified)
        data = self._url_map.personalize(url, add_checksum(rendered))
        digest = verify_checksum(data) or ""
        modified = base.modified
        if minute is not None:
            # Entries expire from such a feed as time passes, even if the feed itself does not change.
            modified = before.modified if before and before.digest == digest else self._clock()
        return CachedDocument(
            label=base.label, data=data, digest=digest, modified=modified, headers=self._url_map.headers(key, url)
        )


class FilterParamsError(ValueError):
    """An invalid filter. The message is one line for people."""


def parse_filter_params(query: str) -> tuple[FeedFilter, str]:
    """Parse a query string into a filter and its canonical query, which is the same for all queries of equal meaning.

    UTF-8 may be percent-encoded or not. Defaults are left out of the canonical query. Raises FilterParamsError.
    """
    if len(query) > _MAX_LENGTH:
        raise FilterParamsError(f"a filter may have at most {_MAX_LENGTH} characters")
    try:
        with suppress(UnicodeEncodeError):
            query = query.encode("latin-1").decode()  # PEP 3333: bytes as Latin-1; granian decodes them
        pairs = parse_qsl(query, errors="strict")
    except UnicodeDecodeError as error:
        raise FilterParamsError("the query must be UTF-8") from error
    texts = {_ALIASES.get(name, name): value for name, value in pairs if value}
    try:
        plain = {name: _CONVERTERS.get(name, str)(texts[name]) for name in _PARAMS if name in texts}
        feed_filter = validate(FeedFilter, plain, from_text=True)
    except ValueError as error:
        raise FilterParamsError(str(error)) from error
    changed = {name: texts[name] for name in plain if getattr(feed_filter, name) != getattr(_DEFAULT, name)}
    return feed_filter, urlencode(changed, quote_via=quote)


_CONVERTERS: dict[str, Callable[[str], object]] = {
    "q": lambda text: parse_query(text).text,
    "filter_time": lambda seconds: f"{seconds}s",
    "source": lambda text: tuple(sorted(set(text.split(",")))),
    "mode": lambda text: "full" if text == "fulltext" else text,
}
"""Parameters that are written differently in config.yaml."""
_PARAMS = sorted(field.name for field in fields(FeedFilter))
_ALIASES = {"filter_description": "filter_content", "filterout_description": "filterout_content"}
"""RSSHub's names of the same parameters."""
FILTER_PARAMS = (*_PARAMS, *_ALIASES)
"""The names of all parameters of filters."""
_FILTER_PARAM = re.compile(rf"(?:^|&)(?:{'|'.join(FILTER_PARAMS)})=.")
_DEFAULT = FeedFilter()

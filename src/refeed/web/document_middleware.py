"""Requests for documents -> responses from memory. All other requests go to Flask.

99 of 100 requests find nothing new. Such a request costs a look-up, and a stat of the file now and then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.http import parse_date, parse_etags, parse_range_header
from werkzeug.wrappers import Response

from .derived_documents import DerivedDocuments
from .document_cache import CachedDocument, DocumentCache, Headers
from .filtered_feeds import FilteredFeeds
from .negotiation import choose_coding, wants_page
from .rate_limit import BusyError, ConcurrencyLimit, PollLimit
from .responses import DOCUMENT_KEY, busy_response, error_response
from .url_map import page_path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RequestRecorder = Callable[[str, int, str, int], None]
"""Called for every response with the feed, the status, the User-Agent, and the bytes that a 304 saved."""
_PROXY_SUFFIX = re.compile(
    r'\\|(?:[-;:._/+]{1,2}(?:x-)?(?:gzip|gz|br|zstd|zs|deflate|df)){1,3}(?=\\?"|$)', re.IGNORECASE
)
_STATUS_LINES = {status: f"{status} {HTTPStatus(status).phrase}" for status in (200, 206, 304, 416)}


@dataclass(frozen=True, slots=True)
class DocumentSender:
    """Sends documents: conditions, codings and ranges (RFC 9110 13, 12.5.3, 14)."""

    cache: DocumentCache
    record: RequestRecorder

    def find_app(self, url_path: str) -> WSGIApplication | None:
        """An application that sends the document of `url_path`, regardless of the request's path; None when there is no
        such document."""
        document = self.cache.get(url_path)
        if document is None:
            return None
        return lambda environ, start_response: self.send(environ, start_response, url_path, document)

    def send(
        self, environ: WSGIEnvironment, start_response: StartResponse, url_path: str, document: CachedDocument
    ) -> Iterable[bytes]:
        """Answer a GET or HEAD request with the document."""
        coding = choose_coding(environ.get("HTTP_ACCEPT_ENCODING"))
        etag = _unchanged_etag(environ, document)
        saved_bytes = 0
        if etag is not None:
            known = document.bodies.get(coding)
            saved_bytes = len(known.data if known else document.data)
            status, headers, data = 304, document.not_modified[etag], b""
        else:
            body = self.cache.encoded_body(url_path, document, coding)
            status, headers, data = 200, body.headers, body.data
            if "HTTP_RANGE" in environ and data is document.data:
                status, headers, data = _select_range(environ, document)
            if environ["REQUEST_METHOD"] == "HEAD":
                data = b""
        self.record(document.label, status, environ.get("HTTP_USER_AGENT", ""), saved_bytes)
        start_response(_STATUS_LINES[status], headers[:])
        return [data]


def _unchanged_etag(environ: WSGIEnvironment, document: CachedDocument) -> str | None:
    """The ETag of a 304 response; None if the document is to be sent. If-None-Match takes precedence."""
    if_none_match = environ.get("HTTP_IF_NONE_MATCH")
    if if_none_match is not None:
        if if_none_match in document.not_modified:
            return str(if_none_match)
        # Single tags without quotes are found too, because several readers send them. Then what a proxy that compresses
        # (Apache, Jetty, a CDN) has made of our tags.
        for text in (if_none_match, _PROXY_SUFFIX.sub("", if_none_match)):
            known = parse_etags(text)
            for etag in document.not_modified:
                if known.contains_weak(etag.strip('"')):
                    return etag
        return None
    try:
        since = parse_date(environ.get("HTTP_IF_MODIFIED_SINCE"))
    except OverflowError:  # werkzeug (3.1) passes on what datetime raises for the year 99999999999
        return None
    return document.etag("identity") if since is not None and document.modified <= since else None


def _select_range(environ: WSGIEnvironment, document: CachedDocument) -> tuple[int, Headers, bytes]:
    """Status, headers and body for a Range header: 206 or 416; 200 for several ranges, other units and invalid ones."""
    size, headers = len(document.data), document.bodies["identity"].headers
    asked = parse_range_header(environ["HTTP_RANGE"])
    if_range = environ.get("HTTP_IF_RANGE", "").strip()
    is_current = not if_range or if_range in (document.etag("identity"), document.last_modified)
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or not is_current:
        return 200, headers, document.data
    start, end = asked.ranges[0]
    start, end = max(0, start + size) if start < 0 else start, min(size, end or size)
    status, content_range = (206, f"{start}-{end - 1}/{size}") if start < end else (416, f"*/{size}")
    data = document.data[start:end]
    others = [header for header in headers if header[0] != "Content-Length"]
    return status, [("Content-Length", str(len(data))), ("Content-Range", f"bytes {content_range}"), *others], data


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentMiddleware:
    """WSGI middleware: answers GET and HEAD requests for documents, and passes all other requests to `app`."""

    app: WSGIApplication
    sender: DocumentSender
    filtered_feeds: FilteredFeeds
    derived_documents: DerivedDocuments
    poll_limit: PollLimit | None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, host = environ["PATH_INFO"], environ.get("HTTP_HOST", "")
        if "," in host or (not host and environ.get("SERVER_PROTOCOL") == "HTTP/1.1"):
            return _BAD_HOST(environ, start_response)
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and path.startswith(("/feeds/", "/k/")):
            document = self.sender.cache.get(path) or self.derived_documents.find(path)
            if isinstance(document, Response):
                return document(environ, start_response)
            if document is not None:
                return self._respond(environ, start_response, path, document)
        return self.app(environ, start_response)

    def _respond(
        self, environ: WSGIEnvironment, start_response: StartResponse, path: str, document: CachedDocument
    ) -> Iterable[bytes]:
        is_navigation = environ.get("HTTP_SEC_FETCH_DEST") == "document"
        if is_navigation or "text/html" in environ.get("HTTP_ACCEPT", ""):
            # Responses to navigations, whether pages or documents, are not cached: they depend on more headers than
            # Vary names. Private documents have no page.
            if show_page(environ, path):
                return self.app(environ, start_response)
            if is_navigation and _page_of(path) is not None:
                start_response = _without_caching(start_response)
        found = self._find(environ, path, document)
        if isinstance(found, Response):
            self.sender.record(document.label, found.status_code, environ.get("HTTP_USER_AGENT", ""), 0)
            return found(environ, start_response)
        return self.sender.send(environ, start_response, path, found)

    def _find(self, environ: WSGIEnvironment, path: str, document: CachedDocument) -> CachedDocument | Response:
        """The document, filtered if the query says so, or an error.

        A client may get the same version of a document only so often. Whether a conditional request is for another
        version is known when its document is.
        """
        is_conditional = "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ
        wait = self.poll_limit.acquire(environ, document.digest) if self.poll_limit and not is_conditional else 0
        if wait:
            return error_response(429, retry_after=wait)
        found = self.filtered_feeds.find(path, environ.get("QUERY_STRING", ""), document)
        if self.poll_limit and is_conditional and isinstance(found, CachedDocument):
            is_known = _unchanged_etag(environ, found) is not None
            wait = 0 if is_known else self.poll_limit.acquire(environ, document.digest)
        return error_response(429, retry_after=wait) if wait else found


_UNLIMITED = re.compile(
    r"/(?:feeds/|k/|dumps$|healthz$|readyz$|static/|robots\.txt$|favicon\.ico$|icon\.svg$|apple-touch-icon\.png$)"
)
"""The paths of quick responses, and of those that are limited elsewhere: archives and pushes."""
_BUSY = busy_response()
_BAD_HOST = error_response(400, "A request must have one Host header.")
"""RFC 9112 3.2. Servers join several Host headers with commas; load balancers use HTTP/1.0 without one."""


@dataclass(frozen=True, slots=True)
class LimitedPages:
    """WSGI middleware: the pages and the status of `app`, few at a time."""

    app: WSGIApplication
    limit: ConcurrencyLimit

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _UNLIMITED.match(environ["PATH_INFO"]):
            return self.app(environ, start_response)
        try:
            with self.limit.slot():
                return self.app(environ, start_response)
        except BusyError:
            return _BUSY(environ, start_response)


def _page_of(path: str) -> str | None:
    return None if path.startswith("/k/") else page_path(path)


def show_page(environ: WSGIEnvironment, path: str) -> bool:
    """Change a browser's request for a document to one for its page. Returns False if the document is to be sent."""
    page = _page_of(path)
    if page is None or not wants_page(environ):
        return False
    environ[DOCUMENT_KEY], environ["PATH_INFO"] = path.lstrip("/"), page
    return True


def _without_caching(start_response: StartResponse) -> StartResponse:
    def start_uncached(status: str, headers: Headers, *exc_info: Any) -> Any:
        kept = [header for header in headers if header[0] != "Cache-Control"]
        return start_response(status, [*kept, ("Cache-Control", "no-store")], *exc_info)

    return start_uncached

"""Bodies, errors, redirects -> Flask responses with their caching and security headers.

An error is one or two plain sentences that repeat nothing from the request.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from flask import Response, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from .document_cache import SECURITY_HEADERS
from .negotiation import BROWSER_VARY

DOCUMENT_KEY = "refeed.document"
"""WSGI environment key: the document whose page is sent instead, under the document's URL. Such a page is never cached,
not even by the browser, because the document has the same URL."""
_MESSAGES = {
    400: "Bad request.",
    403: "Forbidden.",
    404: "Page not found.",
    405: "Method not allowed. The Allow header names the methods of this address.",
    406: "Not acceptable.",
    408: "Request timeout.",
    410: "This feed has been retired. Please unsubscribe.",
    413: "The request is too large.",
    414: "The address is too long.",
    415: "Unsupported media type.",
    429: "Too many requests. Send If-None-Match or If-Modified-Since, or retry later.",
    431: "The request headers are too large.",
    500: "Internal server error.",
    503: "Not ready yet. Retry in a few seconds.",
}
WITHDRAWN_MESSAGE = "This entry has been withdrawn."
"""The text of a 410 response that is not cached, because a withdrawn entry may be restored."""

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        # Images of entries are loaded from their original hosts. Many older ones are available only over http.
        "img-src 'self' https: http:",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
        "form-action 'self'",
        "base-uri 'none'",
    )
)
"""Also in the pages themselves, for those that a static host serves. There, frame-ancestors would be ignored."""
_ONE_MINUTE = "max-age=60, stale-while-revalidate=600, stale-if-error=86400"
_ONE_YEAR = "max-age=31536000, immutable"
_ERROR_CACHE_CONTROL = {404: "max-age=60", 410: "max-age=86400", 301: "max-age=86400"}
_OPEN_PATHS = re.compile(
    r"/(?:feeds/|k/|dumps$|healthz$|readyz$|metrics$|static/|robots\.txt$|favicon\.ico$|icon\.svg$|apple-touch-icon\.png$)"
)
"""The paths of a private site that do not reveal what it publishes."""


def page_response(html: str, status: int = 200) -> Response:
    """A page. With status 200 it has an ETag and is cached for a minute; the page of a document, and one for which
    `g.changes_soon` is set, is never cached."""
    response = Response(html, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = f"{PAGE_POLICY}; frame-ancestors 'none'"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.vary.add("Accept-Language")
    if DOCUMENT_KEY in request.environ:
        response.vary.update(BROWSER_VARY.split(", "))
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Location"] = request.path
    elif status != 200 or g.get("changes_soon"):
        response.headers["Cache-Control"] = "no-store"
    else:
        response.headers["Cache-Control"] = _ONE_MINUTE
        _add_etag(response)
    return response


def moved_page_response(path: str) -> WerkzeugResponse:
    """301 to the page's new path."""
    response = redirect(path, 301)
    response.headers["Cache-Control"] = "max-age=86400"
    return response


def data_response(body: bytes | str, media_type: str, *, immutable: bool = False) -> Response:
    """A file for pages or programs, cached for a minute, or a year if `immutable`."""
    response = Response(body)
    response.headers["Content-Type"] = media_type
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = _ONE_YEAR if immutable else _ONE_MINUTE
    _add_etag(response)
    return response


def _add_etag(response: Response) -> None:
    """Add an ETag, and make the response a 304 if the client sent it. Dates are left out: these responses have none,
    and werkzeug (3.1) raises OverflowError for the year 99999999999."""
    response.add_etag()
    names = ("REQUEST_METHOD", "HTTP_IF_NONE_MATCH")
    response.make_conditional({name: request.environ[name] for name in names if name in request.environ})


def error_response(status: int, message: str = "", *, retry_after: int = 0, cacheable: bool = True) -> Response:
    """An error as plain text. `retry_after` is in seconds. If not `cacheable`, caches must not store it."""
    text = message or _MESSAGES.get(status) or f"{HTTPStatus(status).phrase}."
    response = Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = _ERROR_CACHE_CONTROL.get(status, "no-store") if cacheable else "no-store"
    for name, value in SECURITY_HEADERS:
        response.headers[name] = value
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def busy_response() -> Response:
    """503 for a request that would have to wait too long for others."""
    return error_response(503, "Too many requests. Retry in a few seconds.", retry_after=5)


def feed_moved_response(url: str, *, cacheable: bool = True) -> Response:
    """301 to the new URL of a feed. The URL must not contain anything from the request's Host header."""
    message = "This feed has moved. Please subscribe to its new address."
    response = error_response(301, message, cacheable=cacheable)
    response.headers["Location"] = url
    return response


def http_error_response(error: HTTPException) -> Response:
    """An exception of Flask as plain text. Its Allow, Retry-After and WWW-Authenticate headers are kept."""
    if error.description == WITHDRAWN_MESSAGE:
        return error_response(410, WITHDRAWN_MESSAGE, cacheable=False)
    response = error_response(error.code or 500)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def deny_if_private() -> Response | None:
    """Flask's `before_request` of a private site: 404 for every page. Its readers get only documents."""
    return None if _OPEN_PATHS.match(request.path) else error_response(404, "This site is private.", cacheable=False)

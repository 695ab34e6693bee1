"""HTTP statuses -> responses with one plain sentence, which repeats nothing of the request."""

from __future__ import annotations

import re
from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import HTTPException

from .document_cache import SECURITY_HEADERS

MESSAGES = {
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
"""Also a 410, but not cached: a withdrawn entry may be restored."""

_CACHE_CONTROL = {404: "max-age=60", 410: "max-age=86400", 301: "max-age=86400"}
_OPEN_PATHS = re.compile(
    r"/(?:feeds/|k/|dumps$|healthz$|readyz$|metrics$|static/|robots\.txt$|favicon\.ico$|icon\.svg$|apple-touch-icon\.png$)"
)
"""The paths of a private site that do not reveal what it publishes."""


def error_response(status: int, message: str = "", *, retry_after: int = 0, cacheable: bool = True) -> Response:
    """An error for people; `retry_after` is in seconds. Without `cacheable`, no cache keeps it."""
    text = message or MESSAGES.get(status) or f"{HTTPStatus(status).phrase}."
    response = Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = _CACHE_CONTROL.get(status, "no-store") if cacheable else "no-store"
    for name, value in SECURITY_HEADERS:
        response.headers[name] = value
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def feed_moved_response(url: str, *, cacheable: bool = True) -> Response:
    """301 to a URL that is made of settings alone."""
    message = "This feed has moved. Please subscribe to its new address."
    response = error_response(301, message, cacheable=cacheable)
    response.headers["Location"] = url
    return response


def http_error_response(error: HTTPException) -> Response:
    """What Flask raises, as a plain sentence. Keeps Allow, Retry-After and WWW-Authenticate of the exception."""
    if error.description == WITHDRAWN_MESSAGE:
        return error_response(410, WITHDRAWN_MESSAGE, cacheable=False)
    response = error_response(error.code or 500)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def deny_if_private() -> Response | None:
    """Flask's `before_request` of a private site: 404 for every page. Its readers get documents alone."""
    return None if _OPEN_PATHS.match(request.path) else error_response(404, "This site is private.", cacheable=False)

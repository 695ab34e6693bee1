"""Answers other than documents and pages: a status and one plain sentence that repeats nothing of the request."""

from __future__ import annotations

import re
from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import HTTPException

from .document_response import SECURITY_HEADERS

MESSAGES = {
    400: "This request cannot be read.",
    403: "This is not for you to see.",
    404: "There is nothing at this address.",
    405: "This address answers other methods only; the Allow header names them.",
    406: "There is no such form of this.",
    408: "The request took too long.",
    410: "This feed has been retired and will not come back. Please unsubscribe.",
    413: "That is too large.",
    414: "That address is too long.",
    415: "That media type is not taken here.",
    429: "Too many requests. Send If-None-Match or If-Modified-Since, or come back later.",
    431: "Those headers are too long.",
    500: "Something went wrong here; it has been written down.",
    503: "This is being made just now. Ask again in a moment.",
}

WITHDRAWN_MESSAGE = "This entry has been withdrawn."
"""A 410 of another kind: what was withdrawn may be restored."""

_KEPT = {404: "max-age=60", 410: "max-age=86400", 301: "max-age=86400"}


def error_response(status: int, sentence: str = "", *, retry_after: int = 0, cacheable: bool = True) -> Response:
    """An error as a person wants to read it; `retry` is for Retry-After, in seconds. What is not `kept` never enters
    a cache."""
    text = sentence or MESSAGES.get(status) or f"{HTTPStatus(status).phrase}."
    response = Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = _KEPT.get(status, "no-store") if cacheable else "no-store"
    for name, value in SECURITY_HEADERS:
        response.headers[name] = value
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def feed_moved_response(url: str, *, cacheable: bool = True) -> Response:
    """301 to a URL that is made of settings alone."""
    response = error_response(301, "This feed has moved; please subscribe to its new address.", cacheable=cacheable)
    response.headers["Location"] = url
    return response


def http_error_response(error: HTTPException) -> Response:
    """What Flask raises, in our words. Keeps Allow and Retry-After, and no other header that a library made up."""
    withdrawn = error.description == WITHDRAWN_MESSAGE
    response = error_response(error.code or 500, WITHDRAWN_MESSAGE if withdrawn else "", cacheable=not withdrawn)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


# A private site has no pages: who has a token has documents, and nobody has more.

_OPEN = re.compile(
    r"/(?:feeds/|k/|dumps$|healthz$|readyz$|metrics$|static/|robots\.txt$|favicon\.ico$|icon\.svg$|apple-touch-icon\.png$)"
)
"""What it answers all the same; it tells nothing of what is published."""


def deny_if_private() -> Response | None:
    """404, before Flask looks for a page."""
    return None if _OPEN.match(request.path) else error_response(404, "This is private.", cacheable=False)

"""Answers other than documents and pages: a status and one plain sentence that repeats nothing of the request."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from werkzeug.exceptions import HTTPException

from .manners import SAFETY

SENTENCES = {
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

WITHDRAWN = "This entry has been withdrawn."
"""A 410 of another kind: what was withdrawn may be restored."""

_KEPT = {404: "max-age=60", 410: "max-age=86400", 301: "max-age=86400"}


def plain(status: int, sentence: str = "", *, retry: int = 0, kept: bool = True) -> Response:
    """An error as a person wants to read it; `retry` is for Retry-After, in seconds. What is not `kept` never enters
    a cache."""
    text = sentence or SENTENCES.get(status) or f"{HTTPStatus(status).phrase}."
    response = Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = _KEPT.get(status, "no-store") if kept else "no-store"
    for name, value in SAFETY:
        response.headers[name] = value
    if retry:
        response.headers["Retry-After"] = str(retry)
    return response


def moved(url: str, *, kept: bool = True) -> Response:
    """301 to a URL that is made of settings alone."""
    response = plain(301, "This feed has moved; please subscribe to its new address.", kept=kept)
    response.headers["Location"] = url
    return response


def refused(error: HTTPException) -> Response:
    """What Flask raises, in our words. Keeps Allow and Retry-After, and no other header that a library made up."""
    withdrawn = error.description == WITHDRAWN
    response = plain(error.code or 500, WITHDRAWN if withdrawn else "", kept=not withdrawn)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response

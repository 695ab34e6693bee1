"""What every page's answer carries besides its text: what a browser may load, who may keep it, that nobody is told."""

from __future__ import annotations

from flask import Response, redirect, request
from werkzeug.wrappers import Response as Answer

from ..browser_negotiation import BROWSER_VARY, DOCUMENT_KEY

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        # Images of entries stay at their origins; much of what was dumped years ago is http only.
        "img-src 'self' https: http:",
        "style-src 'self'",
        "script-src 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_FOR_A_MINUTE = "max-age=60, stale-while-revalidate=600, stale-if-error=86400"
_FOR_EVER = "max-age=31536000, immutable"


def page_response(html: str, status: int = 200) -> Response:
    """A page: kept for a minute, by language; asked again, most often answered 304."""
    response = Response(html, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.vary.add("Accept-Language")
    if DOCUMENT_KEY in request.environ:
        response.vary.update(BROWSER_VARY.split(", "))
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Location"] = request.path
        return response
    if status != 200:
        response.headers["Cache-Control"] = "no-store"
        return response
    response.headers["Cache-Control"] = _FOR_A_MINUTE
    response.add_etag()
    response.make_conditional(request)
    return response


def moved_page_response(address: str) -> Answer:
    """A page that has another address now, for good."""
    response = redirect(address, 301)
    response.headers["Cache-Control"] = "max-age=86400"
    return response


def data_response(body: bytes | str, media: str, *, immutable: bool = False) -> Response:
    """Anything else that pages need, or machines ask of them."""
    response = Response(body)
    response.headers["Content-Type"] = media
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = _FOR_EVER if immutable else _FOR_A_MINUTE
    response.add_etag()
    response.make_conditional(request)
    return response

"""Bodies -> responses of pages and their files, with caching and security headers."""

from __future__ import annotations

from flask import Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from ..browser_negotiation import BROWSER_VARY, DOCUMENT_KEY

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        # Images of entries are loaded from their origins; many older ones are available over http only.
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
_ONE_MINUTE = "max-age=60, stale-while-revalidate=600, stale-if-error=86400"
_ONE_YEAR = "max-age=31536000, immutable"


def page_response(html: str, status: int = 200) -> Response:
    """A page, cached for a minute per language, with an ETag."""
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
    elif status != 200:
        response.headers["Cache-Control"] = "no-store"
    else:
        response.headers["Cache-Control"] = _ONE_MINUTE
        response.add_etag()
        response.make_conditional(request)
    return response


def moved_page_response(path: str) -> WerkzeugResponse:
    """301 to the page's new path."""
    response = redirect(path, 301)
    response.headers["Cache-Control"] = "max-age=86400"
    return response


def data_response(body: bytes | str, media_type: str, *, immutable: bool = False) -> Response:
    """A file that pages load or programs ask for."""
    response = Response(body)
    response.headers["Content-Type"] = media_type
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = _ONE_YEAR if immutable else _ONE_MINUTE
    response.add_etag()
    response.make_conditional(request)
    return response

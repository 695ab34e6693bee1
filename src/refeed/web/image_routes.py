"""`/images/<hash>?entry=<uuid>` -> the image of a stored entry from the cache, or a redirect to its origin.

Only with `images: cached`. This module imports what sends requests, so it is imported only then.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as WerkzeugResponse

from ..config.settings import Settings
from ..errors import StoreError
from ..feeds.access_tokens import private_sources
from ..feeds.cached_images import list_images
from ..fetch.image_cache import ImageCache
from ..store.store import Store
from .rate_limit import RateLimiter
from .responses import WITHDRAWN_MESSAGE, data_response, error_response

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[0-9a-f]{32}")
_A_MINUTE = 600
"""Images that may be looked up in a minute, beyond those that caches and browsers keep for a year."""


def images_blueprint(settings: Settings, cache: ImageCache | None = None) -> Blueprint:
    """The route. `cache` replaces that in var/."""
    blueprint = Blueprint("images", __name__)
    images = cache or ImageCache(Path(settings.var_dir) / "images", settings.fetch)
    store, hidden = Store(settings.database_url, read_only=True), private_sources(settings)
    limiter = RateLimiter(_A_MINUTE, 60)

    @blueprint.get("/images/<digest>")
    def image(digest: str) -> WerkzeugResponse:
        if wait := limiter.acquire():
            return error_response(503, "Too many images. Retry later.", retry_after=wait)
        url = _find_origin(store, hidden, digest)
        found = images.get(digest, url)
        if found is None:
            return _redirect_to_origin(url)
        response = data_response(found.data, found.media_type, immutable=True)
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # readers in browsers
        return response

    @blueprint.errorhandler(StoreError)
    def unavailable(_: StoreError) -> Response:
        return error_response(503, "Images are unavailable. Retry in a minute.", retry_after=60)

    return blueprint


def _find_origin(store: Store, hidden: Collection[str], digest: str) -> str:
    """The address of an image of a stored, public entry. Aborts with 404, or 410 if the entry was withdrawn."""
    id = request.args.get("entry", "")
    known = store.get_entry(id, hidden) if _NAME.fullmatch(digest) and _UUID.fullmatch(id) else None
    if known is None:
        abort(404)
    if known[0].withdrawn is not None:
        abort(410, WITHDRAWN_MESSAGE)
    return list_images(known[0].entry).get(digest) or abort(404)


def _redirect_to_origin(url: str) -> WerkzeugResponse:
    """A redirect to an image: whoever reaches the origin still sees it. The address is one of a stored entry.

    Not for a browser that opens the address as a page: an article must not make our address lead to any page. Aborts
    with 404.
    """
    try:
        iri_to_uri(url)  # werkzeug does this when it sends the response, where nothing catches an impossible host
    except ValueError:
        abort(404)
    if request.headers.get("Sec-Fetch-Dest") == "document":
        abort(404)
    response = redirect(url, 302)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response

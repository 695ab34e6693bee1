"""`/images/<hash>?entry=<uuid>` -> the image of a stored entry from the cache, or a redirect to its origin.

Only with `images: cached`. This module imports what sends requests, so it is imported only then.
"""

from __future__ import annotations

import re
from pathlib import Path

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from ..config.settings import Settings
from ..errors import StoreError
from ..feeds.access_tokens import AccessTokens
from ..feeds.cached_images import list_images
from ..fetch.image_cache import ImageCache
from ..model import FeedPath
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
    store, access = Store(settings.database_url, read_only=True), AccessTokens(settings)
    limiter = RateLimiter(_A_MINUTE, 60)

    @blueprint.get("/images/<digest>")
    def image(digest: str) -> WerkzeugResponse:
        if wait := limiter.acquire():
            return error_response(503, "Too many images. Retry later.", retry_after=wait)
        url = _find_origin(store, access, digest)
        found = images.get(digest, url)
        if found is None:
            # Whoever reaches the origin still sees the image. The address is one of a stored entry, never the client's.
            response = redirect(url, 302)
            response.headers["Cache-Control"] = "no-store"
            response.headers["Referrer-Policy"] = "no-referrer"
            return response
        response = data_response(found.data, found.media_type, immutable=True)
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # readers in browsers
        return response

    @blueprint.errorhandler(StoreError)
    def unavailable(_: StoreError) -> Response:
        return error_response(503, "Images are unavailable. Retry in a minute.", retry_after=60)

    return blueprint


def _find_origin(store: Store, access: AccessTokens, digest: str) -> str:
    """The address of an image of a stored, public entry. Aborts with 404, or 410 if the entry was withdrawn."""
    id = request.args.get("entry", "")
    known = store.get_entry(id) if _NAME.fullmatch(digest) and _UUID.fullmatch(id) else None
    if known is None or access.is_private(FeedPath("source", known[0].entry.source)):
        abort(404)
    if known[0].withdrawn is not None:
        abort(410, WITHDRAWN_MESSAGE)
    return list_images(known[0].entry).get(digest) or abort(404)

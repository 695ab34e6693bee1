"""Static files, QR codes and robots.txt -> responses.

Static files are named by their content, so that browsers may keep them indefinitely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources

from flask import Blueprint, Response, abort

from ...config.settings import Settings
from ..url_map import FEED_PATTERN
from .headers import data_response
from .subscribe_links import render_qr_code

_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/vnd.microsoft.icon",
}
_FEED = re.compile(FEED_PATTERN)
_ICONS = {"favicon.ico": "favicon.ico", "apple-touch-icon.png": "touch.png", "icon.svg": "icon.svg"}
"""Addresses that browsers and readers try unasked, and the files behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A static file."""

    hashed_name: str
    """Its public name: `page.3f2a91c04b7d.css` for `page.css`."""
    data: bytes
    media_type: str


class Assets:
    """Every static file of the package."""

    def __init__(self) -> None:
        self.by_file_name: dict[str, Asset] = {}
        self.by_hashed_name: dict[str, Asset] = {}
        for file in (resources.files("refeed.web") / "static").iterdir():
            stem, _, suffix = file.name.rpartition(".")
            if suffix in _MEDIA_TYPES:
                data = file.read_bytes()
                hashed_name = f"{stem}.{sha256(data).hexdigest()[:12]}.{suffix}"
                asset = Asset(hashed_name=hashed_name, data=data, media_type=_MEDIA_TYPES[suffix])
                self.by_file_name[file.name] = self.by_hashed_name[hashed_name] = asset


def assets_blueprint(settings: Settings, assets: Assets) -> Blueprint:
    """The routes `/static/…`, `/qr/…`, the icons, and `/robots.txt`."""
    blueprint = Blueprint("assets", __name__)

    @blueprint.get("/static/<name>")
    def static(name: str) -> Response:
        asset = assets.by_hashed_name.get(name)
        if asset is None:
            abort(404)
        return data_response(asset.data, asset.media_type, immutable=True)

    @blueprint.get("/<any('favicon.ico','apple-touch-icon.png','icon.svg'):name>")
    def icon(name: str) -> Response:
        asset = assets.by_file_name[_ICONS[name]]
        return data_response(asset.data, asset.media_type)

    @blueprint.get("/qr/<path:feed>.svg")
    def qr(feed: str) -> Response:
        if not _FEED.fullmatch(feed):
            abort(404)
        return data_response(render_qr_code(f"{settings.site.base_url}/feeds/{feed}.atom"), "image/svg+xml")

    @blueprint.get("/robots.txt")
    def robots() -> Response:
        # Pages that say noindex must stay open to crawlers, which otherwise would never read it.
        rules = "Disallow: /qr/\nDisallow: /*?q=\nAllow: /"
        if settings.site.indexed == "nothing":
            rules = "Allow: /feeds/\nDisallow: /"
        return data_response(f"User-agent: *\n{rules}\n", "text/plain; charset=utf-8")

    return blueprint

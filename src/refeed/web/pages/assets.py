"""The package's static files, each under an address that names its content, so that a browser keeps it for ever."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources

from flask import Blueprint, Response, abort

from ...config.settings import Settings
from ..document_response import FEED_PATTERN
from . import headers
from .subscribe_links import render_qr_code

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/vnd.microsoft.icon",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A static file."""

    data: bytes
    media_type: str


class Assets:
    """Every static file by the name it is asked for: `page.css` as `page.3f2a91c04b7d.css`."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._assets: dict[str, Asset] = {}
        for file in (resources.files("refeed.web") / "static").iterdir():
            stem, _, kind = file.name.rpartition(".")
            if kind in _TYPES:
                data = file.read_bytes()
                self._names[file.name] = f"{stem}.{sha256(data).hexdigest()[:12]}.{kind}"
                self._assets[self._names[file.name]] = Asset(data=data, media_type=_TYPES[kind])

    def hashed_name(self, file: str) -> str:
        """What a file is asked for by."""
        return self._names[file]

    def find(self, name: str) -> Asset | None:
        """The file that is asked for by this name."""
        return self._assets.get(name)

    def by_file_name(self, file: str) -> Asset:
        """A file by its own name, for the addresses that browsers try without being told."""
        return self._assets[self._names[file]]


# Routes for what pages load and what machines look for: styles, icons, QR codes, robots.txt.

_FEED = re.compile(FEED_PATTERN)
# Addresses that browsers, telephones and readers try without being told.
_ICONS = {"favicon.ico": "favicon.ico", "apple-touch-icon.png": "touch.png", "icon.svg": "icon.svg"}


def assets_blueprint(settings: Settings, assets: Assets) -> Blueprint:
    """The routes below /static/ and /qr/, the icons, and robots.txt."""
    blueprint = Blueprint("files", __name__)

    @blueprint.get("/static/<name>")
    def static(name: str) -> Response:
        asset = assets.find(name)
        if asset is None:
            abort(404)
        return headers.data_response(asset.data, asset.media_type, immutable=True)

    @blueprint.get("/<any('favicon.ico','apple-touch-icon.png','icon.svg'):name>")
    def icon(name: str) -> Response:
        asset = assets.by_file_name(_ICONS[name])
        return headers.data_response(asset.data, asset.media_type)

    @blueprint.get("/qr/<path:feed>.svg")
    def qr(feed: str) -> Response:
        if not _FEED.fullmatch(feed):
            abort(404)
        return headers.data_response(render_qr_code(f"{settings.site.base_url}/feeds/{feed}.atom"), "image/svg+xml")

    @blueprint.get("/robots.txt")
    def robots() -> Response:
        return headers.data_response(build_robots_txt(settings), "text/plain; charset=utf-8")

    return blueprint


def build_robots_txt(settings: Settings) -> str:
    """What crawlers may ask for. Pages that say noindex must stay open to them, or they would never read it."""
    if settings.site.indexed == "nothing":
        return "User-agent: *\nAllow: /feeds/\nDisallow: /\n"
    return "User-agent: *\nDisallow: /qr/\nDisallow: /*?q=\nAllow: /\n"

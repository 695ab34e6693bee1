"""Routes for what pages load and what machines look for: styles, icons, QR codes, robots.txt."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort

from ...config import Settings
from ..manners import FEED
from . import answers
from .assets import Assets
from .qr import qr_code

_FEED = re.compile(FEED)
# Addresses that browsers, telephones and readers try without being told.
_ICONS = {"favicon.ico": "favicon.ico", "apple-touch-icon.png": "touch.png", "icon.svg": "icon.svg"}


def files(settings: Settings, assets: Assets) -> Blueprint:
    """The routes below /static/ and /qr/, the icons, and robots.txt."""
    blueprint = Blueprint("files", __name__)

    @blueprint.get("/static/<name>")
    def static(name: str) -> Response:
        asset = assets.find(name)
        if asset is None:
            abort(404)
        return answers.data(asset.data, asset.media, for_ever=True)

    @blueprint.get("/<any('favicon.ico','apple-touch-icon.png','icon.svg'):name>")
    def icon(name: str) -> Response:
        asset = assets.plain(_ICONS[name])
        return answers.data(asset.data, asset.media)

    @blueprint.get("/qr/<path:feed>.svg")
    def qr(feed: str) -> Response:
        if not _FEED.fullmatch(feed):
            abort(404)
        return answers.data(qr_code(f"{settings.site.base_url}/feeds/{feed}.atom"), "image/svg+xml")

    @blueprint.get("/robots.txt")
    def robots() -> Response:
        return answers.data(robots_txt(settings), "text/plain; charset=utf-8")

    return blueprint


def robots_txt(settings: Settings) -> str:
    """What crawlers may ask for. Pages that say noindex must stay open to them, or they would never read it."""
    if settings.site.indexed == "nothing":
        return "User-agent: *\nAllow: /feeds/\nDisallow: /\n"
    return "User-agent: *\nDisallow: /qr/\nDisallow: /*?q=\nAllow: /\n"

"""Routes below /feeds/ for what the front does not answer: names that are gone, archives not rendered yet, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from ..catalogue import Catalogue
from ..errors import PublishError, StoreError
from .answers import moved, plain
from .archivist import Archivist, BusyError
from .manners import Named, named

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Deliver = Callable[[str], "WSGIApplication | None"]
"""The document at an address as an answer, or None when there is none."""
_MAKING = 5
"""Seconds after which to ask again for a document that is being made."""


def feeds(catalogue: Catalogue, deliver: Deliver, archivist: Archivist) -> Blueprint:
    """The routes."""
    blueprint = Blueprint("feeds", __name__)

    @blueprint.get("/feeds/<path:path>")
    def document(path: str) -> Response | WSGIApplication:
        name = named(path)
        return _gone(catalogue, path, name) or _found(path, name) or plain(404, _hint(catalogue, path))

    def _found(path: str, name: Named | None) -> Response | WSGIApplication | None:
        if name is None:
            return None
        if name.archive:
            return _archive(path, name, name.archive)
        if name.feed in catalogue.feeds or name.format is None:
            return deliver(f"/feeds/{path}") or plain(503, retry=_MAKING)
        return None

    def _archive(path: str, name: Named, archive: str) -> Response | WSGIApplication | None:
        try:
            there = archivist.fetch(name.feed, archive)
        except BusyError:
            return plain(503, "Several archives are being made just now. Ask again in a moment.", retry=_MAKING)
        except (StoreError, PublishError):
            return plain(503, "Archives cannot be made just now. Ask again later.", retry=60)
        return deliver(f"/feeds/{path}") if there else None

    return blueprint


def _gone(catalogue: Catalogue, path: str, name: Named | None) -> Response | None:
    """301 for a feed that was renamed, 410 for one that was retired."""
    if name is None:
        return None
    if name.feed in catalogue.moved:
        return moved(f"{catalogue.site.base_url}/feeds/{catalogue.moved[name.feed]}{path.removeprefix(name.feed)}")
    return plain(410) if name.feed in catalogue.retired else None


def _hint(catalogue: Catalogue, path: str) -> str:
    if path.rstrip("/") in catalogue.feeds:
        return "A feed's address ends in .atom, .rss or .json."
    return "There is no feed at this address. All feeds: " + f"{catalogue.site.base_url}/feeds/opml.xml"

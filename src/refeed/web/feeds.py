"""Routes below /feeds/ and /k/ for what the front does not answer: names that are gone, archives not rendered yet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from ..access import Access
from ..catalogue import Catalogue
from ..errors import PublishError, StoreError
from .answers import moved, plain
from .places import Asked, Places, asked
from .queries import QueryError, read_view
from .turns import BusyError, Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Deliver = Callable[[str], "WSGIApplication | None"]
"""The document at an address as an answer, or None when there is none."""
_MAKING = 5
"""Seconds after which to ask again for a document that is being made."""
Archive = Callable[[str, str], bool]
"""Render one archive (feed, name) into feeds/; False when there is none. Raises StoreError, PublishError."""


def feeds(
    catalogue: Catalogue,
    places: Places,
    access: Access,
    *,
    deliver: Deliver,
    archive: Archive,
    remembers: Callable[[str], bool],
    filled: Callable[[], bool],
    turns: Turns,
) -> Blueprint:
    """The routes. `remembers` says whether a feed once had entries, and raises StoreError; `filled`, whether all
    documents were made once, so that one which is not there is no feed's."""
    blueprint = Blueprint("feeds", __name__)

    @blueprint.get("/feeds/<path:path>")
    def document(path: str) -> Response | WSGIApplication:
        what = asked(f"/feeds/{path}")
        if what is not None:
            found = _gone(catalogue, access, what) or (_found(what) if places.allowed(what) else None)
            if found is not None:
                return found
            if what.name.feed.startswith("topic/") and what.name.feed not in catalogue.feeds and _was_there(what):
                return plain(410)
        return plain(404, _hint(catalogue, path))

    @blueprint.get("/k/<token>/feeds/<path:path>")
    def private_document(token: str, path: str) -> Response | WSGIApplication:
        what = asked(f"/k/{token}/feeds/{path}")
        found = (_renamed(what) or (_found(what) if places.allowed(what) else None)) if what else None
        return found or plain(404, "There is nothing at this address, or not for its token.", kept=False)

    def _was_there(what: Asked) -> bool:
        """A topic that was taken out of config.yaml: the store remembers that it had entries."""
        try:
            with turns.one():
                return remembers(what.name.feed)
        except (BusyError, StoreError):
            return False

    def _renamed(what: Asked) -> Response | None:
        """A private feed's new address, for a reader who may have the old one."""
        new = catalogue.moved.get(what.name.feed)
        reader = access.reader(what.name.feed, what.token) if new and what.token else None
        if not new or not reader or not access.is_private(new):
            return None
        return moved(f"{catalogue.site.base_url}/k/{access.token(new, reader)}/feeds/{_there(what, new)}", kept=False)

    def _found(what: Asked) -> Response | WSGIApplication | None:
        if what.name.archive:
            return _archive(what, what.name.archive)
        known = what.name.feed in catalogue.feeds or what.name.format is None
        # Sources that nobody configured are known by their entries alone.
        if known or (what.name.feed.startswith("source/") and not filled()):
            return deliver(request.path) or plain(503, retry=_MAKING)
        return None

    def _archive(what: Asked, name: str) -> Response | WSGIApplication | None:
        try:
            with turns.one():
                there = archive(what.name.feed, name)
        except BusyError:
            return plain(503, "Much is being made just now. Ask again in a moment.", retry=_MAKING)
        except (StoreError, PublishError):
            return plain(503, "Archives cannot be made just now. Ask again later.", retry=60)
        return deliver(request.path) if there else None

    return blueprint


def _gone(catalogue: Catalogue, access: Access, what: Asked) -> Response | None:
    """301 for a feed that was renamed, 410 for one that was retired; nothing is said of those that are private."""
    feed = what.name.feed
    new = catalogue.moved.get(feed)
    if new in catalogue.listed:
        return moved(f"{catalogue.site.base_url}/feeds/{_there(what, new)}")
    return plain(410) if feed in catalogue.retired and not access.is_private(feed) else None


def _there(what: Asked, new: str) -> str:
    """The same document of a feed under its new name; a view of it stays that view."""
    query = ""
    with suppress(QueryError):
        query = read_view(request.environ.get("QUERY_STRING", ""))[1] if not what.name.archive else ""
    return new + what.path.removeprefix(what.name.feed) + (f"?{query}" if query else "")


def _hint(catalogue: Catalogue, path: str) -> str:
    if path.rstrip("/") in catalogue.listed:
        return "A feed's address ends in .atom, .rss or .json."
    return f"There is no feed at this address. All feeds: {catalogue.site.base_url}/feeds/opml.xml"

"""Routes below /feeds/ and /k/ for what the front does not answer: names that are gone, archives not rendered yet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """What the routes answer from."""

    catalogue: Catalogue
    places: Places
    access: Access
    deliver: Deliver
    archive: Archive
    remembers: Callable[[str], bool]
    """Whether a feed once had entries. Raises StoreError."""
    filled: Callable[[], bool]
    """Whether all documents were made once, so that one which is not there is no feed's."""
    turns: Turns

    def blueprint(self) -> Blueprint:
        """The routes."""
        blueprint = Blueprint("feeds", __name__)
        blueprint.add_url_rule("/feeds/<path:path>", "document", self.document)
        blueprint.add_url_rule("/k/<token>/feeds/<path:path>", "private_document", self.private_document)
        return blueprint

    def document(self, path: str) -> Response | WSGIApplication:
        """A public document: made now, moved, gone, or unknown."""
        what = asked(f"/feeds/{path}")
        if what is not None:
            found = self._gone(what) or (self._found(what) if self.places.allowed(what) else None)
            if found is not None:
                return found
            if self._is_former_topic(what):
                return plain(410)
        return plain(404, self._hint(path))

    def private_document(self, token: str, path: str) -> Response | WSGIApplication:
        """A private document: made now, moved, or nothing that its token opens."""
        what = asked(f"/k/{token}/feeds/{path}")
        found = (self._renamed(what) or (self._found(what) if self.places.allowed(what) else None)) if what else None
        return found or plain(404, "There is nothing at this address, or not for its token.", kept=False)

    def _gone(self, what: Asked) -> Response | None:
        """301 for a feed that was renamed, 410 for one that was retired; nothing is said of those that are private."""
        feed = what.name.feed
        new = self.catalogue.moved.get(feed)
        if new in self.catalogue.listed:
            return moved(f"{self.catalogue.site.base_url}/feeds/{_there(what, new)}")
        return plain(410) if feed in self.catalogue.retired and not self.access.is_private(feed) else None

    def _is_former_topic(self, what: Asked) -> bool:
        """A topic that was taken out of config.yaml: the store remembers that it had entries."""
        feed = what.name.feed
        if not feed.startswith("topic/") or feed in self.catalogue.feeds:
            return False
        try:
            with self.turns.one():
                return self.remembers(feed)
        except (BusyError, StoreError):
            return False

    def _renamed(self, what: Asked) -> Response | None:
        """A private feed's new address, for a reader who may have the old one."""
        new = self.catalogue.moved.get(what.name.feed)
        reader = self.access.reader(what.name.feed, what.token) if new and what.token else None
        if not new or not reader or not self.access.is_private(new):
            return None
        address = f"{self.catalogue.site.base_url}/k/{self.access.token(new, reader)}/feeds/{_there(what, new)}"
        return moved(address, kept=False)

    def _found(self, what: Asked) -> Response | WSGIApplication | None:
        if what.name.archive:
            return self._archived(what, what.name.archive)
        known = what.name.feed in self.catalogue.feeds or what.name.format is None
        # Sources that nobody configured are known by their entries alone.
        if known or (what.name.feed.startswith("source/") and not self.filled()):
            return self.deliver(request.path) or plain(503, retry=_MAKING)
        return None

    def _archived(self, what: Asked, name: str) -> Response | WSGIApplication | None:
        try:
            with self.turns.one():
                there = self.archive(what.name.feed, name)
        except BusyError:
            return plain(503, "Much is being made just now. Ask again in a moment.", retry=_MAKING)
        except (StoreError, PublishError):
            return plain(503, "Archives cannot be made just now. Ask again later.", retry=60)
        return self.deliver(request.path) if there else None

    def _hint(self, path: str) -> str:
        """What to say of an address that no feed has."""
        if path.rstrip("/") in self.catalogue.listed:
            return "A feed's address ends in .atom, .rss or .json."
        return f"There is no feed at this address. All feeds: {self.catalogue.site.base_url}/feeds/opml.xml"


def _there(what: Asked, new: str) -> str:
    """The same document of a feed under its new name; a view of it stays that view."""
    query = ""
    with suppress(QueryError):
        query = read_view(request.environ.get("QUERY_STRING", ""))[1] if not what.name.archive else ""
    return new + what.path.removeprefix(what.name.feed) + (f"?{query}" if query else "")

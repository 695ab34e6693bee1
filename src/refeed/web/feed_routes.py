"""Routes below /feeds/ and /k/ for what the front does not answer: names that are gone, archives not rendered yet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from ..config.filter_rules import FeedFilter
from ..config.settings import Settings
from ..errors import PublishError, StoreError
from ..feeds.access_tokens import AccessTokens
from ..feeds.feed_builder import FeedBuilder
from ..feeds.pagination import DocumentBudget
from ..feeds.registry import FeedRegistry, build_registry
from ..model import FeedPath, Format
from ..publish.output_dir import OutputDir
from ..publish.publisher import Publisher
from ..store.store import Store
from .error_responses import error_response, feed_moved_response
from .filter_params import FilterParamsError, parse_filter_params
from .rate_limit import BusyError, ConcurrencyLimit
from .url_map import DocumentUrl, UrlMap, parse_document_url

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


# What the web asks of the store: archives to be rendered, entries for views. Opened when first needed, read only.


class StoreReader:
    """The store behind the documents. While it is away, documents that are on the disk are served all the same."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def render_archive(self, feed: FeedPath, name: str) -> bool:
        """Render one archive into feeds/; False when there is none. Raises StoreError, PublishError."""
        return self._publisher.render_archive(feed, name)

    def had_entries(self, feed: FeedPath) -> bool:
        """Whether a feed once had entries, whatever the configuration says now. Raises StoreError."""
        return any(state.path == feed for state in self.store.get_feed_states())

    def render_filtered(self, feed: FeedPath, format: Format, view: FeedFilter, query: str, moment: datetime) -> bytes:
        """The document of a view by query. Raises StoreError."""
        catalogue = build_registry(self._settings, self.store.get_sources())
        budget = DocumentBudget(self._settings.feeds.entries, self._settings.feeds.bytes)
        documents = FeedBuilder(self.store, catalogue, budget)
        shown = documents.build_filtered(feed, view, moment, replace(catalogue.feeds[feed], query=query))
        return documents.render(shown, format)

    def freshness(self) -> dict[str, tuple[int, datetime]]:
        """Per public source: how many entries, and when the newest was published. Raises StoreError."""
        listed = build_registry(self._settings, self.store.get_sources()).public_feeds
        return {
            source: found
            for source, found in self.store.get_freshness().items()
            if FeedPath("source", source) in listed
        }

    @cached_property
    def store(self) -> Store:
        """The store. Raises nothing until it is asked something."""
        return Store(self._settings.database_url, read_only=True)

    @cached_property
    def _publisher(self) -> Publisher:
        return Publisher(self._settings, self.store, OutputDir(self._settings.feeds_dir))


ResponseAppFinder = Callable[[str], "WSGIApplication | None"]
"""The document at an address as an answer, or None when there is none."""
_MAKING = 5
"""Seconds after which to ask again for a document that is being made."""
ArchiveRenderer = Callable[[FeedPath, str], bool]
"""Render one archive (feed, name) into feeds/; False when there is none. Raises StoreError, PublishError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRoutes:
    """What the routes answer from."""

    catalogue: FeedRegistry
    url_map: UrlMap
    access: AccessTokens
    find_response_app: ResponseAppFinder
    render_archive: ArchiveRenderer
    had_entries: Callable[[FeedPath], bool]
    """Whether a feed once had entries. Raises StoreError."""
    is_complete: Callable[[], bool]
    """Whether all documents were made once, so that one which is not there is no feed's."""
    limit: ConcurrencyLimit

    def blueprint(self) -> Blueprint:
        """The routes."""
        blueprint = Blueprint("feeds", __name__)
        blueprint.add_url_rule("/feeds/<path:path>", "document", self.document)
        blueprint.add_url_rule("/k/<token>/feeds/<path:path>", "private_document", self.private_document)
        return blueprint

    def document(self, path: str) -> Response | WSGIApplication:
        """A public document: made now, moved, gone, or unknown."""
        what = parse_document_url(f"/feeds/{path}")
        if what is not None:
            found = self._gone(what) or (self._found(what) if self.url_map.is_allowed(what) else None)
            if found is not None:
                return found
            if self._is_former_topic(what):
                return error_response(410)
        return error_response(404, self._hint(path))

    def private_document(self, token: str, path: str) -> Response | WSGIApplication:
        """A private document: made now, moved, or nothing that its token opens."""
        what = parse_document_url(f"/k/{token}/feeds/{path}")
        found = (
            (self._renamed(what) or (self._found(what) if self.url_map.is_allowed(what) else None)) if what else None
        )
        return found or error_response(404, "There is nothing at this address, or not for its token.", cacheable=False)

    def _gone(self, what: DocumentUrl) -> Response | None:
        """301 for a feed that was renamed, 410 for one that was retired; nothing is said of those that are private."""
        feed = what.document.feed
        if feed is None:
            return None
        new = self.catalogue.moved.get(feed)
        if new in self.catalogue.public_feeds:
            return feed_moved_response(f"{self.catalogue.site.base_url}/feeds/{_there(what, feed, new)}")
        return error_response(410) if feed in self.catalogue.retired and not self.access.is_private(feed) else None

    def _is_former_topic(self, what: DocumentUrl) -> bool:
        """A topic that was taken out of config.yaml: the store remembers that it had entries."""
        feed = what.document.feed
        if feed is None or feed.kind != "topic" or feed in self.catalogue.feeds:
            return False
        try:
            with self.limit.slot():
                return self.had_entries(feed)
        except (BusyError, StoreError):
            return False

    def _renamed(self, what: DocumentUrl) -> Response | None:
        """A private feed's new address, for a reader who may have the old one."""
        feed = what.document.feed
        if feed is None:
            return None
        new = self.catalogue.moved.get(feed)
        reader = self.access.find_reader(feed, what.token) if new and what.token else None
        if not new or not reader or not self.access.is_private(new):
            return None
        address = (
            f"{self.catalogue.site.base_url}/k/{self.access.make_token(new, reader)}/feeds/{_there(what, feed, new)}"
        )
        return feed_moved_response(address, cacheable=False)

    def _found(self, what: DocumentUrl) -> Response | WSGIApplication | None:
        feed = what.document.feed
        if feed and what.document.archive:
            return self._archived(feed, what.document.archive)
        known = feed is None or feed in self.catalogue.feeds
        # Sources that nobody configured are known by their entries alone.
        if known or (feed and feed.kind == "source" and not self.is_complete()):
            return self.find_response_app(request.path) or error_response(503, retry_after=_MAKING)
        return None

    def _archived(self, feed: FeedPath, name: str) -> Response | WSGIApplication | None:
        try:
            with self.limit.slot():
                there = self.render_archive(feed, name)
        except BusyError:
            return error_response(503, "Much is being made just now. Ask again in a moment.", retry_after=_MAKING)
        except (StoreError, PublishError):
            return error_response(503, "Archives cannot be made just now. Ask again later.", retry_after=60)
        return self.find_response_app(request.path) if there else None

    def _hint(self, path: str) -> str:
        """What to say of an address that no feed has."""
        if path.rstrip("/") in map(str, self.catalogue.public_feeds):
            return "A feed's address ends in .atom, .rss or .json."
        return f"There is no feed at this address. All feeds: {self.catalogue.site.base_url}/feeds/opml.xml"


def _there(what: DocumentUrl, feed: FeedPath, new: FeedPath) -> str:
    """The same document of a feed under its new name; a view of it stays that view."""
    query = ""
    with suppress(FilterParamsError):
        query = parse_filter_params(request.environ.get("QUERY_STRING", ""))[1] if not what.document.archive else ""
    return str(new) + what.path.removeprefix(str(feed)) + (f"?{query}" if query else "")

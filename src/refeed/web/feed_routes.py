"""Requests below /feeds/ and /k/ that the middleware does not answer -> archives, redirects, errors.

These are renamed, retired and unknown feeds, documents that are not generated yet, and archives, which are rendered on
request.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request

from ..config.filter_rules import FeedFilter
from ..config.settings import Settings
from ..errors import PublishError, StoreError
from ..feeds.access_tokens import AccessTokens
from ..feeds.entry_filter import filtered_title
from ..feeds.feed_builder import FeedBuilder
from ..feeds.pagination import DocumentBudget
from ..feeds.registry import FeedRegistry, build_registry
from ..model import FeedPath, Format
from ..publish.output_dir import OutputDir
from ..publish.publisher import COMPLETE_KEY, Publisher
from ..render.formats import RENDERERS
from ..store.store import Store
from .document_middleware import DocumentSender, show_page
from .filtered_feeds import FilterParamsError, parse_filter_params
from .rate_limit import ConcurrencyLimit
from .responses import error_response, feed_moved_response
from .url_map import DocumentUrl, UrlMap, parse_document_url

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_RETRY_SECONDS = 5
"""The Retry-After of a document that is not generated yet, in seconds."""


@dataclass(frozen=True)
class StoreReader:
    """Reads the store for documents that are rendered on request. The store is opened read-only when first needed.
    Documents in feeds/ do not need it."""

    settings: Settings

    @cached_property
    def store(self) -> Store:
        """The store, opened by the first use. Its methods raise StoreError."""
        return Store(self.settings.database_url, read_only=True)

    @cached_property
    def publisher(self) -> Publisher:
        """The publisher, which writes archives into feeds/."""
        return Publisher(self.settings, self.store, OutputDir.from_settings(self.settings))

    def render_filtered(
        self, feed: FeedPath, format: Format, feed_filter: FeedFilter, query: str, now: datetime
    ) -> bytes:
        """Render the document of a feed with a filter. `query` is the filter's canonical query. Raises StoreError."""
        if self.store.get_meta(COMPLETE_KEY) is None:
            raise StoreError("dumps of this feed may still be to come")
        registry = build_registry(self.settings, self.store.get_sources())
        budget = DocumentBudget(self.settings.feeds.entries, self.settings.feeds.bytes)
        builder = FeedBuilder(self.store, registry, budget)
        info = registry.feeds[feed]
        info = replace(
            info, query=query, title=filtered_title(info.title, info.language, feed_filter, registry.public_feeds)
        )
        filtered = builder.build_filtered(feed, feed_filter, now, info)
        return RENDERERS[format](filtered)

    def get_freshness(self) -> dict[str, tuple[int, datetime]]:
        """The number of entries of each public source, and when its newest was published. Raises StoreError."""
        public = build_registry(self.settings, self.store.get_sources()).public_feeds
        freshness = self.store.get_freshness()
        return {source: state for source, state in freshness.items() if FeedPath("source", source) in public}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRoutes:
    """Answers requests for documents that the middleware does not have."""

    registry: FeedRegistry
    url_map: UrlMap
    access: AccessTokens
    sender: DocumentSender
    store_reader: StoreReader
    output_dir: OutputDir
    limit: ConcurrencyLimit

    def blueprint(self) -> Blueprint:
        """The routes."""
        blueprint = Blueprint("feeds", __name__)
        blueprint.add_url_rule("/feeds/<path:path>", "document", self.document)
        blueprint.add_url_rule("/k/<token>/feeds/<path:path>", "private_document", self.private_document)
        return blueprint

    def document(self, path: str) -> Response | WSGIApplication:
        """A public document: rendered now, not generated yet (503), moved (301), retired (410), or unknown (404)."""
        url = parse_document_url(f"/feeds/{path}")
        if url is not None:
            url = self.url_map.hide_private(url)
            response = self._moved_or_retired(url) or self._generate(url)
            if response is not None:
                return response
        if path.rstrip("/") in map(str, self.registry.public_feeds):
            return error_response(404, "The address of a feed ends in .atom, .rss or .json.")
        # Not cached: a worker that is deployed later, or a file that is saved again, may bring the feed back.
        return error_response(
            404, f"Feed not found. All feeds: {self.registry.site.base_url}/feeds/opml.xml", cacheable=False
        )

    def private_document(self, token: str, path: str) -> Response | WSGIApplication:
        """A private document: rendered now, not generated yet (503), moved (301), or not available (404)."""
        url = parse_document_url(f"/k/{token}/feeds/{path}")
        response = None
        if url is not None:
            response = self._moved_private(url) or (self._generate(url) if self.url_map.is_allowed(url) else None)
        return response or error_response(404, "Feed not found, or not available with this token.", cacheable=False)

    def _moved_or_retired(self, url: DocumentUrl) -> Response | None:
        """301 for a renamed feed, 410 for a retired one; otherwise None. Private feeds are not revealed."""
        feed = url.document.feed
        if feed is None:
            return None
        new = self.registry.moved.get(feed)
        if new in self.registry.public_feeds:
            return feed_moved_response(f"{self.registry.site.base_url}/feeds/{_renamed_path(url, feed, new)}")
        return error_response(410) if feed in self.registry.retired else None

    def _moved_private(self, url: DocumentUrl) -> Response | None:
        """301 to the new address of a private feed, if the token is valid for the old address; otherwise None."""
        feed = url.document.feed
        if not feed or not url.token:
            return None
        reader, new = self.access.find_reader(feed, url.token), self.registry.moved.get(feed)
        if not reader or not new or not self.access.is_private(new):
            return None
        token = self.access.make_token(new, reader)
        new_url = f"{self.registry.site.base_url}/k/{token}/feeds/{_renamed_path(url, feed, new)}"
        return feed_moved_response(new_url, cacheable=False)

    def _generate(self, url: DocumentUrl) -> Response | WSGIApplication | None:
        feed = url.document.feed
        if url.document.part:
            return None  # DerivedDocuments has not found it
        if feed and url.document.archive:
            return self._generate_archive(feed, url.document.archive)
        if feed is None or feed in self.registry.feeds or (feed.kind == "source" and self._may_be_published(feed)):
            app = self.sender.find_app(request.path)
            if app is None and show_page(request.environ, request.path):
                app = current_app.wsgi_app
            return app or error_response(503, retry_after=_RETRY_SECONDS)
        return None

    def _may_be_published(self, source: FeedPath) -> bool:
        """Whether a source may have documents, although no rule names it: it is known only from its entries.

        Its documents may be lost or damaged, so only the manifests say that there are none. feeds.json is written after
        all documents of the first scan.
        """
        manifests = self.output_dir.read_manifests()
        return not manifests or source in manifests or self.output_dir.document_digest("feeds.json") is None

    def _generate_archive(self, feed: FeedPath, name: str) -> Response | WSGIApplication | None:
        try:
            with self.limit.slot():
                exists = self.store_reader.publisher.render_archive(feed, name)
        except (StoreError, PublishError):
            return error_response(503, "Archives are unavailable. Retry in a minute.", retry_after=60)
        return self.sender.find_app(request.path) if exists else None


def _renamed_path(url: DocumentUrl, old: FeedPath, new: FeedPath) -> str:
    """The path of the same document under the feed's new name, including the filter."""
    query = ""
    if not url.document.archive:
        with suppress(FilterParamsError):
            query = parse_filter_params(request.environ.get("QUERY_STRING", ""))[1]
    return f"{new}{url.path.removeprefix(str(old))}" + (f"?{query}" if query else "")

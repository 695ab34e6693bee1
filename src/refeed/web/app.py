"""Settings -> Flask with all its routes, behind the front. What polls need alone is put together in `opening`."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import Any

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from ..config.load import load_settings
from ..config.settings import Settings
from ..feeds.registry import build_registry
from ..logs import configure_logging
from ..publish.output_dir import OutputDir
from .document_middleware import Wiring, wire_middleware
from .document_response import SECURITY_HEADERS
from .error_responses import deny_if_private, http_error_response
from .feed_routes import FeedRoutes, StoreReader
from .filtered_feeds import FilteredFeeds
from .operations import StatusCache, operations_blueprint
from .pages.routes import pages_blueprint
from .rate_limit import ConcurrencyLimit
from .request_metrics import RequestMetrics


class _App(Flask):
    """Flask, but for what it writes into the log: a private address never gets there."""

    def log_exception(self, exc_info: Any) -> None:
        self.logger.error("%s %s failed", request.method, _TOKEN.sub("/k/…/", request.path), exc_info=exc_info)


def create_app(settings: Settings | None = None) -> Flask:
    """The application; without settings, those of config.yaml and the environment."""
    if settings is None:
        settings = load_settings(os.environ)
        configure_logging(settings.log_format)
    opened = wire_middleware(settings, create_flask_app)
    app = opened.flask_app.app
    app.wsgi_app = opened.middleware  # type: ignore[method-assign]
    return app


def create_flask_app(opened: Wiring) -> tuple[Flask, FilteredFeeds]:
    """What stands behind the front: the routes, and the views."""
    settings = opened.settings
    app = _App("refeed.web", static_folder=None)  # the pages give out their own
    # A request must never be redirected by what its Host says, or by how many slashes it has.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    stored, turns, health = StoreReader(settings), ConcurrencyLimit(), StatusCache(settings)
    app.register_blueprint(_feeds(opened, stored, turns))
    app.register_blueprint(pages_blueprint(settings, health))
    app.register_blueprint(operations_blueprint(settings, health, opened.request_metrics, stored.freshness))
    if settings.push_token:
        from .push_endpoint import push_blueprint  # and with it all that makes an entry of a dump

        app.register_blueprint(push_blueprint(settings))
    if settings.access.site == "private":
        app.before_request(deny_if_private)
    app.register_error_handler(HTTPException, http_error_response)
    app.after_request(partial(_noted, opened.request_metrics))
    app.after_request(_safe)
    return app, FilteredFeeds(stored.render_filtered, opened.url_map, turns, opened.middleware.response_app)


def _feeds(opened: Wiring, stored: StoreReader, turns: ConcurrencyLimit) -> Blueprint:
    folder = OutputDir(opened.settings.feeds_dir)
    feeds = FeedRoutes(
        catalogue=build_registry(opened.settings),
        url_map=opened.url_map,
        access=opened.access,
        find_response_app=opened.middleware.find_response_app,
        render_archive=stored.render_archive,
        had_entries=stored.had_entries,
        is_complete=lambda: folder.document_digest("feeds.json") is not None,  # which is made after the feeds
        limit=turns,
    )
    return feeds.blueprint()


def _noted(counting: RequestMetrics, response: Response) -> Response:
    """Count what is answered below /feeds/ by other than a document, which the front counts itself."""
    if request.path.startswith(("/feeds/", "/k/")) and response.status_code >= 300 and response.status_code != 304:
        counting.record("", response.status_code, request.headers.get("User-Agent", ""), 0)
    return response


def _safe(response: Response) -> Response:
    """Safety headers on what did not set its own."""
    for name, value in SECURITY_HEADERS:
        response.headers.setdefault(name, value)
    return response


_TOKEN = re.compile(r"/k/[^/]*/?")

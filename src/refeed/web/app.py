"""Settings -> the Flask application with all its routes, behind the document middleware."""

from __future__ import annotations

import os
import re
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ..config.load import load_settings
from ..config.settings import Settings
from ..feeds.registry import build_registry
from ..logs import configure_logging
from ..publish.output_dir import OutputDir
from .document_cache import SECURITY_HEADERS
from .document_middleware import CreatedApp, Wiring, wire_middleware
from .feed_routes import FeedRoutes, StoreReader
from .operations import StatusCache, operations_blueprint
from .pages.routes import pages_blueprint
from .responses import deny_if_private, http_error_response

_TOKEN = re.compile(r"/k/[^/]*/?")


class _App(Flask):
    """Flask whose error log contains no tokens of private feeds."""

    def log_exception(self, exc_info: Any) -> None:
        self.logger.error("%s %s failed", request.method, _TOKEN.sub("/k/…/", request.path), exc_info=exc_info)


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. By default its settings come from config.yaml and the environment."""
    if settings is None:
        settings = load_settings(os.environ)
        configure_logging(settings.log_format)
    wiring = wire_middleware(settings, create_flask_app)
    app = wiring.flask_app.get().flask
    app.wsgi_app = wiring.middleware  # type: ignore[method-assign]
    return app


def create_flask_app(wiring: Wiring) -> CreatedApp:
    """Create the Flask application behind the middleware: its routes, and the renderer of filtered feeds."""
    settings, request_metrics = wiring.settings, wiring.request_metrics
    app = _App("refeed.web", static_folder=None)  # pages_blueprint serves the static files
    # Redirects must not depend on the Host header or on repeated or trailing slashes.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    store_reader, status_cache = StoreReader(settings), StatusCache(settings)
    output_dir = OutputDir(settings.feeds_dir)
    feed_routes = FeedRoutes(
        registry=build_registry(settings),
        url_map=wiring.url_map,
        access=wiring.access,
        find_response_app=wiring.middleware.find_response_app,
        store_reader=store_reader,
        is_complete=lambda: output_dir.document_digest("feeds.json") is not None,  # written after all feeds
        limit=wiring.limit,
    )
    app.register_blueprint(feed_routes.blueprint())
    app.register_blueprint(pages_blueprint(settings, status_cache))
    app.register_blueprint(operations_blueprint(settings, status_cache, request_metrics, store_reader.get_freshness))
    if settings.push_token:
        from .push_endpoint import push_blueprint  # imports the whole cleaning of dumps

        app.register_blueprint(push_blueprint(settings))
    if settings.access.site == "private":
        app.before_request(deny_if_private)
    app.register_error_handler(HTTPException, http_error_response)

    @app.after_request
    def finish_response(response: Response) -> Response:
        # Errors and redirects of feed addresses are recorded here. The middleware records documents.
        if request.path.startswith(("/feeds/", "/k/")) and response.status_code >= 300 and response.status_code != 304:
            request_metrics.record("", response.status_code, request.headers.get("User-Agent", ""), 0)
        for name, value in SECURITY_HEADERS:
            response.headers.setdefault(name, value)
        return response

    return CreatedApp(app, app.wsgi_app, store_reader.render_filtered)

"""Settings -> the Flask application with all its routes, behind the document middleware."""

from __future__ import annotations

import os
import re
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ..config.load import load_settings, protect_var
from ..config.settings import Settings
from ..feeds.access_tokens import AccessTokens
from ..feeds.registry import build_registry
from ..logs import configure_logging
from ..metrics import share_metrics
from ..publish.output_dir import OutputDir
from .authorization import TokenCheck
from .catalogues import catalogues_blueprint
from .derived_documents import DerivedDocuments
from .document_cache import SECURITY_HEADERS, DocumentCache
from .document_middleware import DocumentMiddleware, DocumentSender, LimitedPages
from .feed_routes import FeedRoutes, StoreReader
from .filtered_feeds import FilteredFeeds
from .operations import StatusCache, operations_blueprint
from .pages.routes import pages_blueprint
from .rate_limit import BusyError, ConcurrencyLimit, PollLimit
from .request_metrics import RequestMetrics
from .responses import busy_response, deny_if_private, http_error_response
from .url_map import UrlMap

_OPERATOR_PATHS = ("/status", "/status.json", "/metrics")
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
        protect_var(settings)
    share_metrics(settings.var_dir)
    access, request_metrics, limit = AccessTokens(settings), RequestMetrics(), ConcurrencyLimit()
    url_map, store_reader = UrlMap(settings, access), StoreReader(settings)
    cache = DocumentCache(settings.feeds_dir, url_map, settings.http.memory)
    sender = DocumentSender(cache, request_metrics.record)
    feed_routes = FeedRoutes(
        registry=build_registry(settings),
        url_map=url_map,
        access=access,
        sender=sender,
        store_reader=store_reader,
        output_dir=OutputDir.from_settings(settings),
        limit=limit,
    )
    derived_documents = DerivedDocuments(settings, lambda: store_reader.store, url_map)
    status_cache = StatusCache(settings)
    operations = operations_blueprint(settings, status_cache, request_metrics, store_reader.get_freshness)
    app = _create_flask_app(request_metrics)
    app.register_blueprint(feed_routes.blueprint())
    app.register_blueprint(catalogues_blueprint(settings, lambda: store_reader.store, derived_documents, sender))
    app.register_blueprint(pages_blueprint(settings, status_cache))
    app.register_blueprint(operations)
    if settings.all_push_tokens:
        from .push_endpoint import push_blueprint  # imports the whole cleaning of dumps

        app.register_blueprint(push_blueprint(settings))
    if settings.images == "cached":
        from .image_routes import images_blueprint  # imports what sends requests

        app.register_blueprint(images_blueprint(settings))
    if settings.access.site == "private":
        app.before_request(deny_if_private)
    if settings.operator_token:
        token_check = TokenCheck([settings.operator_token], settings.http.proxies, scheme="Basic")
        app.before_request(lambda: token_check.refuse() if request.path in _OPERATOR_PATHS else None)
        app.after_request(_keep_from_caches)
    app.wsgi_app = DocumentMiddleware(  # type: ignore[method-assign]
        app=LimitedPages(app.wsgi_app, limit),
        sender=sender,
        filtered_feeds=FilteredFeeds(store_reader.render_filtered, url_map, limit),
        derived_documents=derived_documents,
        poll_limit=PollLimit(settings.http) if settings.http.polls else None,
    )
    return app


def _keep_from_caches(response: Response) -> Response:
    """Let no cache store what the operator's token has opened."""
    if request.path in _OPERATOR_PATHS:
        response.headers["Cache-Control"] = "no-store"
    return response


def _create_flask_app(request_metrics: RequestMetrics) -> Flask:
    app = _App("refeed.web", static_folder=None)  # pages_blueprint serves the static files
    # Redirects must not depend on the Host header or on repeated or trailing slashes.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.register_error_handler(HTTPException, http_error_response)
    app.register_error_handler(BusyError, lambda _: busy_response())

    @app.after_request
    def finish_response(response: Response) -> Response:
        # Errors and redirects of feed addresses are recorded here, documents by their sender.
        if request.path.startswith(("/feeds/", "/k/")) and response.status_code >= 300 and response.status_code != 304:
            request_metrics.record("", response.status_code, request.headers.get("User-Agent", ""), 0)
        for name, value in SECURITY_HEADERS:
            response.headers.setdefault(name, value)
        return response

    return app

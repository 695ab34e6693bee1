"""Settings -> the WSGI application."""

from __future__ import annotations

import os
import re

from flask import Flask, Response, abort, request

from ..catalogue import make_catalogue
from ..config import Settings, load
from ..logs import start_logs
from .operations import operations
from .pages import pages
from .push import push
from .shelf import Shelf

_TYPES = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}
_LISTS = {"opml.xml": "text/x-opml; charset=utf-8", "feeds.json": "application/json; charset=utf-8"}
_NAME = re.compile(
    r"^(?:all|(?:source|topic)/[a-z0-9-]{1,100})(?:/archive/\d{4}-\d{2}(?:-\d{1,5})?)?\.(atom|rss|json)$"
)


def create_app(settings: Settings | None = None) -> Flask:
    """The application; without settings, those of config.yaml and the environment."""
    if settings is None:
        settings = load(os.environ)
        start_logs(settings.log)
    app = Flask("refeed.web")
    shelf = Shelf(settings.feeds_folder)
    catalogue = make_catalogue(settings)

    @app.get("/feeds/<path:name>")
    def document(name: str) -> Response:
        match = _NAME.match(name)
        media = _LISTS.get(name) or (_TYPES[match[1]] if match else None)
        if media is None:
            abort(404)
        found = shelf.find(name)
        if found is None:
            if name.rpartition(".")[0] in catalogue.feeds or name in _LISTS:
                return Response("This document is being made; ask again in a moment.\n", 503, {"Retry-After": "5"})
            abort(404)
        response = Response(found.data, mimetype=media)
        response.headers["Content-Type"] = media
        response.set_etag(found.digest[:32])
        response.last_modified = found.changed
        response.headers["Cache-Control"] = "max-age=300, stale-while-revalidate=600, stale-if-error=86400"
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response.make_conditional(request)

    app.register_blueprint(pages(settings))
    app.register_blueprint(operations(settings))
    if settings.push_token:
        app.register_blueprint(push(settings))
    return app

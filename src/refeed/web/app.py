"""Settings -> the WSGI application. The one place that puts it together.

request -> Front: documents in memory            -> answer
             |  nothing in memory, or a hook claims it
             v
           Flask: feeds, pages, operations       -> answer
"""

from __future__ import annotations

import os

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from ..catalogue import make_catalogue
from ..config import Settings, load
from ..logs import start_logs
from .answers import refused
from .archivist import Archivist
from .feeds import feeds
from .front import Front
from .manners import SAFETY, Manners
from .operations import operations
from .pages import pages
from .places import Places
from .push import push
from .shelf import Shelf
from .stored import Stored


def create_app(settings: Settings | None = None) -> Flask:
    """The application; without settings, those of config.yaml and the environment."""
    if settings is None:
        settings = load(os.environ)
        start_logs(settings.log)
    app = Flask("refeed.web")
    # A request must never be redirected by what its Host says, or by how many slashes it has.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    catalogue = make_catalogue(settings)
    stored = Stored(settings)
    shelf = Shelf(settings.feeds_folder, Places(Manners(settings)), settings.http.memory)
    front = Front(app.wsgi_app, shelf, beforehand=(), note=lambda *_: None)
    app.register_blueprint(feeds(catalogue, front.deliver, Archivist(stored.archive)))
    app.register_blueprint(pages(settings))
    app.register_blueprint(operations(settings))
    if settings.push_token:
        app.register_blueprint(push(settings))
    app.register_error_handler(HTTPException, refused)
    app.after_request(_safe)
    app.wsgi_app = front  # type: ignore[method-assign]
    return app


def _safe(response: Response) -> Response:
    """Safety headers on what did not set its own."""
    for name, value in SAFETY:
        response.headers.setdefault(name, value)
    return response

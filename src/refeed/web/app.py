"""Settings -> the WSGI application. The one place that puts it together.

request -> Front: documents in memory            -> answer
             |  nothing in memory, or a hook claims it
             v
           Flask: feeds, pages, operations       -> answer
"""

from __future__ import annotations

import os
import re
from functools import partial
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ..access import Access
from ..catalogue import make_catalogue
from ..config import Settings, load
from ..logs import start_logs
from ..publish import Folder
from .answers import refused
from .browsing import Browsing
from .counting import Counting
from .doors import closed
from .feeds import feeds
from .front import Front
from .health import Health
from .manners import SAFETY, Manners
from .metrics import metrics
from .navigation import VARY
from .operations import operations
from .pages import pages
from .places import Places
from .polling import Polling
from .push import push
from .shelf import Shelf
from .stored import Stored
from .turns import Turns
from .viewing import Viewing


class _App(Flask):
    """Flask, but for what it writes into the log: a private address never gets there."""

    def log_exception(self, exc_info: Any) -> None:
        self.logger.error("%s %s failed", request.method, _TOKEN.sub("/k/…/", request.path), exc_info=exc_info)


def create_app(settings: Settings | None = None) -> Flask:
    """The application; without settings, those of config.yaml and the environment."""
    if settings is None:
        settings = load(os.environ)
        start_logs(settings.log)
    app = _App("refeed.web", static_folder=None)  # the pages give out their own
    # A request must never be redirected by what its Host says, or by how many slashes it has.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    _assemble(app, settings)
    health = Health(settings)
    app.register_blueprint(pages(settings, health))
    app.register_blueprint(operations(settings, health))
    if settings.push_token:
        app.register_blueprint(push(settings))
    app.register_error_handler(HTTPException, refused)
    app.after_request(_safe)
    return app


def _assemble(app: Flask, settings: Settings) -> None:
    """Put the documents before the routes."""
    catalogue, access, stored = make_catalogue(settings), Access(settings), Stored(settings)
    folder = Folder(settings.feeds_folder)
    flask_app = app.wsgi_app
    places = Places(Manners(settings, VARY), access, settings.site.base_url)
    shelf = Shelf(settings.feeds_folder, places, settings.http.memory)
    counting = Counting()
    front = Front(flask_app, shelf, note=counting.note)
    turns = Turns()
    viewing = Viewing(stored.view, places, turns, front.answering)
    polling = [Polling(settings.http)] if settings.http.polls else []
    front.hooks = (Browsing(flask_app, front), *polling, viewing)
    app.register_blueprint(
        feeds(
            catalogue,
            places,
            access,
            deliver=front.deliver,
            archive=stored.archive,
            remembers=stored.remembers,
            filled=lambda: folder.digest("feeds.json") is not None,  # which is made after the feeds
            turns=turns,
        )
    )
    app.register_blueprint(metrics(counting, stored.freshness))
    if settings.access.site == "private":
        app.before_request(closed)
    app.after_request(partial(_noted, counting))
    app.wsgi_app = front  # type: ignore[method-assign]


def _noted(counting: Counting, response: Response) -> Response:
    """Count what is answered below /feeds/ by other than a document, which the front counts itself."""
    if request.path.startswith(("/feeds/", "/k/")) and response.status_code >= 300 and response.status_code != 304:
        counting.note("", response.status_code, request.headers.get("User-Agent", ""), 0)
    return response


def _safe(response: Response) -> Response:
    """Safety headers on what did not set its own."""
    for name, value in SAFETY:
        response.headers.setdefault(name, value)
    return response


_TOKEN = re.compile(r"/k/[^/]*/?")

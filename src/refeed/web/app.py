"""Settings -> Flask with all its routes, behind the front. What polls need alone is put together in `opening`."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import Any

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from ..catalogue import make_catalogue
from ..config import Settings, load
from ..logs import start_logs
from ..publish import Folder
from .answers import refused
from .counting import Counting
from .doors import closed
from .feeds import Feeds
from .health import Health
from .manners import SAFETY
from .metrics import metrics
from .opening import Opened, open_front
from .operations import operations
from .pages import pages
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
    opened = open_front(settings, assemble)
    app = opened.rest.app
    app.wsgi_app = opened.front  # type: ignore[method-assign]
    return app


def assemble(opened: Opened) -> tuple[Flask, Viewing]:
    """What stands behind the front: the routes, and the views."""
    settings = opened.settings
    app = _App("refeed.web", static_folder=None)  # the pages give out their own
    # A request must never be redirected by what its Host says, or by how many slashes it has.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    stored, turns, health = Stored(settings), Turns(), Health(settings)
    app.register_blueprint(_feeds(opened, stored, turns))
    app.register_blueprint(metrics(opened.counting, stored.freshness))
    app.register_blueprint(pages(settings, health))
    app.register_blueprint(operations(settings, health))
    if settings.push_token:
        from .push import push  # and with it all that makes an entry of a dump

        app.register_blueprint(push(settings))
    if settings.access.site == "private":
        app.before_request(closed)
    app.register_error_handler(HTTPException, refused)
    app.after_request(partial(_noted, opened.counting))
    app.after_request(_safe)
    return app, Viewing(stored.view, opened.places, turns, opened.front.answering)


def _feeds(opened: Opened, stored: Stored, turns: Turns) -> Blueprint:
    folder = Folder(opened.settings.feeds_folder)
    feeds = Feeds(
        catalogue=make_catalogue(opened.settings),
        places=opened.places,
        access=opened.access,
        deliver=opened.front.deliver,
        archive=stored.archive,
        remembers=stored.remembers,
        filled=lambda: folder.digest("feeds.json") is not None,  # which is made after the feeds
        turns=turns,
    )
    return feeds.blueprint()


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

"""All that is no poll: Flask with its pages, the views, the store behind them; put together when first asked for.

A web process that is only polled does without: it answers 0.6 s sooner after its start, and takes 30 MB less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING

from .queries import asks
from .ready import Ready

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

    from .viewing import Viewing


class Rest:
    """A WSGI application, and the front's hook for views. Safe to use from several threads: one makes, others wait."""

    def __init__(self, make: Callable[[], tuple[Flask, Viewing]]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: tuple[Flask, WSGIApplication, Viewing] | None = None

    @property
    def app(self) -> Flask:
        """Flask itself."""
        return self._parts()[0]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._parts()[1](environ, start_response)

    def concerns(self, environ: WSGIEnvironment) -> bool:
        """Queries that ask for a view; cache busters and such do not."""
        query = environ.get("QUERY_STRING", "")
        return bool(query) and asks(query)

    def claims(self, environ: WSGIEnvironment, ready: Ready) -> WSGIApplication | None:
        """The view."""
        return self._parts()[2].claims(environ, ready)

    def _parts(self) -> tuple[Flask, WSGIApplication, Viewing]:
        with self._lock:
            if self._made is None:
                app, views = self._make()
                self._made = app, app.wsgi_app, views
            return self._made

"""Polls that ask for a document without saying what they have: counted by address, refused when there are too many."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from ..config.settings import HttpSettings
from .ready import Ready

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_CLIENTS = 20_000
"""Pairs of client and document that are remembered; the least recently seen are forgotten first."""


class Polling:
    """Counts for each client and document, in spans of `http.per`. Each web process counts for itself."""

    def __init__(self, settings: HttpSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = settings.polls
        self._span = settings.per.total_seconds()
        self._proxies = settings.proxies
        self._clock = clock
        self._lock = Lock()
        self._seen: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def concerns(self, environ: WSGIEnvironment) -> bool:
        """A client that sends conditions may poll as it likes, whatever they say."""
        return "HTTP_IF_NONE_MATCH" not in environ and "HTTP_IF_MODIFIED_SINCE" not in environ

    def claims(self, environ: WSGIEnvironment, ready: Ready) -> WSGIApplication | None:  # noqa: ARG002
        """429 for one poll too many."""
        wait = self._count((self.client(environ), environ["PATH_INFO"]))
        if not wait:
            return None
        from .answers import plain  # and with it Flask, which polls that are answered do without

        return plain(429, retry=wait)

    def client(self, environ: WSGIEnvironment) -> str:
        """Who asks: the address that the outermost trusted proxy saw, or that of the connection."""
        if self._proxies:
            seen = [part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            if len(seen) >= self._proxies and seen[-self._proxies]:
                return str(seen[-self._proxies][:64])
        return str(environ.get("REMOTE_ADDR", ""))

    def _count(self, key: tuple[str, str]) -> int:
        """0, or the seconds until the client may ask again."""
        moment = self._clock()
        with self._lock:
            start, count = self._seen.pop(key, (moment, 0))
            if moment - start >= self._span:
                start, count = moment, 0
            self._seen[key] = (start, count + 1)
            while len(self._seen) > _CLIENTS:
                self._seen.popitem(last=False)
        return 0 if count < self._most else max(1, int(start + self._span - moment) + 1)

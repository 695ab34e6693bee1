"""Polls that ask for a document without saying what they have: counted by address, refused when there are too many."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from ..config.settings import HttpSettings
from .document_response import CachedDocument

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

_CLIENTS = 20_000
"""Pairs of client and document that are remembered; the least recently seen are forgotten first."""


class PollLimit:
    """Counts for each client and document, in spans of `http.per`. Each web process counts for itself."""

    def __init__(self, settings: HttpSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = settings.polls
        self._span = settings.per.total_seconds()
        self._proxies = settings.proxies
        self._clock = clock
        self._lock = Lock()
        self._seen: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def applies(self, environ: WSGIEnvironment) -> bool:
        """A client that sends conditions may poll as it likes, whatever they say."""
        return "HTTP_IF_NONE_MATCH" not in environ and "HTTP_IF_MODIFIED_SINCE" not in environ

    def handle(self, environ: WSGIEnvironment, ready: CachedDocument) -> WSGIApplication | None:  # noqa: ARG002
        """429 for one poll too many."""
        wait = self._count((self.client_address(environ), environ["PATH_INFO"]))
        if not wait:
            return None
        from .error_responses import error_response  # and with it Flask, which polls that are answered do without

        return error_response(429, retry_after=wait)

    def client_address(self, environ: WSGIEnvironment) -> str:
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


# At most so many requests a minute: a bucket that fills again as time goes by.


class TokenBucket:
    """Safe to use from several threads. The clock is one that does not jump."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = a_minute / 60
        self._most = float(a_minute)
        self._clock = clock
        self._left = self._most
        self._then = clock()
        self._lock = threading.Lock()

    def take(self) -> int:
        """Take one request from the bucket: 0 when there was one, otherwise the seconds until there is."""
        with self._lock:
            moment = self._clock()
            self._left = min(self._most, self._left + (moment - self._then) * self._rate)
            self._then = moment
            if self._left >= 1:
                self._left -= 1
                return 0
            return math.ceil((1 - self._left) / self._rate)


# What takes long and was not made beforehand, archives and views: made one at a time, with few waiting. Everybody who
# waits holds one of the web's threads, and polls need one too.

_PATIENCE = 3.0
"""Seconds that somebody waits at most; the worst view takes one."""
MAX_WAITING = 2
"""How many wait at most. The web has to have more threads than these and the one that works."""


class BusyError(Exception):
    """Enough are waiting already, or it takes too long: the client had better come back."""


class ConcurrencyLimit:
    """Safe to use from several threads."""

    def __init__(self, waiting: int = MAX_WAITING, patience: float = _PATIENCE) -> None:
        self._inside = BoundedSemaphore(1 + waiting)
        self._turn = BoundedSemaphore(1)
        self._patience = patience

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Have the turn for the length of the block. Raises BusyError."""
        if not self._inside.acquire(blocking=False):
            raise BusyError
        try:
            if not self._turn.acquire(timeout=self._patience):
                raise BusyError
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._inside.release()

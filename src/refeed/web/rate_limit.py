"""Limits on requests: how many in a period for each key, and how many slow ones at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from cachetools import LRUCache

from ..config.settings import HttpSettings
from .document_cache import CachedDocument

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

MAX_WAITING = 2
"""Requests that wait for a slot at most. The web process must have more threads than these and the one that works."""
_MAX_WAIT_SECONDS = 3.0
"""Longest wait for a slot; the slowest filtered feed takes one second."""


class RateLimiter:
    """A token bucket for each key: `limit` requests at once, refilled evenly over `period` seconds.

    Safe to use from several threads. The keys used least recently are forgotten first.
    """

    def __init__(
        self, limit: int, period: float, max_keys: int = 20_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._rate = limit / period
        self._clock = clock
        self._lock = Lock()
        self._buckets: LRUCache[object, tuple[float, float]] = LRUCache(max_keys)
        """Tokens left by key, and when they were counted."""

    def acquire(self, key: object = None) -> int:
        """Take one token: 0 if there was one, otherwise the seconds until there is."""
        now = self._clock()
        with self._lock:
            tokens, counted = self._buckets.get(key, (float(self._limit), now))
            tokens = min(float(self._limit), tokens + (now - counted) * self._rate)
            granted = tokens >= 1
            self._buckets[key] = (tokens - 1 if granted else tokens, now)
        return 0 if granted else math.ceil((1 - tokens) / self._rate)


class PollLimit:
    """Limits unconditional requests by client and document: 429 beyond `http.polls` in `http.per`. Each web process
    counts for itself."""

    def __init__(self, settings: HttpSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._limiter = RateLimiter(settings.polls, settings.per.total_seconds(), clock=clock)
        self._proxies = settings.proxies

    def applies(self, environ: WSGIEnvironment) -> bool:
        """Clients that send conditions may poll without limit."""
        return "HTTP_IF_NONE_MATCH" not in environ and "HTTP_IF_MODIFIED_SINCE" not in environ

    def handle(self, environ: WSGIEnvironment, document: CachedDocument) -> WSGIApplication | None:  # noqa: ARG002
        """The 429, if there are too many."""
        wait = self._limiter.acquire((self.client_address(environ), environ["PATH_INFO"]))
        if not wait:
            return None
        from .responses import error_response  # imports Flask, which documents do without

        return error_response(429, retry_after=wait)

    def client_address(self, environ: WSGIEnvironment) -> str:
        """The address that the outermost trusted proxy saw; without proxies, that of the connection."""
        if self._proxies:
            forwarded = [part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            if len(forwarded) >= self._proxies and forwarded[-self._proxies]:
                return str(forwarded[-self._proxies][:64])
        return str(environ.get("REMOTE_ADDR", ""))


class BusyError(Exception):
    """Too many requests wait already, or the wait is too long: the client should retry."""


class ConcurrencyLimit:
    """One slow request at a time (an archive, a filtered feed), with few waiting, because each holds a thread.

    Safe to use from several threads.
    """

    def __init__(self, max_waiting: int = MAX_WAITING, max_wait: float = _MAX_WAIT_SECONDS) -> None:
        self._waiting = BoundedSemaphore(1 + max_waiting)
        self._slot = BoundedSemaphore(1)
        self._max_wait = max_wait

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold the slot for the length of the block. Raises BusyError."""
        if not self._waiting.acquire(blocking=False):
            raise BusyError
        try:
            if not self._slot.acquire(timeout=self._max_wait):
                raise BusyError
            try:
                yield
            finally:
                self._slot.release()
        finally:
            self._waiting.release()

"""Requests -> accepted or refused: limits per key and period, and a limit of concurrent slow requests."""

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
"""The most requests that wait for the slot. The web process needs more threads than these and the one that works."""
_MAX_WAIT_SECONDS = 3.0
"""The longest wait for the slot. The slowest filtered feed takes one second."""


class RateLimiter:
    """A token bucket for each key: `limit` requests at once, refilled evenly over `period` seconds.

    Safe to use from several threads. Beyond `max_keys`, the keys used least recently are dropped.
    """

    def __init__(
        self, limit: int, period: float, max_keys: int = 20_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._rate = limit / period
        self._clock = clock
        self._lock = Lock()
        self._buckets: LRUCache[object, tuple[float, float]] = LRUCache(max_keys)
        """By key: the tokens left, and when they were counted."""

    def acquire(self, key: object = None) -> int:
        """Take one token. Returns 0 if there was one, otherwise the seconds until the next."""
        now = self._clock()
        with self._lock:
            tokens, counted = self._buckets.get(key, (float(self._limit), now))
            tokens = min(float(self._limit), tokens + (now - counted) * self._rate)
            granted = tokens >= 1
            self._buckets[key] = (tokens - 1 if granted else tokens, now)
        return 0 if granted else math.ceil((1 - tokens) / self._rate)


class PollLimit:
    """A hook that answers 429 when a client makes more than `http.polls` unconditional requests for a document in
    `http.per`.

    Each web process counts separately.
    """

    def __init__(self, settings: HttpSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._limiter = RateLimiter(settings.polls, settings.per.total_seconds(), clock=clock)
        self._proxies = settings.proxies

    def applies(self, environ: WSGIEnvironment) -> bool:
        """Whether the request is unconditional. Conditional requests are not limited."""
        return "HTTP_IF_NONE_MATCH" not in environ and "HTTP_IF_MODIFIED_SINCE" not in environ

    def handle(self, environ: WSGIEnvironment, document: CachedDocument) -> WSGIApplication | None:  # noqa: ARG002
        """The 429 response, or None if the request is within the limit."""
        wait = self._limiter.acquire((self.client_address(environ), environ["PATH_INFO"]))
        if not wait:
            return None
        from .responses import error_response  # imports Flask, which documents do not need

        return error_response(429, retry_after=wait)

    def client_address(self, environ: WSGIEnvironment) -> str:
        """The client's address as the outermost trusted proxy saw it; without proxies, that of the connection."""
        if self._proxies:
            forwarded = [part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            if len(forwarded) >= self._proxies and forwarded[-self._proxies]:
                return str(forwarded[-self._proxies][:64])
        return str(environ.get("REMOTE_ADDR", ""))


class BusyError(Exception):
    """Too many requests are waiting, or one has waited too long. The client should retry."""


class ConcurrencyLimit:
    """Admits one slow request at a time (an archive, a filtered feed). Few may wait, because each one blocks a thread.

    Safe to use from several threads.
    """

    def __init__(self, max_waiting: int = MAX_WAITING, max_wait: float = _MAX_WAIT_SECONDS) -> None:
        self._waiting = BoundedSemaphore(1 + max_waiting)
        self._slot = BoundedSemaphore(1)
        self._max_wait = max_wait

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold the slot during the `with` block. Raises BusyError."""
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

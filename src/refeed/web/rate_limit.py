"""Requests -> accepted or refused: limits per key and period, and a limit of concurrent slow requests."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from cachetools import LRUCache

from ..config.settings import HttpSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_RUNNING = 2
"""Slow requests at once: one that waits for the store must not delay all others."""
MAX_WAITING = 4
"""The most slow requests that wait."""
MAX_PUSHES = 1
"""Pushes at once: a slow client must not keep threads from others. A web process needs more threads than all these
together: those that are left answer requests for documents."""
_MAX_WAIT_SECONDS = 3.0
"""The longest wait. The slowest filtered feed takes one second."""


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
    """Limits how often a client gets the same version of a document: `http.polls` in `http.per`.

    Each web process counts separately.
    """

    def __init__(self, settings: HttpSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._limiter = RateLimiter(settings.polls, settings.per.total_seconds(), clock=clock)
        self._proxies = settings.proxies

    def acquire(self, environ: WSGIEnvironment, version: str) -> int:
        """Returns 0 if the request is within the limit, otherwise the seconds until the next one is."""
        address = client_address(environ, self._proxies)
        return self._limiter.acquire((address, environ["PATH_INFO"], version))


def client_address(environ: WSGIEnvironment, proxies: int) -> str:
    """The client's address as the outermost of the trusted proxies saw it; without proxies, that of the connection.

    Of an IPv6 address, the network: whoever has one address of a /64 has them all.
    """
    if proxies:
        forwarded = [part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(forwarded) >= proxies and forwarded[-proxies]:
            return _network_of(forwarded[-proxies][:64])
    return _network_of(str(environ.get("REMOTE_ADDR", "")))


def _network_of(address: str) -> str:
    if address.count(":") == 1 or address.startswith("["):  # some proxies add the port, which changes
        address = address.rpartition(":")[0].strip("[]") if not address.endswith("]") else address.strip("[]")
    if ":" not in address:
        return address
    try:
        full = IPv6Address(address)
    except ValueError:
        return address
    return str(full.ipv4_mapped or IPv6Address(int(full) >> 64 << 64))


class BusyError(Exception):
    """Too many requests are waiting, or one has waited too long. The client should retry."""


class ConcurrencyLimit:
    """Admits few slow requests at a time (pages, archives, filtered feeds). Few may wait, because each one blocks a
    thread.

    Safe to use from several threads.
    """

    def __init__(
        self, running: int = MAX_RUNNING, waiting: int = MAX_WAITING, max_wait: float = _MAX_WAIT_SECONDS
    ) -> None:
        self._admitted = BoundedSemaphore(running + waiting)
        self._running = BoundedSemaphore(running)
        self._max_wait = max_wait

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot during the `with` block. Raises BusyError."""
        if not self._admitted.acquire(blocking=False):
            raise BusyError
        try:
            if not self._running.acquire(timeout=self._max_wait):
                raise BusyError
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._admitted.release()

"""Answers, noted in passing and counted a second later, so that a poll pays for one append and nothing else."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import NamedTuple

from ..measures import measures
from .clients import client

_PAUSE = 1.0


class _Noted(NamedTuple):
    feed: str
    status: int
    agent: str
    saved: int


class Counting:
    """Safe to use from several threads; each web process has one."""

    def __init__(self) -> None:
        self._noted: deque[tuple[str, int, str, int]] = deque()
        self._started = False
        self._lock = threading.Lock()

    def note(self, feed: str, status: int, agent: str, saved: int) -> None:
        """Note an answer: the feed, its status, the User-Agent, the bytes that a 304 saved."""
        self._noted.append((feed, status, agent, saved))
        if not self._started:
            self._start()

    def flush(self) -> None:
        """Count all that is noted."""
        with self._lock:
            noted = [self._noted.popleft() for _ in range(len(self._noted))]
        for key, count in Counter(noted).items():
            _count(_Noted(*key), count)

    def _start(self) -> None:
        # Not in __init__: a server may fork after it has built the application, and threads stay behind.
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="counting", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(_PAUSE)
            self.flush()


def _count(noted: _Noted, count: int) -> None:
    who, numbers = client(noted.agent), measures()
    numbers.requests.labels(str(noted.status), noted.feed, who.kind).inc(count)
    if noted.saved:
        numbers.saved.labels(noted.feed).inc(noted.saved * count)
    if who.subscribers is not None:
        numbers.subscribers.labels(noted.feed, who.kind).set(who.subscribers)

"""Responses -> Prometheus counters by feed, status and kind of client.

Responses are recorded at once and counted a second later in a thread, so that a request costs only one append.
"""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from functools import lru_cache
from typing import NamedTuple

from ..metrics import get_metrics, save_metrics

_NAMES = """
feedly inoreader newsblur theoldreader feedbin bazqux feedspot netvibes freshrss miniflux liferea newsboat akregator
rssguard netnewswire reeder vienna newsflash quiterss thunderbird rss2email feed2exec sfeed selfoss commafeed stringer
folo rsshub superfeedr feedparser feedvalidator gofeed python-requests aiohttp httpx curl wget go-http-client okhttp
node-fetch axios googlebot bingbot baiduspider yandexbot applebot duckduckbot slackbot telegrambot discordbot mastodon
uptimerobot pingdom prometheus
"""
_SPELLINGS = {"tiny tiny rss": "tt-rss", "tt-rss": "tt-rss", "fluent reader": "fluent-reader", "feeder.co": "feeder"}
_SPELLINGS |= {name: name for name in _NAMES.split()}
_KNOWN = re.compile("|".join(re.escape(name) for name in sorted(_SPELLINGS, key=len, reverse=True)))
_SUBSCRIBERS = re.compile(r"(\d{1,9}) (?:subscriber|reader|user)s?\b", re.IGNORECASE)
_MAX_LENGTH = 300
"""User-Agent headers are cut before they are kept, so that clients cannot fill the memory."""
_INTERVAL = 1.0


class UserAgent(NamedTuple):
    """The parts of a User-Agent header that the counters use."""

    kind: str
    """A known name, `browser`, `other`, or `none`."""
    subscribers: int | None = None
    """The number of subscribers that an aggregator reports."""


@lru_cache(maxsize=2048)
def parse_user_agent(header: str) -> UserAgent:
    """Parse a User-Agent header. Only known names are returned, so that clients cannot add labels to the counters."""
    text = header.lower()
    if not text.strip():
        return UserAgent("none")
    subscribers = _SUBSCRIBERS.search(text)
    known = _KNOWN.search(text)
    if known:
        kind = _SPELLINGS[known[0]]
    else:
        kind = "browser" if "mozilla/" in text and ("gecko" in text or "applewebkit" in text) else "other"
    return UserAgent(kind, int(subscribers[1]) if subscribers else None)


class RequestMetrics:
    """Counts the responses of one web process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._recorded: deque[tuple[str, int, str, int]] = deque()
        self._started = False
        self._lock = threading.Lock()

    def record(self, feed: str, status: int, user_agent: str, saved_bytes: int) -> None:
        """Record a response. `saved_bytes` is the size of the body that a 304 did not send."""
        self._recorded.append((feed, status, user_agent[:_MAX_LENGTH], saved_bytes))
        if not self._started:
            # The thread is not started in __init__, because a server may fork afterwards and a fork has no threads.
            with self._lock:
                if not self._started:
                    self._started = True
                    threading.Thread(target=self._run, name="request-metrics", daemon=True).start()

    def flush(self) -> None:
        """Count everything recorded so far."""
        metrics = get_metrics()
        with self._lock:
            recorded = [self._recorded.popleft() for _ in range(len(self._recorded))]
        for (feed, status, header, saved_bytes), count in Counter(recorded).items():
            user_agent = parse_user_agent(header)
            metrics.requests.labels(str(status), feed, user_agent.kind).inc(count)
            if saved_bytes:
                metrics.saved_bytes.labels(feed).inc(saved_bytes * count)
            if user_agent.subscribers is not None:
                metrics.subscribers.labels(feed, user_agent.kind).set(user_agent.subscribers)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(_INTERVAL)
            self.flush()
            save_metrics()

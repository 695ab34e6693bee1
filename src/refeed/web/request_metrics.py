"""Answers, noted in passing and counted a second later, so that a poll pays for one append and nothing else."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from functools import lru_cache
from typing import NamedTuple

from ..metrics import get_metrics

# User-Agent -> the kind of client, from a table, and the subscribers that an aggregator announces for a feed. Pure.

_NAMES = """
feedly inoreader newsblur theoldreader feedbin bazqux feedspot netvibes freshrss miniflux liferea newsboat akregator
rssguard netnewswire reeder vienna newsflash quiterss thunderbird rss2email feed2exec sfeed selfoss commafeed stringer
folo rsshub superfeedr feedparser feedvalidator gofeed python-requests aiohttp httpx curl wget go-http-client okhttp
node-fetch axios googlebot bingbot baiduspider yandexbot applebot duckduckbot slackbot telegrambot discordbot mastodon
uptimerobot pingdom prometheus
"""
_SPELLINGS = {"tiny tiny rss": "tt-rss", "tt-rss": "tt-rss", "fluent reader": "fluent-reader", "feeder.co": "feeder"}
_SPELLINGS |= {name: name for name in _NAMES.split()}
_TABLE = re.compile("|".join(re.escape(name) for name in sorted(_SPELLINGS, key=len, reverse=True)))
_SUBSCRIBERS = re.compile(r"(\d{1,9}) (?:subscriber|reader|user)s?\b", re.IGNORECASE)
_LONGEST = 300


class UserAgent(NamedTuple):
    """What the counters keep of a User-Agent."""

    kind: str
    """A name of the table, `browser`, `other`, or `none`."""
    subscribers: int | None = None
    """For how many people it asks, when it says so."""


@lru_cache(maxsize=2048)
def parse_user_agent(agent: str) -> UserAgent:
    """The client that calls itself so. Only names of the table come out, so that nobody fills the counters."""
    text = agent[:_LONGEST].lower()
    found = _SUBSCRIBERS.search(text)
    return UserAgent(_kind(text), int(found[1]) if found else None)


def _kind(text: str) -> str:
    if not text.strip():
        return "none"
    match = _TABLE.search(text)
    if match:
        return _SPELLINGS[match[0]]
    return "browser" if "mozilla/" in text and ("gecko" in text or "applewebkit" in text) else "other"


_PAUSE = 1.0


class _Noted(NamedTuple):
    feed: str
    status: int
    agent: str
    saved: int


class RequestMetrics:
    """Safe to use from several threads; each web process has one."""

    def __init__(self) -> None:
        self._noted: deque[tuple[str, int, str, int]] = deque()
        self._started = False
        self._lock = threading.Lock()

    def record(self, feed: str, status: int, agent: str, saved: int) -> None:
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
    who, numbers = parse_user_agent(noted.agent), get_metrics()
    numbers.requests.labels(str(noted.status), noted.feed, who.kind).inc(count)
    if noted.saved:
        numbers.saved_bytes.labels(noted.feed).inc(noted.saved * count)
    if who.subscribers is not None:
        numbers.subscribers.labels(noted.feed, who.kind).set(who.subscribers)

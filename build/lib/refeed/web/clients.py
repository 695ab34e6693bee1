"""User-Agent -> the kind of client, from a table, and the subscribers that an aggregator announces for a feed. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

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


class Client(NamedTuple):
    """What the counters keep of a User-Agent."""

    kind: str
    """A name of the table, `browser`, `other`, or `none`."""
    subscribers: int | None = None
    """For how many people it asks, when it says so."""


@lru_cache(maxsize=2048)
def client(agent: str) -> Client:
    """The client that calls itself so. Only names of the table come out, so that nobody fills the counters."""
    text = agent[:_LONGEST].lower()
    found = _SUBSCRIBERS.search(text)
    return Client(_kind(text), int(found[1]) if found else None)


def _kind(text: str) -> str:
    if not text.strip():
        return "none"
    match = _TABLE.search(text)
    if match:
        return _SPELLINGS[match[0]]
    return "browser" if "mozilla/" in text and ("gecko" in text or "applewebkit" in text) else "other"

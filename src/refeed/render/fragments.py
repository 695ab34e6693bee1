"""Entries already rendered, so that a document with one new entry does not write the other forty-nine again.

A memory of what a pure function gave: forgetting any of it changes no byte.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from ..model import Feed, FeedEntry, Format, Site

_BUDGET = 24 * 1024 * 1024  # the documents of about 80 feeds; a small web dyno has 512 MB in all


class _Key(NamedTuple):
    """What a fragment was made from, without holding its text: a hash of all of it beside the id and time."""

    id: str
    updated: datetime
    digest: int
    format: Format


class Fragments:
    """Fragments up to a number of bytes; the least recently used go first. Safe to share between threads."""

    def __init__(self, budget: int = _BUDGET) -> None:
        self._budget = budget
        self._size = 0
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._lock = Lock()
        self._last: tuple[Feed | None, list[int]] = (None, [])

    def all(self, feed: Feed, format: Format, write: Callable[[FeedEntry, Site], bytes]) -> Iterator[bytes]:
        """The fragments of a feed's entries, each written now or before."""
        for shown, digest in zip(feed.entries, self._digests(feed), strict=True):
            key = _Key(shown.entry.id, shown.entry.updated, digest, format)
            yield self._find(key) or self._keep(key, write(shown, feed.site))

    def _digests(self, feed: Feed) -> list[int]:
        """Of each entry as the feed shows it; worked out once for all formats, which follow one another."""
        last, digests = self._last
        if last is not feed:
            digests = [hash((shown, feed.site)) for shown in feed.entries]
            self._last = feed, digests
        return digests

    def _find(self, key: _Key) -> bytes | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def _keep(self, key: _Key, fragment: bytes) -> bytes:
        with self._lock:
            self._size += len(fragment) - len(self._kept.pop(key, b""))
            self._kept[key] = fragment
            while self._size > self._budget:
                self._size -= len(self._kept.popitem(last=False)[1])
        return fragment

    def __len__(self) -> int:
        return len(self._kept)


FRAGMENTS = Fragments()

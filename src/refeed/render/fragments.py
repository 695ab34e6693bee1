"""Entries already rendered, so that a document with one new entry does not write the other forty-nine again.

A memory of what a pure function gave: forgetting any of it changes no byte.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from ..model import FeedEntry, Format, Site

_BUDGET = 24 * 1024 * 1024  # the documents of about 80 feeds; a small web dyno has 512 MB in all


class _Key(NamedTuple):
    """What a fragment was made from, without holding its text: a hash of all of it beside the id and time."""

    id: str
    updated: datetime
    digest: int


class Fragments:
    """Fragments up to a number of bytes; the least recently used go first. Safe to share between threads."""

    def __init__(self, budget: int = _BUDGET) -> None:
        self._budget = budget
        self._size = 0
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, shown: FeedEntry, site: Site, format: Format, write: Callable[[FeedEntry, Site], bytes]) -> bytes:
        """The fragment of an entry, written now or before."""
        key = _Key(shown.entry.id, shown.entry.updated, hash((shown, site, format)))
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
        fragment = write(shown, site)
        with self._lock:
            self._keep(key, fragment)
        return fragment

    def _keep(self, key: _Key, fragment: bytes) -> None:
        self._size += len(fragment) - len(self._kept.pop(key, b""))
        self._kept[key] = fragment
        while self._size > self._budget:
            self._size -= len(self._kept.popitem(last=False)[1])

    def __len__(self) -> int:
        return len(self._kept)


FRAGMENTS = Fragments()

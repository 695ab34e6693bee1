"""How much each feed is read: counted by the web, remembered in the store. Where a machine begins with an empty disk,
the documents that most people ask for are made first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

import msgspec

from ..metrics import count_feed_reads
from ..store.store import Store

_SOON = 600.0
"""Seconds until what was counted is remembered for the first time, so that a machine which lives a day is heard of."""
_OFTEN = 3600.0
_FADES = 0.9
"""What is left each time of what was remembered before: what was read a week ago says nothing of today."""
_MOST = 1000
"""Feeds that are remembered."""


class PopularityTracker:
    """Adds what this machine's web counts to what is remembered, now and then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before = count_feed_reads()
        self._due = time.monotonic() + _SOON

    def save_if_due(self) -> None:
        """Remember, if it is time. Raises StoreError."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _OFTEN
            self.save()

    def save(self) -> None:
        """Remember what was read since the last time. Raises StoreError."""
        now = count_feed_reads()
        fresh = now - self._before
        self._before = now
        if not fresh:
            return
        known = Counter({feed: count * _FADES for feed, count in load_popularity(self._store).items()})
        known.update(fresh)
        kept = {feed: round(count, 1) for feed, count in known.most_common(_MOST) if count >= 0.1}
        self._store.set_meta(_FACT, msgspec.json.encode(kept).decode())


def load_popularity(store: Store) -> Mapping[str, float]:
    """How much each feed has been read lately, by its path; those that nobody read are left out. Raises StoreError."""
    return msgspec.json.decode(store.get_meta(_FACT) or "{}", type=dict[str, float])


_FACT = "read"
"""The fact in the store that holds it."""

"""Counts how often each feed is read. The web server counts, and the store keeps the counts.

A machine that starts with an empty disk renders the documents of the most popular feeds first.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

import msgspec

from ..metrics import count_feed_reads
from ..store.store import Store

_FIRST_SAVE = 600.0
"""Seconds until the counts are first saved. This is early, because some machines run for only a day."""
_INTERVAL = 3600.0
_DECAY = 0.9
"""Factor that each save applies to the older counts: a week later they hardly matter."""
_MAX_FEEDS = 1000
_META_KEY = "read"
"""Key of the counts in `meta`."""


class PopularityTracker:
    """Adds the reads that the web server of this machine counted to those in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._saved = count_feed_reads()
        self._due = time.monotonic() + _FIRST_SAVE

    def save_if_due(self) -> None:
        """Save the counts when the interval has passed. Raises StoreError."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _INTERVAL
            self.save()

    def save(self) -> None:
        """Save the reads since the last call. Raises StoreError."""
        reads = count_feed_reads()
        new = reads - self._saved
        self._saved = reads
        if not new:
            return
        counts = Counter({feed: count * _DECAY for feed, count in load_popularity(self._store).items()})
        counts.update(new)
        kept = {feed: round(count, 1) for feed, count in counts.most_common(_MAX_FEEDS) if count >= 0.1}
        self._store.set_meta(_META_KEY, msgspec.json.encode(kept).decode())


def load_popularity(store: Store) -> Mapping[str, float]:
    """How often each feed was read recently, by its path as text. Unread feeds are left out. Raises StoreError."""
    return msgspec.json.decode(store.get_meta(_META_KEY) or "{}", type=dict[str, float])

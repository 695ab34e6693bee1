"""Archives that nobody has asked for yet: rendered into feeds/ on the first request, a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from threading import BoundedSemaphore

_PATIENCE = 3.0
"""Seconds that a request waits for its turn: with all the web's threads waiting, nobody would be served at all."""


class BusyError(Exception):
    """More archives are being rendered than this process does at once."""


class Archivist:
    """Asks for archives, at most `places` at once. Everybody who waits for the same one gets the one that was made."""

    def __init__(self, render: Callable[[str, str], bool], places: int = 1) -> None:
        self._render = render
        self._places = BoundedSemaphore(places)

    def fetch(self, feed: str, archive: str) -> bool:
        """Have an archive rendered; False when there is none of it. Raises BusyError, StoreError, PublishError."""
        if not self._places.acquire(timeout=_PATIENCE):
            raise BusyError
        try:
            return self._render(feed, archive)
        finally:
            self._places.release()

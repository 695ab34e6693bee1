"""What takes long and was not made beforehand, archives and views: made one at a time, with few waiting.

Everybody who waits holds one of the web's threads, and polls need one too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

_PATIENCE = 3.0
"""Seconds that somebody waits at most; the worst view takes one."""
WAITING = 2
"""How many wait at most. The web has to have more threads than these and the one that works."""


class BusyError(Exception):
    """Enough are waiting already, or it takes too long: the client had better come back."""


class Turns:
    """Safe to use from several threads."""

    def __init__(self, waiting: int = WAITING, patience: float = _PATIENCE) -> None:
        self._inside = BoundedSemaphore(1 + waiting)
        self._turn = BoundedSemaphore(1)
        self._patience = patience

    @contextmanager
    def one(self) -> Iterator[None]:
        """Have the turn for the length of the block. Raises BusyError."""
        if not self._inside.acquire(blocking=False):
            raise BusyError
        try:
            if not self._turn.acquire(timeout=self._patience):
                raise BusyError
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._inside.release()

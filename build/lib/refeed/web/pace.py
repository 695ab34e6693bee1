"""At most so many requests a minute: a bucket that fills again as time goes by."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable


class Pace:
    """Safe to use from several threads. The clock is one that does not jump."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = a_minute / 60
        self._most = float(a_minute)
        self._clock = clock
        self._left = self._most
        self._then = clock()
        self._lock = threading.Lock()

    def wait(self) -> int:
        """Take one request from the bucket: 0 when there was one, otherwise the seconds until there is."""
        with self._lock:
            moment = self._clock()
            self._left = min(self._most, self._left + (moment - self._then) * self._rate)
            self._then = moment
            if self._left >= 1:
                self._left -= 1
                return 0
            return math.ceil((1 - self._left) / self._rate)

"""For tests that start processes: wait for a condition, find a free port."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable


def wait_until(
    condition: Callable[[], object], seconds: float = 120, why: Callable[[], str] = lambda: "timed out"
) -> float:
    """Wait until a condition is true; returns the seconds that took. Fails with `why()` after `seconds`."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, why()
        time.sleep(0.02)
    return time.monotonic() - started


def free_port() -> int:
    """A port of 127.0.0.1 that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

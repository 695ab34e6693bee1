"""What tests need that start processes: a port that nobody has, and to wait for what those do."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable


def wait_until(
    until: Callable[[], object], seconds: float = 60, why: Callable[[], str] = lambda: "waited in vain"
) -> float:
    """Wait for something to become true; returns how long that took. `why` is told when it never did."""
    began = time.monotonic()
    while not until():
        assert time.monotonic() - began < seconds, why()
        time.sleep(0.02)
    return time.monotonic() - began


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

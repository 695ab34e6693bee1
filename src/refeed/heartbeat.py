"""Signs of life: the worker gives one between two items of its work, and whoever watches it sees how long it is silent.

A sign is a byte through a pipe to the supervisor and a new time of a file, at most one a second. Neither needs space on
a disk.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from typing import TypeVar

SILENCE_SECONDS = 30.0
"""A worker that gives no sign for this long hangs. No item takes as long."""
_INTERVAL = 1.0

Result = TypeVar("Result")

_signs: list[Callable[[], object]] = []
_next = 0.0
_main = threading.main_thread().ident


def add_sign(sign: Callable[[], object]) -> None:
    """Call `sign` at each sign of life from now on. It may raise OSError, which is ignored."""
    _signs.append(sign)


def beat() -> None:
    """Give a sign of life, if the last one is a second ago. Other threads than the main one give none: they may run on
    while the main one hangs."""
    if time.monotonic() >= _next and threading.get_ident() == _main:
        _give_signs()


@contextmanager
def long_call() -> Iterator[None]:
    """Give signs from another thread during the block: one call, for example of SQLite, that cannot give any itself and
    that a restart would only begin again."""
    ended = threading.Event()

    def give_signs() -> None:
        while not ended.wait(_INTERVAL):
            _give_signs()

    if _signs and threading.get_ident() == _main:
        threading.Thread(target=give_signs, name="heartbeat", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def wait_for(future: Future[Result]) -> Result:
    """The result of a future that ends by itself. Gives signs of life meanwhile."""
    while not wait([future], timeout=_INTERVAL).done:
        beat()
    return future.result()


def send_signs(pipe: int) -> None:
    """Send each sign of life as a byte through a pipe."""
    os.set_blocking(pipe, False)
    add_sign(lambda: os.write(pipe, b"."))
    beat()


def _give_signs() -> None:
    global _next
    _next = time.monotonic() + _INTERVAL
    for sign in _signs:
        with suppress(OSError):
            sign()

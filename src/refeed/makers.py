"""Many dumps -> many results, in order: here, in a pool of processes, or one alone in a process that can be killed."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain
from multiprocessing.connection import Connection

from .making import HeavyError, Made, Maker, Packed
from .model import Dump

_SHARE = 16
"""Dumps sent to a process at a time: 16 cost as much to send as one, and two processes still end together."""
_WORTH = 48
"""From how many dumps on a pool is asked."""

_context = multiprocessing.get_context("forkserver")
_maker: Maker | None = None


class Makers:
    """Runs a maker. One hostile dump costs its own limit of time and memory, and no other dump anything."""

    def __init__(self, maker: Maker, processes: int = 1) -> None:
        self.maker = maker
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def pack(self, dumps: Sequence[Dump]) -> Iterator[Packed]:
        """The results of dumps, in their order."""
        if self._processes < 2 or len(dumps) < _WORTH:
            return (self.maker.pack(dump, self.make(dump)) for dump in dumps)
        return self._spread(dumps)

    def make(self, dump: Dump) -> Made:
        """One result, stage by stage."""
        try:
            return self.maker.make(dump)
        except HeavyError:
            return self._alone(dump)

    def close(self) -> None:
        """End the pool."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _spread(self, dumps: Sequence[Dump]) -> Iterator[Packed]:
        if self._pool is None:
            start = partial(_start, self.maker)
            self._pool = ProcessPoolExecutor(self._processes, _context, initializer=start)
        try:
            shares = [dumps[start : start + _SHARE] for start in range(0, len(dumps), _SHARE)]
            results = list(chain.from_iterable(self._pool.map(_share, shares)))
        except BrokenProcessPool:  # killed from outside, for want of memory say: go on here, one by one
            self._pool = None
            results = [None] * len(dumps)
        for dump, packed in zip(dumps, results, strict=True):
            yield packed or self.maker.pack(dump, self.make(dump))

    def _alone(self, dump: Dump) -> Made:
        limits = self.maker.limits
        ours, theirs = _context.Pipe(duplex=False)
        child = _context.Process(target=_make_alone, args=(self.maker, dump, theirs), daemon=True)
        child.start()
        theirs.close()
        try:
            ready = ours.poll(_BOOT) and ours.recv() == "ready" and ours.poll(limits.seconds)
            result = ours.recv() if ready else None
        except EOFError:
            result = None
        finally:
            child.kill()
            child.join()
            ours.close()
        if isinstance(result, Made):
            return result
        return self.maker.make_plain(dump, "cleaning it took more time or memory than a dump may have")


_BOOT = 30.0
"""Seconds that a fresh process may take to import the program, on a machine that has much else to do."""


def _start(maker: Maker) -> None:
    global _maker
    _maker = maker


def _share(dumps: Sequence[Dump]) -> list[Packed | None]:
    assert _maker is not None
    results: list[Packed | None] = []
    for dump in dumps:
        try:
            results.append(_maker.pack(dump, _maker.make(dump)))
        except HeavyError:
            results.append(None)
    return results


def _make_alone(maker: Maker, dump: Dump, results: Connection) -> None:
    maker.known, maker.matcher  # noqa: B018 -- built before the clock starts
    results.send("ready")
    memory = maker.limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    results.send(maker.make(dump, alone=True))

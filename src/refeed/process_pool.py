"""A function and items -> their results, computed in child processes that have limits and may be killed.

Each child has a pipe of its own. `ProcessPoolExecutor` and pebble (5.2) share one pipe and one lock between all
children: with children killed at random while they answered, the first hung, and the second lost all other calls.
"""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

_WALL_CLOCK_FACTOR = 10
"""A child that gives no answer for this multiple of the time limit is killed; the limit is processor time."""
_START_SECONDS = 30.0
"""How long a new child may take to import the program on a busy machine."""
_START_ATTEMPTS = 3
_RECURSION_LIMIT = 5000
"""An HTML body may be 256 elements deep, with several calls for each. Frames that exist at the start count too."""
_OUT_OF_MEMORY = 77
"""Exit status of a child that reached its memory limit."""
_LIMIT_EXITS = (_OUT_OF_MEMORY, -signal.SIGPROF, -signal.SIGABRT)
"""How a child ends at a limit: out of memory in Python, out of time, out of memory in Rust or C++."""
_CLOSED = "the processes that read dumps have been ended"

_context = multiprocessing.get_context("forkserver")
_lock = threading.RLock()
"""Held while children are started and waited for: when two threads ask for the exit status of a child, and to start
one is to ask for those of all, CPython (3.11 to 3.14) gives 255 to the second."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class ProcessEndedError(Exception):
    """A child ended or was killed before it had answered."""

    def __init__(self, exit_status: int | None) -> None:
        text = f"exit status {exit_status}"
        super().__init__(f"signal {-exit_status}" if exit_status is not None and exit_status < 0 else text)
        self.exceeded_limit = exit_status in _LIMIT_EXITS
        """Whether the item reached its limit of time or memory."""


@dataclass(frozen=True, slots=True)
class _Child:
    process: BaseProcess
    connection: Connection
    number: int


class ProcessPool:
    """Child processes that start when they are needed, as many as there are calls at the same time."""

    def __init__(
        self, seconds: float, memory: int, *, preload: str = "", initializer: Callable[[int], object] | None = None
    ) -> None:
        """`seconds`: processor time for one item. `memory`: bytes that a child may allocate beyond its initial size.

        `preload` names a module that most children of this program need. `initializer` runs once in each child, with
        the child's number: the lowest that no other child has.
        """
        self._seconds = seconds
        self._memory = memory
        self._initializer = initializer
        # Children are forks of a server that has imported the program: they start in 10 ms instead of a second.
        if preload:
            _context.set_forkserver_preload([preload])
        self._children: dict[int, _Child] = {}
        self._idle: list[_Child] = []
        self._is_closed = False

    def call(
        self, function: Callable[[Item], Result], items: Sequence[Item], seconds: float | None = None
    ) -> Iterator[Result]:
        """The result of each item, in order, from one child. Threads may call this at the same time.

        `seconds` replaces the limit of the pool.
        Raises what the function raises, ProcessEndedError for the item that was in work when the child ended, and
        ChildProcessError if the pool has been closed.
        """
        limit = self._seconds if seconds is None else seconds
        child = self._take_child()
        is_complete = False
        try:
            try:
                child.connection.send((function, items, limit))
            except OSError:
                raise self._ended(child) from None
            for _ in items:
                result, error = self._receive(child, _WALL_CLOCK_FACTOR * limit)
                if error is not None:
                    raise error
                yield result
            is_complete = True
        finally:
            if is_complete:
                self._idle.append(child)
            else:
                self._end(child)

    def close(self, *, keep: int = 0) -> None:
        """End all children but `keep` idle ones. With `keep`, children that work go on, and others may start later."""
        if not keep:
            self._is_closed = True
            atexit.unregister(self.close)
        with _lock:
            ended, self._idle = self._idle[keep:], self._idle[:keep]
            working = [] if keep else list(self._children.values())
        for child in working:
            child.process.kill()  # the thread that waits for its answer notices
        for child in ended:
            self._end(child)

    def _take_child(self) -> _Child:
        """An idle child, or a new one. Raises OSError if none can be started, whatever the next item is."""
        with _lock:
            while self._idle:
                child = self._idle.pop()
                if not child.connection.poll():  # an idle connection becomes readable only when it closes
                    return child
                self._end(child)
        for _ in range(_START_ATTEMPTS):
            with suppress(ProcessEndedError, EOFError):  # EOFError: the server of forks was killed, and starts again
                child = self._start_child()
                self._receive(child, _START_SECONDS)  # it is ready
                return child
        raise ChildProcessError("a process that reads dumps ends as soon as it has started")

    def _start_child(self) -> _Child:
        with _lock:
            if self._is_closed:
                raise ChildProcessError(_CLOSED)
            if not self._children:
                atexit.register(self.close)  # at exit the interpreter waits for children, and they wait for us
            own, other = _context.Pipe()
            number = next(number for number in range(len(self._children) + 1) if number not in self._children)
            arguments = (other, number, self._initializer, self._memory)
            child = _Child(_context.Process(target=_serve, args=arguments, daemon=True), own, number)
            child.process.start()
            other.close()
            self._children[number] = child
        return child

    def _receive(self, child: _Child, seconds: float) -> tuple[Any, Exception | None]:
        try:
            if not child.connection.poll(seconds) and child.process.pid:
                os.kill(child.process.pid, signal.SIGPROF)  # as if its processor time were over
            answer: tuple[Any, Exception | None] = child.connection.recv()
        except (EOFError, OSError):  # perhaps in the middle of its answer
            raise self._ended(child) from None
        return answer

    def _ended(self, child: _Child) -> Exception:
        with _lock:
            child.process.join(1)  # its connection closes a little before it has ended
            self._end(child)
            if self._is_closed:
                return ChildProcessError(_CLOSED)  # what the child worked on did not end it
            return ProcessEndedError(child.process.exitcode)

    def _end(self, child: _Child) -> None:
        with _lock:
            child.connection.close()
            child.process.kill()
            child.process.join()
            self._children.pop(child.number, None)


# The functions below run in the children.


def _serve(connection: Connection, number: int, initializer: Callable[[int], object] | None, memory: int) -> None:
    """Answer calls until the connection closes, or until this process has become large."""
    for ignored in (signal.SIGINT, signal.SIGTERM):  # the parent ends this process when its answers are complete
        signal.signal(ignored, signal.SIG_IGN)
    sys.setrecursionlimit(_RECURSION_LIMIT)
    if initializer is not None:
        initializer(number)
    gc.freeze()  # trees of HTML elements are full of cycles, and each collection would walk through the whole program
    # Libraries alone reserve a gigabyte of address space and use little of it, so the limit is relative.
    largest = _address_space() + memory
    resource.setrlimit(resource.RLIMIT_AS, (largest, largest))
    connection.send((None, None))
    while _address_space() < largest - memory // 2:  # memory that earlier items left behind is not an item's fault
        try:
            function, items, seconds = connection.recv()
            for item in items:
                connection.send(_call_in_time(function, item, seconds))
        except (EOFError, OSError):  # the parent has ended
            return


def _call_in_time(function: Callable[[Item], Result], item: Item, seconds: float) -> tuple[Result | None, object]:
    # The timer counts processor time, so the result does not depend on the load of the machine. The signal has its
    # default action, so no library can delay the end.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return function(item), None
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except Exception as error:  # noqa: BLE001 -- raised again in the parent
        return None, error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _address_space() -> int:
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0

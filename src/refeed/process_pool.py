"""Items -> results, in order: in this process, in a pool of processes, or alone in a process that can be killed.

A `PoolTask` says what runs. A hostile item uses up its own limits of time and memory, and does not harm other items.
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
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any, Generic, NoReturn, TypeVar, cast

_MIN_ITEMS = 100
"""Fewer items than this run in this process, because other processes would take as long to start."""
_IDLE = 15.0
"""Seconds without work after which the other processes end."""
_BATCH = 16
"""Items in a batch. Sending 16 costs as much as sending one, and all processes still finish at about the same time."""
_CONNECTIONS = 2
"""Connections to each process. Each carries one batch: while one batch is sent, the process runs the other."""
_BOOT_SECONDS = 30.0
"""How long a new process may take to import the program on a busy machine."""
_WALL_CLOCK_FACTOR = 10
"""A process is killed after this multiple of an item's time limit by the wall clock; the limit is processor time."""
_RECURSION_LIMIT = 5000
"""An HTML body may be 256 elements deep, with several calls for each. Frames that exist at the start count too."""

_context = multiprocessing.get_context("forkserver")

Item = TypeVar("Item")
Result = TypeVar("Result")
Packed = TypeVar("Packed")


class IsolationRequiredError(Exception):
    """The item may take long, so it must run alone in a process that can be killed."""


class _TimeLimitExceededError(Exception):
    """The item has used up its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTask(Generic[Item, Result, Packed]):
    """What a pool runs, and its limits. The callables are sent to other processes."""

    run: Callable[[Item], Result]
    """Computes a result. May raise IsolationRequiredError, or OSError if the machine is out of file descriptors."""
    run_isolated: Callable[[Item], Result]
    """Computes a result in a process that may be killed."""
    pack: Callable[[Item, Result], Packed]
    """Converts a result to the form that is sent between processes."""
    on_error: Callable[[Item, Exception], Result]
    """The result of an item for which `run` raised any other exception."""
    on_limit: Callable[[Item], Result]
    """The result of an item that exceeded its limits even when it ran alone."""
    warm_up: Callable[[], object]
    """Builds what every run needs, once in each process."""
    seconds: float
    """Processor time that one item may take."""
    memory: int
    """Bytes that a process may allocate beyond its size at the start."""


@dataclass(slots=True, eq=False)
class _Batch(Generic[Item, Packed]):
    """Items that are sent to a process together."""

    items: Sequence[Item]
    answer: Future[list[Packed | None]]
    """The results from another process, with None for an item that must run isolated."""
    local: list[Packed] | None = None
    """The results, if this process ran the batch itself."""


class ProcessPool(Generic[Item, Result, Packed]):
    """Runs a task for items. When there are many, other processes help this one."""

    def __init__(self, task: PoolTask[Item, Result, Packed], processes: int = 1, *, preload: str) -> None:
        """`processes` includes this one; the others run until `shrink` or `close`. `preload` names a module they need.

        An item that requires isolation always runs in a separate process.
        """
        self._task = task
        self._processes = processes
        # Children are forks of a server that has imported the program: they start in 10 ms instead of a second.
        _context.set_forkserver_preload([preload])
        self._dispatchers: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._children: list[BaseProcess] = []
        self._idle_connections: list[Connection] = []
        self._open_batches: list[_Batch[Item, Packed]] = []
        """Batches of all calls of `map` that may not have started."""
        self._is_warm = False
        self._last_used = 0.0

    def map(self, items: Sequence[Item]) -> Iterator[Packed]:
        """The packed results of items, in order. Processes start work at once, before the first result is read."""
        if len(items) < _MIN_ITEMS:
            return map(self._run_and_pack, items)
        results = self._distribute(items) if self._processes > 1 else map(self._run_and_pack, items)
        if not self._is_warm:
            _warm_up(self._task)  # while processes start
            self._is_warm = True
        return results

    def run(self, item: Item) -> Result:
        """The result of one item. Raises OSError or MemoryError if the machine is out of file descriptors or memory."""
        try:
            return self._task.run(item)
        except IsolationRequiredError:
            return self._run_isolated(item)
        except (OSError, MemoryError):  # a temporary state of the machine, not caused by the item
            raise
        except Exception as error:  # noqa: BLE001 -- an internal error must not stop other items
            return self._task.on_error(item, error)

    def shrink(self) -> None:
        """End the other processes if they are idle. They take 40 MB each, and start again when needed."""
        if not self._last_used or time.monotonic() - self._last_used < _IDLE:
            return
        self._last_used = 0.0
        self.close()
        # There is no public way to end the server before this process ends (CPython 3.11 to 3.14).
        forkserver._forkserver._stop()  # type: ignore[attr-defined]

    def close(self) -> None:
        """End the other processes."""
        if self._dispatchers is not None:
            self._dispatchers.shutdown(cancel_futures=True)
            self._dispatchers = None
        while self._idle_connections:
            self._idle_connections.pop().close()
        while self._children:
            child = self._children.pop()
            child.kill()
            child.join()
        self._open_batches = []
        atexit.unregister(self.close)

    def _run_and_pack(self, item: Item) -> Packed:
        return self._task.pack(item, self.run(item))

    def _distribute(self, items: Sequence[Item]) -> Iterator[Packed]:
        self._last_used = time.monotonic()
        if self._dispatchers is None:
            atexit.register(self.close)  # at exit the interpreter waits for children, and they wait for us
            self._dispatchers = ThreadPoolExecutor(_CONNECTIONS * (self._processes - 1), thread_name_prefix="pool")
        parts = [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
        batches = [_Batch(part, self._dispatchers.submit(self._run_in_child, part)) for part in parts]
        self._open_batches = [*(batch for batch in self._open_batches if not batch.answer.done()), *batches]
        return self._collect(batches)

    def _collect(self, batches: Sequence[_Batch[Item, Packed]]) -> Iterator[Packed]:
        """All results in order. Instead of waiting, this process runs batches too, also those of the next `map`."""
        for batch in batches:
            while not batch.answer.done() and self._work_locally():
                pass
            if batch.local is not None:
                yield from batch.local
                continue
            for item, packed in zip(batch.items, batch.answer.result(), strict=True):
                yield packed or self._task.pack(item, self._run_isolated(item))
        self._last_used = time.monotonic()

    def _work_locally(self) -> bool:
        """Run the last batch that no other process has started. Returns False if there is none."""
        while self._open_batches:
            batch = self._open_batches.pop()
            if batch.answer.cancel():
                batch.local = [self._run_and_pack(item) for item in batch.items]
                return True
        return False

    def _run_in_child(self, items: Sequence[Item]) -> list[Packed | None]:
        """Send a batch to a process. If the process dies, a second one gets it; if that dies too, items run isolated.

        Runs in threads, so that a batch that has not started can be taken back. Each thread uses a separate connection,
        which closes when the process dies: CPython's pool waits forever for the rest of an answer that was cut off.
        """
        for _ in range(2):
            connection = self._connect()
            try:
                connection.send(items)
                results: list[Packed | None] = connection.recv()
            except (EOFError, OSError):  # killed for lack of memory, or by a bug in a library
                connection.close()
            else:
                self._idle_connections.append(connection)
                return results
        return [None] * len(items)

    def _connect(self) -> Connection:
        """An idle connection; a connection to a new process if no connection is idle."""
        with self._lock:
            while self._idle_connections:
                connection = self._idle_connections.pop()
                if not connection.poll():  # an idle connection becomes readable only when it closes
                    return connection
                connection.close()
            self._children[:] = [child for child in self._children if child.is_alive()]
            pairs = [_context.Pipe() for _ in range(_CONNECTIONS)]
            child = _context.Process(target=_serve, args=(self._task, [other for _, other in pairs]), daemon=True)
            child.start()
            self._children.append(child)
            for own, other in pairs:
                other.close()
                self._idle_connections.append(own)
            return self._idle_connections.pop()

    def _run_isolated(self, item: Item) -> Result:
        self._last_used = time.monotonic()
        reader, writer = _context.Pipe(duplex=False)
        child = _context.Process(target=_serve_one, args=(self._task, item, writer), daemon=True)
        child.start()
        writer.close()
        answer: tuple[Any, OSError | None] | None = None
        try:
            if reader.poll(_BOOT_SECONDS):
                reader.recv()  # the process is ready
                answer = reader.recv() if reader.poll(_WALL_CLOCK_FACTOR * self._task.seconds) else None
        except (EOFError, OSError):  # it reached a limit, perhaps in the middle of its answer
            answer = None
        finally:
            child.kill()
            child.join()
            reader.close()
        if answer is None:
            return self._task.on_limit(item)
        result, error = answer
        if error is not None:
            raise error
        return cast("Result", result)


# The functions below run in the other processes.


def _serve(task: PoolTask[Item, Result, Packed], connections: list[Connection]) -> None:
    """Run the batches that arrive on the connections, until all connections are closed."""
    _warm_up(task)
    sys.setrecursionlimit(_RECURSION_LIMIT)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    _limit_memory(task.memory)
    signal.signal(signal.SIGPROF, _raise_time_limit)
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent ends this process when its batches are complete
        signal.signal(number, signal.SIG_IGN)
    while connections:
        for connection in cast("list[Connection]", wait(connections)):
            try:
                connection.send([_run_in_time(task, item) for item in connection.recv()])
            except (EOFError, OSError, MemoryError):
                connections.remove(connection)
                connection.close()


def _run_in_time(task: PoolTask[Item, Result, Packed], item: Item) -> Packed | None:
    """A packed result; None for an item that must run isolated."""
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, task.seconds)
            return task.pack(item, task.run(item))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except (IsolationRequiredError, _TimeLimitExceededError, OSError, MemoryError):
        return None
    except Exception as error:  # noqa: BLE001 -- an internal error must not stop other items
        return task.pack(item, task.on_error(item, error))


def _serve_one(task: PoolTask[Item, Result, Packed], item: Item, answers: Connection) -> None:
    """Run one item: send "ready", then (result, None) or (None, error). The kernel ends it at its time limit."""
    sys.setrecursionlimit(_RECURSION_LIMIT)
    task.warm_up()  # before the clock starts
    answers.send("ready")
    _limit_memory(task.memory)
    # The timer counts processor time, so the result does not depend on the load of the machine. The signal has its
    # default action, so no library can delay the end.
    signal.setitimer(signal.ITIMER_PROF, task.seconds)
    try:
        answers.send((task.run_isolated(item), None))
    except OSError as error:  # a state of the machine, not caused by the item: the caller tries again later
        answers.send((None, error))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 -- an internal error is not an exceeded limit
        answers.send((task.on_error(item, error), None))


def _warm_up(task: PoolTask[Item, Result, Packed]) -> None:
    """Build what runs need, then exclude all existing objects from garbage collection: trees of HTML elements are full
    of cycles, and each collection would walk through the whole program."""
    task.warm_up()
    gc.freeze()


def _end_with_parent() -> None:
    """End this process when its parent has exited for any reason. Otherwise its batch could take half a minute more,
    during which it keeps the log's pipe open."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _limit_memory(extra_bytes: int) -> None:
    """Let this process allocate `extra_bytes` more than it has now.

    The limit is relative, because libraries alone reserve a gigabyte of address space and use little of it.
    """
    statm = Path("/proc/self/statm")
    taken = int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0
    resource.setrlimit(resource.RLIMIT_AS, (taken + extra_bytes, taken + extra_bytes))


def _raise_time_limit(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _TimeLimitExceededError

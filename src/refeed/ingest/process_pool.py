"""Many dumps -> many results, in order: here, in a pool of processes, or one alone in a process that can be killed."""

from __future__ import annotations

import atexit
import multiprocessing
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from ..model import Dump
from .entry_builder import BuildResult, EntryBuilder, HeavyDumpError, PackedResult
from .pool_task import fallback_to_text, on_internal_error, run_isolated, run_pool_process, warm_up

_FEW = 100
"""Dumps that are made here sooner than processes start for them; they take no longer than that."""
_IDLE = 15.0
"""Seconds without work after which processes end."""
_MANY = 16
"""Dumps of a share: 16 cost as much to send as one, and two processes still end together."""
_AHEAD = 2
"""Lines to each process, for a share each: while one is sent, it makes the next."""
_BOOT = 30.0
"""Seconds that a fresh process may take to import the program, on a machine that has much else to do."""

_PATIENCE = 10
"""A process is ended after so many times its limit by the wall clock: what it waited for, others did."""

_context = multiprocessing.get_context("forkserver")
# Children are forks of a server that has imported the program: they start in 10 ms instead of a second.
_context.set_forkserver_preload(["refeed.ingest.pool_task"])


@dataclass(slots=True, eq=False)
class _Share:
    """Some dumps that a process is asked for at once."""

    dumps: Sequence[Dump]
    asked: Future[list[PackedResult | None]]
    """What it answers; None for a dump that has to be made alone."""
    here: list[PackedResult] | None = None
    """What was made of them here, if that was sooner."""


class ProcessPool:
    """Runs a maker. One hostile dump costs its own limit of time and memory, and no other dump anything."""

    def __init__(self, maker: EntryBuilder, processes: int = 1) -> None:
        """With more than one process, this one included, others help with many dumps at once; they run until `rest`.

        What is made here is all the same in a process of its own when it looks heavy.
        """
        self.builder = maker
        self._processes = processes
        self._askers: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._children: list[BaseProcess] = []
        self._lines: list[Connection] = []
        """To processes that have not been asked for anything by them."""
        self._open: list[_Share] = []
        """Shares, of all batches, that may not have been begun."""
        self._settled = False
        self._used = 0.0

    def map(self, dumps: Sequence[Dump]) -> Iterator[PackedResult]:
        """The results of dumps, in their order. Processes begin at once, whenever the results are asked for."""
        if len(dumps) < _FEW:
            return map(self._pack, dumps)
        made = self._spread(dumps) if self._processes > 1 else map(self._pack, dumps)
        if not self._settled:
            warm_up(self.builder)  # while processes start
            self._settled = True
        return made

    def run(self, dump: Dump) -> BuildResult:
        """One result, stage by stage. Raises OSError when the machine has no files or memory left."""
        try:
            return self.builder.build(dump)
        except HeavyDumpError:
            return self._alone(dump)
        except (OSError, MemoryError):  # the machine's own want, which passes: no dump's fault
            raise
        except Exception as error:  # noqa: BLE001 -- a fault of ours, which is not to be everybody's
            return on_internal_error(self.builder, dump, error)

    @property
    def _bare(self) -> EntryBuilder:
        """The maker without what it built already, which not all can be sent to another process."""
        return replace(self.builder)

    def shrink(self) -> None:
        """End processes that have had nothing to do for a while: they take 40 MB each, and can start anew."""
        if not self._used or time.monotonic() - self._used < _IDLE:
            return
        self._used = 0.0
        self.close()
        # There is no public way to end the server before ourselves (CPython 3.11 to 3.14).
        forkserver._forkserver._stop()  # type: ignore[attr-defined]

    def close(self) -> None:
        """End the processes."""
        if self._askers is not None:
            self._askers.shutdown(cancel_futures=True)
            self._askers = None
        while self._lines:
            self._lines.pop().close()
        while self._children:
            child = self._children.pop()
            child.kill()
            child.join()
        self._open = []
        atexit.unregister(self.close)

    def _pack(self, dump: Dump) -> PackedResult:
        return self.builder.pack(dump, self.run(dump))

    def _spread(self, dumps: Sequence[Dump]) -> Iterator[PackedResult]:
        self._used = time.monotonic()
        if self._askers is None:
            atexit.register(self.close)  # children are waited for at the end, and would wait for us
            self._askers = ThreadPoolExecutor(_AHEAD * (self._processes - 1), thread_name_prefix="makers")
        batch = [dumps[start : start + _MANY] for start in range(0, len(dumps), _MANY)]
        shares = [_Share(share, self._askers.submit(self._results, share)) for share in batch]
        self._open = [*(share for share in self._open if not share.asked.done()), *shares]
        return self._gathered(shares)

    def _gathered(self, shares: Sequence[_Share]) -> Iterator[PackedResult]:
        """All results in order. Instead of waiting, this process helps, with the batch that comes next too."""
        for share in shares:
            while not share.asked.done() and self._help():
                pass
            yield from share.here or self._packed(share)
        self._used = time.monotonic()

    def _help(self) -> bool:
        """Make the last share that no process has begun; False when there is none."""
        while self._open:
            share = self._open.pop()
            if share.asked.cancel():
                share.here = [self._pack(dump) for dump in share.dumps]
                return True
        return False

    def _packed(self, share: _Share) -> Iterator[PackedResult]:
        for dump, packed in zip(share.dumps, share.asked.result(), strict=True):
            yield packed or self.builder.pack(dump, self._alone(dump))

    def _results(self, share: Sequence[Dump]) -> list[PackedResult | None]:
        """What a process makes of a share. One whose process died is given to another, then made dump by dump.

        Runs in threads, so that what is still to be asked for can be taken back. Each has a line of its own, which
        ends when the process does: CPython's own pool waits for ever for the rest of an answer that was cut.
        """
        for _ in range(2):
            line = self._line()
            try:
                line.send(share)
                results: list[PackedResult | None] = line.recv()
            except (EOFError, OSError):  # killed for want of memory, or by a fault in a library
                line.close()
            else:
                self._lines.append(line)
                return results
        return [None] * len(share)

    def _line(self) -> Connection:
        """A line to a process, to a new one if no other is free."""
        with self._lock:
            while self._lines:
                line = self._lines.pop()
                if not line.poll():  # where nothing was asked, all there can be to read is the end
                    return line
                line.close()
            self._children[:] = [child for child in self._children if child.is_alive()]
            pairs = [_context.Pipe() for _ in range(_AHEAD)]
            child = _context.Process(
                target=run_pool_process, args=(self._bare, [theirs for _, theirs in pairs]), daemon=True
            )
            child.start()
            self._children.append(child)
            for ours, theirs in pairs:
                theirs.close()
                self._lines.append(ours)
            return self._lines.pop()

    def _alone(self, dump: Dump) -> BuildResult:
        self._used = time.monotonic()
        limits = self.builder.limits
        ours, theirs = _context.Pipe(duplex=False)
        child = _context.Process(target=run_isolated, args=(self._bare, dump, theirs), daemon=True)
        child.start()
        theirs.close()
        try:
            ready = ours.poll(_BOOT) and ours.recv() == "ready" and ours.poll(_PATIENCE * limits.seconds)
            result = ours.recv() if ready else None
        except (EOFError, OSError):  # at its limit, perhaps amid its answer
            result = None
        finally:
            child.kill()
            child.join()
            ours.close()
        if isinstance(result, BuildResult):
            return result
        if isinstance(result, OSError):
            raise result
        return fallback_to_text(self.builder, dump, "cleaning it took more time or memory than a dump may have")

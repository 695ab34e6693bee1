"""The processes that help to make entries: what runs in one, within its limits of time and memory."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import NoReturn, cast

from ..model import Dump, Outcome
from .entry_builder import BuildResult, EntryBuilder, HeavyDumpError, PackedResult

_log = logging.getLogger(__name__)

_FRAMES = 5000
"""A body may be 256 elements deep, at some calls for each; what a child stands on already counts too."""


def on_internal_error(maker: EntryBuilder, dump: Dump, error: Exception) -> BuildResult:
    """What is published of a dump that met a fault of ours."""
    _log.error("%s: a fault in refeed itself", dump.path, exc_info=error)
    return fallback_to_text(
        maker, dump, f"a fault in refeed itself ({type(error).__name__}) kept it from being cleaned"
    )


def fallback_to_text(maker: EntryBuilder, dump: Dump, reason: str) -> BuildResult:
    """A dump's text without its markup, flagged with the reason; quarantined where not even that can be made."""
    try:
        return maker.build_plaintext(dump, reason)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 -- the last resort: its bytes are kept, it is shown, and in nobody's way
        _log.error("%s: a fault in refeed itself", dump.path, exc_info=error)
        return BuildResult(outcome=Outcome.QUARANTINED, reason=f"{reason}; please report it, with this file")


class _LateError(Exception):
    """A dump has taken its time."""


def run_pool_process(maker: EntryBuilder, lines: list[Connection]) -> None:
    """Make shares as they are asked for, by any line, until all lines end."""
    _start(maker)
    while lines:
        for line in cast("list[Connection]", wait(lines)):
            try:
                line.send(_share(maker, line.recv()))
            except (EOFError, OSError, MemoryError):
                lines.remove(line)
                line.close()


def _start(maker: EntryBuilder) -> None:
    warm_up(maker)
    sys.setrecursionlimit(_FRAMES)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    _limit_memory(maker.limits.memory)
    signal.signal(signal.SIGPROF, _late)
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent ends us when its batches are whole
        signal.signal(number, signal.SIG_IGN)


def warm_up(maker: EntryBuilder) -> None:
    """Leave all that is there so far out of collections, the rules too, before many entries are made: trees of elements
    are full of cycles, and each collection would walk through the whole program."""
    maker.rule_lookup, maker.matcher  # noqa: B018 -- built now
    gc.freeze()


def _end_with_parent() -> None:
    """End when the process that wants the results is gone, however it went.

    What it makes may take half a minute, and it keeps the log's pipe open.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _limit_memory(more: int) -> None:
    """Let this process take so many bytes more: its libraries alone have a gigabyte of addresses, most untouched."""
    statm = Path("/proc/self/statm")
    taken = int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0
    resource.setrlimit(resource.RLIMIT_AS, (taken + more, taken + more))


def _late(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _LateError


def _share(maker: EntryBuilder, dumps: Sequence[Dump]) -> list[PackedResult | None]:
    """Results; None for a dump that has to be made alone."""
    return [_pack_in_time(maker, dump) for dump in dumps]


def _pack_in_time(maker: EntryBuilder, dump: Dump) -> PackedResult | None:
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, maker.limits.seconds)
            return maker.pack(dump, maker.build(dump))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except (HeavyDumpError, _LateError, OSError, MemoryError):
        return None
    except Exception as error:  # noqa: BLE001 -- a fault of ours, which is not to be everybody's
        return maker.pack(dump, on_internal_error(maker, dump, error))


def run_isolated(maker: EntryBuilder, dump: Dump, results: Connection) -> None:
    """Make one dump that may take long, and send "ready" before and what became of it after; ends at its limit."""
    sys.setrecursionlimit(_FRAMES)
    maker.rule_lookup, maker.matcher  # noqa: B018 -- built before the clock starts
    results.send("ready")
    _limit_memory(maker.limits.memory)
    # Processor time, by its signal's own action: what a dump becomes does not depend on who else is at work,
    # and no library can hold the end up.
    signal.setitimer(signal.ITIMER_PROF, maker.limits.seconds)
    try:
        results.send(maker.build(dump, isolated=True))
    except OSError as error:  # the machine's fault and not the dump's: the one who asked waits, and asks again
        results.send(error)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault of ours; its reason shall not be that of a heavy dump
        results.send(on_internal_error(maker, dump, error))

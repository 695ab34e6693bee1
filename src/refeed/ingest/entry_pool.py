"""The process pool that builds entries, and what is published of a dump that cannot be cleaned."""

from __future__ import annotations

import logging
from functools import partial

from ..model import Dump, Outcome
from ..process_pool import PoolTask, ProcessPool
from .entry_builder import BuildResult, EntryBuilder, PackedResult

_log = logging.getLogger(__name__)


class EntryPool(ProcessPool[Dump, BuildResult, PackedResult]):
    """Builds the entries of dumps with one builder. A dump that exceeds its limits is published as plain text."""

    def __init__(self, builder: EntryBuilder, processes: int = 1) -> None:
        self.builder = builder
        task = PoolTask(
            run=builder.build,
            run_isolated=partial(builder.build, isolated=True),
            pack=builder.pack,
            on_error=partial(_build_despite_error, builder),
            on_limit=partial(_build_fallback, builder, "cleaning it took more time or memory than a dump may have"),
            warm_up=builder.warm_up,
            seconds=builder.limits.seconds,
            memory=builder.limits.memory,
        )
        super().__init__(task, processes, preload=__name__)


def _build_despite_error(builder: EntryBuilder, dump: Dump, error: Exception) -> BuildResult:
    """What is published of a dump that met a bug of ours."""
    _log.error("%s: internal error", dump.path, exc_info=error)
    return _build_fallback(builder, f"an internal error ({type(error).__name__}) kept it from being cleaned", dump)


def _build_fallback(builder: EntryBuilder, reason: str, dump: Dump) -> BuildResult:
    """A dump's text without its markup, flagged with the reason; quarantined where even that fails."""
    try:
        return builder.build_plaintext(dump, reason)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 -- the last resort: the dump is kept and shown, and stops no other
        _log.error("%s: internal error", dump.path, exc_info=error)
        return BuildResult(outcome=Outcome.QUARANTINED, reason=f"{reason}; please report it, with this file")

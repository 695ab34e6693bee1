"""Dumps -> entries, each within its limits, in child processes. A dump that ends its process stops no other dump.

What each child works on is noted in a file, for the case that the whole machine ends with it: after a restart the dump
is tried once more, alone and after all others, and then quarantined.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

import msgspec

from ..errors import ProgramChangedError, QuarantineError
from ..heartbeat import wait_for
from ..model import Dump, Outcome
from ..process_pool import ProcessEndedError, ProcessPool
from ..store.serialization import compress
from .entry_builder import BuildResult, EntryBuilder, PackedResult, hash_dump

_log = logging.getLogger(__name__)

_BATCH = 16
"""Dumps that a child gets at a time, at most."""
_FAST_SHARE = 8
"""A dump that takes longer than this part of the time limit is built alone. A usual one takes a four-hundredth."""
_IDLE = 15.0
"""Seconds without work after which all children but one end. Each takes 40 MB."""
_NOTE_BYTES = 512
_MAX_TRIES = 2
_MAX_REFUSED = 10
"""After so many pushed dumps without an id, the rest of a request is not read."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Work:
    """A dump in work, and how often it has been tried."""

    dump: Dump
    tries: int = 1
    as_text: bool = False
    """Whether only its text is published, because cleaning exceeded the limits."""
    version: str = ""
    """The version of the builder that the store is to have the entry from."""

    @property
    def reason(self) -> str:
        """Why it is not tried again."""
        if self.as_text:
            return "reading it took more time or memory than a dump may have, even as plain text"
        return "its process ended each time it was read; please report it, with this file"

    def try_again(self, error: ProcessEndedError) -> _Work:
        """The next try, after the child ended. Plain text is a try of its own if cleaning reached a limit."""
        if error.exceeded_limit and not self.as_text:
            return replace(self, tries=_MAX_TRIES, as_text=True)
        return replace(self, tries=self.tries + 1)


class _Note(msgspec.Struct, frozen=True):
    """What is written about a dump in work."""

    digest: str
    tries: int
    path: str


class EntryPool:
    """Builds the entries of dumps with one builder. A dump that exceeds its limits is published as plain text."""

    def __init__(self, builder: EntryBuilder, processes: int = 1, notes: Path | None = None) -> None:
        """`notes` is the file in which dumps in work are noted. Only one pool may use it at a time."""
        self.builder = builder
        self._processes = processes
        self._notes = notes
        self._seconds = builder.limits.seconds
        self._suspects = {} if notes is None else _read_notes(notes)
        self._children = ProcessPool(
            builder.limits.seconds,
            builder.limits.memory,
            preload=__name__,
            initializer=partial(_prepare_child, builder, notes),
        )
        self._fast_lane = ThreadPoolExecutor(processes, thread_name_prefix="pool")
        self._slow_lane = ThreadPoolExecutor(1, thread_name_prefix="slow")
        self._last_used = 0.0
        self._has_started = False

    def map(self, dumps: Sequence[Dump]) -> Iterator[PackedResult]:
        """The packed results of dumps, in order. Work starts at once, before the first result is read."""
        return (wait_for(each) if isinstance(each, Future) else each for each in self.build(dumps))

    def build(self, dumps: Sequence[Dump]) -> Iterator[PackedResult | Future[PackedResult]]:
        """The same, but other dumps need not wait for a slow one: its result comes later.

        Results raise ProgramChangedError if a child has loaded another version of the program than this process.
        """
        self._start()
        works = [self._make_work(dump) for dump in dumps]
        size = max(1, min(_BATCH, len(works) // self._processes))
        batches = [works[start : start + size] for start in range(0, len(works), size)]
        return self._collect([self._fast_lane.submit(self._build_batch, batch) for batch in batches])

    def run(self, dump: Dump) -> BuildResult:
        """The result of one dump. Raises OSError if the machine is out of file descriptors."""
        self._start()
        return self._build_alone(_build, self._make_work(dump), _quarantine)

    def identify(self, dumps: Sequence[Dump]) -> list[str]:
        """The ids that the entries of dumps would have. Raises QuarantineError, naming the first dumps without one."""
        self._start()
        ids: list[str] = []
        errors: list[str] = []
        for number, dump in enumerate(dumps, 1):
            found = self._build_alone(_identify, _Work(dump), lambda _, reason: QuarantineError(reason))
            if isinstance(found, str):
                ids.append(found)
            else:
                errors.append(f"dump {number}: {found}")
            if len(errors) == _MAX_REFUSED:
                errors.append("the dumps after it were not read")
                break
        if errors:
            raise QuarantineError("\n".join(errors))
        return ids

    def is_suspect(self, path: str) -> bool:
        """Whether a dump (its display path) was in work when this program last ended without being asked to."""
        return any(note.path == path for note in self._suspects.values())

    def shrink(self) -> None:
        """End idle children, all but one. They start again when needed."""
        if self._last_used and time.monotonic() - self._last_used > _IDLE:
            self._last_used = 0.0
            self._children.close(keep=1)

    def close(self) -> None:
        """End all children."""
        self._children.close()
        for lane in (self._fast_lane, self._slow_lane):
            lane.shutdown(cancel_futures=True)
        if self._has_started:
            self._remove_notes()

    def _start(self) -> None:
        self._last_used = time.monotonic()
        if not self._has_started:
            self._has_started = True
            self._remove_notes()  # `_suspects` has them

    def _remove_notes(self) -> None:
        if self._notes is not None:
            self._notes.unlink(missing_ok=True)

    def _make_work(self, dump: Dump) -> _Work:
        note = self._suspects.get(hash_dump(dump.data).hex()) if self._suspects else None
        return _Work(dump, tries=note.tries + 1 if note else 1, version=self.builder.version)

    def _collect(
        self, batches: Sequence[Future[list[PackedResult | Future[PackedResult]]]]
    ) -> Iterator[PackedResult | Future[PackedResult]]:
        for batch in batches:
            yield from wait_for(batch)
        self._last_used = time.monotonic()

    def _build_batch(self, works: Sequence[_Work]) -> list[PackedResult | Future[PackedResult]]:
        """The result of each dump. One that is slow or ends its child is built alone; the others go on."""
        results: list[PackedResult | Future[PackedResult]] = []
        while rest := works[len(results) :]:
            work = rest[0]
            if work.tries == 1:
                fast = [*takewhile(lambda each: each.tries == 1, rest)]
                try:
                    for result in self._children.call(_pack, fast, self._seconds / _FAST_SHARE):
                        results.append(result)  # noqa: PERF402 -- those before an error are kept
                    continue
                except ProcessEndedError:
                    work = replace(works[len(results)], tries=2)
            results.append(self._slow_lane.submit(self._build_alone, _pack, work, _quarantine_packed))
        return results

    def _build_alone(
        self, function: Callable[[_Work], Result], work: _Work, give_up: Callable[[Dump, str], Result]
    ) -> Result:
        """The result of a dump: only its text if it exceeds the limits; what `give_up` says if it ends its child."""
        while work.tries <= _MAX_TRIES:
            try:
                [result] = self._children.call(function, [work])
                return result
            except ProcessEndedError as error:
                work = work.try_again(error)
        _log.error("%s: %s", work.dump.path, work.reason, extra={"file": work.dump.path})
        return give_up(work.dump, work.reason)


def _read_notes(path: Path) -> dict[str, _Note]:
    """What was in work when the last process ended, by the digest of the dump."""
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    records = (data[start : start + _NOTE_BYTES].rstrip(b"\0") for start in range(0, len(data), _NOTE_BYTES))
    notes = []
    for record in filter(None, records):
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            notes.append(msgspec.json.decode(record, type=_Note))
    return {note.digest: note for note in notes}


def _quarantine(_dump: Dump, reason: str) -> BuildResult:
    return BuildResult(outcome=Outcome.QUARANTINED, reason=reason)


def _quarantine_packed(dump: Dump, reason: str) -> PackedResult:
    return PackedResult(outcome=Outcome.QUARANTINED, reason=reason, data=compress(dump.data))


# The functions below run in the children.


class _Child:
    """What a child has: a builder, and its place in the file of notes."""

    builder: EntryBuilder
    notes: int | None = None
    offset = 0


def _prepare_child(builder: EntryBuilder, notes: Path | None, number: int) -> None:
    builder.warm_up()
    _Child.builder = builder
    if notes is None:
        return
    _Child.offset = number * _NOTE_BYTES
    try:
        notes.parent.mkdir(parents=True, exist_ok=True)
        _Child.notes = os.open(notes, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.posix_fallocate(_Child.notes, _Child.offset, _NOTE_BYTES)  # so that a full disk stops no note
    except OSError as error:
        _log.warning("%s: %s; dumps in work are not noted", notes, error.strerror, extra={"file": str(notes)})


@contextmanager
def _noted(work: _Work) -> Iterator[None]:
    """Note a dump while it is in work. The note is neither mapped nor synced: it outlives the process."""
    if _Child.notes is None:
        yield
        return
    digest, path = hash_dump(work.dump.data).hex(), work.dump.path.encode()[: _NOTE_BYTES // 2].decode(errors="ignore")
    note = msgspec.json.encode(_Note(digest=digest, tries=work.tries, path=path))
    os.pwrite(_Child.notes, note.ljust(_NOTE_BYTES, b"\0")[:_NOTE_BYTES], _Child.offset)
    try:
        yield
    finally:
        os.pwrite(_Child.notes, bytes(_NOTE_BYTES), _Child.offset)


def _pack(work: _Work) -> PackedResult:
    # Children import the program later than their parent. With entries of two versions it would clean without end.
    if work.version != _Child.builder.version:
        raise ProgramChangedError
    with _noted(work):
        return _Child.builder.pack(work.dump, _build(work))


def _build(work: _Work) -> BuildResult:
    """Parse, clean and label a dump, or publish its text if that is not possible."""
    if work.as_text:
        return _build_text(work.dump, "cleaning it took more time or memory than a dump may have")
    try:
        return _Child.builder.build(work.dump)
    except (OSError, MemoryError):  # a temporary state of the machine, or a limit
        raise
    except Exception as error:  # noqa: BLE001 -- an internal error must not stop other dumps
        _log.exception("%s: internal error", work.dump.path, extra={"file": work.dump.path})
        reason = f"an internal error ({type(error).__name__}) kept it from being cleaned"
        return _build_text(work.dump, reason)


def _build_text(dump: Dump, reason: str) -> BuildResult:
    """The text of a dump without markup, flagged with the reason; quarantined if even that fails."""
    try:
        return _Child.builder.build_plaintext(dump, reason)
    except (OSError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 -- last resort: the dump is kept and shown, and the others go on
        _log.exception("%s: internal error", dump.path, extra={"file": dump.path})
        return _quarantine(dump, f"{reason}; please report it, with this file")


def _identify(work: _Work) -> str | QuarantineError:
    """The id, or why there is none: an error that is raised would end the child, and each takes a second to start."""
    try:
        return _Child.builder.derive_entry_id(work.dump)
    except QuarantineError as error:
        return error

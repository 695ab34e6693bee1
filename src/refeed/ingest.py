"""dumps/ -> store: files that are new or changed are read, made into entries, and recorded in batches."""

from __future__ import annotations

import os
import struct
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from . import dumps
from .dumps import Found
from .errors import ChangingError, IgnoredError, QuarantineError, VanishedError
from .makers import Makers
from .making import Packed, digest
from .measures import timed
from .model import Dump, Outcome
from .store import Reading, Store, record

BATCH = 256
"""Files of one transaction: enough to pay for its fsync, few enough that one is not held long."""
BYTES = 16_000_000
"""Of their sizes together: with what is made of them, a batch takes some times as much memory."""
RETRY = "retry"
"""The fact in the store that somebody asked for what is quarantined to be tried again; its value is when."""
UNREAD = 0
"""The stamp of a file that could not be read: no file has it, so the next scan tries again."""


class Scan(NamedTuple):
    """What a look through the dump folders found."""

    news: list[Found]
    """Files that are new, or whose size or time is not what was recorded; newest first, for subscribers' sake."""
    known: int
    """How many others there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What an ingest did."""

    files: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Files by what they brought: new, changed, unchanged, flagged, quarantined."""
    feeds: frozenset[str] = frozenset()
    """Paths of the feeds whose version moved."""
    again: tuple[Found, ...] = ()
    """Files that could not be read just now, to be taken again."""
    trouble: str = ""
    """Why, when that was the machine's fault and not a writer's."""
    doubts: tuple[str, ...] = ()
    """What was quarantined and was not before: file and reason."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            files=self.files + other.files,
            counts=self.counts + other.counts,
            feeds=self.feeds | other.feeds,
            again=self.again + other.again,
            trouble=other.trouble or self.trouble,
            doubts=self.doubts + other.doubts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Files that were read, while entries are made of them."""

    readings: list[Reading]
    todo: list[int]
    """Which of the readings need an entry."""
    made: Iterator[Packed]
    """For each of those, in order, what is made of it."""
    files: int
    pending: tuple[Found, ...]
    trouble: str
    unread: int
    """Files that cannot be read, as before."""

    def paths(self) -> set[bytes]:
        return {reading.path for reading in self.readings}


class _Recorded:
    """Files as they are recorded, or were before: eight bytes for each, since all that is asked is whether one is among
    them. Paths and stamps themselves took 30 MB for 100,000 files."""

    def __init__(self, files: Iterable[tuple[bytes, int]]) -> None:
        self._before = array("q", sorted(map(hash, files)))
        self._since: set[int] = set()

    def add(self, path: bytes, stamp: int) -> None:
        self._since.add(hash((path, stamp)))

    def __contains__(self, file: tuple[bytes, int]) -> bool:
        key = hash(file)
        place = bisect_left(self._before, key)
        return (place < len(self._before) and self._before[place] == key) or key in self._since


class Ingester:
    """The one writer of entries. Remembers what the store knows of files, so that a scan is stat only."""

    def __init__(self, store: Store, makers: Makers, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._makers = makers
        self._clock = clock
        self._recorded = _Recorded(store.files())

    def scan(self, folders: Iterable[str | Path]) -> Scan:
        """Look through folders, by `stat` alone."""
        suffixes = self._makers.maker.limits.suffixes
        news: list[Found] = []
        known = 0
        for folder in folders:
            for file in dumps.scan(Path(folder), suffixes):
                if self.is_news(file):
                    news.append(file)
                else:
                    known += 1
        news.sort(key=lambda file: (-file.mtime_ns, file.path))
        return Scan(news, known)

    def retry(self) -> None:
        """Have the next scan take what is quarantined, though its files have not changed."""
        self._store.forget_quarantined()
        self._recorded = _Recorded(self._store.files())

    def is_news(self, file: Found) -> bool:
        """Whether a file is other than what was recorded."""
        return (os.fsencode(file.path), _stamp(file)) not in self._recorded

    def take(self, files: Iterable[Found], *, again: bool = False) -> Iterator[Tally]:
        """Work files through in batches; each is whole in the store when its tally comes.

        While a batch is recorded, processes make the next one already. `again` has files made anew whose bytes are
        known. Raises StoreError, with the batch not recorded at all.
        """
        waiting: _Batch | None = None
        for batch in self._batches(files):
            if waiting and not waiting.paths().isdisjoint(os.fsencode(file.path) for file in batch):
                yield self._finish(waiting)  # what a file held before has to be known
                waiting = None
            begun = self._begin(batch, again=again)
            if waiting:
                yield self._finish(waiting)
            waiting = begun
        if waiting:
            yield self._finish(waiting)

    def _batches(self, files: Iterable[Found]) -> Iterator[list[Found]]:
        batch: list[Found] = []
        size = 0
        limit = self._makers.maker.limits.bytes
        for file in files:
            weight = file.size if file.size <= limit else 0
            if batch and (len(batch) == BATCH or size + weight > BYTES):
                yield batch
                batch, size = [], 0
            batch.append(file)
            size += weight
        if batch:
            yield batch

    def _begin(self, files: Sequence[Found], *, again: bool) -> _Batch:
        """Read files, and have what is new in them made."""
        now = self._clock()
        readings: list[Reading] = []
        data: list[bytes] = []
        pending: list[Found] = []
        trouble = ""
        for file in files:
            try:
                reading, read = self._read(file, now)
            except ChangingError:
                pending.append(file)
            except OSError as error:  # the machine's own want of files or memory, which passes
                pending.append(file)
                trouble = f"{dumps.shown(file.path)}: {error.strerror}"
            except (VanishedError, IgnoredError):
                continue
            else:
                readings.append(reading)
                data.append(read)
        unread = [r.path for r in readings if r.stamp == UNREAD]
        before = self._store.stamps(unread) if unread else {}
        still = [r for r in readings if r.stamp == UNREAD == before.get(r.path)]
        if still:  # unreadable as before: nothing to write
            data = [d for r, d in zip(readings, data, strict=True) if r not in still]
            readings = [r for r in readings if r not in still]
        todo = self._todo(readings, again=again)
        return _Batch(
            readings=readings,
            todo=todo,
            made=self._makers.pack([_dump(readings[index], data[index]) for index in todo]),
            files=len(files),
            pending=tuple(pending),
            trouble=trouble,
            unread=len(still),
        )

    def _finish(self, batch: _Batch) -> Tally:
        """Record a batch once its entries are made."""
        with timed("ingest"):
            readings = list(batch.readings)
            for index, packed in zip(batch.todo, batch.made, strict=True):
                readings[index] = _with(readings[index], packed)
            result = record(self._store, readings, self._clock(), self._makers.maker.judge)
        for reading in readings:
            self._recorded.add(reading.path, reading.stamp)
        return Tally(
            files=batch.files,
            counts=result.counts + Counter({Outcome.QUARANTINED.value: batch.unread}),
            feeds=result.feeds,
            again=batch.pending,
            trouble=batch.trouble,
            doubts=tuple(f"{r.shown}: {r.reason}" for r in readings if r.outcome is Outcome.QUARANTINED),
        )

    def _read(self, file: Found, now: datetime) -> tuple[Reading, bytes]:
        """A file's bytes, or in their place the reason why they could not be had."""
        limit = self._makers.maker.limits.bytes
        reading = Reading(
            path=os.fsencode(file.path),
            shown=dumps.shown(file.path),
            folder=file.folder,
            stamp=_stamp(file),
            seen=now,
            written=min(now, datetime.fromtimestamp(file.mtime_ns // 10**9, UTC)),
            outcome=Outcome.ACCEPTED,
        )
        try:
            data = dumps.read(file.path, limit, root=file.root)
        except QuarantineError as error:
            # A file that is too large stays so until its size changes; permission may come without any such sign.
            stamp = reading.stamp if file.size > limit else UNREAD
            return replace(reading, outcome=Outcome.QUARANTINED, reason=str(error), stamp=stamp), b""
        return replace(reading, digest=digest(data)), data

    def _todo(self, readings: Sequence[Reading], *, again: bool) -> list[int]:
        """Which need an entry: what is known already needs none, unless its file held something else before."""
        known = set() if again else self._store.known([r.digest for r in readings if r.digest])
        before = self._store.stamps([r.path for r in readings if r.digest in known]) if known else {}
        return [
            index
            for index, reading in enumerate(readings)
            if reading.digest and (reading.digest not in known or reading.path in before)
        ]


def _stamp(file: Found) -> int:
    """One number for a file's size and times, small enough to remember for every file there is."""
    facts = struct.pack("<qqq", file.size, file.mtime_ns, file.ctime_ns)
    return int.from_bytes(blake2b(facts, digest_size=7).digest(), "big") or 1


def _dump(reading: Reading, data: bytes) -> Dump:
    return Dump(path=reading.shown, folder=reading.folder, data=data, seen=reading.seen)


def _with(reading: Reading, packed: Packed) -> Reading:
    return replace(
        reading,
        outcome=packed.outcome,
        reason=packed.reason,
        data=packed.data,
        at=packed.at,
        entry=packed.row,
    )

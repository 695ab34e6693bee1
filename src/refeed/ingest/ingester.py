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

from ..dumps.reader import read_dump
from ..dumps.scanner import FoundFile, display_path, scan_folder
from ..errors import FileChangingError, FileVanishedError, IgnoredError, QuarantineError
from ..metrics import observe_duration
from ..model import Dump, FeedPath, Outcome
from ..store.ingest_writes import FileResult, record_files
from ..store.store import Store
from .entry_builder import PackedResult, hash_dump
from .entry_pool import EntryPool

BATCH_FILES = 256
"""Files of one transaction: enough to pay for its fsync, few enough that one is not held long."""
BATCH_BYTES = 16_000_000
"""Of their sizes together: with what is made of them, a batch takes some times as much memory."""
RETRY_KEY = "retry"
"""The fact in the store that somebody asked for what is quarantined to be tried again; its value is when."""
UNREADABLE = 0
"""The stamp of a file that could not be read: no file has it, so the next scan tries again."""


class ScanResult(NamedTuple):
    """What a look through the dump folders found."""

    changed: list[FoundFile]
    """Files that are new, or whose size or time is not what was recorded; newest first, for subscribers' sake."""
    unchanged: int
    """How many others there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """What an ingest did."""

    files: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Files by what they brought: new, changed, unchanged, flagged, quarantined."""
    feeds: frozenset[FeedPath] = frozenset()
    """Paths of the feeds whose version moved."""
    postponed: tuple[FoundFile, ...] = ()
    """Files that could not be read just now, to be taken again."""
    problem: str = ""
    """Why, when that was the machine's fault and not a writer's."""
    issues: tuple[str, ...] = ()
    """What was quarantined and was not before: file and reason."""

    def __add__(self, other: IngestResult) -> IngestResult:
        return IngestResult(
            files=self.files + other.files,
            counts=self.counts + other.counts,
            feeds=self.feeds | other.feeds,
            postponed=self.postponed + other.postponed,
            problem=other.problem or self.problem,
            issues=self.issues + other.issues,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Files that were read, while entries are made of them."""

    readings: list[FileResult]
    todo: list[int]
    """Which of the readings need an entry."""
    made: Iterator[PackedResult]
    """For each of those, in order, what is made of it."""
    files: int
    pending: tuple[FoundFile, ...]
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

    def __init__(self, store: Store, makers: EntryPool, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._makers = makers
        self._clock = clock
        self._recorded = _Recorded(store.iter_file_stamps())

    def scan(self, folders: Iterable[str | Path]) -> ScanResult:
        """Look through folders, by `stat` alone."""
        suffixes = self._makers.builder.limits.suffixes
        news: list[FoundFile] = []
        known = 0
        for folder in folders:
            for file in scan_folder(Path(folder), suffixes):
                if self.is_changed(file):
                    news.append(file)
                else:
                    known += 1
        news.sort(key=lambda file: (-file.mtime_ns, file.path))
        return ScanResult(news, known)

    def retry_quarantined(self) -> None:
        """Have the next scan take what is quarantined, though its files have not changed."""
        self._store.retry_quarantined()
        self._recorded = _Recorded(self._store.iter_file_stamps())

    def is_changed(self, file: FoundFile) -> bool:
        """Whether a file is other than what was recorded."""
        return (os.fsencode(file.path), _stamp(file)) not in self._recorded

    def ingest(self, files: Iterable[FoundFile], *, force: bool = False) -> Iterator[IngestResult]:
        """Work files through in batches; each is whole in the store when its tally comes.

        While a batch is recorded, processes make the next one already. `again` has files made anew whose bytes are
        known. Raises StoreError, with the batch not recorded at all.
        """
        waiting: _Batch | None = None
        for batch in self._batches(files):
            if waiting and not waiting.paths().isdisjoint(os.fsencode(file.path) for file in batch):
                yield self._finish(waiting)  # what a file held before has to be known
                waiting = None
            begun = self._begin(batch, again=force)
            if waiting:
                yield self._finish(waiting)
            waiting = begun
        if waiting:
            yield self._finish(waiting)

    def _batches(self, files: Iterable[FoundFile]) -> Iterator[list[FoundFile]]:
        batch: list[FoundFile] = []
        size = 0
        limit = self._makers.builder.limits.bytes
        for file in files:
            weight = file.size if file.size <= limit else 0
            if batch and (len(batch) == BATCH_FILES or size + weight > BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(file)
            size += weight
        if batch:
            yield batch

    def _begin(self, files: Sequence[FoundFile], *, again: bool) -> _Batch:
        """Read files, and have what is new in them made."""
        now = self._clock()
        readings: list[FileResult] = []
        data: list[bytes] = []
        pending: list[FoundFile] = []
        trouble = ""
        for file in files:
            try:
                reading, read = self._read(file, now)
            except FileChangingError:
                pending.append(file)
            except OSError as error:  # the machine's own want of files or memory, which passes
                pending.append(file)
                trouble = f"{display_path(file.path)}: {error.strerror}"
            except (FileVanishedError, IgnoredError):
                continue
            else:
                readings.append(reading)
                data.append(read)
        unread = [r.path for r in readings if r.stamp == UNREADABLE]
        before = self._store.get_file_stamps(unread) if unread else {}
        still = [r for r in readings if r.stamp == UNREADABLE == before.get(r.path)]
        if still:  # unreadable as before: nothing to write
            data = [d for r, d in zip(readings, data, strict=True) if r not in still]
            readings = [r for r in readings if r not in still]
        todo = self._todo(readings, again=again)
        return _Batch(
            readings=readings,
            todo=todo,
            made=self._makers.map([_dump(readings[index], data[index]) for index in todo]),
            files=len(files),
            pending=tuple(pending),
            trouble=trouble,
            unread=len(still),
        )

    def _finish(self, batch: _Batch) -> IngestResult:
        """Record a batch once its entries are made."""
        with observe_duration("ingest"):
            readings = list(batch.readings)
            for index, packed in zip(batch.todo, batch.made, strict=True):
                readings[index] = _with(readings[index], packed)
            result = record_files(self._store, readings, self._clock(), self._makers.builder.find_repost_original)
        for reading in readings:
            self._recorded.add(reading.path, reading.stamp)
        return IngestResult(
            files=batch.files,
            counts=result.counts + Counter({Outcome.QUARANTINED.value: batch.unread}),
            feeds=result.feeds,
            postponed=batch.pending,
            problem=batch.trouble,
            issues=tuple(f"{r.display_path}: {r.reason}" for r in readings if r.outcome is Outcome.QUARANTINED),
        )

    def _read(self, file: FoundFile, now: datetime) -> tuple[FileResult, bytes]:
        """A file's bytes, or in their place the reason why they could not be had."""
        limit = self._makers.builder.limits.bytes
        reading = FileResult(
            path=os.fsencode(file.path),
            display_path=display_path(file.path),
            folder=file.folder,
            stamp=_stamp(file),
            first_seen=now,
            modified=min(now, datetime.fromtimestamp(file.mtime_ns // 10**9, UTC)),
            outcome=Outcome.ACCEPTED,
        )
        try:
            data = read_dump(file.path, limit, root=file.root)
        except QuarantineError as error:
            # A file that is too large stays so until its size changes; permission may come without any such sign.
            stamp = reading.stamp if file.size > limit else UNREADABLE
            return replace(reading, outcome=Outcome.QUARANTINED, reason=str(error), stamp=stamp), b""
        return replace(reading, digest=hash_dump(data)), data

    def _todo(self, readings: Sequence[FileResult], *, again: bool) -> list[int]:
        """Which need an entry: what is known already needs none, unless its file held something else before."""
        known = set() if again else self._store.get_known_digests([r.digest for r in readings if r.digest])
        before = self._store.get_file_stamps([r.path for r in readings if r.digest in known]) if known else {}
        return [
            index
            for index, reading in enumerate(readings)
            if reading.digest and (reading.digest not in known or reading.path in before)
        ]


def _stamp(file: FoundFile) -> int:
    """One number for a file's size and times, small enough to remember for every file there is."""
    facts = struct.pack("<qqq", file.size, file.mtime_ns, file.ctime_ns)
    return int.from_bytes(blake2b(facts, digest_size=7).digest(), "big") or 1


def _dump(reading: FileResult, data: bytes) -> Dump:
    return Dump(path=reading.display_path, folder=reading.folder, data=data, first_seen=reading.first_seen)


def _with(reading: FileResult, packed: PackedResult) -> FileResult:
    return replace(
        reading,
        outcome=packed.outcome,
        reason=packed.reason,
        data=packed.data,
        dump_time=packed.dump_time,
        entry=packed.row,
    )

"""dumps/ -> store: files that are new or changed are read, built into entries, and recorded in batches."""

from __future__ import annotations

import logging
import os
import struct
import time
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from ..dumps.containers import Member, is_container, read_article, read_members
from ..dumps.origin import compose_origin, drop_origin
from ..dumps.reader import read_head
from ..dumps.scanner import FoundFile, display_path, scan_folder
from ..errors import FileChangingError, FileVanishedError, IgnoredError, QuarantineError, RefeedError
from ..heartbeat import beat, wait_for
from ..metrics import observe_duration
from ..model import Dump, FeedPath, Origin, Outcome
from ..parse.parser import peek_dump_time
from ..store.dump_recording import FileResult, forget_files, record_files
from ..store.rows import StoredDump
from ..store.store import Store
from .entry_builder import PackedResult, hash_dump
from .entry_pool import EntryPool

_log = logging.getLogger("refeed.ingest")

BATCH_FILES = 256
"""Files in one transaction: enough to be worth its fsync, few enough that no file waits long."""
FIRST_BATCH = 32
BATCH_SECONDS = 4.0
"""A first import shows its progress after each batch: it begins with small ones, which grow until they take this long.
A small machine takes half a minute for 256 files."""
BATCH_BYTES = 16_000_000
"""Total size of the files in a batch. With its results, a batch takes several times as much memory."""
_MAX_SLOW = 16
"""Slow dumps that may be in work while others are ingested. Each may have 5 MB."""
_HEAD_BYTES = 1024
"""Bytes from which the date of a dump is read before the dump itself: long titles and links have some hundred."""
RETRY_KEY = "retry"
"""Key in the store of the time when the operator last asked to try quarantined files again."""
UNREADABLE = 0
"""The stamp recorded for a file that could not be read. No file has it, so the next scan tries again."""


class ScanResult(NamedTuple):
    """The files in the dump folders."""

    changed: list[FoundFile]
    """Files that are new, or whose size or times have changed; newest first by their own dates, so that subscribers get
    news first."""
    unchanged: int
    """The number of other files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """The result of one batch, or the sum of several."""

    files: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Files by result: new, changed, unchanged, flagged, quarantined."""
    feeds: frozenset[FeedPath] = frozenset()
    """The feeds whose version increased."""
    postponed: tuple[FoundFile, ...] = ()
    """Files that could not be read now, to be tried again."""
    problem: str = ""
    """Why files were postponed, if the machine was out of file descriptors or memory."""
    quarantined: dict[str, str] = field(default_factory=dict)
    """Files that are newly quarantined: display path -> reason."""

    def __add__(self, other: IngestResult) -> IngestResult:
        return IngestResult(
            files=self.files + other.files,
            counts=self.counts + other.counts,
            feeds=self.feeds | other.feeds,
            postponed=self.postponed + other.postponed,
            problem=other.problem or self.problem,
            quarantined=self.quarantined | other.quarantined,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Files that were read, while entries are built from them."""

    results: list[FileResult]
    to_build: list[int]
    """Indices of the results that need an entry."""
    built: Iterator[PackedResult | Future[PackedResult]]
    """The entries for `to_build`, in the same order."""
    files: int
    postponed: tuple[FoundFile, ...]
    problem: str
    still_unreadable: int
    """Number of files that could not be read before and still cannot."""


class _RecordedFiles:
    """The set of recorded files. It keeps eight bytes for each file, a hash of path and stamp: the paths and stamps
    themselves take 30 MB for 100,000 files."""

    def __init__(self, files: Iterable[tuple[bytes, int]]) -> None:
        self._before = array("q", sorted(map(hash, files)))
        self._since: set[int] = set()

    def add(self, path: bytes, stamp: int) -> None:
        self._since.add(hash((path, stamp)))

    def discard(self, path: bytes, stamp: int) -> None:
        self._since.discard(hash((path, stamp)))

    def __contains__(self, file: tuple[bytes, int]) -> bool:
        key = hash(file)
        index = bisect_left(self._before, key)
        return (index < len(self._before) and self._before[index] == key) or key in self._since


class Ingester:
    """Ingests dumps into the store. Remembers which files are recorded, so that a scan needs only `stat`."""

    def __init__(
        self,
        store: Store,
        pool: EntryPool,
        clock: Callable[[], datetime],
        origins: Mapping[str, Origin] = {},
    ) -> None:
        """`origins`: the origin of the dumps in folders that may write to some sources only, by folder."""
        self._store = store
        self._pool = pool
        self._limits = pool.builder.limits
        self._clock = clock
        self._origins = origins
        self._recorded = _RecordedFiles(store.iter_file_stamps())
        self._slow: dict[bytes, tuple[FileResult, Future[PackedResult]]] = {}
        """Files whose entries take long to build, by path. Other files do not wait for them."""
        self._not_found = 0
        """Recorded files that the last complete scan did not find, and that exist or may come back."""

    @property
    def is_waiting(self) -> bool:
        """Whether entries of slow dumps are still being built."""
        return bool(self._slow)

    def scan(self, folders: Iterable[str | Path]) -> ScanResult:
        """Look for files in the dump folders. Uses only `stat`; with many changed files it reads the head of each.

        Recorded files that are gone are forgotten, at the latest by the next scan: the status counts what is there.
        """
        changed: list[FoundFile] = []
        empty: list[str] = []
        unchanged = 0
        for folder in folders:
            before = unchanged + len(changed)
            for file in scan_folder(Path(folder), self._limits.all_suffixes):
                beat()
                if self.is_changed(file):
                    changed.append(file)
                else:
                    unchanged += 1
            if unchanged + len(changed) == before:
                empty.append(str(folder))
        self._forget_gone(unchanged + len(changed), empty)
        is_suspect = self._pool.is_suspect  # such a dump must not stop the others
        # In a checkout or a copy all file times are alike. What fits into one batch needs no order.
        times = {file: _peek_time(file, self._clock()) for file in changed} if len(changed) > BATCH_FILES else {}
        changed.sort(
            key=lambda file: (is_suspect(display_path(file.path)), -times.get(file, file.mtime_ns / 1e9), file.path)
        )
        return ScanResult(changed, unchanged)

    def _forget_gone(self, found: int, empty: Sequence[str]) -> None:
        """Forget recorded files that do not exist, if there are more than the last time. Their entries stay.

        A folder without files may be a disk that is not mounted, so its files are kept.
        """
        recorded = sum(self._store.count_outcomes().values())
        if recorded - found <= self._not_found:
            return
        kept = tuple(os.fsencode(f"{folder.rstrip('/')}/") for folder in empty)
        gone = [path for path, _ in self._store.iter_file_stamps() if not path.startswith(kept) and _is_gone(path)]
        for start in range(0, len(gone), BATCH_FILES):
            beat()
            forget_files(self._store, gone[start : start + BATCH_FILES])
        if gone:
            self._recorded = _RecordedFiles(self._store.iter_file_stamps())
            fields = {"count": len(gone), "file": display_path(os.fsdecode(gone[0]))}
            _log.info("%d dumps are gone from their folders, the first is %s", *fields.values(), extra=fields)
        self._not_found = recorded - len(gone) - found

    def retry_quarantined(self) -> None:
        """Make the next scan return quarantined files although they have not changed."""
        self._store.retry_quarantined()
        self._recorded = _RecordedFiles(self._store.iter_file_stamps())

    def is_changed(self, file: FoundFile) -> bool:
        """Whether a file differs from what is recorded, or is not recorded. A container is recorded by its members."""
        path, stamp = os.fsencode(file.path), _make_stamp(file)
        return (path, stamp) not in self._recorded and (path + b"#1", stamp) not in self._recorded

    def find_recorded(self, files: Sequence[FoundFile]) -> list[FoundFile]:
        """Those of the files that the store has as they are now."""
        stamps = self._store.get_file_stamps([os.fsencode(file.path) for file in files])
        return [file for file in files if stamps.get(os.fsencode(file.path)) == _make_stamp(file)]

    def ingest(self, files: Iterable[FoundFile], *, force: bool = False) -> Iterator[IngestResult]:
        """Ingest files in batches; each batch is recorded completely when its result is yielded.

        While one batch is recorded, processes already build the next. With `force`, entries are built again
        even if their dumps are stored. Raises StoreError; nothing of the batch is then recorded.
        """
        waiting: _Batch | None = None
        for batch in self._split(files):
            if waiting:
                paths = {result.path for result in waiting.results}
                if not paths.isdisjoint(os.fsencode(file.path) for file in batch):
                    yield self._finish(waiting)  # the previous content of a file must be recorded first
                    waiting = None
            begun = self._begin(batch, force=force)
            if waiting:
                yield self._finish(waiting)
            waiting = begun
        if waiting:
            yield self._finish(waiting)

    def rebuild(self, dumps: Sequence[StoredDump]) -> None:
        """Build entries from dumps that were salvaged without them. The files of these dumps are read again."""
        for start in range(0, len(dumps), BATCH_FILES):
            batch = dumps[start : start + BATCH_FILES]
            results = [
                FileResult(
                    path=b"salvaged:" + dump.digest,
                    display_path=dump.path,
                    folder=dump.folder,
                    stamp=1,
                    first_seen=dump.first_seen,
                    outcome=built.outcome,
                    reason=built.reason,
                    digest=dump.digest,
                    data=built.data,
                    dump_time=built.dump_time,
                    entry=built.row,
                )
                for dump, built in zip(
                    batch,
                    self._pool.map(
                        [Dump(path=d.path, folder=d.folder, data=d.data, first_seen=d.first_seen) for d in batch]
                    ),
                    strict=True,
                )
            ]
            record_files(self._store, results, self._clock(), self._pool.builder.find_repost_original)
            forget_files(self._store, [result.path for result in results])

    def _split(self, files: Iterable[FoundFile]) -> Iterator[list[FoundFile]]:
        """Batches of files. The time until the next one is asked for is the time that the last ones have taken."""
        batch: list[FoundFile] = []
        size, limit = 0, min(FIRST_BATCH, BATCH_FILES)
        for file in self._split_containers(files):
            bytes_read = len(file.data) if isinstance(file, Member) else file.size
            bytes_read = bytes_read if bytes_read <= self._limits.bytes else 0
            if batch and (len(batch) == limit or size + bytes_read > BATCH_BYTES):
                start = time.monotonic()
                yield batch
                is_slow = time.monotonic() - start > BATCH_SECONDS
                limit = max(2 * FIRST_BATCH, limit // 2) if is_slow else limit * 2
                limit = min(limit, BATCH_FILES)
                batch, size = [], 0
            batch.append(file)
            size += bytes_read
        if batch:
            yield batch

    def _split_containers(self, files: Iterable[FoundFile]) -> Iterator[FoundFile]:
        """Replace each container by its members. One that cannot be split stays, and `_read` says why."""
        for file in files:
            if is_container(file, self._limits):
                with suppress(RefeedError, OSError):
                    yield from read_members(file, self._limits)
                    continue
            yield file

    def _begin(self, files: Sequence[FoundFile], *, force: bool) -> _Batch:
        """Read files, and start to build entries from new content."""
        for file in files:
            self._slow.pop(os.fsencode(file.path), None)  # it has been written to since
        now = self._clock()
        read: list[tuple[FileResult, bytes]] = []
        postponed: list[FoundFile] = []
        problem = ""
        for file in files:
            beat()
            try:
                read.append(self._read(file, now))
            except FileChangingError:
                postponed.append(file)
            except OSError as error:  # the machine is out of file descriptors or memory for now
                postponed.append(file)
                problem = f"{display_path(file.path)}: {error.strerror}"
            except (FileVanishedError, IgnoredError):
                continue
        unreadable = [result.path for result, _ in read if result.stamp == UNREADABLE]
        before = self._store.get_file_stamps(unreadable) if unreadable else {}
        still_unreadable = {path for path in unreadable if before.get(path) == UNREADABLE}
        read = [(result, data) for result, data in read if result.path not in still_unreadable]
        results = [result for result, _ in read]
        to_build = self._select_to_build(results, force=force)
        dumps = [
            Dump(path=result.display_path, folder=result.folder, data=data, first_seen=result.first_seen)
            for result, data in (read[index] for index in to_build)
        ]
        return _Batch(
            results=results,
            to_build=to_build,
            built=self._pool.build(dumps),
            files=len(files),
            postponed=tuple(postponed),
            problem=problem,
            still_unreadable=len(still_unreadable),
        )

    def _finish(self, batch: _Batch) -> IngestResult:
        """Record a batch once its entries are built, all but those of slow dumps."""
        with observe_duration("ingest"):
            results = dict(enumerate(batch.results))
            for index, built in zip(batch.to_build, batch.built, strict=True):
                if isinstance(built, PackedResult):
                    results[index] = _combine(results[index], built)
                else:
                    slow = results.pop(index)
                    self._slow[slow.path] = slow, built
                    self._recorded.add(slow.path, slow.stamp)
            recorded = self._record(list(results.values()))
        counts = recorded.counts + Counter({Outcome.QUARANTINED.value: batch.still_unreadable})
        recorded = replace(recorded, files=batch.files, counts=counts, postponed=batch.postponed, problem=batch.problem)
        return recorded + self._finish_slow(leave=_MAX_SLOW)

    def finish_slow(self, *, wait: bool = False) -> IngestResult:
        """Record the slow dumps whose entries are built by now; with `wait`, all of them."""
        return self._finish_slow(leave=0 if wait else len(self._slow))

    def _finish_slow(self, *, leave: int) -> IngestResult:
        """Record what is built, and wait until at most `leave` slow dumps are left."""
        results = []
        for path, (result, future) in list(self._slow.items()):
            if future.done() or len(self._slow) > leave:
                del self._slow[path]
                try:
                    results.append(_combine(result, wait_for(future)))
                except BaseException:
                    self._recorded.discard(path, result.stamp)  # the next scan finds it
                    raise
        return self._record(results) if results else IngestResult()

    def _record(self, results: Sequence[FileResult]) -> IngestResult:
        recorded = record_files(self._store, results, self._clock(), self._pool.builder.find_repost_original)
        for result in results:
            self._recorded.add(result.path, result.stamp)
        return IngestResult(
            counts=recorded.counts,
            feeds=recorded.feeds,
            quarantined={
                result.display_path: result.reason or "" for result in results if result.outcome is Outcome.QUARANTINED
            },
        )

    def _read(self, file: FoundFile, now: datetime) -> tuple[FileResult, bytes]:
        """The record of a file and its bytes. If the file cannot be read, the record says why."""
        result = FileResult(
            path=os.fsencode(file.path),
            display_path=display_path(file.path),
            folder=file.folder,
            stamp=_make_stamp(file),
            first_seen=now,
            modified=min(now, datetime.fromtimestamp(file.mtime_ns // 10**9, UTC)),
            outcome=Outcome.ACCEPTED,
        )
        try:
            data = self._read_data(file)
        except QuarantineError as error:
            # A file stays too large until its stamp changes. Access may be granted without a new stamp, so try again.
            stamp = UNREADABLE if isinstance(error.__cause__, OSError) else result.stamp
            return replace(result, outcome=Outcome.QUARANTINED, reason=str(error), stamp=stamp), b""
        return replace(result, digest=hash_dump(data)), data

    def _read_data(self, file: FoundFile) -> bytes:
        if is_container(file, self._limits):
            read_members(file, self._limits)
            raise FileChangingError("the file is being written; it is read again when it is complete")
        data, origin = read_article(file, self._limits), self._origins.get(file.root)
        return compose_origin(origin) + drop_origin(data) if origin else data

    def _select_to_build(self, results: Sequence[FileResult], *, force: bool) -> list[int]:
        """Indices of the results that need an entry: the dump is not stored yet, or its file had different content
        before."""
        known = set() if force else self._store.get_known_digests([r.digest for r in results if r.digest])
        before = self._store.get_file_stamps([r.path for r in results if r.digest in known]) if known else {}
        return [
            index
            for index, result in enumerate(results)
            if result.digest and (result.digest not in known or result.path in before)
        ]


def _is_gone(path: bytes) -> bool:
    """Whether neither a file nor the container of a member `file#n` exists."""
    beat()
    return not (os.path.lexists(path) or os.path.lexists(path.rpartition(b"#")[0]))


def _combine(result: FileResult, built: PackedResult) -> FileResult:
    return replace(
        result,
        outcome=built.outcome,
        reason=built.reason,
        data=built.data,
        dump_time=built.dump_time,
        entry=built.row,
    )


def _peek_time(file: FoundFile, now: datetime) -> float:
    """When an article was written, in seconds, by the head of its file; when it has no date, the file's time."""
    modified = file.mtime_ns / 1e9
    try:
        head = read_head(file.path, _HEAD_BYTES, root=file.root)
    except (RefeedError, OSError):  # reported when the file is read
        return modified
    written = peek_dump_time(head)
    return min(written, now).timestamp() if written else modified


def _make_stamp(file: FoundFile) -> int:
    """A hash of a file's size and times, small enough to keep for every file."""
    facts = struct.pack("<qqq", file.size, file.mtime_ns, file.ctime_ns)
    return int.from_bytes(blake2b(facts, digest_size=7).digest(), "big") or 1

"""documents -> feeds/: whole or not at all. Alone may write the feeds folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from ..errors import PublishError
from ..model import FeedPath
from ..render import checksum


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDocument:
    """A rendered document, and when it last changed in any way (Last-Modified)."""

    data: bytes
    last_modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedManifest:
    """What a feed's documents in this folder were made from."""

    version: int
    presentation: str
    """Digest of all but the entries that documents depend on: titles, addresses, budgets."""
    store: str = ""
    """Identity of the store that counts the versions."""
    digests: dict[str, str] = field(default_factory=dict)
    """Of the documents, by name: what was put here is what is here."""

    def matches(self, other: FeedManifest | None) -> bool:
        """Whether documents with these marks say the same."""
        return other is not None and (self.version, self.presentation, self.store) == (
            other.version,
            other.presentation,
            other.store,
        )


class OutputDir:
    """The feeds folder: documents by their path below it, such as `source/bbc.atom`.

    Every write is a temporary file, fsync, rename, fsync of the folder: a reader sees the old bytes or the new.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._path = os.fspath(self.root)
        self._new = self.root / ".new"
        self._marks = self.root / ".marks.json"
        self._seen: dict[str, tuple[_Identity, str]] = {}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder against other processes that publish into it. Raises PublishError."""
        with self._guarded():
            self._make(self.root)
            held = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            with self._guarded():
                self._wait(held)
            yield
        finally:
            os.close(held)

    def remove_partial_writes(self) -> None:
        """Remove what a killed process left half-written. Call with the lock held."""
        with suppress(OSError):
            if any(self._new.iterdir()):
                shutil.rmtree(self._new, ignore_errors=True)

    def write(self, documents: Mapping[str, RenderedDocument]) -> list[str]:
        """Put documents in place, sealed; returns the paths whose bytes changed.

        Raises PublishError, with the old documents still whole, when the disk refuses.
        """
        pending: dict[str, tuple[Path, str]] = {}
        try:
            with self._guarded():
                for name, document in documents.items():
                    sealed = checksum.add_checksum(document.data)
                    digest = checksum.read_checksum(sealed)
                    if self.document_digest(name) == digest:
                        self._date(self.root / name, document.last_modified)
                    else:
                        pending[name] = self._temporary(len(pending), sealed, document.last_modified), digest
                _sync([temporary for temporary, _ in pending.values()])
                for name, (temporary, digest) in pending.items():
                    self._replace(temporary, name, digest)
                _sync({(self.root / name).parent for name in pending})
        except PublishError:
            for temporary, _ in pending.values():
                with suppress(OSError):
                    temporary.unlink()
            raise
        return list(pending)

    def document_digest(self, name: str) -> str | None:
        """The digest of a whole document; None when there is none, or none that is whole.

        A file that is as it was at the last call is not read again.
        """
        path = f"{self._path}/{name}"  # asked for every document whenever one changes; a Path takes as long as the rest
        try:
            info = os.lstat(path)
        except OSError:
            return None
        identity = _identity(info)
        if name in self._seen and self._seen[name][0] == identity:
            return self._seen[name][1]
        data = _read(path)
        found = checksum.verify_checksum(data) if data is not None else None
        if found is None:
            self._seen.pop(name, None)
        else:
            self._seen[name] = (identity, found)
        return found

    def find_damaged(self, marks: Mapping[FeedPath | None, FeedManifest]) -> list[FeedPath | None]:
        """The feeds (keys of `marks`) with a document that is missing, or is not what was put here."""
        return [
            path
            for path, mark in marks.items()
            if any(self.document_digest(name) != digest for name, digest in mark.digests.items())
        ]

    def remove(self, names: list[str]) -> None:
        """Take documents away; those that are not there are no error."""
        with self._guarded():
            for name in names:
                path = self.root / name
                with suppress(FileNotFoundError, NotADirectoryError):
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    else:
                        path.unlink()

    def list_documents(self, below: str = "") -> list[str]:
        """The documents there are below a path, damaged ones too, by path."""
        root = self.root / below
        found = (path.relative_to(self.root) for path in root.rglob("*") if path.suffix in _SUFFIXES)
        return sorted(str(path) for path in found if not any(part.startswith(".") for part in path.parts))

    def read(self, name: str) -> bytes | None:
        """A document's bytes; None when it is not there, or is not what was sealed."""
        data = _read(self.root / name)
        return data if data is not None and checksum.verify_checksum(data) is not None else None

    def read_manifests(self) -> dict[FeedPath | None, FeedManifest]:
        """What each feed's documents were made from; nothing when that is not known."""
        data = _read(self._marks)
        try:
            found = msgspec.json.decode(data, type=dict[str, FeedManifest]) if data else {}
            return {FeedPath.parse(path) if path else None: mark for path, mark in found.items()}
        except (msgspec.DecodeError, ValueError):
            return {}  # a killed or foreign writer: everything is rendered anew, which is always right

    def write_manifests(self, marks: Mapping[FeedPath | None, FeedManifest]) -> None:
        """Note what the documents were made from, after they are in place. Raises PublishError."""
        with self._guarded():
            temporary = self._temporary(
                0, msgspec.json.encode({str(path or ""): mark for path, mark in marks.items()}), None
            )
            _sync([temporary])
            temporary.replace(self._marks)

    def _replace(self, temporary: Path, name: str, digest: str) -> None:
        path = self.root / name
        self._make(path.parent)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        temporary.replace(path)
        self._seen[name] = _identity(os.lstat(path)), digest  # whole as it is, and need not be read for that

    def _temporary(self, number: int, data: bytes, changed: datetime | None) -> Path:
        self._make(self._new)
        path = self._new / f"{os.getpid()}-{number}"
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            if changed is not None:
                os.utime(file.fileno(), (changed.timestamp(), changed.timestamp()))
        return path

    def _date(self, path: Path, changed: datetime) -> None:
        """Last-Modified moves alone where another document of the feed is what changed."""
        if int(path.stat().st_mtime) != int(changed.timestamp()):
            os.utime(path, (changed.timestamp(), changed.timestamp()))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PublishError(f"{error.filename or self.root}: cannot be written ({error.strerror})") from error

    def _wait(self, held: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise PublishError(f"{self.root}: another process has been publishing into it for long") from None
                time.sleep(0.05)

    def _make(self, folder: Path) -> None:
        # Where a file stands in the way of a folder within ours, it is foreign: feeds/ is generated. In the place of
        # feeds/ itself it is somebody's who was mistaken in its name, and stays.
        if folder.is_dir():
            return
        for part in (*reversed(folder.parents), folder):
            if part != self.root and part.is_relative_to(self.root) and (part.is_symlink() or part.is_file()):
                part.unlink()
        folder.mkdir(parents=True, exist_ok=True)


_Identity = tuple[int, int, int, int]
_PATIENCE = 30.0
"""Seconds that another process may publish: longer, and it hangs."""
_SUFFIXES = {".atom", ".rss", ".json", ".xml"}


def _read(path: Path | str) -> bytes | None:
    """A file's bytes; None when it is not there, is something else than a file, or cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _identity(info: os.stat_result) -> _Identity:
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _sync(paths: Collection[Path]) -> None:
    """Have files, or folders, wait for the disk together: for one journal's write, and not for one each."""
    with ExitStack() as opened:
        descriptors = []
        for path in paths:
            descriptors.append(os.open(path, os.O_RDONLY))
            opened.callback(os.close, descriptors[-1])
        if _ADVISABLE:
            for descriptor in descriptors:
                # Linux begins to write what is to be forgotten once it is written, so that the first wait is for all.
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        for descriptor in descriptors:
            os.fsync(descriptor)


_ADVISABLE = hasattr(os, "posix_fadvise")

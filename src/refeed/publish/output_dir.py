"""Writes documents to feeds/, each of them atomically. Only this module writes to that folder."""

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
from ..heartbeat import beat
from ..model import FeedPath
from ..render import checksum

_MANIFESTS_NAME = ".marks.json"
"""Name of the file next to the documents that records what they were made from."""
_SUFFIXES = {".atom", ".rss", ".json", ".xml"}
_LOCK_TIMEOUT = 30.0
"""Seconds to wait for the lock. A process that holds it for longer hangs."""

_FileIdentity = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDocument:
    """The bytes of a document, and when it last changed in any way (Last-Modified)."""

    data: bytes
    last_modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedManifest:
    """What the documents of a feed in this folder were made from."""

    version: int
    presentation: str
    """Digest of everything that documents depend on besides entries: titles, addresses, budgets."""
    store: str = ""
    """Identity of the store that counts the versions."""
    entries: int = 0
    """Number of entries of the feed, in its document and all archives."""
    digests: dict[str, str] = field(default_factory=dict)
    """Digests of the documents as they were written, by name."""

    def matches(self, other: FeedManifest | None) -> bool:
        """Whether documents with these two manifests have the same content."""
        return other is not None and (self.version, self.presentation, self.store) == (
            other.version,
            other.presentation,
            other.store,
        )


class OutputDir:
    """The feeds folder. The name of a document is its path below the folder, for example `source/bbc.atom`.

    Every write makes a temporary file, syncs it, renames it and syncs the folder: a reader sees the old bytes or the
    new.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._path = os.fspath(self.root)
        self._temporary_dir = self.root / ".new"
        self._manifests = self.root / _MANIFESTS_NAME
        self._known_digests: dict[str, tuple[_FileIdentity, str]] = {}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Prevent other processes from publishing into the folder. Raises PublishError."""
        with self._convert_errors():
            self._make_folder(self.root)
            held = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            with self._convert_errors():
                self._wait_for_lock(held)
            yield
        finally:
            os.close(held)

    def remove_partial_writes(self) -> None:
        """Remove temporary files that a killed process left. Call with the lock held."""
        with suppress(OSError):
            if any(self._temporary_dir.iterdir()):
                shutil.rmtree(self._temporary_dir, ignore_errors=True)

    def write(self, documents: Mapping[str, RenderedDocument]) -> list[str]:
        """Write documents with their checksums; returns the names of those whose bytes changed.

        Raises PublishError when writing fails. Each document is then still complete, old or new.
        """
        pending: dict[str, tuple[Path, str]] = {}
        try:
            with self._convert_errors():
                for name, document in documents.items():
                    data = checksum.add_checksum(document.data)
                    digest = checksum.read_checksum(data)
                    if self.document_digest(name) == digest:
                        _set_time(self.root / name, document.last_modified)  # only another document of the feed changed
                    else:
                        pending[name] = self._write_temporary(len(pending), data, document.last_modified), digest
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
        """The digest of a document; None when it is missing or damaged.

        A file that has not changed since the last call is not read again.
        """
        beat()
        path = f"{self._path}/{name}"  # called for every document whenever one changes: a Path doubles the time
        try:
            info = os.lstat(path)
        except OSError:
            return None
        identity = _identity(info)
        if name in self._known_digests and self._known_digests[name][0] == identity:
            return self._known_digests[name][1]
        data = _read(path)
        digest = checksum.verify_checksum(data) if data is not None else None
        if digest is None:
            self._known_digests.pop(name, None)
        else:
            self._known_digests[name] = (identity, digest)
        return digest

    def find_damaged(self, manifests: Mapping[FeedPath | None, FeedManifest]) -> list[FeedPath | None]:
        """The keys of `manifests` with a document that is missing or differs from what was written."""
        return [
            path
            for path, manifest in manifests.items()
            if any(self.document_digest(name) != digest for name, digest in manifest.digests.items())
        ]

    def remove(self, names: list[str]) -> None:
        """Remove documents; names that do not exist are skipped."""
        with self._convert_errors():
            for name in names:
                path = self.root / name
                with suppress(FileNotFoundError, NotADirectoryError):
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    else:
                        path.unlink()

    def list_documents(self, below: str = "") -> list[str]:
        """The names of all documents below a path in sorted order, including damaged documents."""
        root = self.root / below
        files = (path.relative_to(self.root) for path in root.rglob("*") if path.suffix in _SUFFIXES)
        return sorted(str(path) for path in files if not any(part.startswith(".") for part in path.parts))

    def read(self, name: str) -> bytes | None:
        """The bytes of a document; None when it is missing or damaged."""
        data = _read(self.root / name)
        return data if data is not None and checksum.verify_checksum(data) is not None else None

    def read_manifests(self) -> dict[FeedPath | None, FeedManifest]:
        """The manifests by feed, and that of the lists of feeds under None; empty when they cannot be read."""
        data = _read(self._manifests)
        try:
            manifests = msgspec.json.decode(data, type=dict[str, FeedManifest]) if data else {}
            return {FeedPath.parse(path) if path else None: manifest for path, manifest in manifests.items()}
        except (msgspec.DecodeError, ValueError):
            return {}  # not our file: everything is rendered again, which is always correct

    def write_manifests(self, manifests: Mapping[FeedPath | None, FeedManifest]) -> None:
        """Save the manifests, after the documents were written. Raises PublishError."""
        with self._convert_errors():
            data = msgspec.json.encode({str(path or ""): manifest for path, manifest in manifests.items()})
            temporary = self._write_temporary(0, data, None)
            _sync([temporary])
            temporary.replace(self._manifests)

    def _replace(self, temporary: Path, name: str, digest: str) -> None:
        path = self.root / name
        self._make_folder(path.parent)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        temporary.replace(path)
        self._known_digests[name] = _identity(os.lstat(path)), digest  # just written: no need to read it

    def _write_temporary(self, number: int, data: bytes, changed: datetime | None) -> Path:
        self._make_folder(self._temporary_dir)
        path = self._temporary_dir / f"{os.getpid()}-{number}"
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            if changed is not None:
                os.utime(file.fileno(), (changed.timestamp(), changed.timestamp()))
        return path

    @contextmanager
    def _convert_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PublishError(f"{error.filename or self.root}: cannot be written ({error.strerror})") from error

    def _wait_for_lock(self, held: int) -> None:
        deadline = time.monotonic() + _LOCK_TIMEOUT
        while True:
            try:
                return fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise PublishError(
                        f"{self.root}: locked for {_LOCK_TIMEOUT:.0f} s by another process that publishes into it"
                    ) from None
                beat()
                time.sleep(0.05)

    def _make_folder(self, folder: Path) -> None:
        # feeds/ is generated: a file in place of one of its subfolders is not ours, and is removed. A file in place of
        # feeds/ itself is kept, because the setting may be wrong.
        if folder.is_dir():
            return
        for part in (*reversed(folder.parents), folder):
            if part != self.root and part.is_relative_to(self.root) and (part.is_symlink() or part.is_file()):
                part.unlink()
        folder.mkdir(parents=True, exist_ok=True)


def _read(path: Path | str) -> bytes | None:
    """The bytes of a file; None when it is missing, not a regular file, or cannot be read."""
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


def _set_time(path: Path, time: datetime) -> None:
    if int(path.stat().st_mtime) != int(time.timestamp()):
        os.utime(path, (time.timestamp(), time.timestamp()))


def _identity(info: os.stat_result) -> _FileIdentity:
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _sync(paths: Collection[Path]) -> None:
    """Wait until files or folders are on disk. One call for all needs one write of the journal instead of one each."""
    with ExitStack() as opened:
        descriptors = []
        for path in paths:
            descriptors.append(os.open(path, os.O_RDONLY))
            opened.callback(os.close, descriptors[-1])
        for descriptor in descriptors:
            os.fsync(descriptor)

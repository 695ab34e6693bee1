"""documents -> feeds/: whole or not at all. Alone may write the feeds folder."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from . import seal
from .errors import PublishError


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A rendered document, and when it last changed in any way (Last-Modified)."""

    data: bytes
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a feed's documents in this folder were made from."""

    version: int
    presentation: str
    """Digest of all but the entries that documents depend on: titles, addresses, budgets."""


class Folder:
    """The feeds folder: documents by their path below it, such as `source/bbc.atom`.

    Every write is a temporary file, fsync, rename, fsync of the folder: a reader sees the old bytes or the new.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._new = self.root / ".new"
        self._marks = self.root / ".marks.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder against other processes that publish into it."""
        self._make(self.root)
        with (self.root / ".lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def tidy(self) -> None:
        """Remove what a killed process left half-written. Call with the lock held."""
        shutil.rmtree(self._new, ignore_errors=True)

    def write(self, documents: Mapping[str, Document]) -> list[str]:
        """Put documents in place, sealed; returns the paths whose bytes changed.

        Raises PublishError, with the old documents still whole, when the disk refuses.
        """
        pending: list[tuple[Path, Path]] = []
        changed: list[str] = []
        folders: set[Path] = set()
        try:
            for name, document in documents.items():
                sealed, path = seal.seal(document.data), self.root / name
                same = _read(path) == sealed
                if same and int(path.stat().st_mtime) == int(document.changed.timestamp()):
                    continue
                if not same:
                    changed.append(name)
                pending.append((self._temporary(len(pending), sealed, document.changed), path))
            for temporary, path in pending:
                self._make(path.parent)
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                temporary.replace(path)
                folders.add(path.parent)
            for folder in folders:
                _sync(folder)
        except OSError as error:
            for temporary, _ in pending:
                with suppress(OSError):
                    temporary.unlink()
            raise PublishError(f"{error.filename or self.root}: cannot be written ({error.strerror})") from error
        return changed

    def remove(self, names: list[str]) -> None:
        """Take documents away; those that are not there are no error."""
        for name in names:
            with suppress(FileNotFoundError, NotADirectoryError):
                (self.root / name).unlink()

    def names(self, below: str = "") -> list[str]:
        """The documents there are below a path, damaged ones too, by path."""
        root = self.root / below
        found = (path.relative_to(self.root) for path in root.rglob("*") if path.suffix in _SUFFIXES)
        return sorted(str(path) for path in found if not any(part.startswith(".") for part in path.parts))

    def has(self, name: str) -> bool:
        """Whether a document is there, by stat alone."""
        return (self.root / name).is_file()

    def intact(self, name: str) -> bool:
        """Whether a document is there and is what was sealed."""
        data = _read(self.root / name)
        return data is not None and seal.digest(data) is not None

    def marks(self) -> dict[str, Mark]:
        """What each feed's documents were made from; nothing when that is not known."""
        data = _read(self._marks)
        try:
            return msgspec.json.decode(data, type=dict[str, Mark]) if data else {}
        except msgspec.DecodeError:
            return {}  # a killed or foreign writer: everything is rendered anew, which is always right

    def mark(self, marks: Mapping[str, Mark]) -> None:
        """Note what the documents were made from, after they are in place. Raises PublishError."""
        try:
            self._temporary(0, msgspec.json.encode(dict(marks)), None).replace(self._marks)
        except OSError as error:
            raise PublishError(f"{self._marks}: cannot be written ({error.strerror})") from error

    def _temporary(self, number: int, data: bytes, changed: datetime | None) -> Path:
        self._make(self._new)
        path = self._new / f"{os.getpid()}-{number}"
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            if changed is not None:
                os.utime(file.fileno(), (changed.timestamp(), changed.timestamp()))
            os.fsync(file.fileno())
        return path

    def _make(self, folder: Path) -> None:
        # Where a file stands in the way of a folder of ours, it is foreign: feeds/ is generated.
        if folder.is_dir():
            return
        for part in (*reversed(folder.parents), folder):
            if part.is_relative_to(self.root) and (part.is_symlink() or part.is_file()):
                part.unlink()
        folder.mkdir(parents=True, exist_ok=True)


_SUFFIXES = {".atom", ".rss", ".json", ".xml"}


def _read(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read()
        except OSError:
            return None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

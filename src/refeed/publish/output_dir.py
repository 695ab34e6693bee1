"""Writes documents to feeds/ and private ones to var/private/, each of them atomically. Only this module does.

The modes do not depend on the umask: everyone may read feeds/, as a web server in front does, and only the group what
is private.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec

from ..config.settings import Settings
from ..errors import PublishError
from ..feeds.access_tokens import AccessTokens
from ..heartbeat import beat
from ..model import FeedPath
from ..render import checksum
from ..render.compression import COMPRESS, FILE_SUFFIXES, Compression

_TEMPORARY_DIR = ".new"
_LOCK_NAME = ".lock"
_MANIFESTS_NAME = ".marks.json"
"""Name of the file next to the documents that records what they were made from."""
_SUFFIXES = {".atom", ".rss", ".json", ".xml"}
_PUBLIC, _PRIVATE = 0o644, 0o640
"""Modes of files. Folders have the same, and may be entered by whoever may read them."""
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
    """The feeds folder, and the folder of private documents, which no web server for feeds/ reaches.

    The name of a document is its path below one of the two, for example `source/bbc.atom`.

    Every write makes a temporary file, syncs it, renames it and syncs the folder: a reader sees the old bytes or the
    new.
    """

    def __init__(
        self,
        root: str | Path,
        private_root: str | Path = "",
        is_private: Callable[[str], bool] | None = None,
        compressions: Collection[Compression] = (),
    ) -> None:
        """`is_private` tells for the name of a document whether it belongs below `private_root`. Beside each public
        document stand its `compressions`."""
        self.root = Path(root)
        self._private_root = Path(private_root) if private_root else self.root
        self._path, self._private_path = os.fspath(self.root), os.fspath(self._private_root)
        self._is_private = is_private
        self._compressions = compressions
        self._manifests = self.root / _MANIFESTS_NAME
        self._known_digests: dict[str, tuple[_FileIdentity, str]] = {}
        self._known_manifests: tuple[_FileIdentity, dict[FeedPath | None, FeedManifest]] | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> OutputDir:
        """The folders of these settings."""
        access = AccessTokens(settings)

        @cache
        def is_private(name: str) -> bool:
            path = name.partition("/archive/")[0] if "/archive/" in name else name.rpartition(".")[0]
            try:
                return access.is_private(FeedPath.parse(path))
            except ValueError:
                return access.is_private(None)  # the lists of feeds

        is_private_name = is_private if access.has_private_feeds else None
        return cls(settings.feeds_dir, settings.private_dir, is_private_name, settings.feeds.precompressed)

    def path_of(self, name: str) -> Path:
        """The file of a document."""
        return Path(self._file(name))

    def _file(self, name: str) -> str:
        # Called for every document whenever one changes: a Path doubles the time.
        return f"{self._private_path if self._is_private and self._is_private(name) else self._path}/{name}"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Prevent other processes from publishing into the folder. Raises PublishError."""
        with self._convert_errors():
            self._make_folder(self.root)
            held = os.open(self.root / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        try:
            with self._convert_errors():
                self._wait_for_lock(held)
            yield
        finally:
            os.close(held)

    def remove_partial_writes(self) -> None:
        """Remove temporary files that a killed process left. Call with the lock held."""
        for folder in self._roots():
            with suppress(OSError):
                if any((folder / _TEMPORARY_DIR).iterdir()):
                    shutil.rmtree(folder / _TEMPORARY_DIR, ignore_errors=True)

    def tidy(self) -> None:
        """Remove private documents from feeds/ and public ones from the other folder, which are those of feeds whose
        access has changed, and write what is missing of compressed documents. Correct modes that other programs or
        versions have set. Raises PublishError."""
        with self._convert_errors():
            for root in self._roots():
                for name in list(_documents_below(root, root)):
                    if self.path_of(name) != root / name:
                        self._remove_file(root / name)
                paths = [root, *root.rglob("*")]
                self._tidy_compressed(root, paths)
                for path in paths:
                    with suppress(FileNotFoundError, PermissionError):  # PermissionError: another user's
                        self._correct_mode(path)

    def write(self, documents: Mapping[str, RenderedDocument]) -> list[str]:
        """Write documents with their checksums; returns the names of those whose bytes changed.

        Raises PublishError when writing fails. Each document is then still complete, old or new.
        """
        pending: dict[str, str] = {}
        temporaries: list[tuple[Path, str, str]] = []
        try:
            with self._convert_errors():
                for name, document in documents.items():
                    data = checksum.add_checksum(document.data)
                    digest = checksum.read_checksum(data)
                    if self.document_digest(name) == digest:
                        self._set_time(name, document.last_modified)  # only another document of it changed
                        continue
                    pending[name] = digest
                    # The document comes last: after a kill before it, all are written again.
                    for suffix, body in (*self._compress(name, data), ("", data)):
                        number = len(temporaries)
                        temporary = self._write_temporary(name, number, body, document.last_modified)
                        temporaries.append((temporary, name, suffix))
                _sync([temporary for temporary, _, _ in temporaries])
                for temporary, name, suffix in temporaries:
                    self._replace(temporary, name, suffix)
                    if not suffix:  # just written: no need to read it
                        self._known_digests[name] = _identity(os.lstat(self._file(name))), pending[name]
                _sync({self.path_of(name).parent for name in pending})
        except PublishError:
            for temporary, _, _ in temporaries:
                with suppress(OSError):
                    temporary.unlink()
            raise
        return list(pending)

    def document_digest(self, name: str) -> str | None:
        """The digest of a document; None when it is missing or damaged.

        A file that has not changed since the last call is not read again.
        """
        beat()
        path = self._file(name)
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
                self._remove_file(self.path_of(name))

    def list_documents(self, below: str = "") -> list[str]:
        """The names of all documents below a path in sorted order, including damaged documents."""
        return sorted({name for root in self._roots() for name in _documents_below(root / below, root)})

    def read(self, name: str) -> bytes | None:
        """The bytes of a document; None when it is missing or damaged."""
        data = _read(self._file(name))
        return data if data is not None and checksum.verify_checksum(data) is not None else None

    def read_manifests(self) -> dict[FeedPath | None, FeedManifest]:
        """The manifests by feed, and that of the lists of feeds under None; empty when they cannot be read."""
        identity = self._manifests_identity()
        if identity is not None and self._known_manifests and self._known_manifests[0] == identity:
            return self._known_manifests[1]
        data = _read(self._manifests)
        try:
            manifests = msgspec.json.decode(data, type=dict[str, FeedManifest]) if data else {}
            parsed = {FeedPath.parse(path) if path else None: manifest for path, manifest in manifests.items()}
        except (msgspec.DecodeError, ValueError):
            return {}  # not our file: everything is rendered again, which is always correct
        self._known_manifests = (identity, parsed) if identity is not None else None
        return parsed

    def write_manifests(self, manifests: Mapping[FeedPath | None, FeedManifest]) -> None:
        """Save the manifests, after the documents were written. Raises PublishError."""
        with self._convert_errors():
            data = msgspec.json.encode({str(path or ""): manifest for path, manifest in manifests.items()})
            temporary = self._write_temporary(_MANIFESTS_NAME, 0, data, None)
            _sync([temporary])
            temporary.replace(self._manifests)
            identity = self._manifests_identity()
            self._known_manifests = (identity, dict(manifests)) if identity is not None else None

    def _roots(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.root, self._private_root)))

    def _root_of(self, path: Path) -> Path:
        """The one of the two folders that has a file."""
        is_private = self._private_root != self.root and path.is_relative_to(self._private_root)
        return self._private_root if is_private else self.root

    def _mode_of(self, path: Path) -> int:
        # The manifests and the lock are nobody else's concern; the manifests name private feeds.
        is_public = self._root_of(path) == self.root and path.name not in (_MANIFESTS_NAME, _LOCK_NAME)
        return _PUBLIC if is_public else _PRIVATE

    def _correct_mode(self, path: Path) -> None:
        found, mode = path.lstat().st_mode, self._mode_of(path)
        if stat.S_ISDIR(found):
            mode |= (mode & 0o444) >> 2
        elif not stat.S_ISREG(found):
            return
        if stat.S_IMODE(found) != mode:
            path.chmod(mode)

    def _manifests_identity(self) -> _FileIdentity | None:
        try:
            return _identity(os.lstat(self._manifests))
        except OSError:
            return None

    def _compress(self, name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the suffix and the bytes of each compressed form that stands beside a document."""
        if self._root_of(self.path_of(name)) == self.root:
            for compression in self._compressions:
                yield FILE_SUFFIXES[compression], COMPRESS[compression](data)

    def _tidy_compressed(self, root: Path, paths: Iterable[Path]) -> None:
        """Remove compressed documents that are not asked for, without a document or older, and write missing ones."""
        wanted = {FILE_SUFFIXES[compression] for compression in self._compressions if root == self.root}
        for path in [path for path in paths if path.suffix in FILE_SUFFIXES.values()]:
            document = path.with_suffix("")
            if path.suffix not in wanted or not document.is_file() or _time(path) != _time(document):
                path.unlink(missing_ok=True)
        for name in list(_documents_below(root, root)) if wanted else ():
            path = root / name
            if (
                any(not Path(f"{path}{suffix}").is_file() for suffix in wanted)
                and (data := self.read(name)) is not None
            ):
                changed = datetime.fromtimestamp(_time(path), UTC)
                for suffix, body in self._compress(name, data):
                    self._replace(self._write_temporary(name, 0, body, changed), name, suffix)

    def _replace(self, temporary: Path, name: str, suffix: str) -> None:
        path = Path(self._file(name) + suffix)
        self._make_folder(path.parent)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        temporary.replace(path)

    def _set_time(self, name: str, changed: datetime) -> None:
        path = self.path_of(name)
        if _time(path) != int(changed.timestamp()):
            for suffix in ("", *(FILE_SUFFIXES[compression] for compression in self._compressions)):
                with suppress(FileNotFoundError):
                    os.utime(f"{path}{suffix}", (changed.timestamp(), changed.timestamp()))

    def _write_temporary(self, name: str, number: int, data: bytes, changed: datetime | None) -> Path:
        root = self.root if name == _MANIFESTS_NAME else self._root_of(self.path_of(name))
        folder = root / _TEMPORARY_DIR
        self._make_folder(folder)
        path = folder / f"{os.getpid()}-{number}"
        with path.open("wb") as file:
            os.fchmod(file.fileno(), _PRIVATE if name == _MANIFESTS_NAME else self._mode_of(path))
            file.write(data)
            file.flush()
            if changed is not None:
                os.utime(file.fileno(), (changed.timestamp(), changed.timestamp()))
        return path

    def _remove_file(self, path: Path) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            for suffix in FILE_SUFFIXES.values():
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

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
        # Both folders are generated: a file in place of one of their subfolders is not ours, and is removed. A file in
        # place of feeds/ itself is kept, because the setting may be wrong.
        if folder.is_dir():
            return
        root = self._root_of(folder)
        below = [part for part in (*reversed(folder.parents), folder) if part.is_relative_to(root)]
        for part in below[1:]:
            if part.is_symlink() or part.is_file():
                part.unlink()
        missing = [part for part in below if not part.is_dir()]
        folder.mkdir(parents=True, exist_ok=True)
        for part in missing:
            self._correct_mode(part)


def _documents_below(folder: Path, root: Path) -> Iterable[str]:
    """The names of documents below a folder in `root`."""
    for path in folder.rglob("*"):
        name = path.relative_to(root)
        if path.suffix in _SUFFIXES and not any(part.startswith(".") for part in name.parts):
            yield str(name)


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


def _time(path: Path) -> int:
    return int(path.stat().st_mtime)


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

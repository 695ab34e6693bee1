"""URL paths -> documents of feeds/, kept in memory and checked against their files.

Only whole documents are returned.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import monotonic_ns
from typing import NamedTuple

from cachetools import Cache, LRUCache

from ..render.checksum import verify_checksum
from .document_response import CachedDocument, EncodedBody
from .negotiation import Coding

_MAX_BYTES = 64_000_000
"""All codings counted. A small web dyno has 512 MB."""
_CHECK_INTERVAL = 500_000
"""Nanoseconds for which a check of a file is trusted. No client can notice; under load, checking every time takes a
quarter of all time, because each check releases Python's lock."""


class FileIdentity(NamedTuple):
    """Differs whenever a file was written again. Documents are renamed into place with a modification time of their
    own, and inodes are reused: only ctime always changes."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class DocumentFile(NamedTuple):
    """A whole document as read from its file."""

    data: bytes
    digest: str
    modified: datetime
    identity: FileIdentity


class DocumentLocation(NamedTuple):
    """Where a document is, and what makes it ready to be sent."""

    file: str
    """Below the root folder."""
    prepare: Callable[[DocumentFile], CachedDocument]


@dataclass(slots=True)
class _CacheEntry:
    document: CachedDocument
    file: str
    identity: FileIdentity
    checked: int = 0
    """When the file was last checked, in nanoseconds of a monotonic clock."""


class DocumentCache:
    """Documents by URL path. `locate` says which exist; no other path reaches the disk.

    Safe to use from several threads. The documents used least recently are dropped first.
    """

    def __init__(
        self, root: str | Path, locate: Callable[[str], DocumentLocation | None], max_bytes: int = _MAX_BYTES
    ) -> None:
        self._root = os.fspath(root)
        self._locate = locate
        self._entries: LRUCache[str, _CacheEntry] = LRUCache(max_bytes, getsizeof=lambda entry: entry.document.size)
        self._lock = Lock()
        self._encoding_lock = Lock()

    def get(self, url_path: str) -> CachedDocument | None:
        """The document as it is on disk now; None when it does not exist or is not whole."""
        entry = self._find(url_path)
        return entry.document if entry is not None and _is_current(entry) else self._load(url_path)

    def get_from_memory(self, url_path: str) -> CachedDocument | None:
        """The document if it is in memory and was the one on disk half a millisecond ago."""
        try:
            # The base class's look-up, which leaves the order of use alone: no lock, half the time.
            entry = Cache.__getitem__(self._entries, url_path)
        except KeyError:
            return None
        now = monotonic_ns()
        if now - entry.checked >= _CHECK_INTERVAL:
            if not _is_current(entry):
                return None
            entry.checked = now
            self._find(url_path)  # now used most recently
        return entry.document

    def encoded_body(self, url_path: str, document: CachedDocument, coding: Coding) -> EncodedBody:
        """The document in a coding. Concurrent requests compress it once."""
        body = document.bodies.get(coding)
        if body is not None:
            return body
        with self._encoding_lock:
            body = document.bodies.get(coding) or document.encode(coding)
        with self._lock:
            entry = self._entries.get(url_path)
            if entry is not None and entry.document is document:
                self._store(url_path, entry)  # with its new size
        return body

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return int(self._entries.currsize)

    def __contains__(self, url_path: str) -> bool:
        return url_path in self._entries

    def _find(self, url_path: str) -> _CacheEntry | None:
        with self._lock:
            return self._entries.get(url_path)

    def _load(self, url_path: str) -> CachedDocument | None:
        location = self._locate(url_path)
        if location is None:
            return None
        path = f"{self._root}/{location.file}"
        file = read_document(path)
        if file is None:
            with self._lock:
                self._entries.pop(url_path, None)
            return None
        document = location.prepare(file)
        with self._lock:
            self._store(url_path, _CacheEntry(document, path, file.identity))
        return document

    def _store(self, url_path: str, entry: _CacheEntry) -> None:
        try:
            self._entries[url_path] = entry
        except ValueError:  # larger than the whole cache
            self._entries.pop(url_path, None)


def _is_current(entry: _CacheEntry) -> bool:
    try:
        stat = os.stat(entry.file)  # noqa: PTH116 (Path.stat takes twice as long)
    except OSError:
        return False
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) == entry.identity


def read_document(path: str) -> DocumentFile | None:
    """A document from its file; None when there is none or its checksum does not match."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            stat = os.fstat(file.fileno())
            data = file.read()
    except OSError:
        return None
    digest = verify_checksum(data)
    if digest is None:
        return None
    # After the clock was set back, Last-Modified must not lie ahead of Date (RFC 9110 8.8.2.1).
    modified = min(datetime.fromtimestamp(int(stat.st_mtime), UTC), datetime.now(UTC).replace(microsecond=0))
    identity = FileIdentity(stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return DocumentFile(data, digest, modified, identity)

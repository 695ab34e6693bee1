"""The documents of feeds/ in memory, checked against their files at every look; only whole ones are given out."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import monotonic_ns
from typing import NamedTuple

from ..render import checksum
from .document_response import CachedDocument, EncodedBody
from .negotiation import Coding

_BUDGET = 64_000_000
"""Bytes of documents kept, all codings counted; the least recently asked for go first. A small web dyno has 512 MB."""
_TRUSTED = 500_000
"""Nanoseconds for which polls take a look at a file as the last word. Nobody can tell, and while everybody polls at
once, the looks cost a quarter of all time: each lets go of Python's lock."""


class FileIdentity(NamedTuple):
    """What tells one writing of a file from the next. Documents are renamed into place with a time of their own, and an
    inode that was given up is taken again: only the kernel's own time of the change is another one each time."""

    inode: int
    size: int
    modified: int
    changed: int


class DocumentFile(NamedTuple):
    """A whole document as it was read."""

    data: bytes
    digest: str
    modified: datetime
    identity: FileIdentity


class DocumentLocation(NamedTuple):
    """Where a document comes from, and what makes it ready."""

    file: str
    """Below the folder."""
    prepare: Callable[[DocumentFile], CachedDocument]


@dataclass(slots=True)
class _Kept:
    ready: CachedDocument
    file: str
    identity: FileIdentity
    size: int
    looked: int = 0
    """When its file was looked at last, by a clock of nanoseconds."""


class DocumentCache:
    """Looks documents up by their address. `places` says which addresses there are; no other reaches the disk.

    Safe to use from several threads.
    """

    def __init__(
        self, root: str | Path, places: Callable[[str], DocumentLocation | None], max_bytes: int = _BUDGET
    ) -> None:
        self._root = os.fspath(root)
        self._places = places
        self._budget = max_bytes
        self._size = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, address: str) -> CachedDocument | None:
        """The document as it is on disk now; None when there is none, or none that is whole."""
        kept = self._kept.get(address)
        return (self._current(address, kept) if kept is not None else None) or self._load(address)

    def get_from_memory(self, address: str) -> CachedDocument | None:
        """The document if it is in memory, and is what is on disk now, or was half a millisecond ago."""
        kept = self._kept.get(address)
        if kept is None:
            return None
        now = monotonic_ns()
        if now - kept.looked < _TRUSTED:
            return kept.ready
        ready = self._current(address, kept)
        if ready is not None:
            kept.looked = now
        return ready

    def _current(self, address: str, kept: _Kept) -> CachedDocument | None:
        try:
            found = os.stat(kept.file)  # noqa: PTH116 (Path.stat takes twice as long)
        except OSError:
            return None
        if (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns) != kept.identity:
            return None
        try:  # noqa: SIM105 (suppress costs as much as all the rest)
            self._kept.move_to_end(address)
        except KeyError:
            pass  # another thread put it away since
        return kept.ready

    def encoded_body(self, address: str, ready: CachedDocument, coding: Coding) -> EncodedBody:
        """The document in a coding. Compresses once, whoever asks meanwhile."""
        body = ready.bodies.get(coding)
        if body is not None:
            return body
        with self._lock:
            body = ready.bodies.get(coding) or ready.encode(coding)
            kept = self._kept.get(address)
            if kept is not None and kept.ready is ready:
                self._count(kept)
        return body

    @property
    def size(self) -> int:
        """Bytes kept."""
        return self._size

    def __contains__(self, address: str) -> bool:
        return address in self._kept

    def _load(self, address: str) -> CachedDocument | None:
        place = self._places(address)
        if place is None:
            return None
        file = f"{self._root}/{place.file}"
        sealed = read_document(file)
        if sealed is None:
            self._drop(address)
            return None
        ready = place.prepare(sealed)
        with self._lock:
            old = self._kept.pop(address, None)
            self._size -= old.size if old else 0
            self._kept[address] = kept = _Kept(ready, file, sealed.identity, 0)
            self._count(kept)
        return ready

    def _count(self, kept: _Kept) -> None:
        size = kept.ready.size
        self._size += size - kept.size
        kept.size = size
        while self._size > self._budget and self._kept:
            _, gone = self._kept.popitem(last=False)
            self._size -= gone.size

    def _drop(self, address: str) -> None:
        with self._lock:
            gone = self._kept.pop(address, None)
            self._size -= gone.size if gone else 0


def read_document(file: str) -> DocumentFile | None:
    """A sealed document from its file; None when there is none, or when it is not what was sealed."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            found = os.fstat(opened.fileno())
            data = opened.read()
    except OSError:
        return None
    digest = checksum.verify_checksum(data)
    if digest is None:
        return None
    # A clock that was put back must not make a Last-Modified that lies ahead of Date (RFC 9110 8.8.2.1).
    changed = min(datetime.fromtimestamp(int(found.st_mtime), UTC), datetime.now(UTC).replace(microsecond=0))
    identity = FileIdentity(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return DocumentFile(data, digest, changed, identity)

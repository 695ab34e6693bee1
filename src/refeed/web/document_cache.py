"""URL paths -> documents of feeds/, kept in memory and checked against their files.

Only documents with a valid checksum are returned. Headers and ETags are computed once per document, the compressed
body once per coding.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from threading import Lock
from time import monotonic_ns
from typing import NamedTuple

from cachetools import LRUCache

from ..render.checksum import verify_checksum
from ..render.compression import COMPRESS
from .negotiation import CODINGS, Coding

Headers = list[tuple[str, str]]

SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; sandbox"),
    ("Referrer-Policy", "no-referrer"),
)
"""Headers of every document, and of every other response that does not set them itself."""

_ETAG_SUFFIX: dict[Coding, str] = {"identity": "", "gzip": "-gz", "br": "-br", "zstd": "-zs"}
_NOT_MODIFIED_HEADERS = ("Cache-Control", "Vary", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers")
"""The headers of a document that a 304 response has too, besides its ETag."""
_CHECK_INTERVAL = 500_000
"""Nanoseconds before a file is checked again. Clients cannot notice so short a time. Under load, checking for every
request takes a quarter of the time, because each check releases the GIL."""


class EncodedBody(NamedTuple):
    """A document in one coding, and the headers of its 200 response."""

    data: bytes
    headers: Headers


@dataclass(slots=True, kw_only=True, eq=False)
class CachedDocument:
    """A document ready to be sent. A coding is added to `bodies` when a client first accepts it."""

    label: str
    """The feed in request metrics."""
    data: bytes
    digest: str
    modified: datetime
    headers: Headers
    """The headers of its response that do not depend on its bytes."""
    is_early: bool = field(init=False)
    """Whether the document changed later than now, by this machine's clock."""
    last_modified: str = field(init=False)
    bodies: dict[Coding, EncodedBody] = field(init=False, default_factory=dict)
    not_modified: dict[str, Headers] = field(init=False)
    """Headers of a 304 response by the client's ETag. Any coding's ETag matches, because all have the same content."""

    def __post_init__(self) -> None:
        # Last-Modified must not be later than Date (RFC 9110 8.8.2.1). A document is early if it changed twice in a
        # second, or if the clock was set back or is slower than that of the leader's machine.
        # If-Modified-Since is compared with the true time: a reader that has an earlier version must not get 304.
        now = datetime.now(UTC)
        self.is_early = self.modified > now
        shown = now if self.is_early else self.modified
        self.last_modified = format_datetime(shown.astimezone(UTC), usegmt=True)
        repeated = [header for header in self.headers if header[0] in _NOT_MODIFIED_HEADERS]
        etags = map(self.etag, ("identity", *CODINGS))
        self.not_modified = {etag: [("ETag", etag), *repeated] for etag in etags}
        self.encode("identity")

    def etag(self, coding: Coding) -> str:
        """The strong ETag of the document in one coding: its checksum, and a suffix for the coding."""
        return f'"{self.digest[:32]}{_ETAG_SUFFIX[coding]}"'

    def encode(self, coding: Coding) -> EncodedBody:
        """Compress the document and keep the result. It stays uncompressed where compression makes it longer."""
        data = self.data if coding == "identity" else COMPRESS[coding](self.data)
        if coding == "identity" or len(data) < len(self.data):
            self.bodies[coding] = EncodedBody(
                data,
                [
                    ("Content-Length", str(len(data))),
                    ("Content-Encoding", coding) if coding != "identity" else ("Accept-Ranges", "bytes"),
                    ("ETag", self.etag(coding)),
                    ("Last-Modified", self.last_modified),
                    *self.headers,
                ],
            )
        else:
            self.bodies[coding] = self.bodies["identity"]
        return self.bodies[coding]

    @property
    def size(self) -> int:
        """Bytes in memory, in all codings together."""
        return sum(len(body.data) for body in {id(body): body for body in self.bodies.values()}.values())


class DocumentLocation(NamedTuple):
    """The file of a document, and what its URL adds to it."""

    file: str
    """Path below the root folder, or an absolute one."""
    label: str
    headers: Headers
    personalize: Callable[[bytes], bytes] | None = None
    """Changes the document for one reader."""


class _FileIdentity(NamedTuple):
    """Differs whenever a file was written again. All fields are compared, because documents are renamed into place with
    a preset modification time, and inodes are reused. Only ctime always changes."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> _FileIdentity:
        return cls(stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@dataclass(slots=True)
class _CacheEntry:
    document: CachedDocument
    path: str
    identity: _FileIdentity
    checked: int = 0
    """Time of the last check of the file, in nanoseconds of the monotonic clock."""

    def is_current(self) -> bool:
        now = monotonic_ns()
        if now - self.checked < _CHECK_INTERVAL:
            return True
        try:
            is_current = _FileIdentity.of(os.stat(self.path)) == self.identity  # noqa: PTH116 (Path.stat takes twice as long)
        except OSError:
            return False
        if self.document.is_early and self.document.modified <= datetime.now(UTC):
            return False  # its Last-Modified can now be that of all machines
        if is_current:
            self.checked = now
        return is_current


class DocumentCache:
    """Documents by URL path. Only paths that `locate` accepts are looked up on disk.

    Safe to use from several threads. The documents used least recently are dropped first.
    """

    def __init__(self, root: str | Path, locate: Callable[[str], DocumentLocation | None], max_bytes: int) -> None:
        self._root = os.fspath(root)
        self._locate = locate
        self._entries: LRUCache[str, _CacheEntry] = LRUCache(max_bytes, getsizeof=lambda entry: entry.document.size)
        self._lock = Lock()
        self._encoding_lock = Lock()

    def get(self, url_path: str) -> CachedDocument | None:
        """The document as it is on disk, at most half a millisecond ago; None when it is missing or damaged."""
        with self._lock:
            entry = self._entries.get(url_path)
        return entry.document if entry is not None and entry.is_current() else self._load(url_path)

    def encoded_body(self, url_path: str, document: CachedDocument, coding: Coding) -> EncodedBody:
        """The document in a coding. For concurrent requests it is compressed only once."""
        body = document.bodies.get(coding)
        if body is not None:
            return body
        with self._encoding_lock:
            body = document.bodies.get(coding) or document.encode(coding)
        with self._lock:
            entry = self._entries.get(url_path)
            if entry is not None and entry.document is document:
                self._store(url_path, entry)  # updates its size
        return body

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return int(self._entries.currsize)

    def _load(self, url_path: str) -> CachedDocument | None:
        location = self._locate(url_path)
        entry = None if location is None else _read_document(os.path.join(self._root, location.file), location)  # noqa: PTH118
        with self._lock:
            self._store(url_path, entry)
        return entry.document if entry else None

    def _store(self, url_path: str, entry: _CacheEntry | None) -> None:
        self._entries.pop(url_path, None)
        if entry is not None and entry.document.size <= self._entries.maxsize:
            self._entries[url_path] = entry


def _read_document(path: str, location: DocumentLocation) -> _CacheEntry | None:
    """Read a document from its file; None when the file is missing or its checksum does not match."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            stat = os.fstat(file.fileno())
            data = file.read()
    except OSError:
        return None
    digest = verify_checksum(data)
    if digest is not None and location.personalize:
        data = location.personalize(data)
        digest = verify_checksum(data)
    if digest is None:
        return None
    modified = datetime.fromtimestamp(int(stat.st_mtime), UTC)
    document = CachedDocument(
        label=location.label, data=data, digest=digest, modified=modified, headers=location.headers
    )
    return _CacheEntry(document, path, _FileIdentity.of(stat))

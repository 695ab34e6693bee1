"""URL paths -> documents of feeds/, kept in memory and checked against their files.

Only documents with a valid checksum are returned. Headers and ETags are computed once per document, the compressed
body once per coding.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from threading import Lock
from time import monotonic_ns
from typing import NamedTuple

import brotli
import zstandard
from cachetools import Cache, LRUCache

from ..render.checksum import verify_checksum
from .negotiation import CODINGS, Coding, is_unmodified_since, match_etag

Headers = list[tuple[str, str]]

SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; sandbox"),
    ("Referrer-Policy", "no-referrer"),
)
"""Headers of every document, and of every other response that does not set them itself."""

# A document is compressed once, when a client first accepts that coding. 400 kB of Chinese text take 25 ms each;
# brotli at 11 would take 1 s for 6 % less.
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 7, mtime=0),
    "br": lambda data: bytes(brotli.compress(data, quality=6, lgwin=20)),
    "zstd": lambda data: zstandard.ZstdCompressor(level=9).compress(data),
}
_ETAG_SUFFIX: dict[Coding, str] = {"identity": "", "gzip": "-gz", "br": "-br", "zstd": "-zs"}


class EncodedBody(NamedTuple):
    """A document in one coding, and the headers of its 200 response."""

    data: bytes
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPolicy:
    """The headers of a document that do not depend on its bytes."""

    media_type: str
    cache_control: str
    vary: str
    extra_headers: tuple[tuple[str, str], ...] = ()
    """Link, CORS and security headers of a 200 response."""
    headers_repeated_by_304: tuple[tuple[str, str], ...] = ()
    """The headers among `extra_headers` that a 304 response has too."""


@dataclass(slots=True, kw_only=True, eq=False)
class CachedDocument:
    """A document ready to be sent. A coding is added to `bodies` when a client first accepts it."""

    feed: str
    """The feed's path, as the label of request metrics."""
    data: bytes
    digest: str
    modified: datetime
    header_policy: HeaderPolicy
    last_modified: str = field(init=False)
    bodies: dict[Coding, EncodedBody] = field(init=False, default_factory=dict)
    not_modified_headers: dict[str, Headers] = field(init=False)
    """Headers of a 304 response by the client's ETag. Any coding's ETag matches, because all have the same content."""

    def __post_init__(self) -> None:
        policy = self.header_policy
        self.last_modified = format_datetime(self.modified.astimezone(UTC), usegmt=True)
        self.not_modified_headers = {
            etag: [
                ("ETag", etag),
                ("Cache-Control", policy.cache_control),
                ("Vary", policy.vary),
                *policy.headers_repeated_by_304,
            ]
            for etag in map(self.etag, ("identity", *CODINGS))
        }
        self.bodies["identity"] = EncodedBody(self.data, self._headers("identity", len(self.data)))

    def etag(self, coding: Coding) -> str:
        """The strong ETag of the document in one coding: its checksum, and a suffix for the coding."""
        return f'"{self.digest[:32]}{_ETAG_SUFFIX[coding]}"'

    def encode(self, coding: Coding) -> EncodedBody:
        """Compress the document and keep the result. It stays uncompressed where compression makes it longer."""
        data = _COMPRESS[coding](self.data)
        if len(data) < len(self.data):
            self.bodies[coding] = EncodedBody(data, self._headers(coding, len(data)))
        else:
            self.bodies[coding] = self.bodies["identity"]
        return self.bodies[coding]

    def check_conditions(self, if_none_match: str | None, if_modified_since: str | None) -> Headers | None:
        """Headers of the 304 response, or None if the conditions call for a 200. If-None-Match takes precedence."""
        if if_none_match is not None:
            etag = match_etag(if_none_match, self.not_modified_headers)
            return self.not_modified_headers[etag] if etag else None
        if if_modified_since is not None and (
            if_modified_since == self.last_modified or is_unmodified_since(if_modified_since, self.modified)
        ):
            return self.not_modified_headers[self.etag("identity")]
        return None

    @property
    def size(self) -> int:
        """Bytes in memory, in all codings together."""
        return sum(len(body.data) for body in {id(body): body for body in self.bodies.values()}.values())

    def _headers(self, coding: Coding, length: int) -> Headers:
        policy = self.header_policy
        return [
            ("Content-Type", policy.media_type),
            ("Content-Length", str(length)),
            ("Content-Encoding", coding) if coding != "identity" else ("Accept-Ranges", "bytes"),
            ("ETag", self.etag(coding)),
            ("Last-Modified", self.last_modified),
            ("Cache-Control", policy.cache_control),
            ("Vary", policy.vary),
            *policy.extra_headers,
        ]


_MAX_BYTES = 64_000_000
"""Limit of the cache in bytes, all codings included. A small web dyno has 512 MB."""
_CHECK_INTERVAL = 500_000
"""Nanoseconds before a file is checked again. Clients cannot notice so short a time. Under load, checking for every
request takes a quarter of the time, because each check releases the GIL."""


class FileIdentity(NamedTuple):
    """Differs whenever a file was written again. All fields are compared, because documents are renamed into place with
    a preset modification time, and inodes are reused. Only ctime always changes."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class DocumentFile(NamedTuple):
    """A document as read from its file, with a valid checksum."""

    data: bytes
    digest: str
    modified: datetime
    identity: FileIdentity


class DocumentLocation(NamedTuple):
    """The file of a document, and the function that prepares it for sending."""

    file: str
    """Path below the root folder."""
    prepare: Callable[[DocumentFile], CachedDocument]


@dataclass(slots=True)
class _CacheEntry:
    document: CachedDocument
    file: str
    identity: FileIdentity
    checked: int = 0
    """Time of the last check of the file, in nanoseconds of the monotonic clock."""


class DocumentCache:
    """Documents by URL path. Only paths that `locate` accepts are looked up on disk.

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
        """The document as it is on disk now; None when it is missing or damaged."""
        with self._lock:
            entry = self._entries.get(url_path)
        return entry.document if entry is not None and _is_current(entry) else self._load(url_path)

    def get_from_memory(self, url_path: str) -> CachedDocument | None:
        """The document if it is in memory and matched its file within the last half millisecond; otherwise None."""
        try:
            # The base class does not update the order of use. So it needs no lock and takes half the time.
            entry = Cache.__getitem__(self._entries, url_path)
        except KeyError:
            return None
        now = monotonic_ns()
        if now - entry.checked >= _CHECK_INTERVAL:
            if not _is_current(entry):
                return None
            entry.checked = now
            with self._lock:
                self._entries.get(url_path)  # marks it as used most recently
        return entry.document

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
    """Read a document from its file; None when the file is missing or its checksum does not match."""
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
    # If the clock was set back, Last-Modified must still not be later than Date (RFC 9110 8.8.2.1).
    modified = min(datetime.fromtimestamp(int(stat.st_mtime), UTC), datetime.now(UTC).replace(microsecond=0))
    identity = FileIdentity(stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return DocumentFile(data, digest, modified, identity)

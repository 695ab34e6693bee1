"""A document's bytes -> everything a request for it can be answered with: bodies in each coding, headers, ETags."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NamedTuple

import brotli
import zstandard

from .negotiation import CODINGS, Coding, is_unmodified_since, match_etag

Headers = list[tuple[str, str]]

SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; sandbox"),
    ("Referrer-Policy", "no-referrer"),
)
"""On every document, and on every other response that does not set its own."""

# A document is compressed once, when a client first accepts that coding. 400 kB of Chinese text take 25 ms each;
# brotli at 11 would take 1 s for 6 % less.
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 7, mtime=0),
    "br": lambda data: bytes(brotli.compress(data, quality=6, lgwin=20)),
    "zstd": lambda data: zstandard.ZstdCompressor(level=9).compress(data),
}
_ETAG_SUFFIX: dict[Coding, str] = {"identity": "", "gzip": "-gz", "br": "-br", "zstd": "-zs"}


class EncodedBody(NamedTuple):
    """A document in one coding, and the headers of its 200."""

    data: bytes
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPolicy:
    """The headers of a document that do not depend on its bytes."""

    media_type: str
    cache_control: str
    vary: str
    extra_headers: tuple[tuple[str, str], ...] = ()
    """Link, CORS and security headers of a 200."""
    headers_repeated_by_304: tuple[tuple[str, str], ...] = ()
    """Those of `extra_headers` that a 304 has too."""


@dataclass(slots=True, kw_only=True, eq=False)
class CachedDocument:
    """A document ready to be sent. `bodies` gains a coding when a client first accepts it."""

    feed: str
    """The feed's path, as the label of request metrics."""
    data: bytes
    digest: str
    modified: datetime
    header_policy: HeaderPolicy
    last_modified: str = field(init=False)
    bodies: dict[Coding, EncodedBody] = field(init=False, default_factory=dict)
    not_modified_headers: dict[str, Headers] = field(init=False)
    """Headers of a 304 by the client's ETag. The ETag of any coding counts: all codings hold the same text."""

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
        """The document in a coding, compressed now and kept; unchanged where compression makes it longer."""
        data = _COMPRESS[coding](self.data)
        if len(data) < len(self.data):
            self.bodies[coding] = EncodedBody(data, self._headers(coding, len(data)))
        else:
            self.bodies[coding] = self.bodies["identity"]
        return self.bodies[coding]

    def check_conditions(self, if_none_match: str | None, if_modified_since: str | None) -> Headers | None:
        """Headers of the 304 that these conditions call for, or None. If-None-Match takes precedence over the date."""
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
        """Bytes in memory, all codings together."""
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

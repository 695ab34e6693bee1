"""A document's bytes -> everything that may be answered about it: bodies in each coding, headers, tags."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NamedTuple

import brotli
import zstandard

from .negotiation import CODINGS, Coding, matched, unchanged_since

Headers = list[tuple[str, str]]

# A document is compressed once, when somebody first asks for that coding. 400 kB of Chinese text take 25 ms each;
# brotli at 11 would take 1 s for 6 % less.
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 7, mtime=0),
    "br": lambda data: bytes(brotli.compress(data, quality=6, lgwin=20)),
    "zstd": lambda data: zstandard.ZstdCompressor(level=9).compress(data),
}
_SUFFIX: dict[Coding, str] = {"identity": "", "gzip": "-gz", "br": "-br", "zstd": "-zs"}


class Body(NamedTuple):
    """A document in one coding, and the headers of a 200."""

    data: bytes
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a kind of document is sent: what of its headers does not depend on its bytes."""

    media: str
    cache: str
    """Cache-Control."""
    vary: str
    more: tuple[tuple[str, str], ...] = ()
    """Link, CORS and safety headers of a 200."""
    revalidated: tuple[tuple[str, str], ...] = ()
    """Those of `more` that a 304 repeats."""


@dataclass(slots=True, kw_only=True, eq=False)
class Ready:
    """A document ready to be sent. `bodies` fills up with codings as they are asked for."""

    feed: str
    """The feed's path, for the counters."""
    data: bytes
    digest: str
    changed: datetime
    manner: Manner
    last_modified: str = field(init=False)
    bodies: dict[Coding, Body] = field(init=False, default_factory=dict)
    unchanged: dict[str, Headers] = field(init=False)
    """Headers of a 304 by the tag that the client has: one for every coding, for all of them say the same text."""

    def __post_init__(self) -> None:
        self.last_modified = format_datetime(self.changed.astimezone(UTC), usegmt=True)
        self.unchanged = {self.tag(coding): self._revalidated(coding) for coding in ("identity", *CODINGS)}
        self.bodies["identity"] = Body(self.data, self._headers("identity", len(self.data)))

    def tag(self, coding: Coding) -> str:
        """The strong ETag of the document in one coding."""
        return f'"{self.digest[:32]}{_SUFFIX[coding]}"'

    def body(self, coding: Coding) -> Body:
        """The document in a coding, compressed now if it never was; as it is where that would be longer."""
        data = _COMPRESS[coding](self.data)
        body = Body(data, self._headers(coding, len(data))) if len(data) < len(self.data) else self.bodies["identity"]
        self.bodies[coding] = body
        return body

    def not_modified(self, tags: str | None, since: str | None) -> Headers | None:
        """Headers of the 304 that these conditions call for, or None. If-None-Match takes precedence over the date."""
        if tags is not None:
            tag = matched(tags, self.unchanged)
            return self.unchanged[tag] if tag else None
        if since is not None and (since == self.last_modified or unchanged_since(since, self.changed)):
            return self.unchanged[self.tag("identity")]
        return None

    @property
    def size(self) -> int:
        """Bytes that it holds in memory."""
        return sum(len(body.data) for body in {id(body): body for body in self.bodies.values()}.values())

    def _headers(self, coding: Coding, length: int) -> Headers:
        manner = self.manner
        coded = [("Content-Encoding", coding)] if coding != "identity" else [("Accept-Ranges", "bytes")]
        return [
            ("Content-Type", manner.media),
            ("Content-Length", str(length)),
            *coded,
            ("ETag", self.tag(coding)),
            ("Last-Modified", self.last_modified),
            ("Cache-Control", manner.cache),
            ("Vary", manner.vary),
            *manner.more,
        ]

    def _revalidated(self, coding: Coding) -> Headers:
        manner = self.manner
        return [
            ("ETag", self.tag(coding)),
            ("Cache-Control", manner.cache),
            ("Vary", manner.vary),
            *manner.revalidated,
        ]

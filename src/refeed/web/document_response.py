"""A document's bytes -> everything that may be answered about it: bodies in each coding, headers, tags."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NamedTuple

import brotli
import zstandard

from ..config.settings import Settings
from ..model import FeedPath, Format
from .negotiation import CODINGS, Coding, is_unmodified_since, match_etag

Headers = list[tuple[str, str]]

# A document is compressed once, when somebody first asks for that coding. 400 kB of Chinese text take 25 ms each;
# brotli at 11 would take 1 s for 6 % less.
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 7, mtime=0),
    "br": lambda data: bytes(brotli.compress(data, quality=6, lgwin=20)),
    "zstd": lambda data: zstandard.ZstdCompressor(level=9).compress(data),
}
_SUFFIX: dict[Coding, str] = {"identity": "", "gzip": "-gz", "br": "-br", "zstd": "-zs"}


class EncodedBody(NamedTuple):
    """A document in one coding, and the headers of a 200."""

    data: bytes
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPolicy:
    """How a kind of document is sent: what of its headers does not depend on its bytes."""

    media_type: str
    cache_control: str
    """Cache-Control."""
    vary: str
    extra_headers: tuple[tuple[str, str], ...] = ()
    """Link, CORS and safety headers of a 200."""
    headers_repeated_by_304: tuple[tuple[str, str], ...] = ()
    """Those of `more` that a 304 repeats."""


@dataclass(slots=True, kw_only=True, eq=False)
class CachedDocument:
    """A document ready to be sent. `bodies` fills up with codings as they are asked for."""

    feed: str
    """The feed's path, for the counters."""
    data: bytes
    digest: str
    modified: datetime
    header_policy: HeaderPolicy
    last_modified: str = field(init=False)
    bodies: dict[Coding, EncodedBody] = field(init=False, default_factory=dict)
    not_modified_headers: dict[str, Headers] = field(init=False)
    """Headers of a 304 by the tag that the client has: one for every coding, for all of them say the same text."""

    def __post_init__(self) -> None:
        self.last_modified = format_datetime(self.modified.astimezone(UTC), usegmt=True)
        self.not_modified_headers = {self.etag(coding): self._revalidated(coding) for coding in ("identity", *CODINGS)}
        self.bodies["identity"] = EncodedBody(self.data, self._headers("identity", len(self.data)))

    def etag(self, coding: Coding) -> str:
        """The strong ETag of the document in one coding."""
        return f'"{self.digest[:32]}{_SUFFIX[coding]}"'

    def encode(self, coding: Coding) -> EncodedBody:
        """The document in a coding, compressed now if it never was; as it is where that would be longer."""
        data = _COMPRESS[coding](self.data)
        body = (
            EncodedBody(data, self._headers(coding, len(data)))
            if len(data) < len(self.data)
            else self.bodies["identity"]
        )
        self.bodies[coding] = body
        return body

    def check_conditions(self, tags: str | None, since: str | None) -> Headers | None:
        """Headers of the 304 that these conditions call for, or None. If-None-Match takes precedence over the date."""
        if tags is not None:
            tag = match_etag(tags, self.not_modified_headers)
            return self.not_modified_headers[tag] if tag else None
        if since is not None and (since == self.last_modified or is_unmodified_since(since, self.modified)):
            return self.not_modified_headers[self.etag("identity")]
        return None

    @property
    def size(self) -> int:
        """Bytes that it holds in memory."""
        return sum(len(body.data) for body in {id(body): body for body in self.bodies.values()}.values())

    def _headers(self, coding: Coding, length: int) -> Headers:
        manner = self.header_policy
        coded = [("Content-Encoding", coding)] if coding != "identity" else [("Accept-Ranges", "bytes")]
        return [
            ("Content-Type", manner.media_type),
            ("Content-Length", str(length)),
            *coded,
            ("ETag", self.etag(coding)),
            ("Last-Modified", self.last_modified),
            ("Cache-Control", manner.cache_control),
            ("Vary", manner.vary),
            *manner.extra_headers,
        ]

    def _revalidated(self, coding: Coding) -> Headers:
        manner = self.header_policy
        return [
            ("ETag", self.etag(coding)),
            ("Cache-Control", manner.cache_control),
            ("Vary", manner.vary),
            *manner.headers_repeated_by_304,
        ]


# A document's path below feeds/ -> how it is sent: media type, caching, links. From settings alone.

MEDIA_TYPES: dict[str, str] = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json",  # JSON is UTF-8 by definition, and its types know no charset (RFC 8259 11)
    "opml.xml": "text/x-opml; charset=utf-8",
    "feeds.json": "application/json",
}
SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; sandbox"),
    ("Referrer-Policy", "no-referrer"),
)
"""On every document, and on every other answer that does not say otherwise."""

_OPEN = ("Access-Control-Allow-Origin", "*")
_EXPOSED = ("Access-Control-Expose-Headers", "ETag, Link")
FEED_PATTERN = r"all|(?:source|topic|view)/[a-z0-9-]{1,100}"
"""Pattern of a feed's path, whether or not there is such a feed."""
_NAME = re.compile(
    rf"(?P<path>{FEED_PATTERN})(?:/archive/(?P<archive>\d{{4}}-\d{{2}}(?:-\d{{1,5}})?))?"
    r"\.(?P<format>atom|rss|json)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPath:
    """What the path of a document says."""

    feed: FeedPath | None
    """None for the lists of feeds, `opml.xml` and `feeds.json`."""
    media_key: str
    """Key of MEDIA."""
    archive: str | None = None
    format: Format | None = None


def parse_document_path(path: str) -> DocumentPath | None:
    """Take a path below feeds/ apart; None when no document of ours is called that. Touches no file."""
    if path in ("opml.xml", "feeds.json"):
        return DocumentPath(feed=None, media_key=path)
    found = _NAME.fullmatch(path)
    if not found:
        return None
    format: Format = found["format"]  # type: ignore[assignment]
    return DocumentPath(feed=FeedPath.parse(found["path"]), media_key=format, archive=found["archive"], format=format)


class HeaderPolicies:
    """How each document of one site is sent."""

    def __init__(self, settings: Settings, browsed: str) -> None:
        """`browsed` names the headers that decide whether a browser gets a feed's page instead."""
        self._base = settings.site.base_url
        self._hubs = settings.websub.hubs
        self._http = settings.http
        self._browsed = browsed

    def for_document(self, address: str, name: DocumentPath, *, private: bool = False) -> HeaderPolicy:
        """`address` is the document's own, below the outward address: `/feeds/all.atom`."""
        links = [f'<{self._base}{address}>; rel="self"']
        if name.format and not name.archive and not private and "?" not in address:
            links += [f'<{hub}>; rel="hub"' for hub in self._hubs]
        more = [("Link", ", ".join(links)), _OPEN, _EXPOSED, *SECURITY_HEADERS]
        robots = "noindex" if private else self._http.robots
        if robots:
            more.append(("X-Robots-Tag", robots))
        return HeaderPolicy(
            media_type=MEDIA_TYPES[name.media_key],
            cache_control=self._cache(archive=bool(name.archive), private=private),
            vary="Accept-Encoding" if private or not name.format else f"Accept-Encoding, {self._browsed}",
            extra_headers=tuple(more),
            headers_repeated_by_304=(_OPEN, _EXPOSED),
        )

    def _cache(self, *, archive: bool, private: bool) -> str:
        age = self._http.archive_age if archive else self._http.age
        seconds = int(age.total_seconds())
        stale = int(self._http.stale.total_seconds())
        # A cache may give out what is a little old while it asks for the new, and what is old while we are away.
        words = f"max-age={seconds}, stale-while-revalidate={2 * seconds}, stale-if-error={stale}"
        return f"private, {words}" if private else words

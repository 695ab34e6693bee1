"""URL paths -> documents: their files, readers, headers and pages.

Only this module decides which URLs reach the disk.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from ..config.settings import Settings
from ..feeds.access_tokens import AccessTokens, personalize
from ..model import DerivedPart, FeedPath, Format
from ..render.checksum import add_checksum, strip_checksum
from ..render.digest_html import PAGE_STYLE
from ..render.opds import EPUB_TYPE
from .document_cache import SECURITY_HEADERS, DocumentLocation, Headers
from .negotiation import BROWSER_VARY

MEDIA_TYPES: dict[str, str] = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json",  # no charset: JSON is UTF-8 by definition (RFC 8259 11)
    "opml.xml": "text/x-opml; charset=utf-8",
    "feeds.json": "application/json",
    "epub": EPUB_TYPE,
    "html": "text/html; charset=utf-8",
}
FEED_PATTERN = r"all|(?:source|topic|filtered|view)/[a-z0-9-]{1,100}"
"""Pattern of a feed's path, whether or not the feed exists."""

_STYLE_HASH = b64encode(sha256(PAGE_STYLE.encode()).digest()).decode()
_PAGE_SECURITY = tuple(
    (name, value.replace("'self'", f"'sha256-{_STYLE_HASH}'") if name == "Content-Security-Policy" else value)
    for name, value in SECURITY_HEADERS
)
"""A digest for mail has its own style, and loads nothing."""
_NO_FEED = "-"
"""A slug that no feed has."""
_MONTH_LENGTH = len("2023-07")
"""The part of an archive's name that is its month. A number follows if the month has several archives."""
_CORS = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "ETag, Link"))
_URL_PATH = re.compile(r"(?:/k/(?P<token>[a-z2-7]{32}))?/feeds/(?P<path>[a-zW0-9/.-]{1,200})")
_DOCUMENT_PATH = re.compile(
    rf"(?P<feed>{FEED_PATTERN})(?:/archive/(?P<archive>\d{{4}}-\d{{2}}(?:-\d{{1,5}})?)|/(?P<part>daily|weekly|stories))?"
    r"\.(?P<format>atom|rss|json)"
)
_DIGEST_PATH = re.compile(
    rf"(?P<feed>{FEED_PATTERN})/(?P<part>daily|weekly)/(?P<name>\d{{4}}-(?:\d{{2}}-\d{{2}}|W\d{{2}}))"
    r"\.(?P<file>epub|html)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPath:
    """A document's path below feeds/, parsed."""

    feed: FeedPath | None
    """None for the lists of feeds, `opml.xml` and `feeds.json`."""
    media_key: str
    """Key of MEDIA_TYPES."""
    archive: str | None = None
    format: Format | None = None
    part: DerivedPart | None = None
    """What is made of the feed when somebody asks for it. Such a document is not in feeds/."""
    digest: str | None = None
    """The name of a digest of the feed."""


def parse_document_path(path: str) -> DocumentPath | None:
    """Parse a path below feeds/; None if no document can have this path. Reads no file."""
    if path in ("opml.xml", "feeds.json"):
        return DocumentPath(feed=None, media_key=path)
    if match := _DIGEST_PATH.fullmatch(path):
        part, name = match["part"], match["name"]
        return DocumentPath(feed=FeedPath.parse(match["feed"]), media_key=match["file"], part=part, digest=name)  # type: ignore[arg-type]
    match = _DOCUMENT_PATH.fullmatch(path)
    if not match:
        return None
    format: Format = match["format"]  # type: ignore[assignment]
    return DocumentPath(
        feed=FeedPath.parse(match["feed"]),
        media_key=format,
        archive=match["archive"],
        format=format,
        part=match["part"],  # type: ignore[arg-type]
    )


class DocumentUrl(NamedTuple):
    """A document's URL, parsed."""

    path: str
    """Path below feeds/."""
    document: DocumentPath
    token: str | None


def parse_document_url(url_path: str) -> DocumentUrl | None:
    """Parse `/feeds/all.atom` or `/k/<token>/feeds/all.atom`; None if no document can have this path."""
    match = _URL_PATH.fullmatch(url_path)
    document = parse_document_path(match["path"]) if match else None
    return DocumentUrl(match["path"], document, match["token"]) if match and document else None


def page_path(document_path: str) -> str | None:
    """The page of a document (`feeds/source/bbc.atom` -> `/source/bbc`); None if it has no page."""
    document = parse_document_path(document_path.lstrip("/").removeprefix("feeds/"))
    if document is None or document.feed is None or document.digest:
        return None
    return f"/{document.feed}/{document.archive[:_MONTH_LENGTH]}" if document.archive else f"/{document.feed}"


class UrlMap:
    """The documents of one site. The document cache calls it with a URL path to get a document's location, or None."""

    def __init__(self, settings: Settings, access: AccessTokens) -> None:
        self._base_url = settings.site.base_url
        self._hubs = settings.websub.hubs
        self._http = settings.http
        self._is_indexed = settings.site.indexed == "everything"
        self._private_dir = os.path.abspath(settings.private_dir)  # noqa: PTH100
        self._access = access

    def __call__(self, url_path: str) -> DocumentLocation | None:
        url = parse_document_url(url_path)
        if url is None or not self.is_allowed(url):
            return None
        feed = url.document.feed
        if feed is not None and feed.kind == "view":
            return None  # FeedRoutes redirects, even if an earlier version has left a file
        if url.document.part:
            return None  # DerivedDocuments makes it
        # Metrics must not name private feeds.
        label = "private" if url.token else str(feed or url.path)
        personalize = partial(self.personalize, url) if url.token else None
        file = f"{self._private_dir}/{url.path}" if url.token else url.path
        return DocumentLocation(file, label, self.headers(url_path, url), personalize)

    def is_allowed(self, url: DocumentUrl) -> bool:
        """Whether the URL gives access to its document: private ones need a valid token, public ones must have none."""
        feed = url.document.feed
        if url.token is None:
            return not self._access.is_private(feed)
        # The token is checked for public and unknown feeds too, so that the time does not tell which feeds are private.
        return feed is not None and bool(self._access.find_reader(feed, url.token)) and self._access.is_private(feed)

    def hide_private(self, url: DocumentUrl) -> DocumentUrl:
        """The URL, or that of a feed that does not exist if access is not allowed.

        What is private is looked for like what does not exist, so that status and time are the same.
        """
        if self.is_allowed(url):
            return url
        kind = url.document.feed.kind if url.document.feed else "topic"
        return url._replace(document=replace(url.document, feed=FeedPath(kind, _NO_FEED)))

    def headers(self, path_and_query: str, url: DocumentUrl) -> Headers:
        """The headers of the document at a URL that do not depend on its bytes."""
        document, is_private = url.document, url.token is not None
        links = [f'<{self._base_url}{path_and_query}>; rel="self"']
        is_subscription = document.format and not document.archive and not document.part
        if is_subscription and not is_private and "?" not in path_and_query:
            links += [f'<{hub}>; rel="hub"' for hub in self._hubs]
        age = int((self._http.archive_age if document.archive else self._http.age).total_seconds())
        stale = int(self._http.stale.total_seconds())
        # A cache may serve a slightly old copy while it revalidates, and a much older one while this server is down.
        cache_control = f"max-age={age}, stale-while-revalidate={2 * age}, stale-if-error={stale}"
        has_page = bool(document.format) and not is_private
        robots = "noindex" if is_private or (document.digest and not self._is_indexed) else self._http.robots
        security = _PAGE_SECURITY if document.media_key == "html" else SECURITY_HEADERS
        return [
            ("Content-Type", MEDIA_TYPES[document.media_key]),
            ("Cache-Control", f"private, {cache_control}" if is_private else cache_control),
            ("Vary", f"Accept-Encoding, {BROWSER_VARY}" if has_page else "Accept-Encoding"),
            ("Link", ", ".join(links)),
            *_CORS,
            *security,
            *([("X-Robots-Tag", robots)] if robots else []),
        ]

    def personalize(self, url: DocumentUrl, data: bytes) -> bytes:
        """Change a document's links to itself to the reader's private URL. Unchanged for public URLs."""
        if url.token is None:
            return data
        return add_checksum(personalize(strip_checksum(data), self._base_url, url.token))

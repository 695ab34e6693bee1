"""Media files and icons -> their types and sizes, as their servers give them -> the entry with them.

They are kept in the store beside the entry, so that every machine publishes the same. They change no date, because no
reader would notice. Requests are made only if `fetch.enrich` is set. Imports nothing heavy: the store uses the types.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from ..errors import FetchError
from ..model import Entry

if TYPE_CHECKING:
    from .session import HttpResponse, HttpSession

DUE_NOW = datetime(1970, 1, 1, tzinfo=UTC)
"""`next` of a file that was never requested."""
_PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""After the first failure, the second, the third. The fourth is the last."""
_CONCURRENT = 4
"""Servers that get requests at the same time."""
_MAX_SIZE = 1 << 40
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_VAGUE_TYPES = ("application/octet-stream", "binary/octet-stream", "application/x-download", "text/plain")
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_FINAL = (405, 410, 501)
"""HEAD is not allowed here, or the file is gone."""
_BUSY = (429, 503)
_BUSY_PAUSE = timedelta(minutes=10)
"""For a server that does not answer, or that is busy and sends no Retry-After."""
_ICON_INTERVAL = timedelta(days=30)
"""After this time a site may have another icon."""
_MAX_PAGE = 200_000
"""Bytes of a page that are searched for its icons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMetadata:
    """What is known of one file from its server."""

    url: str
    type: str = ""
    """Media type; empty when the server gives none, or one that says nothing."""
    length: int = 0
    """In bytes; 0 when it is not known."""
    next: datetime | None = None
    """Not requested before this time; None when it is not requested again."""
    tries: int = 0
    """Failures in a row."""
    error: str = ""
    """The last failure, in plain words."""

    def is_due(self, now: datetime) -> bool:
        """Whether the file may be requested now."""
        return self.next is not None and self.next <= now

    @property
    def is_given_up(self) -> bool:
        """Whether requests for the file failed and none will follow."""
        return self.next is None and bool(self.error)

    def after_failure(self, error: str, now: datetime, *, at_least: timedelta = timedelta(0)) -> FileMetadata:
        """The metadata with the next request after a longer pause, or without one after the last failure."""
        pause = max(_PAUSES[self.tries], at_least) if self.tries < len(_PAUSES) else None
        return replace(self, tries=self.tries + 1, error=error, next=None if pause is None else now + pause)


def entry_files(entry: Entry, known: Iterable[FileMetadata]) -> tuple[FileMetadata, ...]:
    """The files whose type and size the documents show, with what is known of each: the lead image, then enclosures."""
    by_url = {file.url: file for file in known}
    urls = [entry.image.url] if entry.image else []
    urls += [enclosure.url for enclosure in entry.enclosures]
    return tuple(by_url.get(url) or FileMetadata(url=url, next=DUE_NOW) for url in dict.fromkeys(urls))


def with_metadata(entry: Entry, known: Iterable[FileMetadata]) -> Entry:
    """The entry with the types and sizes that are known of its files. A size from its dump stays."""
    by_url = {file.url: file for file in known if file.type or file.length}
    if not by_url:
        return entry
    image = entry.image
    if image and (file := by_url.get(image.url)):
        image = replace(image, type=file.type if file.type.startswith("image/") else "", length=file.length)
    enclosures = []
    for enclosure in entry.enclosures:
        if file := by_url.get(enclosure.url):
            # The type in the entry is mostly guessed from the end of the URL. The server knows better.
            enclosure = replace(enclosure, type=file.type or enclosure.type, length=enclosure.length or file.length)
        enclosures.append(enclosure)
    return replace(entry, image=image, enclosures=tuple(enclosures))


def probe_files(
    files: Iterable[FileMetadata],
    session: HttpSession,
    now: datetime,
    *,
    seconds: float = 60,
    stopped: Callable[[], bool] = lambda: False,
) -> list[FileMetadata]:
    """Request the headers of each file once, and return what is known then. Raises nothing.

    Each server gets one request at a time. When it does not answer or is busy, its other files wait, which does not
    count as a failure. Files that are left after `seconds`, or when `stopped` says so, are not in the result.
    """
    deadline = time.monotonic() + seconds
    by_server: dict[str, list[FileMetadata]] = {}
    for file in files:
        by_server.setdefault(urlsplit(file.url).netloc.lower(), []).append(file)

    probe = partial(_probe_server, session, now, lambda: stopped() or time.monotonic() >= deadline)
    with ThreadPoolExecutor(max_workers=_CONCURRENT, thread_name_prefix="probe") as pool:
        return [file for probed in pool.map(probe, by_server.values()) for file in probed]


def find_icon(known: FileMetadata, link: str, session: HttpSession, now: datetime) -> FileMetadata:
    """Look once for the icon of the site at `link`: what its page names, otherwise /favicon.ico, if it is an image.

    Until another one is found, `known` stays. Raises nothing.
    """
    try:
        page = session.get(link)
        links = _icon_links(page.body) if page.status == 200 else []
        for candidate in (*links[:3], "/favicon.ico"):
            response = session.head(urljoin(page.url, candidate))
            media_type = _media_type(response)
            if response.status == 200 and media_type.startswith("image/"):
                return FileMetadata(url=response.url, type=media_type, next=now + _ICON_INTERVAL)
    except (FetchError, ValueError) as error:  # ValueError: what a page names need not be a URL
        return known.after_failure(str(error), now)
    return known.after_failure(f"{link} has no icon", now)


def _probe_server(
    session: HttpSession, now: datetime, is_over: Callable[[], bool], files: list[FileMetadata]
) -> list[FileMetadata]:
    """Probe files of one server, until it is busy or does not answer."""
    probed: list[FileMetadata] = []
    for index, file in enumerate(files):
        if is_over():
            break
        try:
            response = session.head(file.url)
        except FetchError as error:
            reason, wait = str(error), _BUSY_PAUSE
        else:
            if response.status not in _BUSY:
                probed.append(_read_headers(file, response, now))
                continue
            reason = f"it answers {response.status}"
            wait = response.retry_after(now) or _BUSY_PAUSE
        probed.append(file.after_failure(reason, now, at_least=wait))
        return probed + [replace(other, error=reason, next=now + wait) for other in files[index + 1 :]]
    return probed


def _read_headers(file: FileMetadata, response: HttpResponse, now: datetime) -> FileMetadata:
    if response.status in _FINAL:
        return replace(file, tries=file.tries + 1, error=f"it answers {response.status}", next=None)
    if response.status != 200:
        return file.after_failure(f"it answers {response.status}", now)
    media_type = _media_type(response)
    if media_type in _PAGE_TYPES:
        return file.after_failure("it is a web page now", now)
    length = response.headers.get("Content-Length", "").strip()
    size = int(length) if length.isascii() and length.isdecimal() and len(length) < 15 else 0
    return FileMetadata(url=file.url, type=media_type, length=size if size < _MAX_SIZE else 0)


def _media_type(response: HttpResponse) -> str:
    media_type = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) and media_type not in _VAGUE_TYPES else ""


def _icon_links(page: bytes) -> list[str]:
    """The addresses of icons that a web page names, as they are written."""
    from lxml import etree  # loaded only by the process that sends requests

    parser = etree.HTMLParser(no_network=True, huge_tree=False)
    root = etree.HTML(page[:_MAX_PAGE], parser) if page.strip() else None
    if root is None:
        return []
    links = [(set(str(link.get("rel", "")).lower().split()), str(link.get("href", ""))) for link in root.iter("link")]
    return [href for rel, href in links if href and rel & {"icon", "apple-touch-icon"} and not href.startswith("data:")]

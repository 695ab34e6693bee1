"""An entry's media files and icon -> types and sizes from their servers' headers -> the entry with these values.

The store keeps the values next to the entry, so that every machine publishes the same ones. They do not change the
entry's `updated`, because no reader would notice the difference. Requests are made only if `fetch.enrich` is set.

This module imports nothing heavy, because the store uses its types.
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
"""The value of `next` for a file that was never requested."""
_PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""The pauses after the first, second and third failure. After the fourth there are no further requests."""
_CONCURRENT = 4
"""The number of servers that are probed at the same time."""
_MAX_SIZE = 1 << 40
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_VAGUE_TYPES = ("application/octet-stream", "binary/octet-stream", "application/x-download", "text/plain")
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_FINAL = (405, 410, 501)
"""Status codes that end the requests for a file: HEAD is not allowed, or the file is gone."""
_BUSY = (429, 503)
_BUSY_PAUSE = timedelta(minutes=10)
"""The pause for a server that does not answer, or that is busy and sends no Retry-After."""
_ICON_INTERVAL = timedelta(days=30)
"""The interval after which a site's icon is looked up again."""
_MAX_PAGE = 200_000
"""The number of bytes of a page that are searched for icons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMetadata:
    """What a server said about one file, and when to ask again."""

    url: str
    type: str = ""
    """Media type; empty when the server sends none or a generic one."""
    length: int = 0
    """Size in bytes; 0 when unknown."""
    next: datetime | None = None
    """Earliest time of the next request; None when no further request is made."""
    tries: int = 0
    """The number of consecutive failures."""
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
        """The metadata after one more failure: the next request is later each time, and None after the last one."""
        pause = max(_PAUSES[self.tries], at_least) if self.tries < len(_PAUSES) else None
        return replace(self, tries=self.tries + 1, error=error, next=None if pause is None else now + pause)


def entry_files(entry: Entry, known: Iterable[FileMetadata]) -> tuple[FileMetadata, ...]:
    """Metadata of the lead image, then of the enclosures. `known` is used where it has the file."""
    by_url = {file.url: file for file in known}
    urls = [entry.image.url] if entry.image else []
    urls += [enclosure.url for enclosure in entry.enclosures]
    return tuple(by_url.get(url) or FileMetadata(url=url, next=DUE_NOW) for url in dict.fromkeys(urls))


def with_metadata(entry: Entry, known: Iterable[FileMetadata]) -> Entry:
    """The entry with the known types and sizes of its files. A size given by the dump is kept."""
    by_url = {file.url: file for file in known if file.type or file.length}
    if not by_url:
        return entry
    image = entry.image
    if image and (file := by_url.get(image.url)):
        image = replace(image, type=file.type if file.type.startswith("image/") else "", length=file.length)
    enclosures = []
    for enclosure in entry.enclosures:
        if file := by_url.get(enclosure.url):
            # The entry's type is usually a guess from the URL's suffix, so the server's type wins.
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
    """Request the headers of each file once, and return the new metadata. Raises nothing.

    Each server gets one request at a time. When a server does not answer or is busy, its other files are postponed,
    which does not count as a failure. Files that were not reached within `seconds`, or before `stopped` returned True,
    are not in the result.
    """
    deadline = time.monotonic() + seconds
    by_server: dict[str, list[FileMetadata]] = {}
    for file in files:
        by_server.setdefault(urlsplit(file.url).netloc.lower(), []).append(file)

    probe = partial(_probe_server, session, now, lambda: stopped() or time.monotonic() >= deadline)
    with ThreadPoolExecutor(max_workers=_CONCURRENT, thread_name_prefix="probe") as pool:
        return [file for probed in pool.map(probe, by_server.values()) for file in probed]


def find_icon(known: FileMetadata, link: str, session: HttpSession, now: datetime) -> FileMetadata:
    """Look once for the icon of the site at `link`: the first image among the icons of its page and /favicon.ico.

    If none is found, the result is `known` with one more failure. Raises nothing.
    """
    try:
        page = session.get(link)
        links = _icon_links(page.body) if page.status == 200 else []
        for candidate in (*links[:3], "/favicon.ico"):
            response = session.head(urljoin(page.url, candidate))
            media_type = _media_type(response)
            if response.status == 200 and media_type.startswith("image/"):
                return FileMetadata(url=response.url, type=media_type, next=now + _ICON_INTERVAL)
    except (FetchError, ValueError) as error:  # ValueError: the icon link of a page may be malformed
        return known.after_failure(str(error), now)
    return known.after_failure(f"{link} has no icon", now)


def _probe_server(
    session: HttpSession, now: datetime, is_over: Callable[[], bool], files: list[FileMetadata]
) -> list[FileMetadata]:
    """Probe the files of one server until it is busy or does not answer."""
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
    """The icon links of a web page, unresolved."""
    from lxml import etree  # imported here, so that only the process that sends requests loads it

    parser = etree.HTMLParser(no_network=True, huge_tree=False)
    root = etree.HTML(page[:_MAX_PAGE], parser) if page.strip() else None
    if root is None:
        return []
    links = [(set(str(link.get("rel", "")).lower().split()), str(link.get("href", ""))) for link in root.iter("link")]
    return [href for rel, href in links if href and rel & {"icon", "apple-touch-icon"} and not href.startswith("data:")]

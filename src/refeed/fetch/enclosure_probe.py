"""Files and sites -> their media types, sizes and icons, by HEAD requests. Off unless `fetch.enrich` is set."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from lxml import etree

from ..errors import FetchError
from .enclosure_metadata import FileMetadata, give_up, retry_later
from .poller import parse_retry_after

if TYPE_CHECKING:
    from .session import HttpResponse, HttpSession

_CONCURRENT = 4
"""Servers that are asked at the same time."""
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

    def probe(of_server: list[FileMetadata]) -> list[FileMetadata]:
        return _probe_server(of_server, session, now, lambda: stopped() or time.monotonic() >= deadline)

    with ThreadPoolExecutor(max_workers=_CONCURRENT, thread_name_prefix="probe") as pool:
        return [file for probed in pool.map(probe, by_server.values()) for file in probed]


def find_icon(known: FileMetadata, link: str, session: HttpSession, now: datetime) -> FileMetadata:
    """Look once for the icon of the site at `link`: what its page names, otherwise /favicon.ico, if it is an image.

    Until another one is found, `known` stays. Raises nothing.
    """
    try:
        page = session.get(link)
        named = _icon_links(page.body) if page.status == 200 else []
        for candidate in (*named[:3], "/favicon.ico"):
            response = session.head(urljoin(page.url, candidate))
            media_type = _media_type(response)
            if response.status == 200 and media_type.startswith("image/"):
                return FileMetadata(url=response.url, type=media_type, next=now + _ICON_INTERVAL)
    except (FetchError, ValueError) as error:  # ValueError: what a page names need not be a URL
        return retry_later(known, str(error), now)
    return retry_later(known, f"{link} has no icon", now)


def _probe_server(
    files: list[FileMetadata], session: HttpSession, now: datetime, is_over: Callable[[], bool]
) -> list[FileMetadata]:
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
            wait = parse_retry_after(response.headers.get("Retry-After", ""), now) or _BUSY_PAUSE
        probed.append(retry_later(file, reason, now, at_least=wait))
        return probed + [replace(other, error=reason, next=now + wait) for other in files[index + 1 :]]
    return probed


def _read_headers(file: FileMetadata, response: HttpResponse, now: datetime) -> FileMetadata:
    if response.status in _FINAL:
        return give_up(file, f"it answers {response.status}")
    if response.status != 200:
        return retry_later(file, f"it answers {response.status}", now)
    media_type = _media_type(response)
    if media_type in _PAGE_TYPES:
        return retry_later(file, "it is a web page now", now)
    length = response.headers.get("Content-Length", "").strip()
    size = int(length) if length.isascii() and length.isdecimal() and len(length) < 15 else 0
    return FileMetadata(url=file.url, type=media_type, length=size if size < _MAX_SIZE else 0)


def _media_type(response: HttpResponse) -> str:
    media_type = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) and media_type not in _VAGUE_TYPES else ""


def _icon_links(page: bytes) -> list[str]:
    parser = etree.HTMLParser(no_network=True, huge_tree=False)
    root = etree.HTML(page[:_MAX_PAGE], parser) if page.strip() else None
    if root is None:
        return []
    links = [(set(str(link.get("rel", "")).lower().split()), str(link.get("href", ""))) for link in root.iter("link")]
    return [href for rel, href in links if href and rel & {"icon", "apple-touch-icon"} and not href.startswith("data:")]

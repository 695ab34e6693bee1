"""Files that entries show, and sites -> their size, type and icon, by asking for headers. Off by default."""

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
from .poll import parse_retry_after

if TYPE_CHECKING:
    from .session import HttpSession

_AT_ONCE = 4
_LARGEST = 1 << 40
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_SAYS_NOTHING = ("application/octet-stream", "binary/octet-stream", "application/x-download", "text/plain")
_PAGES = ("text/html", "application/xhtml+xml")
_NEVER = (405, 410, 501)
"""Answers that stay: asking for headers is not allowed here, or the file is gone for good."""
_BUSY = (429, 503)
_WAIT = timedelta(minutes=10)
"""How long a server is left alone that does not answer, or that has too much to do and does not say for how long."""
_ICON_AGAIN = timedelta(days=30)
"""A site's icon is looked for again after so long: it may have another one by then."""
_PAGE_READ = 200_000


def probe_files(
    files: Iterable[FileMetadata],
    session: HttpSession,
    now: datetime,
    *,
    seconds: float = 60,
    stopped: Callable[[], bool] = lambda: False,
) -> list[FileMetadata]:
    """Ask once after each file, and say what is known then. Nothing is raised.

    Each server is asked for one file at a time. When it does not answer, or has too much to do, its other files are put
    off, which counts as no try. Those that `seconds` did not suffice for are left out, and all others when `stopped`.
    """
    deadline = time.monotonic() + seconds
    servers: dict[str, list[FileMetadata]] = {}
    for file in files:
        servers.setdefault(urlsplit(file.url).netloc.lower(), []).append(file)

    def ask(of_one: list[FileMetadata]) -> list[FileMetadata]:
        return _ask_server(of_one, session, now, lambda: stopped() or time.monotonic() >= deadline)

    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="measure") as pool:
        return [file for heard in pool.map(ask, servers.values()) for file in heard]


def find_icon(known: FileMetadata, link: str, session: HttpSession, now: datetime) -> FileMetadata:
    """Ask once for the icon of the site at `link`: what its page names, else its favicon.ico, if that is an image.

    What was `known` stays while no other one is found. Nothing is raised.
    """
    try:
        page = session.get(link)
        named = _named_icons(page.body) if page.status == 200 else []
        for candidate in (*named[:3], "/favicon.ico"):
            answer = session.head(urljoin(page.url, candidate))
            kind = _type(answer.headers.get("Content-Type", ""))
            if answer.status == 200 and kind.startswith("image/"):
                return FileMetadata(url=answer.url, type=kind, next=now + _ICON_AGAIN)
    except (FetchError, ValueError) as error:  # ValueError: what a page names need not be a URL
        return retry_later(known, str(error), now)
    return retry_later(known, f"{link} has no icon", now)


def _ask_server(
    files: list[FileMetadata], session: HttpSession, now: datetime, over: Callable[[], bool]
) -> list[FileMetadata]:
    heard: list[FileMetadata] = []
    for place, file in enumerate(files):
        if over():
            break
        try:
            answer = session.head(file.url)
        except FetchError as error:
            why, wait = str(error), _WAIT
        else:
            if answer.status not in _BUSY:
                heard.append(_judged(file, answer.status, answer.headers.get, now))
                continue
            why = f"it answers {answer.status}"
            wait = parse_retry_after(answer.headers.get("Retry-After", ""), now) or _WAIT
        heard.append(retry_later(file, why, now, at_least=wait))
        return heard + [replace(other, error=why, next=now + wait) for other in files[place + 1 :]]
    return heard


def _judged(file: FileMetadata, status: int, header: Callable[[str, str], str], now: datetime) -> FileMetadata:
    if status in _NEVER:
        return give_up(file, f"it answers {status}")
    if status != 200:
        return retry_later(file, f"it answers {status}", now)
    kind = _type(header("Content-Type", ""))
    if kind in _PAGES:
        return retry_later(file, "it is a web page by now", now)
    length = header("Content-Length", "").strip()
    size = int(length) if length.isascii() and length.isdecimal() and len(length) < 15 else 0
    return FileMetadata(url=file.url, type=kind, length=size if size < _LARGEST else 0)


def _type(header: str) -> str:
    kind = header.split(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) and kind not in _SAYS_NOTHING else ""


def _named_icons(page: bytes) -> list[str]:
    parser = etree.HTMLParser(no_network=True, huge_tree=False)
    root = etree.HTML(page[:_PAGE_READ], parser) if page.strip() else None
    if root is None:
        return []
    links = [(set(str(one.get("rel", "")).lower().split()), str(one.get("href", ""))) for one in root.iter("link")]
    return [href for rel, href in links if href and rel & {"icon", "apple-touch-icon"} and not href.startswith("data:")]

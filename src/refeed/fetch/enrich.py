"""Addresses of media and sites -> their size, type and icon, by asking for headers only. Off by default."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from lxml import etree

from ..errors import FetchError
from ..model import Enclosure

if TYPE_CHECKING:
    from .session import Session

_AT_ONCE = 4
_LARGEST = 1 << 40
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What a server says of a file, without the file."""

    url: str
    type: str = ""
    length: int = 0
    """In bytes; 0 when it does not say."""


def measure(urls: Iterable[str], session: Session, seconds: float = 60) -> dict[str, Media]:
    """Size and type of every URL whose server says them; others are left out. Ends after `seconds` in any case."""
    deadline = time.monotonic() + seconds
    wanted = list(dict.fromkeys(urls))
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="measure") as pool:
        found = pool.map(lambda url: _measure(url, session) if time.monotonic() < deadline else None, wanted)
        return {media.url: media for media in found if media}


def filled(enclosure: Enclosure, media: Media | None) -> Enclosure:
    """An enclosure with the length and type that were missing; what it says itself stays."""
    if media is None:
        return enclosure
    return replace(enclosure, type=enclosure.type or media.type, length=enclosure.length or media.length)


def find_icon(link: str, session: Session) -> str:
    """Address of a site's icon: what its page names, else its favicon.ico; empty when neither is an image."""
    try:
        answer = session.get(link)
    except FetchError:
        return ""
    named = _named_icons(answer.body) if answer.status == 200 else []
    for candidate in (*named[:3], "/favicon.ico"):
        media = _measure(urljoin(answer.url, candidate), session)
        if media and media.type.startswith("image/"):
            return media.url
    return ""


def _measure(url: str, session: Session) -> Media | None:
    try:
        answer = session.head(url)
    except FetchError:
        return None
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
    length = answer.headers.get("Content-Length", "").strip()
    if answer.status != 200 or not _TYPE.fullmatch(kind):
        return None
    size = int(length) if length.isascii() and length.isdecimal() and len(length) < 15 else 0
    return Media(url=url, type=kind, length=size if size < _LARGEST else 0)


def _named_icons(page: bytes) -> list[str]:
    root = etree.HTML(page[:200_000], etree.HTMLParser(no_network=True, huge_tree=False)) if page.strip() else None
    if root is None:
        return []
    links = [(set(str(one.get("rel", "")).lower().split()), str(one.get("href", ""))) for one in root.iter("link")]
    return [href for rel, href in links if href and rel & {"icon", "apple-touch-icon"} and not href.startswith("data:")]

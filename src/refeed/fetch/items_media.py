"""What an item carries beside its text (enclosures, pictures, base addresses) -> HTML, for a dump holds nothing else.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape, unescape
from typing import NamedTuple
from urllib.parse import urlsplit

from ..dumpfile import is_link
from .items import absolute


class File(NamedTuple):
    """A media file as an upstream names it."""

    url: str
    type: str
    """Media type, or only its first part; empty when the upstream does not say."""


_KIND = re.compile(
    r"\.(?:(?P<audio>mp3|m4a|aac|og[ga]|opus|wav|flac)|(?P<video>mp4|m4v|webm|ogv|mov|m3u8)|(?P<image>jpe?g|png|gif|webp|avif))",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[A-Za-z][^<>]{0,5000}>")
_ADDRESS = re.compile(r"""(\s(?:src|href|poster)\s*=\s*)(["'])([^"'<>]{0,2000})\2""", re.IGNORECASE)
_ABSOLUTE = re.compile(r"#|[A-Za-z][A-Za-z0-9+.-]*:")


def with_media(html: str, files: Iterable[File]) -> str:
    """The HTML with players of sounds and films that it does not name yet, and a picture above it if it has none."""
    known = {file.url: _kind(file) for file in files if is_link(file.url) and not _named(file.url, html)}
    pictures = [url for url, kind in known.items() if kind == "image"]
    above = f'<img src="{escape(pictures[0])}">' if pictures and "<img" not in html.lower() else ""
    players = (f'<{kind} src="{escape(url)}"></{kind}>' for url, kind in known.items() if kind in ("audio", "video"))
    return above + html + "".join(players)


def rooted(html: str, base: str) -> str:
    """The HTML with its relative addresses as seen from `base`."""

    def whole(match: re.Match[str]) -> str:
        address = unescape(match[3]).strip()
        if not address or _ABSOLUTE.match(address):
            return match[0]
        return f"{match[1]}{match[2]}{escape(absolute(base, address))}{match[2]}"

    return _TAG.sub(lambda tag: _ADDRESS.sub(whole, tag[0]), html)


def _named(url: str, html: str) -> bool:
    return url in html or escape(url) in html


def _kind(file: File) -> str:
    kind = file.type.strip().lower().partition("/")[0]
    if kind in ("audio", "video", "image"):
        return kind
    found = _KIND.fullmatch("." + urlsplit(file.url).path.rpartition(".")[2])
    return (found.lastgroup or "") if found else ""

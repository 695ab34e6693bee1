"""The media files of an upstream item -> players and pictures in its HTML, because a dump holds only HTML. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlsplit

from .writer import is_http_url

MAX_FILES = 50
"""The number of media files read of one item."""
_FILE_KIND = re.compile(
    r"\.(?:(?P<audio>mp3|m4a|aac|og[ga]|opus|wav|flac)|(?P<video>mp4|m4v|webm|ogv|mov|m3u8)|(?P<image>jpe?g|png|gif|webp|avif))",
    re.IGNORECASE,
)
_AVATAR = re.compile(r"[/.](?:gr)?avatars?[/.]", re.IGNORECASE)
_LARGEST_AVATAR = 64
"""In pixels. A square picture of this size is that of an author."""
_LENGTH = re.compile(r"(\d{1,14})(?:\.0{1,3})?", re.ASCII)


class MediaFile(NamedTuple):
    """A media file of an item, as the upstream describes it."""

    url: str
    type: str
    """Media type, or only its first part; empty when the upstream does not give one."""
    length: int = 0
    """In bytes; 0 when the upstream does not give it."""
    width: int = 0
    """In pixels; 0 when the upstream does not give it."""
    height: int = 0

    @property
    def kind(self) -> str:
        """`audio`, `video` or `image`; empty for another kind."""
        kind = self.type.strip().lower().partition("/")[0]
        if kind in ("audio", "video", "image"):
            return kind
        match = _FILE_KIND.fullmatch("." + urlsplit(self.url).path.strip().rpartition(".")[2])
        return (match.lastgroup or "") if match else ""

    @property
    def is_avatar(self) -> bool:
        """Whether the picture shows an author and not the subject."""
        return bool(_AVATAR.search(self.url)) or 0 < self.width == self.height <= _LARGEST_AVATAR


def to_length(text: object) -> int:
    """A number of bytes or pixels from what an upstream writes; 0 when it is not a number."""
    match = _LENGTH.fullmatch(str(text).strip())
    return int(match[1]) if match else 0


def choose_pictures(files: Iterable[MediaFile], *, has_groups: bool) -> list[MediaFile]:
    """The pictures of Media RSS that are not sizes of another one: those that say no size, in a feed without groups."""
    pictures = [file for file in files if file.kind == "image" and not file.is_avatar]
    if any(file.width for file in pictures):
        return [max(pictures, key=lambda file: file.width)]
    return pictures[:1] if has_groups else pictures


def embed_media(html: str, files: Iterable[MediaFile]) -> str:
    """Add the media files of an item to its HTML.

    Audio and video players are appended, also of a file that the HTML links to: the cleaner makes enclosures of players
    alone. Pictures are put before HTML that has no image, unless the HTML names them.
    """
    by_url = {file.url: file for file in islice(files, MAX_FILES) if is_http_url(file.url)}
    has_image = "<img" in html.lower()
    pictures = {
        url.partition("?")[0]: f'<img src="{escape(url)}">'
        for url, file in by_url.items()
        if file.kind == "image" and not (has_image or file.is_avatar or url in html or escape(url) in html)
    }
    players = (
        f'<{file.kind} src="{escape(url)}"{_attributes(file)}></{file.kind}>'
        for url, file in by_url.items()
        if file.kind in ("audio", "video")
    )
    return "".join((*pictures.values(), html, *players))


def _attributes(file: MediaFile) -> str:
    media_type = f' type="{escape(file.type)}"' if "/" in file.type else ""
    return media_type + (f' data-length="{file.length}"' if file.length else "")

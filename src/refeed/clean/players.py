"""Players, embeds and media files in a body -> links that a reader can follow, and enclosures."""

from __future__ import annotations

import re

from bs4.element import Tag

from ..model import Enclosure
from . import links
from .blocks import Block
from .markup import text_of
from .media import ADDRESS, MEDIA_FILE, embed_link, enclosure, player_page
from .reading import Reading
from .text import one_line

_NUMBER = re.compile(r"[\w-]{5,30}")
_INERT = ("about:", "data:", "javascript:")


def media(reading: Reading, tag: Tag) -> None:
    """`video` and `audio`: the file is an enclosure and a link, the poster a picture."""
    reading.end_line()
    poster = links.image(str(tag.get("poster") or ""), reading.base)
    if poster:
        reading.put(Block("figure", url=poster))
    found = enclosure(tag, reading.base)
    if found:
        _enclosed(reading, found, tag)
        reading.figure = reading.blocks[-2] if poster else None


def iframe(reading: Reading, tag: Tag) -> None:
    """A frame: a link to the page of what it plays."""
    reading.end_line()
    source = str(tag.get("src") or tag.get("data-src") or tag.get("data-lazy-src") or "")
    url = links.link(source, reading.base) if source and not source.startswith(_INERT) else ""
    reading.removed("embeds become links", tag, url)
    _link(reading, player_page(url) if url else "", tag)


def amp(reading: Reading, tag: Tag) -> None:
    """AMP's players name what they play by a number."""
    number = str(tag.get("data-videoid") or tag.get("data-tweetid") or "")
    if _NUMBER.fullmatch(number):
        reading.end_line()
        page = "https://www.youtube.com/watch?v=" if tag.name == "amp-youtube" else "https://twitter.com/i/status/"
        _player(reading, page + number, tag, "")


def plugin(reading: Reading, tag: Tag) -> None:
    """`object` and `embed`: what browsers no longer play."""
    url = links.link(str(tag.get("data") or tag.get("src") or ""), reading.base)
    reading.removed("embeds become links", tag, url)
    if url and not _is_last_link(reading, player_page(url)):
        reading.end_line()
        _player(reading, player_page(url), tag, "")


def data_script(reading: Reading, tag: Tag) -> None:
    """Data for a player that a script would have built: the file that it names."""
    for url in MEDIA_FILE.findall(text_of(tag).replace("\\/", "/"))[:1]:
        media_type = "audio/mpeg" if url.endswith("mp3") else "video/mp4"
        reading.end_line()
        _enclosed(reading, Enclosure(url=links.link(url, reading.base), type=media_type), tag)


def shell(reading: Reading, tag: Tag, value: str) -> bool:
    """An embed whose address is only in an attribute; False of an element that has no address, or text of its own."""
    match = ADDRESS.search(value)
    if not match or text_of(tag).strip():
        return False
    reading.end_line()
    _link(reading, player_page(links.link(match[0], reading.base)), tag)
    return True


def name_player(reading: Reading, tag: Tag) -> None:
    """A caption under a player is its name, unless a picture above bears it already."""
    text = one_line(text_of(tag))
    told = {one_line(block.text) for block in reading.blocks if block.kind == "figure"}
    if text and text not in told and reading.link_to_player:
        reading.link_to_player.runs = [(text, reading.link_to_player.runs[0][1])]
    else:
        reading.removed("caption repeated", tag)


def _enclosed(reading: Reading, found: Enclosure, tag: Tag) -> None:
    reading.account.enclosures.append(found)
    _player(reading, found.url, tag, found.type.partition("/")[0])


def _link(reading: Reading, url: str, tag: Tag) -> None:
    if url and not _is_last_link(reading, url):
        _player(reading, url, tag, "")


def _player(reading: Reading, url: str, tag: Tag, kind: str) -> None:
    name = one_line(str(tag.get("title") or tag.get("aria-label") or "")) or embed_link(url, kind, reading.language)
    reading.link_to_player = Block("p", [(name, (("a", url),))])
    reading.put(reading.link_to_player)


def _is_last_link(reading: Reading, url: str) -> bool:
    """True when the block just read already leads there: a fallback, or a quotation with its player."""
    last = reading.blocks[-1] if reading.blocks else None
    if last is None:
        return False
    bare = url.partition("#")[0].rstrip("/").removesuffix("/embed").rstrip("/")
    return any(
        value.rstrip("/") in (bare, url.rstrip("/"))
        for block in (last, *last.children)
        for _, marks in block.runs
        for tag, value in marks
        if tag == "a"
    )

"""Players, embeds and media files in a body -> links that a reader can follow, and enclosures."""

from __future__ import annotations

import re

from bs4.element import Tag

from ..model import Enclosure
from . import url_cleaner
from .blocks import Block
from .extractor_state import ExtractorState
from .html_elements import element_text
from .media_urls import MEDIA_FILE, URL_IN_ATTRIBUTE, embed_label, find_enclosure, player_page_url
from .text import normalize_line

_NUMBER = re.compile(r"[\w-]{5,30}")
_INERT = ("about:", "data:", "javascript:")


def add_media(reading: ExtractorState, tag: Tag) -> None:
    """`video` and `audio`: the file is an enclosure and a link, the poster a picture."""
    reading.end_paragraph()
    poster = url_cleaner.clean_image_url(str(tag.get("poster") or ""), reading.base_url)
    if poster:
        reading.add_block(Block("figure", url=poster))
    found = find_enclosure(tag, reading.base_url)
    if found:
        _enclosed(reading, found, tag)
        reading.open_figure = reading.blocks[-2] if poster else None


def add_iframe(reading: ExtractorState, tag: Tag) -> None:
    """A frame: a link to the page of what it plays."""
    reading.end_paragraph()
    source = str(tag.get("src") or tag.get("data-src") or tag.get("data-lazy-src") or "")
    url = url_cleaner.clean_link(source, reading.base_url) if source and not source.startswith(_INERT) else ""
    reading.log_removed("embeds become links", tag, url)
    _link(reading, player_page_url(url) if url else "", tag)


def add_amp_player(reading: ExtractorState, tag: Tag) -> None:
    """AMP's players name what they play by a number."""
    number = str(tag.get("data-videoid") or tag.get("data-tweetid") or "")
    if _NUMBER.fullmatch(number):
        reading.end_paragraph()
        page = "https://www.youtube.com/watch?v=" if tag.name == "amp-youtube" else "https://twitter.com/i/status/"
        _player(reading, page + number, tag, "")


def add_plugin(reading: ExtractorState, tag: Tag) -> None:
    """`object` and `embed`: what browsers no longer play."""
    url = url_cleaner.clean_link(str(tag.get("data") or tag.get("src") or ""), reading.base_url)
    reading.log_removed("embeds become links", tag, url)
    if url and not _is_last_link(reading, player_page_url(url)):
        reading.end_paragraph()
        _player(reading, player_page_url(url), tag, "")


def add_script_media(reading: ExtractorState, tag: Tag) -> None:
    """Data for a player that a script would have built: the file that it names."""
    for url in MEDIA_FILE.findall(element_text(tag).replace("\\/", "/"))[:1]:
        media_type = "audio/mpeg" if url.endswith("mp3") else "video/mp4"
        reading.end_paragraph()
        _enclosed(reading, Enclosure(url=url_cleaner.clean_link(url, reading.base_url), type=media_type), tag)


def add_attribute_embed(reading: ExtractorState, tag: Tag, value: str) -> bool:
    """An embed whose address is only in an attribute; False of an element that has no address, or text of its own."""
    match = URL_IN_ATTRIBUTE.search(value)
    if not match or element_text(tag).strip():
        return False
    reading.end_paragraph()
    _link(reading, player_page_url(url_cleaner.clean_link(match[0], reading.base_url)), tag)
    return True


def caption_player(reading: ExtractorState, tag: Tag) -> None:
    """A caption under a player is its name, unless a picture above bears it already."""
    text = normalize_line(element_text(tag))
    told = {normalize_line(block.text) for block in reading.blocks if block.kind == "figure"}
    if text and text not in told and reading.player_link:
        reading.player_link.runs = [(text, reading.player_link.runs[0][1])]
    else:
        reading.log_removed("caption repeated", tag)


def _enclosed(reading: ExtractorState, found: Enclosure, tag: Tag) -> None:
    reading.log.enclosures.append(found)
    _player(reading, found.url, tag, found.type.partition("/")[0])


def _link(reading: ExtractorState, url: str, tag: Tag) -> None:
    if url and not _is_last_link(reading, url):
        _player(reading, url, tag, "")


def _player(reading: ExtractorState, url: str, tag: Tag, kind: str) -> None:
    name = normalize_line(str(tag.get("title") or tag.get("aria-label") or "")) or embed_label(
        url, kind, reading.language
    )
    reading.player_link = Block("p", [(name, (("a", url),))])
    reading.add_block(reading.player_link)


def _is_last_link(reading: ExtractorState, url: str) -> bool:
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

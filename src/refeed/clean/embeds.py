"""Pictures, players, embeds and media files in a body -> figures, links that a reader can follow, and enclosures.

Each function `add_…` takes the extractor's state and an element, and adds the resulting blocks to the state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import re2
from bs4.element import Tag

from ..config.field_types import Regexp
from ..model import Enclosure
from .blocks import Block, Mark, extract_links, walk_blocks
from .extractor_state import ExtractorState
from .formulas import formula_in_image
from .html_parser import element_text, find_element, visible_text
from .image_urls import (
    clean_image_url,
    find_image_url,
    is_decoration,
    is_emoji_image,
    is_invisible_image,
    is_larger_version,
)
from .player_pages import guess_medium, link_label, player_page_url
from .text import normalize_line
from .url_cleaner import clean_link

_INERT_SCHEMES = ("about:", "data:", "javascript:")
_PLAYER_ELEMENT = re.compile(r"(?:amp|lite)-(\w+)")
_PLAYER_ID = re.compile(r"[\w-]{5,30}")
_PLAYER_IDS = ("data-videoid", "videoid", "video-id", "data-tweetid", "data-shortcode")
_PLAYED_BY_ID = {
    "youtube": "https://www.youtube.com/watch?v=", "vimeo": "https://vimeo.com/",
    "dailymotion": "https://www.dailymotion.com/video/", "twitter": "https://twitter.com/i/status/",
    "instagram": "https://www.instagram.com/p/",
}  # fmt: skip
PLAYER_ELEMENTS = tuple(f"{prefix}-{site}" for prefix in ("amp", "lite") for site in _PLAYED_BY_ID)
"""Elements of AMP and of scripts of that kind that refer to a film, a tweet or a post by its id."""
_PLUGIN_PARAMETER = re.compile(r"movie|src|url|filename", re.IGNORECASE)
_YOUTUBE_ID = re.compile(r"[\w-]{11}")
_SOCIAL_BUTTON = re.compile(r"like|share|button|comments|follow|page|send|save")
_URL_IN_ATTRIBUTE = re.compile(r"https?://[^\s\"'<>]+")
_MEDIA_FILE = re2.compile(r"https?://[^\s\"'<>\\]+\.(?:mp3|mp4|m4a)")  # linear, however many addresses begin
_MEDIA_TYPES = {
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg", "oga": "audio/ogg",
    "opus": "audio/ogg", "wav": "audio/wav", "flac": "audio/flac", "mp4": "video/mp4", "m4v": "video/mp4",
    "webm": "video/webm", "ogv": "video/ogg", "mov": "video/quicktime", "m3u8": "application/vnd.apple.mpegurl",
}  # fmt: skip
_LONGEST_SOURCE = 4000
_EXTENSION = re.compile(r"\.(\w{2,4})(?:[?#].*)?$")
_GIST = re.compile(r"(https://gist\.github\.com/[\w-]+/\w+)\.js")


def add_image(state: ExtractorState, tag: Tag, marks: tuple[Mark, ...], dropped: Regexp | None) -> None:
    """Add an `img`, or a `picture` without one, as a figure. Images of characters and formulas become text.

    Images that show nothing, or whose URL matches `dropped`, are logged.
    """
    if tag.contents and tag.name != "picture":
        state.log_removed("fallback of an image", tag)
    url, stand_in = find_image_url(tag, state.base_url)
    if is_emoji_image(tag):
        state.add_text(str(tag.get("alt") or ""), marks)
        state.log_text("emoji become text", url)
        return
    if formula := formula_in_image(tag):
        state.add_text(formula, marks)
        state.log_text("formulas become text", url)
        return
    alt = normalize_line(str(tag.get("alt") or tag.get("aria-label") or ""))
    title = normalize_line(str(tag.get("title") or ""))
    if not url:
        state.log_text("pixels and stand-ins", f"{alt} {stand_in}".strip() or "(an image without an address)")
        return
    state.log_text("pixels and stand-ins", stand_in)
    state.end_paragraph()
    if is_invisible_image(tag, url) or (dropped is not None and dropped.search(url)):
        state.log_text("pixels and stand-ins", f"{alt} {url}".strip())
        state.log.lead_above_dropped_image |= len(state.blocks) == 1 and state.blocks[0].is_text
    else:
        state.add_block(Block("figure", url=url, alt=alt, title=title, is_decoration=is_decoration(tag, url)))


def link_image(state: ExtractorState, figure: Block, url: str) -> None:
    """Put a link around a figure's image. When it leads to the same picture in a larger size, the figure shows that."""
    if figure.href:
        return  # the inner one of two links, of which the outer one was never closed
    if is_larger_version(url, figure.url):
        state.log_text("smaller versions", figure.url)
        figure.url = clean_image_url(url, state.base_url)
    figure.href = url


def add_media(state: ExtractorState, tag: Tag) -> None:
    """Add a `video` or `audio`: the file becomes an enclosure and a link, the poster becomes a figure.

    Other formats of the file, and what only browsers without players show, are logged.
    """
    state.end_paragraph()
    poster = clean_image_url(str(tag.get("poster") or tag.get("data-poster") or ""), state.base_url)
    if poster:
        state.add_block(Block("figure", url=poster))
    is_added = False
    for candidate in (tag, *tag.find_all("source")):
        source = str(candidate.get("src") or candidate.get("data-src") or "")
        url = clean_link(source, state.base_url) if source else ""
        if is_added or not url.startswith("http"):
            state.log_text("other formats of a player", url or source[:_LONGEST_SOURCE])
        else:
            _add_enclosure(state, tag, url, _media_type(str(candidate.get("type") or ""), url, tag.name))
            is_added = True
    if is_added and poster:
        state.open_figure = state.blocks[-2]
    fallback = state.addresses_in(tag, ("a", "img", "iframe", "video", "audio", "embed", "object"))
    state.log_text("fallback of a player", " ".join([normalize_line(visible_text(tag)), *fallback]).strip())


def _media_type(declared: str, url: str, tag_name: str) -> str:
    if re.fullmatch(r"(?:audio|video)/[\w.+-]{1,40}", declared):
        return declared
    extension = _EXTENSION.search(url)
    default = "audio/mpeg" if tag_name == "audio" else "video/mp4"
    return _MEDIA_TYPES.get(extension[1].lower() if extension else "", default)


def add_iframe(state: ExtractorState, tag: Tag) -> None:
    """Add an `iframe` as a link to the page that shows its content."""
    state.end_paragraph()
    sources = [str(value) for name, value in tag.attrs.items() if "src" in name and name != "srcdoc"]
    source = next((value for value in sources if value and not value.startswith(_INERT_SCHEMES)), "")
    url = clean_link(source, state.base_url) if source else ""
    state.log_removed("embeds become links", tag, (url or source or " ".join(sources))[:_LONGEST_SOURCE])
    if url:
        _add_new_player_link(state, tag, player_page_url(url))


def add_player_element(state: ExtractorState, tag: Tag) -> None:
    """Add one of `PLAYER_ELEMENTS`."""
    state.log_removed("embeds become links", tag)
    site = _PLAYER_ELEMENT.fullmatch(tag.name)
    id = next((str(tag[name]) for name in _PLAYER_IDS if name in tag.attrs), "")
    if site and _PLAYER_ID.fullmatch(id):
        state.end_paragraph()
        _add_player_link(state, tag, _PLAYED_BY_ID[site[1]] + id)


def add_plugin(state: ExtractorState, tag: Tag) -> None:
    """Add an `object` or `embed`, which browsers no longer play, as a link."""
    parameters = (param.get("value") for param in tag.find_all("param", attrs={"name": _PLUGIN_PARAMETER}))
    inner = (each.get("src") for each in tag.find_all(("embed", "iframe")))
    sources = (tag.get("data"), tag.get("src"), *parameters, *inner)
    url = clean_link(next((str(source) for source in sources if source), ""), state.base_url)
    state.log_removed("embeds become links", tag, url)
    if url and not _is_last_link(state, page := player_page_url(url)):
        state.end_paragraph()
        _add_player_link(state, tag, page)


def add_script_media(state: ExtractorState, tag: Tag) -> None:
    """Add the first media file in the JSON of a `script`, from which the page would build a player."""
    if match := _MEDIA_FILE.search(element_text(tag).replace("\\/", "/")):
        state.end_paragraph()
        media_type = "audio/mpeg" if match[0].endswith("mp3") else "video/mp4"
        _add_enclosure(state, tag, clean_link(match[0], state.base_url), media_type)


def add_script_embed(state: ExtractorState, tag: Tag) -> None:
    """Add a `script` that would show a file of another page, as GitHub's gists do."""
    if match := _GIST.match(str(tag.get("src") or "")):
        state.end_paragraph()
        _add_new_player_link(state, tag, match[1])


def add_attribute_embed(state: ExtractorState, tag: Tag, value: str) -> bool:
    """Add an embed that only an attribute names: its URL, or the id of a film on YouTube.

    False when it names none, when the element has content of its own, or is a button of a social network.
    """
    classes = str(tag.get("class") or "").lower()
    match = _URL_IN_ATTRIBUTE.search(value)
    is_film = "youtube" in classes and _YOUTUBE_ID.fullmatch(value)
    if not (match or is_film) or _SOCIAL_BUTTON.search(classes):
        return False
    if element_text(tag).strip() or find_element(tag, "img", "picture", "video", "audio", "iframe", "amp-img"):
        return False
    state.end_paragraph()
    url = clean_link(match[0] if match else _PLAYED_BY_ID["youtube"] + value, state.base_url)
    state.log_removed("embeds become links", tag, url)
    _add_new_player_link(state, tag, player_page_url(url))
    return True


def caption_player(state: ExtractorState, tag: Tag) -> None:
    """Use the caption under a player as the text of its link, unless a figure above has the same caption."""
    text = normalize_line(element_text(tag))
    captions = {normalize_line(block.text) for block in state.blocks if block.kind == "figure"}
    if text and text not in captions and state.player_link:
        state.player_link.runs = [(text, state.player_link.runs[0][1])]
        for address in state.addresses_in(tag):
            state.log_text("links in captions of players", address)
    else:
        state.log_removed("caption repeated", tag)


def _add_enclosure(state: ExtractorState, tag: Tag, url: str, media_type: str) -> None:
    # The size is written by `fetch`, from the enclosure of a feed.
    length = str(tag.get("data-length") or "")
    size = int(length) if length.isascii() and length.isdecimal() and len(length) < 15 else 0
    state.log.enclosures.append(Enclosure(url=url, type=media_type, length=size))
    _add_player_link(state, tag, url, media_type.partition("/")[0])


def _add_new_player_link(state: ExtractorState, tag: Tag, url: str) -> None:
    """Add a link to a player unless the last block already contains it."""
    if url and not _is_last_link(state, url):
        _add_player_link(state, tag, url, guess_medium(url))


def _add_player_link(state: ExtractorState, tag: Tag, url: str, medium: str = "") -> None:
    """Add a paragraph that links to a player. Its text is the element's title, else names the medium or the site."""
    label = normalize_line(str(tag.get("title") or tag.get("aria-label") or ""))
    state.player_link = Block("p", [(label or link_label(url, medium, ""), (("a", url),))])
    if medium and not label:
        state.log.media_links.append((state.player_link, medium))
    state.add_block(state.player_link)


def drop_repeated_players(state: ExtractorState) -> None:
    """Remove the link to a media file that another link or player of the body opens too. The enclosure stays."""
    players = {id(block): medium for block, medium in state.log.media_links}
    if not players:
        return
    linked = {
        url for block in walk_blocks(state.blocks) if id(block) not in players for url, _ in extract_links(block.runs)
    }
    kept = []
    for block in state.blocks:
        url = _unlabelled_address(block, players.get(id(block), ""))
        if url and url in linked:
            state.log_text("repeated players", url)
        else:
            kept.append(block)
            linked.add(url)
    state.blocks = kept


def label_media(links: Iterable[tuple[Block, str]], language: str) -> None:
    """Write the labels of links to media files in the entry's language."""
    for block, medium in links:
        if _unlabelled_address(block, medium):
            block.runs = [(link_label("", medium, language), block.runs[0][1])]


def _unlabelled_address(block: Block, medium: str) -> str:
    """The address of a link whose text only names the medium; empty for any other block."""
    if medium and len(block.runs) == 1 and block.runs[0][0] == link_label("", medium, ""):
        return next((value for tag, value in block.runs[0][1] if tag == "a"), "")
    return ""


def _is_last_link(state: ExtractorState, url: str) -> bool:
    """True when the last block already has this link: a fallback of the player, or a quotation with its player."""
    if not state.blocks:
        return False
    last = state.blocks[-1]
    targets = (url.partition("#")[0].rstrip("/").removesuffix("/embed").rstrip("/"), url.rstrip("/"))
    return any(
        value.rstrip("/") in targets
        for block in (last, *last.children)
        for _, marks in block.runs
        for tag, value in marks
        if tag == "a"
    )

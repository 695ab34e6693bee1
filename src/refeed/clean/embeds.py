"""Players, embeds and media files in a body -> links that a reader can follow, and enclosures.

Each function `add_…` takes the extractor's state and an element, and adds the resulting blocks to the state.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import re2
from bs4.element import Tag

from ..model import Enclosure
from .blocks import Block
from .extractor_state import ExtractorState
from .html_parser import element_text
from .image_urls import clean_image_url
from .text import normalize_line
from .url_cleaner import clean_link

_INERT_SCHEMES = ("about:", "data:", "javascript:")
_AMP_ID = re.compile(r"[\w-]{5,30}")
_URL_IN_ATTRIBUTE = re.compile(r"https?://[^\s\"'<>]+")
_MEDIA_FILE = re2.compile(r"https?://[^\s\"'<>\\]+\.(?:mp3|mp4|m4a)")  # linear, however many addresses begin
_MEDIA_TYPES = {
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg", "oga": "audio/ogg",
    "opus": "audio/ogg", "wav": "audio/wav", "flac": "audio/flac", "mp4": "video/mp4", "m4v": "video/mp4",
    "webm": "video/webm", "ogv": "video/ogg", "mov": "video/quicktime", "m3u8": "application/vnd.apple.mpegurl",
}  # fmt: skip
_EXTENSION = re.compile(r"\.(\w{2,4})(?:[?#].*)?$")
_MEDIA_LABELS = {"audio": {"zh-Hans": "音频", "zh-Hant": "音訊"}, "video": {"zh-Hans": "视频", "zh-Hant": "影片"}}
_SITE_NAMES = (
    ("youtube.com", "YouTube"), ("youtu.be", "YouTube"), ("facebook.com", "Facebook"), ("twitter.com", "Twitter"),
    ("x.com", "X"), ("instagram.com", "Instagram"), ("vimeo.com", "Vimeo"), ("bilibili.com", "bilibili"),
    ("dailymotion.com", "Dailymotion"), ("soundcloud.com", "SoundCloud"), ("spotify.com", "Spotify"),
    ("t.me", "Telegram"), ("tiktok.com", "TikTok"), ("google.com", "Google"),
)  # fmt: skip
_TWEET = re.compile(r"https?://(?:www\.)?(?:twitter|x)\.com/(\w+)/status/\d+")
_PLAYER_PAGES = (
    (
        re.compile(r"https?://(?:www\.)?youtube(?:-nocookie)?\.com/(?:embed|v|shorts)/([\w-]{6,})[^#]*"),
        r"https://www.youtube.com/watch?v=\1",
    ),
    (re.compile(r"https?://player\.vimeo\.com/video/(\d+).*"), r"https://vimeo.com/\1"),
    (re.compile(r"https?://(?:www\.)?dailymotion\.com/embed/video/(\w+).*"), r"https://www.dailymotion.com/video/\1"),
    (
        re.compile(r"https?://player\.bilibili\.com/player\.html\?(?:.*&)?bvid=(\w+).*"),
        r"https://www.bilibili.com/video/\1",
    ),
    (re.compile(r"https?://open\.spotify\.com/embed/(.*)"), r"https://open.spotify.com/\1"),
)
_FACEBOOK_PLUGIN = re.compile(r"https?://(?:www\.)?facebook\.com/plugins/(?:video|post)\.php\?(?:.*&)?href=([^&]+)")


def add_media(state: ExtractorState, tag: Tag) -> None:
    """Add a `video` or `audio`: the file becomes an enclosure and a link, the poster becomes a figure."""
    state.end_paragraph()
    poster = clean_image_url(str(tag.get("poster") or ""), state.base_url)
    if poster:
        state.add_block(Block("figure", url=poster))
    for candidate in (tag, *tag.find_all("source")):
        source = str(candidate.get("src") or candidate.get("data-src") or "")
        url = clean_link(source, state.base_url) if source else ""
        if url.startswith("http"):
            _add_enclosure(state, tag, url, _media_type(str(candidate.get("type") or ""), url, tag.name))
            state.open_figure = state.blocks[-2] if poster else None
            return


def _media_type(declared: str, url: str, tag_name: str) -> str:
    if re.fullmatch(r"(?:audio|video)/[\w.+-]{1,40}", declared):
        return declared
    extension = _EXTENSION.search(url)
    default = "audio/mpeg" if tag_name == "audio" else "video/mp4"
    return _MEDIA_TYPES.get(extension[1].lower() if extension else "", default)


def add_iframe(state: ExtractorState, tag: Tag) -> None:
    """Add an `iframe` as a link to the page that shows its content."""
    state.end_paragraph()
    source = str(tag.get("src") or tag.get("data-src") or tag.get("data-lazy-src") or "")
    url = clean_link(source, state.base_url) if source and not source.startswith(_INERT_SCHEMES) else ""
    state.log_removed("embeds become links", tag, url)
    if url:
        _add_new_player_link(state, tag, _player_page_url(url))


def add_amp_player(state: ExtractorState, tag: Tag) -> None:
    """Add one of AMP's players, which refer to a video or a tweet by its id."""
    id = str(tag.get("data-videoid") or tag.get("data-tweetid") or "")
    if _AMP_ID.fullmatch(id):
        state.end_paragraph()
        page = "https://www.youtube.com/watch?v=" if tag.name == "amp-youtube" else "https://twitter.com/i/status/"
        _add_player_link(state, tag, page + id)


def add_plugin(state: ExtractorState, tag: Tag) -> None:
    """Add an `object` or `embed`, which browsers no longer play, as a link."""
    url = clean_link(str(tag.get("data") or tag.get("src") or ""), state.base_url)
    state.log_removed("embeds become links", tag, url)
    if url and not _is_last_link(state, page := _player_page_url(url)):
        state.end_paragraph()
        _add_player_link(state, tag, page)


def add_script_media(state: ExtractorState, tag: Tag) -> None:
    """Add the first media file in the JSON of a `script`, from which the page would build a player."""
    if match := _MEDIA_FILE.search(element_text(tag).replace("\\/", "/")):
        state.end_paragraph()
        media_type = "audio/mpeg" if match[0].endswith("mp3") else "video/mp4"
        _add_enclosure(state, tag, clean_link(match[0], state.base_url), media_type)


def add_attribute_embed(state: ExtractorState, tag: Tag, value: str) -> bool:
    """Add an embed whose URL is only in an attribute; False when there is no URL, or when the element has text."""
    match = _URL_IN_ATTRIBUTE.search(value)
    if not match or element_text(tag).strip():
        return False
    state.end_paragraph()
    _add_new_player_link(state, tag, _player_page_url(clean_link(match[0], state.base_url)))
    return True


def caption_player(state: ExtractorState, tag: Tag) -> None:
    """Use the caption under a player as the text of its link, unless a figure above has the same caption."""
    text = normalize_line(element_text(tag))
    captions = {normalize_line(block.text) for block in state.blocks if block.kind == "figure"}
    if text and text not in captions and state.player_link:
        state.player_link.runs = [(text, state.player_link.runs[0][1])]
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
        _add_player_link(state, tag, url)


def _add_player_link(state: ExtractorState, tag: Tag, url: str, medium: str = "") -> None:
    """Add a paragraph that links to a player. Its text is the element's title, else names the medium or the site."""
    label = normalize_line(str(tag.get("title") or tag.get("aria-label") or ""))
    state.player_link = Block("p", [(label or _link_label(url, medium, state.language), (("a", url),))])
    state.add_block(state.player_link)


def _link_label(url: str, medium: str, language: str) -> str:
    if medium in _MEDIA_LABELS:
        return _MEDIA_LABELS[medium].get(language, medium.capitalize())
    if tweet := _TWEET.match(url):
        return f"Twitter: @{tweet[1]}"
    host = url.partition("://")[2].partition("/")[0].removeprefix("www.")
    return next((name for site, name in _SITE_NAMES if host == site or host.endswith("." + site)), host)


def _player_page_url(url: str) -> str:
    """Return the page that shows what the player at this URL plays; the URL itself when no such page is known."""
    if match := _FACEBOOK_PLUGIN.match(url):
        return clean_link(unquote(match[1]), url)
    for pattern, page in _PLAYER_PAGES:
        if pattern.match(url):
            return pattern.sub(page, url, count=1)
    return url


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

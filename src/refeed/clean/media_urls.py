"""Images, players and media files in a parsed body -> their URLs, and names for links to them. All pure."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

from bs4.element import Tag

from ..model import Enclosure
from . import url_cleaner

# Where lazy loaders keep the picture while `src` holds a stand-in.
_LAZY = (
    "data-lazy-src",
    "data-src",
    "data-original",
    "data-lazyload",
    "data-actualsrc",
    "data-echo",
    "data-url",
    "data-full-url",
    "data-orig-file",
    "data-hi-res-src",
)
_LAZY_SETS = ("data-lazy-srcset", "data-srcset", "srcset")
_STAND_IN = re.compile(
    r"^(?:data:|about:|$)|(?:^|/)(?:blank|spacer|placeholder|loading|lazy|pixel|1x1|transparent|grey)[\w-]*\.(?:gif|png|svg|jpe?g)(?:\?|$)",
    re.I,
)
_CROPPED = re.compile(r"-\d{2,4}x\d{2,4}\.[a-z]{3,4}(?:\?|$)", re.IGNORECASE)
_PIXEL = re.compile(
    r"//(?:[\w.-]+\.)?(?:amazon-adsystem\.com|doubleclick\.net|google-analytics\.com|googletagmanager\.com|scorecardresearch\.com|quantserve\.com|"
    r"facebook\.com/tr|pixel\.wp\.com|stats\.wordpress\.com|feedburner\.com/~r/|feeds\.feedburner\.com/~|hm\.baidu\.com|cnzz\.com|chartbeat\.(?:com|net)|"
    r"pixel\.[\w.-]+|[\w-]*\.?2o7\.net|imrworldwide\.com|sb\.scorecardresearch|adservice\.google|bat\.bing\.com|analytics\.twitter\.com|"
    r"feedsportal\.com/mf\.gif|da\.feedsportal\.com|blogger\.com/blogger\.g\?blogID|counter\.[\w.-]+/|track(?:er|ing)?\.[\w.-]+/)",
    re.IGNORECASE,
)
_EMOJI = re.compile(r"(?:^|\s)(?:wp-smiley|emoji|twemoji|emoticon)(?:$|\s)")
_EMOJI_URL = re.compile(
    r"s\.w\.org/images/core/emoji/|sinajs\.cn/.*?/expression/|twemoji|/emoji/|face\.t\.sinajs", re.IGNORECASE
)
_TYPES = {
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg", "oga": "audio/ogg",
    "opus": "audio/ogg", "wav": "audio/wav", "flac": "audio/flac", "mp4": "video/mp4", "m4v": "video/mp4",
    "webm": "video/webm", "ogv": "video/ogg", "mov": "video/quicktime", "m3u8": "application/vnd.apple.mpegurl",
}  # fmt: skip
_EXTENSION = re.compile(r"\.(\w{2,4})(?:[?#].*)?$")
_NAMES = {"audio": {"zh-Hans": "音频", "zh-Hant": "音訊"}, "video": {"zh-Hans": "视频", "zh-Hant": "影片"}}
_PLACES = (
    ("youtube.com", "YouTube"), ("youtu.be", "YouTube"), ("facebook.com", "Facebook"), ("twitter.com", "Twitter"),
    ("x.com", "X"), ("instagram.com", "Instagram"), ("vimeo.com", "Vimeo"), ("bilibili.com", "bilibili"),
    ("dailymotion.com", "Dailymotion"), ("soundcloud.com", "SoundCloud"), ("spotify.com", "Spotify"),
    ("t.me", "Telegram"), ("tiktok.com", "TikTok"), ("google.com", "Google"),
)  # fmt: skip
_TWEET = re.compile(r"https?://(?:www\.)?(?:twitter|x)\.com/(\w+)/status/\d+")


def find_image_url(tag: Tag, base: str) -> str:
    """The picture that an `img` shows once everything has loaded, on its origin's host; empty when it shows none."""
    source = str(tag.get("src") or "")
    if _STAND_IN.search(source):
        source = next((str(tag[name]) for name in _LAZY if tag.get(name) and not _STAND_IN.search(str(tag[name]))), "")
        source = source or _widest(tag) or _from_dataset(tag)
    elif _CROPPED.search(source):
        source = _widest(tag) or source
    return url_cleaner.clean_image_url(source, base) if source else ""


def _widest(tag: Tag) -> str:
    candidates: list[tuple[float, str]] = []
    for name in _LAZY_SETS:
        for part in re.split(r",\s+|,(?=https?://|//)", str(tag.get(name) or "")):
            url, _, size = part.strip().rpartition(" ")
            if not url:
                url, size = part.strip(), "1x"
            if url and not url.startswith("data:") and size[:-1].replace(".", "", 1).isdigit():
                candidates.append((float(size[:-1]), url))
    return max(candidates, key=lambda candidate: candidate[0])[1] if candidates else ""


def _from_dataset(tag: Tag) -> str:
    try:
        data = json.loads(str(tag.get("data-image-dataset") or "null"))
        return f"{data['url']}{data['filename']}" if isinstance(data, dict) else ""
    except (ValueError, KeyError, RecursionError):
        return ""


def is_invisible_image(tag: Tag, url: str) -> bool:
    """True of an image that shows nothing: one that counts readers, or keeps lines apart."""
    if str(tag.get("alt") or "").startswith("Presentational"):
        return True
    sides = [str(tag.get(side) or "").strip().removesuffix("px") for side in ("width", "height")]
    return all(side in ("0", "1") for side in sides) or bool(_PIXEL.search(url))


def is_emoji_image(tag: Tag) -> bool:
    """True of a picture that stands for a character."""
    alt = str(tag.get("alt") or "")
    return bool(
        alt
        and len(alt) <= 12
        and (_EMOJI.search(str(tag.get("class") or "")) or _EMOJI_URL.search(str(tag.get("src") or "")))
    )


def find_enclosure(tag: Tag, base: str) -> Enclosure | None:
    """The media file of a `video` or `audio`; None when it names none."""
    for candidate in (tag, *tag.find_all("source")):
        source = str(candidate.get("src") or candidate.get("data-src") or "")
        url = url_cleaner.clean_link(source, base) if source else ""
        if url.startswith("http"):
            return Enclosure(url=url, type=_type(str(candidate.get("type") or ""), url, tag.name))
    return None


def _type(declared: str, url: str, tag: str) -> str:
    if re.fullmatch(r"(?:audio|video)/[\w.+-]{1,40}", declared):
        return declared
    extension = _EXTENSION.search(url)
    return _TYPES.get(extension[1].lower() if extension else "", "audio/mpeg" if tag == "audio" else "video/mp4")


def embed_label(url: str, kind: str, language: str) -> str:
    """The text of a link to a player: what it plays, or whose it is."""
    if kind in _NAMES:
        return _NAMES[kind].get(language, kind.capitalize())
    if tweet := _TWEET.match(url):
        return f"Twitter: @{tweet[1]}"
    host = url.partition("://")[2].partition("/")[0].removeprefix("www.")
    return next((name for place, name in _PLACES if host == place or host.endswith("." + place)), host)


IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:/?\?.*|/image)?$", re.IGNORECASE)
URL_IN_ATTRIBUTE = re.compile(r"https?://[^\s\"'<>]+")
MEDIA_FILE = re.compile(r"https?://[^\s\"'<>\\]+\.(?:mp3|mp4|m4a)")
_VIDEO_PATHS = (
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
_FACEBOOK = re.compile(r"https?://(?:www\.)?facebook\.com/plugins/(?:video|post)\.php\?(?:.*&)?href=([^&]+)")


def player_page_url(url: str) -> str:
    """The page that shows what an embedded player at this URL plays; the URL itself where no other is known."""
    if match := _FACEBOOK.match(url):
        return url_cleaner.clean_link(unquote(match[1]), url)
    for pattern, page in _VIDEO_PATHS:
        if pattern.match(url):
            return pattern.sub(page, url, count=1)
    return url

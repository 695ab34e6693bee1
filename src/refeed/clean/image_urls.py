"""An `img` element -> the image's own URL, without lazy loading and image proxies. Pure."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import re2
from bs4.element import Tag

from .url_cleaner import HTTP_URL, absolutize_url

# The part of an image proxy's URL before the image's own URL. Everything after it belongs to the image, so a query in
# it (`?v=1&t=2`) is the image's query and not the proxy's.
_IMAGE_PROXIES = re.compile(
    r"https?://(?:"
    r"images\.weserv\.nl/?\?(?:[a-z]+=[^&]*&)*?url=|wsrv\.nl/?\?(?:[a-z]+=[^&]*&)*?url=|"
    r"i[0-3]\.wp\.com/|"
    r"images\d*-focus-opensocial\.googleusercontent\.com/gadgets/proxy\?(?:[a-z_]+=[^&]*&)*?url=|"
    r"[\w.-]*duckduckgo\.com/iu/\?(?:[a-z]+=[^&]*&)*?u=|"
    r"(?:[\w-]+\.)*cdn\.ampproject\.org/i{1,2}/(?:s/)?|"
    r"[\w-][\w.-]*\.fbcdn\.net/safe_image\.php\?(?:[a-z_]+=[^&]*&)*?url=|"
    r"image\.baidu\.com/search/down\?(?:[a-z]+=[^&]*&)*?url=|"
    r"img\.noobzone\.ru/getimg\.php\?url="
    r")(ssl:)?",
    re.IGNORECASE,
)
# Options of the proxies weserv and Photon, which follow the image's URL.
_PROXY_OPTIONS = re.compile(
    r"[?&](?:w|h|q|fit|resize|crop|ssl|strip|quality|output|we|il|n|dpr|default|maxage|container|refresh)(?:=[^&]*)?(?=&|$)"
)
# Resizers that have the image's whole URL in their path: thumbor, imgproxy's plain form and similar services.
_RESIZERS = re2.compile(
    r"(?i)https?://[^?#]*?/(?:unsafe|resize|thumb|thumbs?or|insecure|plain|fit-in|cdn-cgi/image|fetch|proxy|imgproxy|rs:[^/]*)/(?:[^?#]*?/)?(https?(?::|%3A)(?:/|%2F){1,2}.+)"
)

_MAYBE_PROXIED = re.compile(
    r"[?&/]u(?:rl)?=|\.wp\.com/|\.ampproject\.org/|/https?(?::|%3A)|=https?(?::|%3A)", re.IGNORECASE
)

# Attributes in which lazy loaders keep the image's URL while `src` holds a placeholder.
_LAZY_ATTRIBUTES = (
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
_SRCSET_ATTRIBUTES = ("data-lazy-srcset", "data-srcset", "srcset")
_PLACEHOLDER = re.compile(
    r"^(?:data:|about:|$)|(?:^|/)(?:blank|spacer|placeholder|loading|lazy|pixel|1x1|transparent|grey)[\w-]*\.(?:gif|png|svg|jpe?g)(?:\?|$)",
    re.I,
)
_RESIZED = re.compile(r"-\d{2,4}x\d{2,4}\.[a-z]{3,4}(?:\?|$)", re.IGNORECASE)
_TRACKING_PIXEL = re.compile(
    r"//(?:[\w.-]+\.)?(?:amazon-adsystem\.com|doubleclick\.net|google-analytics\.com|googletagmanager\.com|scorecardresearch\.com|quantserve\.com|"
    r"facebook\.com/tr|pixel\.wp\.com|stats\.wordpress\.com|feedburner\.com/~r/|feeds\.feedburner\.com/~|hm\.baidu\.com|cnzz\.com|chartbeat\.(?:com|net)|"
    r"pixel\.[\w.-]+|[\w-]*\.?2o7\.net|imrworldwide\.com|sb\.scorecardresearch|adservice\.google|bat\.bing\.com|analytics\.twitter\.com|"
    r"feedsportal\.com/mf\.gif|da\.feedsportal\.com|blogger\.com/blogger\.g\?blogID|counter\.[\w.-]+/|track(?:er|ing)?\.[\w.-]+/)",
    re.IGNORECASE,
)
_EMOJI_CLASS = re.compile(r"(?:^|\s)(?:wp-smiley|emoji|twemoji|emoticon)(?:$|\s)")
_EMOJI_URL = re.compile(
    r"s\.w\.org/images/core/emoji/|sinajs\.cn/.*?/expression/|twemoji|/emoji/|face\.t\.sinajs", re.IGNORECASE
)
# WordPress writes sizes as `-300x200.jpg`, the BBC as `/news/976/`, `/ace/ws/640/` and `/ic/480xn/`.
_SIZE_IN_PATH = re.compile(
    r"-\d{2,4}x\d{2,4}(?=\.[a-z]{3,4}$)|[@_-](?:thumb|small|medium|large)(?=\.[a-z]{3,4}$)|/(?:w|p|h):[^/]+|(?<=/news/)\d+/|(?<=/ace/ws/)\d+/|(?<=/ic/)\d+x[\dn]+/",
    re.I,
)
_SIZE_PARAM = re.compile(r"(?:w|h|width|height|q|quality|fit|resize)=.*")
IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:/?\?.*|/image)?$", re.IGNORECASE)
"""Matches the end of an image file's URL."""


def find_image_url(tag: Tag, base: str) -> str:
    """Return the URL of the image that an `img` shows after loading, on the host it comes from; empty without one."""
    source = str(tag.get("src") or "")
    if _PLACEHOLDER.search(source):
        lazy_values = (str(tag.get(name) or "") for name in _LAZY_ATTRIBUTES)
        source = next((value for value in lazy_values if value and not _PLACEHOLDER.search(value)), "")
        source = source or _widest_in_srcset(tag) or _url_in_dataset(tag)
    elif _RESIZED.search(source):
        source = _widest_in_srcset(tag) or source
    return clean_image_url(source, base) if source else ""


def _widest_in_srcset(tag: Tag) -> str:
    candidates: list[tuple[float, str]] = []
    for name in _SRCSET_ATTRIBUTES:
        for part in re.split(r",\s+|,(?=https?://|//)", str(tag.get(name) or "")):
            url, _, size = part.strip().rpartition(" ")
            if not url:
                url, size = part.strip(), "1x"
            if url and not url.startswith("data:") and size[:-1].replace(".", "", 1).isdigit():
                candidates.append((float(size[:-1]), url))
    return max(candidates, key=lambda candidate: candidate[0])[1] if candidates else ""


def _url_in_dataset(tag: Tag) -> str:
    try:
        data = json.loads(str(tag.get("data-image-dataset") or "null"))
        return f"{data['url']}{data['filename']}" if isinstance(data, dict) else ""
    except (ValueError, KeyError, RecursionError):
        return ""


def clean_image_url(url: str, base: str) -> str:
    """Return an image's absolute URL on the host it comes from; empty unless it is http or https."""
    resolved = absolutize_url(url, base)
    if not resolved.startswith("http"):
        return ""
    inner = strip_image_proxy(resolved)
    return inner if inner is resolved else absolutize_url(inner, base)


def strip_image_proxy(url: str) -> str:
    """Return the image's own URL without image proxies, of which up to four may be nested."""
    if _MAYBE_PROXIED.search(url) is None:
        return url
    for _ in range(4):
        inner = _proxied_url(url)
        if not inner or inner == url:
            break
        url = inner
    return url


def _proxied_url(url: str) -> str:
    if match := _IMAGE_PROXIES.match(url):
        inner = url[match.end() :]
        is_escaped = "/" not in inner.partition("?")[0] and "%2f" in inner.lower()
        if is_escaped:
            inner = unquote(inner.partition("&")[0])
        elif "?" not in inner or ".wp.com/" in match[0]:
            inner = _PROXY_OPTIONS.sub("", inner)
        inner = inner.removeprefix("ssl:")
        return inner if HTTP_URL.match(inner) else f"https://{inner.lstrip('/')}"
    if match := _RESIZERS.match(url):
        inner = match[1]
        if not HTTP_URL.match(inner):
            inner = unquote(inner) if "%" in inner[:12] else re.sub(r"^(https?):/+", r"\1://", inner)
        return inner
    return ""


def is_invisible_image(tag: Tag, url: str) -> bool:
    """True for an image that shows nothing: a tracking pixel or a spacer."""
    if str(tag.get("alt") or "").startswith("Presentational"):
        return True
    sides = [str(tag.get(side) or "").strip().removesuffix("px") for side in ("width", "height")]
    return all(side in ("0", "1") for side in sides) or bool(_TRACKING_PIXEL.search(url))


def is_emoji_image(tag: Tag) -> bool:
    """True for an image that replaces a character."""
    alt = str(tag.get("alt") or "")
    return bool(
        alt
        and len(alt) <= 12
        and (_EMOJI_CLASS.search(str(tag.get("class") or "")) or _EMOJI_URL.search(str(tag.get("src") or "")))
    )


def picture_key(url: str) -> str:
    """Return a key that is equal for all URLs of one picture, whatever size they have."""
    path, _, query = url.partition("://")[2].partition("?")
    query = "&".join(part for part in query.split("&") if part and not _SIZE_PARAM.fullmatch(part))
    return f"{_SIZE_IN_PATH.sub('', path)}?{query}"

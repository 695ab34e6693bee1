"""An `img` element -> the image's own URL, without lazy loading and image proxies, and what the image is. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote

from bs4.element import Tag

from .html_parser import element_text, find_elements
from .image_proxies import IMAGE_FILE, strip_image_proxy
from .url_cleaner import absolutize_url

# Names of attributes in which lazy loaders keep the image's URL while `src` holds a stand-in.
_LAZY_NAME = re.compile(r"(?:.*[-_:a-z])?(?:src|lazy|lazyload|lazy-?load\w*)|.*lazy.*|data-(?:original|echo|url|image)")
# Names of attributes with other versions of the image, or with other images and addresses. They are not better than a
# `src` that is an image, and some of them are no better than a stand-in either.
_OTHER_VERSION = re.compile(r".*(?:fallback|error|default|thumb|small|preview|hover|placeholder|poster|low).*")
_OTHER_ADDRESS = re.compile(
    r"src|srcset|alt|title|class|id|style|sizes|usemap|longdesc|name|.*(?:avatar|author|profile|permalink|share|href|link|caption|alt|title|srcset|sprite|icon|logo).*"
)
_FULL_PICTURE = re.compile(
    r"data-(?:[a-z-]*(?:full|large|orig|zoom|hires|hi-res|big|retina|src)[a-z-]*|href|image|url)"
)
"""Names of attributes of a wrapper that may hold the picture in its full size."""
_ADDRESS = re.compile(r"(?:(?:https?:)?//|\.{0,2}/)[^\s\"'<>{}]+", re.IGNORECASE)
_ADDRESS_ATTRIBUTES = ("src", "data", "href", "xlink:href")
"""The attributes of `img`, `object` and SVG's `image`."""
_LONGEST_STAND_IN = 80
"""A longer one is an image in a `data:` URL."""
_MAX_NAME, _MAX_ADDRESS = 64, 4000
_SRCSET_ATTRIBUTES = ("data-lazy-srcset", "data-srcset", "srcset", "data-src-set", "lazy-srcset", "data-original-set")
# In a set, a comma ends a candidate when it follows the candidate's size, or when white space or a URL follows it.
_SRCSET_SEPARATOR = re.compile(r"(?<=[0-9][wxh])\s*,\s*|,\s+|,(?=https?://|//|data:)")
_SRCSET_SIZE = re.compile(r"(\d+(?:\.\d+)?)[wxh]")

_STAND_IN = re.compile(
    r"(?:data:|about:|blob:|javascript:|$)|(?:[^?#]*/)?(?:(?:blank|spacer|placeholder|loading|loader|load|lazy|lazyload|pixel|px|"
    r"\d{1,2}x\d{1,2}|transparent|transp|trans|sg|grey|gray|dot|clear|empty|none|null|[bst](?=\.gif))[-_.]?\d{0,4}){1,4}\.(?:gif|png|svg|webp)(?:[?#].*)?$",
    re.IGNORECASE,
)
"""Matches an address that shows nothing: none at all, or a file whose whole name is that of a stand-in."""
_MAYBE_STAND_IN = re.compile(
    r"(?:blank|spacer|placeholder|loading|loader|load|lazy|pixel|1x1|transparent|trans|grey|gray|default|zhanwei|none|empty|no-?(?:image|pic|photo))[^/]*$",
    re.IGNORECASE,
)
"""Matches a file name that may be a stand-in's. It counts only when the element has another address."""
_RESIZED = re.compile(r"-\d{2,4}x\d{2,4}\.[a-z]{3,4}(?:\?|$)", re.IGNORECASE)

_TRACKER = re.compile(
    r"//(?:[\w-]+\.){0,4}(?:amazon-adsystem\.com|doubleclick\.net|google-analytics\.com|googletagmanager\.com|googleadservices\.com|"
    r"scorecardresearch\.com|quantserve\.com|facebook\.com/tr\b|pixel\.wp\.com|stats\.wp\.com|stats\.wordpress\.com|feedburner\.com/~|hm\.baidu\.com|"
    r"cnzz\.com|chartbeat\.(?:com|net)|2o7\.net|imrworldwide\.com|adservice\.google|bat\.bing\.com|analytics\.twitter\.com|t\.co/i/adsct|"
    r"feedsportal\.com/(?:mf\.gif|c/)|da\.feedsportal\.com|blogger\.com/blogger\.g\?blogID|medium\.com/_/stat|list-manage\.com/track|"
    r"mandrillapp\.com/track|sendgrid\.net/wf/open|substack\.com/(?:o|open)/|zergnet\.com|adsafeprotected\.com|moatads\.com|mc\.yandex\.ru|"
    r"counter\.yadro\.ru|sitemeter\.com|statcounter\.com|histats\.com|met\.vgwort\.de|ioam\.de|pixel\.quora\.com|matomo\.\w+|piwik\.\w+)",
    re.IGNORECASE,
)
# Hosts and paths that often, but not always, count readers. A photo may come from `pixel.example` too.
_MAYBE_TRACKER = re.compile(
    r"//(?:pixel|counter|track(?:er|ing)?|beacon|stats?|analytics|ping)\.|/(?:pixel|beacon|track(?:ing)?|open|counter|piwik|matomo)(?:\.(?:gif|php|png))?(?:[/?]|$)",
    re.IGNORECASE,
)
_PHOTO = re.compile(r"\.(?:jpe?g|png|webp|avif)(?:[?#!].*)?$", re.IGNORECASE)
BACKGROUND_ATTRIBUTES = ("data-bg", "data-background", "data-background-image", "data-bgset")
_BACKGROUND = re.compile(r"background(?:-image)?\s*:[^;]{0,80}url\((['\"]?)([^'\")\s]{1,2000})\1\)", re.IGNORECASE)
_STYLE_SIDE = re.compile(r"(?:^|[;\s])(width|height)\s*:\s*(\d{1,4})(?:\.\d+)?px", re.IGNORECASE)
_VISIBLE = 50
"""An image that is declared larger, in pixels, is an image whatever its name is."""

_EMOJI_CLASS = re.compile(r"(?:^|\s)(?:wp-smiley|emoji|twemoji|emoticon)(?:$|\s)")
_EMOJI_URL = re.compile(
    r"s\.w\.org/images/core/emoji/|sinajs\.cn/.*?/expression/|twemoji|/emoji/|face\.t\.sinajs", re.IGNORECASE
)
_ICON_SIDE, _ICON_RATIO = 48, 8
_DECORATION = re.compile(
    r"(?:^|[/_.\s-])(?:icons?|favicon|(?:gr)?avatars?|logos?|badges?|emojis?|separator|divider|sprites?|bullet|arrow|button|btn|"
    r"social[-_]?(?:card|share|icons?|image)|share[-_]?(?:card|image)|(?:og|twitter)[-_]?(?:card|image)|opengraph)(?=[/_.\s?\d-]|$)",
    re.IGNORECASE,
)
_SIZE_IN_QUERY = re.compile(r"[?&](?:s|size|w|width|h|height)=(\d{1,4})(?:&|$)")

# WordPress writes sizes as `-300x200.jpg`, Blogger as `/s640/` and `=s640`, the BBC as `/news/976/`, `/ace/ws/640/` and
# `/ic/480xn/`.
_SIZE_IN_PATH = re.compile(
    r"-\d{2,4}x\d{2,4}(?=\.[a-z]{3,4}$)|[@_-](?:thumb|small|medium|large)(?=\.[a-z]{3,4}$)|/(?:w|p|h):[^/]+|(?<=/news/)\d+/|"
    r"(?<=/ace/ws/)\d+/|(?<=/ic/)\d+x[\dn]+/|/(?:s\d{2,4}|w\d{2,4}-h\d{2,4})(?:-[a-z-]+)?(?=/[^/]+$)|=(?:s|w)\d{2,4}(?:-[\w-]+)?$",
    re.IGNORECASE,
)
_SIZE_PARAM = re.compile(r"(?:w|h|width|height|q|quality|fit|resize)=.*")
_SIZE_IN_NAME = re.compile(
    r"^(?:\d{2,4}px|thumb(?:nail)?|tn|small|mini|medium)[-_]|"
    r"[-_@](?:\d{2,4}x\d{2,4}|\d{2,4}(?:px|w)?|thumb(?:nail)?|tn|small|medium|large|big|full|orig(?:inal)?|scaled|[sqtmnzcbo]|2x)$",
    re.IGNORECASE,
)
_DECLARED_SIZE = re.compile(r"(?<![\d.])(\d{2,4})(?=x\d{2,4}|px-)|/[sw](\d{2,4})(?=[/-])|[=/][sw]=?(\d{2,4})(?!\d)")


def find_image_url(tag: Tag, base: str) -> tuple[str, str]:
    """Return (url, stand-in) of an `img`: the image that it shows after loading, and the address that it gave way to.

    The URL is on the host that the image comes from. Each is empty when there is none.
    """
    source = next((str(tag.get(name)).strip() for name in _ADDRESS_ATTRIBUTES if tag.get(name)), "")
    address = _better_address(tag, source) or source
    address = _address_in_wrapper(tag, address) or address
    url = clean_image_url(address, base)
    return url, source[:_LONGEST_STAND_IN] if address != source or not url else ""


def _better_address(tag: Tag, source: str) -> str:
    """Return the address of the image that `source` stands in for, or of a larger version; empty without one."""
    if len(tag.attrs) > 1 and (lazy := next(_lazy_addresses(tag), "")):
        return lazy
    if _STAND_IN.match(source) or _MAYBE_STAND_IN.search(source[-100:]):
        return next(_other_addresses(tag), "") or _widest_in_srcset(tag) or _url_in_dataset(tag) or _picture_source(tag)
    is_in_set = "srcset" in tag.attrs and source in str(tag["srcset"])
    return _widest_in_srcset(tag) if is_in_set or _RESIZED.search(source) else ""


def _address_in_wrapper(tag: Tag, shown: str) -> str:
    """Return the address of the same picture that an attribute of the element around a preview holds (`data-href`)."""
    wrapper = tag.parent
    if wrapper is None or wrapper.name not in ("figure", "div", "span", "picture") or not wrapper.attrs:
        return ""
    if len([*islice(find_elements(wrapper, "img"), 2)]) > 1:
        return ""
    for name, value in wrapper.attrs.items():
        address = str(value).strip()
        is_picture = _FULL_PICTURE.fullmatch(name) and len(address) <= _MAX_ADDRESS and IMAGE_FILE.search(address)
        if is_picture and (_STAND_IN.match(shown) or _picture_name(address) == _picture_name(shown)):
            return address
    return ""


def _lazy_addresses(tag: Tag) -> Iterator[str]:
    """Yield the addresses in attributes of lazy loaders. They are the image even when `src` looks like one."""
    for name, address in _addresses(tag):
        is_lazy = _LAZY_NAME.fullmatch(name) and not _OTHER_VERSION.fullmatch(name)
        if is_lazy and (IMAGE_FILE.search(address) or name not in ("data-url", "data-image")):
            yield address


def _other_addresses(tag: Tag) -> Iterator[str]:
    """Yield the addresses of images in all other attributes, whatever they are called."""
    for name, address in _addresses(tag):
        if IMAGE_FILE.search(address) or name.endswith("src"):
            yield address


def _addresses(tag: Tag) -> Iterator[tuple[str, str]]:
    """Yield (name, address) for each attribute that may hold the image's address, except `src`."""
    for name, value in tag.attrs.items():
        if len(name) <= _MAX_NAME and not _OTHER_ADDRESS.fullmatch(name) and len(value) <= _MAX_ADDRESS:
            address = str(value).strip()
            is_address = _ADDRESS.fullmatch(address) or (
                IMAGE_FILE.search(address) and " " not in address and ("/" in address or name.endswith("src"))
            )
            if is_address and not _STAND_IN.match(address):
                yield name, address


def _widest_in_srcset(tag: Tag) -> str:
    """Return the largest image in an element's sets of images; the first of several that are as large."""
    best, widest = "", 0.0
    others = (name for name in tag.attrs if name.endswith("srcset") and name not in _SRCSET_ATTRIBUTES)
    for name in (*_SRCSET_ATTRIBUTES, *others):
        for part in _SRCSET_SEPARATOR.split(str(tag.get(name) or "")):
            url, *sizes = part.strip().strip(",").split()[:3] or [""]
            size = _SRCSET_SIZE.fullmatch(sizes[0]) if sizes else None
            if url and (size or not sizes) and not _STAND_IN.match(url):
                width = float(size[1]) if size else 1.0
                if width > widest:
                    best, widest = url, width
    return best


def _url_in_dataset(tag: Tag) -> str:
    try:
        data = json.loads(str(tag.get("data-image-dataset") or "null"))
        return f"{data['url']}{data['filename']}" if isinstance(data, dict) else ""
    except (ValueError, KeyError, RecursionError):
        return ""


def _picture_source(tag: Tag) -> str:
    """Return the image in the `source` elements of the `picture` around an `img`."""
    picture = tag if tag.name == "picture" else tag.find_parent("picture")
    if picture is None:
        return ""
    sources = [source for source in picture.find_all("source") if "audio" not in str(source.get("type") or "")]
    found = (_widest_in_srcset(source) or next(_lazy_addresses(source), "") or source.get("src") for source in sources)
    return str(next((address for address in found if address), ""))


def clean_image_url(url: str, base: str) -> str:
    """Return an image's absolute URL on the host it comes from; empty unless it is http or https."""
    resolved = absolutize_url(url, base)
    if not resolved.startswith("http"):
        return ""
    inner = strip_image_proxy(resolved)
    return inner if inner is resolved else absolutize_url(inner, base) or resolved


def is_invisible_image(tag: Tag, url: str) -> bool:
    """True for an image that shows nothing: a tracking pixel, a spacer, or a stand-in without its image."""
    if str(tag.get("alt") or "").startswith("Presentational white space"):
        return True
    sides = _declared_sides(tag)
    if (sides and max(sides) <= 1) or _STAND_IN.match(url):
        return True
    if sides and min(sides) > _VISIBLE:
        return False
    return bool(_TRACKER.search(url) or (_MAYBE_TRACKER.search(url) and not _PHOTO.search(url)) or _STAND_IN.match(url))


def _declared_sides(tag: Tag) -> list[int]:
    """Return the width and the height that an `img` declares, in pixels, as far as it does."""
    declared = {side: str(tag.get(side) or "").strip().removesuffix("px") for side in ("width", "height")}
    if style := tag.get("style"):
        declared.update(_STYLE_SIDE.findall(str(style)))
    return [int(float(side)) for side in declared.values() if re.fullmatch(r"\d{1,5}(?:\.\d{1,3})?", side)]


def is_decoration(tag: Tag, url: str) -> bool:
    """True for an icon, an avatar, a logo, a social card or a separator, which is never an entry's lead image."""
    sides = _declared_sides(tag) or [int(size) for size in _SIZE_IN_QUERY.findall(url)]
    if sides and (min(sides) <= _ICON_SIDE or max(sides) >= _ICON_RATIO * min(sides)):
        return True
    name = f"{tag.get('class') or ''} {url.partition('://')[2].partition('/')[2]}"
    match = _DECORATION.search(name)
    return match is not None and (not sides or min(sides) <= 3 * _ICON_SIDE or "card" in match[0].lower())


def is_lazy_image(tag: Tag) -> bool:
    """True for an `img` that a script would show: it is hidden only until then."""
    return tag.name == "img" and next(_lazy_addresses(tag), "") != ""


def is_image_element(tag: Tag) -> bool:
    """True for an empty element of a script, such as `<v-lazy-image src="a.jpg">`, that shows an image."""
    address = str(tag.get("src") or tag.get("data-src") or "")
    return bool(address) and IMAGE_FILE.search(address[-400:]) is not None and not element_text(tag).strip()


def background_image(tag: Tag) -> str:
    """Return the address of the image that an element without content has as its background; empty for any other."""
    if tag.name not in ("div", "span", "a", "figure", "section") or element_text(tag).strip() or tag.find(True):
        return ""
    match = _BACKGROUND.search(str(tag.get("style") or ""))
    address = next(
        (str(tag[name]).strip() for name in BACKGROUND_ATTRIBUTES if name in tag.attrs), match[2] if match else ""
    )
    return address if IMAGE_FILE.search(address[-400:]) and not is_decoration(tag, address) else ""


def is_image_object(tag: Tag) -> bool:
    """True for an `object` that shows an image."""
    return str(tag.get("type") or "").startswith("image/") or bool(IMAGE_FILE.search(str(tag.get("data") or "")[-400:]))


def is_emoji_image(tag: Tag) -> bool:
    """True for an image that replaces a character."""
    alt = str(tag.get("alt") or "")
    return bool(
        alt
        and len(alt) <= 12
        and (
            _EMOJI_CLASS.search(str(tag.get("class") or ""))
            or _EMOJI_URL.search(str(tag.get("src") or "")[:_MAX_ADDRESS])
        )
    )


def picture_key(url: str) -> str:
    """Return a key that is equal for all URLs of one picture, whatever size they have."""
    path, _, query = url.partition("://")[2].partition("?")
    query = "&".join(part for part in query.split("&") if part and not _SIZE_PARAM.fullmatch(part))
    return f"{_SIZE_IN_PATH.sub('', path)}?{query}"


def is_larger_version(link: str, shown: str) -> bool:
    """True when a link around an image leads to the same picture in a larger size."""
    if link == shown or not IMAGE_FILE.search(link) or _picture_name(link) != _picture_name(shown):
        return False
    size, shown_size = _size_in_url(link), _size_in_url(shown)
    return not size or not shown_size or size > shown_size


def _picture_name(url: str) -> str:
    """Return the name of an image's file without its format and its size."""
    name = unquote(url.partition("?")[0].rpartition("/")[2]).casefold()
    name = re.sub(r"(?:\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?)){1,2}(?:[!@:~].*)?$", "", name)
    for _ in range(2):
        name = _SIZE_IN_NAME.sub("", name) or name
    return name


def _size_in_url(url: str) -> int:
    """Return the largest size in pixels that an image's URL contains; 0 without one."""
    return max((int(next(filter(None, sizes))) for sizes in _DECLARED_SIZE.findall(url)), default=0)

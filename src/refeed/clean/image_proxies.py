"""The URL of an image behind a proxy, a resizer or a cache -> the image's own URL. Pure."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from urllib.parse import unquote

from .url_cleaner import HTTP_URL

_MAX_NESTED = 5
"""Proxies in one another."""

# Proxies whose URL contains the image's URL without `https://`, or an image whose name shows nothing. Everything after
# the matched part belongs to the image, so a query in it (`?v=1&t=2`) is the image's query and not the proxy's.
_KNOWN_PROXIES = re.compile(
    r"https?://(?:"
    r"(?:images\.weserv\.nl|wsrv\.nl)/?\?(?:[a-z]{1,12}=[^&]{0,80}&){0,12}url=|"
    r"i[0-3]\.wp\.com/|"
    r"images\d{0,2}-focus-opensocial\.googleusercontent\.com/gadgets/proxy\?(?:[a-z_]{1,12}=[^&]{0,80}&){0,12}url=|"
    r"(?:[\w-]{1,63}\.){0,4}duckduckgo\.com/iu/\?(?:[a-z]{1,12}=[^&]{0,80}&){0,12}u=|"
    r"(?:[\w-]{1,63}\.){0,4}cdn\.ampproject\.org/ii?/(?:w\d{1,5}/)?(?:s/)?|"
    r"(?:[\w-]{1,63}\.){0,4}fbcdn\.net/safe_image\.php\?(?:[a-z_]{1,12}=[^&]{0,80}&){0,12}url=|"
    r"image\.baidu\.com/search/down\?(?:[a-z]{1,12}=[^&]{0,80}&){0,12}url="
    r")(?:ssl:)?",
    re.IGNORECASE,
)
# Options of the proxies weserv and Photon, which follow the image's URL.
_OPTIONS = re.compile(
    r"[?&](?:w|h|q|n|fit|resize|crop|ssl|strip|quality|output|we|il|dpr|default|maxage|container|refresh)(?:=[^&]*)?(?=&|$)"
)
_INNER_URL = re.compile(r"https?(?::|%3A|%253A)(?:/|%2F|%252F){1,2}", re.IGNORECASE)
_PARAMS_IN_PATH = re.compile(r"/((?:\w{1,20}=[^&/]{0,80}&){0,8}\w{1,20}=https?(?::|%3A).*)", re.IGNORECASE)
# thumbor's URL of an image without its scheme: `/unsafe/600x0/img.example/a.jpg`
_HOST_IN_PATH = re.compile(r"/unsafe/(?:[^/.]{1,80}/){0,8}((?:[\w-]{1,63}\.){1,4}[a-z]{2,24}/[^?#]+)", re.IGNORECASE)
# Statically's URL of an image: its host, perhaps options, and its path.
_STATICALLY = re.compile(
    r"https?://cdn\.statically\.io/img/((?:[\w-]{1,63}\.){1,4}[a-z]{2,24}/)(?:[a-z]{1,8}=[^/]{1,60}/)?([^/].*)",
    re.IGNORECASE,
)
_ONE_SLASH = re.compile(r"^(https?:)/(?!/)", re.IGNORECASE)
_ENCODED_URL = re.compile(r"[/=](?:(?P<hex>68747470[0-9a-f]{16,})|(?P<base64>aHR0c[\w+/-]{12,}))", re.IGNORECASE)
# Words in the path of services that take the whole URL of any file: `/cdn-cgi/image/width=600/https://…`
_RESIZER_PATH = re.compile(
    r"/(?:unsafe|resize|thumb|thumbs?or|insecure|plain|fit-in|cdn-cgi/image|image/fetch|fetch|proxy|imgproxy|rs:[^/]*)/",
    re.IGNORECASE,
)
_ARCHIVES = re.compile(
    r"https?://(?:[\w-]{1,63}\.){0,3}(?:archive\.(?:org|today|is|ph)|webcitation\.org|archive-it\.org)/"
)
"""Archived copies of images, whose originals are often gone."""

# Parameters with a URL that is not the image: the image for missing ones, a mark on it, or the page that it is on.
_OTHER_PARAMS = re.compile(
    r"d|default\w*|fallback\w*|error\w*|placeholder|overlay|(?:water)?mark\w*|logo|blend|mask|ref\w*|page\w*|link|site|origin|txt\w*",
    re.IGNORECASE,
)
IMAGE_FILE = re.compile(
    r"[^/?#]\.(?:jpe?g|jfif|png|gif|webp|avif|svg|bmp|heic|tiff?)(?:[!@~:][\w.:!@~-]{0,40})?(?:/?\?.*|/image)?(?:#.*)?$",
    re.IGNORECASE,
)
"""Matches the end of an image file's URL, also with a size after its name (`a.jpg!thumb`, `a.jpg:large`)."""
_FORMAT_AFTER_NAME = re.compile(r"(\.(?:jpe?g|png|gif|webp|avif|svg))@(?:jpe?g|png|gif|webp|avif|best)$", re.IGNORECASE)


def strip_image_proxy(url: str) -> str:
    """Return the image's own URL without proxies, of which several may be nested. Takes linear time."""
    for _ in range(_MAX_NESTED):
        inner = _proxied_url(url)
        if not inner or inner == url:
            break
        url = inner
    return url


def _proxied_url(url: str) -> str:
    """Return the URL in an image proxy's URL, or ""."""
    if match := _KNOWN_PROXIES.match(url):
        inner = _take_value(url[match.end() :], keep_query=".wp.com/" not in match[0]).removeprefix("ssl:")
        return inner if HTTP_URL.match(inner) else f"https://{inner.lstrip('/')}"
    if match := _STATICALLY.fullmatch(url):
        return f"https://{match[1]}{match[2]}"
    if (match := _HOST_IN_PATH.search(url, 8)) and IMAGE_FILE.search(match[1]):
        return f"https://{match[1]}"
    if ("http" not in url[8:] and "68747470" not in url and "aHR0c" not in url) or _ARCHIVES.match(url):
        return ""
    address, _, fragment = url.partition("#")
    if HTTP_URL.match(fragment) and IMAGE_FILE.search(fragment):  # as mail services write it
        return fragment
    path, _, query = address.partition("?")
    if match := _PARAMS_IN_PATH.search(path, 8):
        return _url_in_query(match[1])
    return _url_in_path(url, path) or _decoded_url(url) or ("" if IMAGE_FILE.search(path) else _url_in_query(query))


def _take_value(value: str, *, keep_query: bool) -> str:
    """Return the URL at the start of a parameter's value: unescaped, and without the proxy's options after it."""
    if "/" not in value.partition("?")[0] and "%2f" in value.lower():
        return unquote(value.partition("&")[0])
    return value if "?" in value and keep_query else _OPTIONS.sub("", value)


def _url_in_path(url: str, path: str) -> str:
    """Return the last URL in a path, when it is an image's by its name or by the proxy's."""
    starts = [match.start() for match in _INNER_URL.finditer(path, 8)]
    if not starts or path[starts[-1] - 1] not in "/,:":
        return ""
    inner = _unescape(url[starts[-1] :])
    if IMAGE_FILE.search(inner) or _RESIZER_PATH.search(path, 8, starts[-1]):
        return _FORMAT_AFTER_NAME.sub(r"\1", inner)
    return ""


def _unescape(url: str) -> str:
    """Undo percent-encoding of the scheme and the slashes of a URL; `https:/host` loses its second slash in a path."""
    while not HTTP_URL.match(url) and "%" in url[:16]:
        url = unquote(url)
    return _ONE_SLASH.sub(r"\1//", url)


def _decoded_url(url: str) -> str:
    """Return the URL that camo writes in hexadecimal, and imgproxy and others in base64."""
    match = _ENCODED_URL.search(url, 8)
    if match is None:
        return ""
    encoded = match["base64"] or ""  # in several parts, or followed by options
    texts = [match["hex"]] if match["hex"] else [encoded.replace("/", ""), encoded.partition("/")[0]]
    found = [inner for inner in map(_decode_url, texts) if inner]
    return next(filter(IMAGE_FILE.search, found), found[0] if found else "")


def _decode_url(text: str) -> str:
    try:
        if text.startswith("68"):
            url = bytes.fromhex(text).decode("ascii")
        else:
            url = urlsafe_b64decode(text.replace("+", "-") + "=" * (-len(text) % 4)).decode("ascii")
    except (ValueError, binascii.Error):
        return ""
    return url if HTTP_URL.match(url) and url.isprintable() else ""


def _url_in_query(query: str) -> str:
    """Return the first value in a query that is an image's whole URL."""
    for part in query.split("&") if _INNER_URL.search(query) else ():
        name, equals, value = part.partition("=")
        if not equals or HTTP_URL.match(part):  # `?https://img.example/a.jpg`
            name, value = "", part
        if not _INNER_URL.match(value) or _OTHER_PARAMS.fullmatch(name):
            continue
        if IMAGE_FILE.search(inner := _unescape(value)):
            return inner
    return ""

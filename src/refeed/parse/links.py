"""A header's link -> an absolute http(s) URL without credentials, in ASCII."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote

from ..errors import QuarantineError

_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_SHAPE = re.compile(r"(https?)://([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]*)(?::([0-9]*))?")
_HOST = re.compile(
    r"(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?"
)
# What RFC 3986 lets stand after the host, and `%`: an escape stays as it is, and so does a bare one, for the
# addresses of real pages have it (`80%%20`, `3.2%/a-53`) and re-encoding would point elsewhere.
_SAFE = "!$%&'()*+,-./:;=?@_~"
_PLAIN = re.compile(rf"[A-Za-z0-9{re.escape(_SAFE)}]*")
_CREDENTIALS = re.compile(r"//[^/?#\s]*@")
_SHOWN = 80


def checked_link(raw: str, where: str, longest: int) -> str:
    """The link, its path and query as the dump has them but for characters no URL may hold, which are percent-encoded.

    Raises QuarantineError, beginning with `where`, for one that is missing, relative, not http(s), too long or no URL.
    """
    link = raw.strip(" \t\xa0\u3000\u200b\ufeff")
    if not link:
        raise QuarantineError(f"{where}: there is no link; a dump says [title](https://…) there")
    if _BREAKS.search(link):
        raise _refused(link, where, "has a line break in it; join its lines")
    if len(link) > longest:
        raise _refused(link, where, f"has {len(link):,} characters, and {longest:,} are allowed (dumps.limits.link)")
    match = _SHAPE.fullmatch(link)
    if not match:
        raise _refused(link, where, _what_else(link))
    rest = match[3].replace("&amp;", "&")
    if rest.startswith("\\"):
        raise _refused(link, where, "has a backslash after its host")
    if not _PLAIN.fullmatch(rest):
        path, hash_, fragment = rest.partition("#")
        rest = quote(path, safe=_SAFE) + hash_ + quote(fragment, safe=_SAFE)
    return f"{match[1].lower()}://{_authority(match[2], link, where)}{rest}"


def _authority(text: str, link: str, where: str) -> str:
    """Host and port, without credentials; a name in other letters in the spelling that the DNS uses."""
    match = _AUTHORITY.fullmatch(text.rpartition("@")[2])
    if not match or (match[2] and int(match[2][:6]) > 65535):
        raise _refused(link, where, "is no URL: its host or port cannot be read")
    host = match[1].lower()
    if not host:
        raise _refused(link, where, "has no host")
    return _host(host, link, where) + (f":{match[2]}" if match[2] else "")


def _host(host: str, link: str, where: str) -> str:
    try:
        if host.startswith("["):
            return f"[{ipaddress.IPv6Address(host[1:-1])}]"
        if not host.isascii():
            host = host.encode("idna").decode("ascii").lower()
        last = host.removesuffix(".").rpartition(".")
        if last[0] and last[2].isdigit():
            ipaddress.IPv4Address(host.removesuffix("."))
    except ValueError as error:
        raise _refused(link, where, f"is no URL: its host cannot be read ({error})") from error
    if not _HOST.fullmatch(host):
        raise _refused(link, where, f"is no URL: {host!r} is no host")
    return host


def _what_else(link: str) -> str:
    scheme = _SCHEME.match(link)
    if scheme and scheme[0].lower() in ("http:", "https:"):
        return "is no URL: two slashes have to follow its scheme"
    if scheme:
        return f"is not http or https but {scheme[0]}"
    return "is relative; write it whole, with https:// and the host"


def _refused(link: str, where: str, what: str) -> QuarantineError:
    link = _CREDENTIALS.sub("//…@", link)
    shown = link if len(link) <= _SHOWN else link[:_SHOWN] + "…"
    return QuarantineError(f"{where}: the link {shown!r} {what}")

"""Request headers -> the coding of a document, whether a browser asks for its page, whether it can use our links."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from werkzeug.datastructures import Accept, MIMEAccept
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Coding = Literal["identity", "gzip", "br", "zstd"]
CODINGS: tuple[Coding, ...] = ("br", "zstd", "gzip")
"""The order of preference among codings of equal weight: the smallest result first."""

BROWSER_VARY = "Sec-Fetch-Dest"
"""A member of Vary for documents that have a page, and for these pages. `wants_page` reads more headers, which Vary
does not name: readers send different Accept headers, and caches should keep one document for all of them. This is safe,
because responses to navigations are never cached."""

_MAX_LENGTH = 200
"""Longer Accept-Encoding headers are cut, so that clients cannot fill the cache of `_choose_coding`."""
_FEED_TYPES = re.compile(r"application/(?:atom|rss|rdf|feed)\b|[+/]json|x-opml")


def choose_coding(accept_encoding: str | None) -> Coding:
    """The coding to send for an Accept-Encoding header; `identity` when the client accepts no supported one."""
    return _choose_coding(accept_encoding[:_MAX_LENGTH]) if accept_encoding else "identity"


@lru_cache(maxsize=1024)
def _choose_coding(accept_encoding: str) -> Coding:
    accepted = parse_accept_header(accept_encoding.lower().replace("x-gzip", "gzip"), Accept)
    best = max(CODINGS, key=accepted.quality)
    # If the header does not name identity, it is acceptable but not preferred (RFC 9110 12.5.3).
    return (
        best
        if accepted.quality(best) > 0 and accepted.quality(best) >= dict(accepted).get("identity", 0)
        else "identity"
    )


def wants_page(environ: WSGIEnvironment) -> bool:
    """Whether a browser navigates to a document, from its address bar or from another site.

    Unclear requests count as those of feed readers, which cannot use a page.
    """
    if "HTTP_A_IM" in environ or not prefers_html(environ.get("HTTP_ACCEPT", "")):
        return False  # RFC 3229: only feed readers send A-IM
    # Browsers send these headers over https. The value is `empty` for scripts, for example of a reader that runs in a
    # browser. A person who follows the link "Atom" on a page of this site wants the document itself.
    is_document = environ.get("HTTP_SEC_FETCH_DEST", "document") == "document"
    return is_document and environ.get("HTTP_SEC_FETCH_SITE") != "same-origin"


def is_beyond_reach(environ: WSGIEnvironment, base_url: str) -> bool:
    """Whether the addresses that we publish are useless to a visitor: they are those of this machine (BASE_URL is not
    set), and he has come by another one.

    Only this looks at Host, and no response contains it. Behind a proxy of this machine, X-Forwarded-For tells.
    """
    if not _is_loopback(urlsplit(base_url).netloc):
        return False
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return not all(_is_loopback(host.strip()) for host in (environ.get("HTTP_HOST", ""), *forwarded) if host.strip())


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host if host.count(':') < 2 or '[' in host else f'[{host}]'}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ip_address(name).is_loopback
    except ValueError:
        return False


def prefers_html(accept: str) -> bool:
    """Whether Accept names HTML with more weight than XML (0.9 in browsers), and names no feed type."""
    accept = accept[:1000].lower()
    if _FEED_TYPES.search(accept):
        return False
    weights = dict(parse_accept_header(accept, MIMEAccept))
    return weights.get("text/html", 0) > max(weights.get("application/xml", 0), weights.get("text/xml", 0))

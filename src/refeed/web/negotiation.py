"""Request headers -> weights, codings, conditions and ranges (RFC 9110 12.4.2, 12.5.3, 13, 14), and whether a browser
asks for a page."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Literal

Coding = Literal["identity", "gzip", "br", "zstd"]
CODINGS: tuple[Coding, ...] = ("br", "zstd", "gzip")
"""The order of preference among codings of equal weight: the smallest result first."""

BROWSER_VARY = "Sec-Fetch-Dest"
"""A member of Vary for documents that have a page, and for these pages. `wants_page` reads more headers, which Vary
does not name: readers send different Accept headers, and caches should keep one document for all of them. This is safe,
because responses to navigations are never cached."""

_CACHED_LENGTH = 200
"""The longest header that `choose_coding` caches, in characters, so that clients cannot fill its cache."""
_QVALUE = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_ETAG = re.compile(r'(?:W/)?("[^"]*")')
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z")
_FEED_TYPES = re.compile(r"application/(?:atom|rss|rdf|feed)\b|[+/]json|x-opml")


def parse_qvalues(header: str) -> dict[str, float]:
    """Parse Accept, Accept-Encoding or Accept-Language: weights from 0 to 1 by lower-case name, in the header's order.
    A malformed weight counts as 0."""
    weights: dict[str, float] = {}
    for member in header.split(","):
        name, *parameters = member.split(";")
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                weight = min(float(value), 1.0) if _QVALUE.fullmatch(value.strip()) else 0.0
        weights[name.strip().lower()] = weight
    return weights


def choose_coding(accept_encoding: str | None) -> Coding:
    """The coding to send for an Accept-Encoding header; `identity` when the client accepts no supported one."""
    if not accept_encoding:
        return "identity"
    if len(accept_encoding) > _CACHED_LENGTH:
        return _choose_coding(accept_encoding)
    return _choose_coding_cached(accept_encoding)


def _choose_coding(accept_encoding: str) -> Coding:
    weights = parse_qvalues(accept_encoding)
    weights.setdefault("gzip", weights.get("x-gzip", weights.get("*", 0)))
    other = weights.get("*", 0)
    best = max(CODINGS, key=lambda coding: weights.get(coding, other))
    # If the header does not name identity, it is acceptable but not preferred (RFC 9110 12.5.3).
    weight = weights.get(best, other)
    return best if weight > 0 and weight >= weights.get("identity", 0) else "identity"


_choose_coding_cached = lru_cache(maxsize=1024)(_choose_coding)


def match_etag(if_none_match: str, etags: Collection[str]) -> str | None:
    """The first tag of If-None-Match that is in `etags` by weak comparison; any of `etags` for `*`; otherwise None.

    A single tag without quotes is accepted too, because several readers send it.
    """
    if if_none_match.strip() == "*":
        return next(iter(etags))
    for match in _ETAG.finditer(if_none_match):
        if match[1] in etags:
            return match[1]
    quoted = f'"{if_none_match.strip().removeprefix("W/")}"'
    return quoted if quoted in etags else None


def is_unmodified_since(if_modified_since: str, modified: datetime) -> bool:
    """Whether nothing has changed since the client's date. False if the date is invalid."""
    try:
        since = parsedate_to_datetime(if_modified_since)
        return modified <= (since if since.tzinfo else since.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return False


def parse_byte_range(header: str, size: int) -> tuple[int, int] | Literal["unsatisfiable"] | None:
    """Parse a Range header into the first byte and the byte after the last. None if the whole document is to be sent:
    for several ranges, other units and invalid headers."""
    match = _RANGE.match(header.strip())
    if not match or not (match[1] or match[2]):
        return None
    if not match[1]:
        start, end = max(0, size - int(match[2])), size
    else:
        start, end = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
        if match[2] and int(match[2]) < start:
            return None
    return (start, end) if start < min(end, size) else "unsatisfiable"


def wants_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser navigates to a document, from its address bar or from another site.

    Header names may have any case. Unclear requests count as those of feed readers, which cannot use a page.
    """
    sent = {name.lower(): value.strip().lower() for name, value in headers.items()}
    if "a-im" in sent or not prefers_html(sent.get("accept", "")):  # RFC 3229: only feed readers send A-IM
        return False
    # Browsers send these headers over https. The value is `empty` for scripts, for example of a reader that runs in a
    # browser. A person who follows the link "Atom" on a page of this site wants the document itself.
    return sent.get("sec-fetch-dest", "document") == "document" and sent.get("sec-fetch-site") != "same-origin"


def prefers_html(accept: str) -> bool:
    """Whether Accept names HTML with more weight than XML (0.9 in browsers), and names no feed type."""
    accept = accept.lower()
    if _FEED_TYPES.search(accept):
        return False
    weights = parse_qvalues(accept[:1000])
    return weights.get("text/html", 0.0) > max(weights.get("application/xml", 0.0), weights.get("text/xml", 0.0))

"""Headers of a request -> what they ask for: codings, conditions, ranges (RFC 9110 12.5.3, 13, 14). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Literal

Coding = Literal["identity", "gzip", "br", "zstd"]
CODINGS: tuple[Coding, ...] = ("br", "zstd", "gzip")
"""Smallest first: what is sent where a client likes several equally."""

_REMEMBERED = 200
"""Characters: longer headers are read every time, so that nobody fills the memory of `coding` with them."""
_MEMBER = re.compile(r"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:;[ \t]*[qQ][ \t]*=[ \t]*([0-9.]+))?[ \t]*\Z")
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z")


def choose_coding(accepted: str | None) -> Coding:
    """The coding to send for an Accept-Encoding header; `identity` when none of ours is wanted."""
    if not accepted:
        return "identity"
    return _coding(accepted) if len(accepted) > _REMEMBERED else _remembered(accepted)


def _coding(accepted: str) -> Coding:
    weights: dict[str, float] = {}
    for member in accepted.split(","):
        found = _MEMBER.match(member)
        if found:
            weights[found[1].lower()] = _weight(found[2])
    weights.setdefault("gzip", weights.get("x-gzip", weights.get("*", 0)))
    rest = weights.get("*", 0)
    best = max(CODINGS, key=lambda name: weights.get(name, rest))
    # Without a word about it, identity is acceptable but not preferred (RFC 9110 12.5.3).
    plain = weights.get("identity", 0)
    return best if weights.get(best, rest) > 0 and weights.get(best, rest) >= plain else "identity"


_remembered = lru_cache(maxsize=1024)(_coding)


def _weight(text: str | None) -> float:
    """A quality value; one that is no number counts as none was given, and all stay within 0 and 1."""
    try:
        return min(float(text), 1.0) if text else 1.0
    except ValueError:
        return 1.0


def match_etag(condition: str, tags: Collection[str]) -> str | None:
    """The first of an If-None-Match header's tags that is one of `tags`, compared weakly; any of them for `*`.

    Takes a tag whose quotes got lost on the way too: several readers send them like that.
    """
    if condition.strip() == "*":
        return next(iter(tags))
    for found in _TAG.finditer(condition):
        if found[1] in tags:
            return found[1]
    bare = f'"{condition.strip().removeprefix("W/")}"'
    return bare if bare in tags else None


def is_unmodified_since(condition: str, changed: datetime) -> bool:
    """Whether If-Modified-Since says that the client has this already; a date that is none says nothing."""
    try:
        since = parsedate_to_datetime(condition)
        return changed <= (since if since.tzinfo else since.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return False


def parse_byte_range(wanted: str, size: int) -> tuple[int, int] | Literal["unsatisfiable"] | None:
    """First byte and the one after the last of a Range header; None for what is answered in full: several ranges,
    other units, nonsense."""
    found = _RANGE.match(wanted.strip())
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1 if found[2] else size)
        if found[2] and int(found[2]) < start:
            return None
    return (start, end) if start < min(end, size) else "unsatisfiable"

"""A document's path below feeds/ -> how it is sent: media type, caching, links. From settings alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import Settings
from .ready import Manner

if TYPE_CHECKING:
    from ..model import Format

MEDIA: dict[str, str] = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json",  # JSON is UTF-8 by definition, and its types know no charset (RFC 8259 11)
    "opml.xml": "text/x-opml; charset=utf-8",
    "feeds.json": "application/json",
}
SAFETY = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; sandbox"),
    ("Referrer-Policy", "no-referrer"),
)
"""On every document, and on every other answer that does not say otherwise."""

_OPEN = ("Access-Control-Allow-Origin", "*")
_EXPOSED = ("Access-Control-Expose-Headers", "ETag, Link")
FEED = r"all|(?:source|topic|view)/[a-z0-9-]{1,100}"
"""Pattern of a feed's path, whether or not there is such a feed."""
_NAME = re.compile(
    rf"(?P<path>{FEED})(?:/archive/(?P<archive>\d{{4}}-\d{{2}}(?:-\d{{1,5}})?))?"
    r"\.(?P<format>atom|rss|json)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the path of a document says."""

    feed: str
    """`source/bbc`; `opml.xml` and `feeds.json` are called by their names."""
    kind: str
    """Key of MEDIA."""
    archive: str | None = None
    format: Format | None = None


def named(path: str) -> Named | None:
    """Take a path below feeds/ apart; None when no document of ours is called that. Touches no file."""
    if path in ("opml.xml", "feeds.json"):
        return Named(feed=path, kind=path)
    found = _NAME.fullmatch(path)
    if not found:
        return None
    format: Format = found["format"]  # type: ignore[assignment]
    return Named(feed=found["path"], kind=format, archive=found["archive"], format=format)


class Manners:
    """How each document of one site is sent."""

    def __init__(self, settings: Settings, browsed: str) -> None:
        """`browsed` names the headers that decide whether a browser gets a feed's page instead."""
        self._base = settings.site.base_url
        self._hubs = settings.websub.hubs
        self._http = settings.http
        self._browsed = browsed

    def of(self, address: str, name: Named, *, private: bool = False) -> Manner:
        """`address` is the document's own, below the outward address: `/feeds/all.atom`."""
        links = [f'<{self._base}{address}>; rel="self"']
        if name.format and not name.archive and not private and "?" not in address:
            links += [f'<{hub}>; rel="hub"' for hub in self._hubs]
        more = [("Link", ", ".join(links)), _OPEN, _EXPOSED, *SAFETY]
        robots = "noindex" if private else self._http.robots
        if robots:
            more.append(("X-Robots-Tag", robots))
        return Manner(
            media=MEDIA[name.kind],
            cache=self._cache(archive=bool(name.archive), private=private),
            vary="Accept-Encoding" if private or not name.format else f"Accept-Encoding, {self._browsed}",
            more=tuple(more),
            revalidated=(_OPEN, _EXPOSED),
        )

    def _cache(self, *, archive: bool, private: bool) -> str:
        age = self._http.archive_age if archive else self._http.age
        seconds = int(age.total_seconds())
        stale = int(self._http.stale.total_seconds())
        # A cache may give out what is a little old while it asks for the new, and what is old while we are away.
        words = f"max-age={seconds}, stale-while-revalidate={2 * seconds}, stale-if-error={stale}"
        return f"private, {words}" if private else words

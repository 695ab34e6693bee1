"""A view: what to leave out of a feed and how to show the rest, in RSSHub's words. By query, or under `views:`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from .field_types import SLUG_PATTERN, LocalizedTitle, check_slug, check_title, choose_title, compile_search_pattern

OPENCC_CONVERSIONS = ("s2t", "s2tw", "s2twp", "s2hk", "t2s", "t2tw", "t2hk", "tw2s", "tw2sp", "tw2t", "hk2s", "hk2t")
"""OpenCC's, by its names."""
MAX_FILTERED_ENTRIES = 200
"""Entries that a view shows at most."""

_LONGEST = 400
"""Characters of a pattern; what a topic needs more for is no matter of a query."""
_BRIEFEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFilter:
    """What is asked of a feed. Patterns are google-re2's, in any case and either script. Raises ValueError naming the
    field that is wrong."""

    filter: str = ""
    """Only entries with this in the title or the text; the next four look in one place."""
    filter_title: str = ""
    filter_author: str = ""
    filter_category: str = ""
    """Topics, the section, the source's own tags."""
    filter_content: str = ""
    filterout: str = ""
    """No entry with this in the title or the text."""
    filterout_title: str = ""
    filterout_author: str = ""
    filterout_category: str = ""
    filterout_content: str = ""
    filter_time: timedelta = timedelta()
    """Only entries that were published within this time before now."""
    source: tuple[str, ...] = ()
    """Only entries of these sources."""
    limit: int = 0
    """At most so many entries; 0 for as many as the feed itself shows."""
    sorted: bool = True
    """Newest publication first; otherwise what changed last comes first."""
    mode: Literal["full", "summary", "titles"] = "full"
    brief: int = 0
    """Instead of the text its first characters, as plain text."""
    opencc: str = ""
    """Convert every word of an entry to another script: s2t, t2s, s2tw, s2hk …"""
    images: Literal["original", "none"] = "original"

    def __post_init__(self) -> None:
        for name in PATTERNS:
            _check_pattern(name, getattr(self, name))
        for source in self.source:
            if not SLUG_PATTERN.fullmatch(source):
                raise ValueError(f"source: {source[:40]!r} is no source's id")
        if self.limit < 0:
            raise ValueError("limit: write a number from 1 up")
        if self.brief and self.brief < _BRIEFEST:
            raise ValueError(f"brief: write a number from {_BRIEFEST} up")
        if self.filter_time < timedelta():
            raise ValueError("filter_time: write a number of seconds from 1 up")
        if self.opencc and self.opencc not in OPENCC_CONVERSIONS:
            raise ValueError(f"opencc: write one of {', '.join(OPENCC_CONVERSIONS)}")

    @property
    def patterns(self) -> dict[str, str]:
        """Those that are given, by field."""
        return {name: text for name in PATTERNS if (text := getattr(self, name))}


PATTERNS = tuple(
    f"{kind}{place}" for kind in ("filter", "filterout") for place in ("", "_title", "_author", "_category", "_content")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredFeedRule(FeedFilter):
    """A view with a name and an address of its own: `feeds/view/<id>.atom`."""

    id: str
    title: LocalizedTitle = ""
    """As a topic's; without one, the feed's own."""
    description: str = ""
    feed: str = "all"
    """The path of the feed that is looked at: all, source/bbc, topic/climate."""
    access: Literal["public", "private"] = "public"
    """Private, as every view of a private feed is: its documents are given out under addresses with a token alone."""

    def __post_init__(self) -> None:
        FeedFilter.__post_init__(self)
        check_slug("id", self.id)
        check_title(self.title)
        if not re.fullmatch(r"all|(?:source|topic)/[a-z0-9-]+", self.feed):
            raise ValueError(f"feed: {self.feed!r} is no feed's path; write all, source/<id> or topic/<id>")
        if self.filter_time:
            # Its documents lie in feeds/ like all others, and would have to change with the clock.
            raise ValueError("filter_time: only a view by query knows the clock; use limit")

    def localized_title(self, language: str, otherwise: str) -> str:
        """The title in this language, or the first there is, or what the feed itself is called."""
        return choose_title(self.title, language, otherwise)


def _check_pattern(field: str, text: str) -> None:
    if len(text) > _LONGEST:
        raise ValueError(f"{field}: at most {_LONGEST} characters")
    if not text:
        return
    try:
        compile_search_pattern(text)
    except ValueError as error:
        raise ValueError(f"{field}: no pattern that re2 takes: {error}") from error

"""A query string, or an item of `filtered_feeds:` -> `FeedFilter`. Its parameters have RSSHub's names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from annotated_types import Ge

from ..model import ALL_FEED, FeedPath
from .field_types import Check, LocalizedTitle, Parse, Slug, choose_title, compile_search_pattern, duration
from .search_query import parse_query

OpenccConversion = Literal[
    "", "s2t", "s2tw", "s2twp", "s2hk", "t2s", "t2tw", "t2hk", "tw2s", "tw2sp", "tw2t", "hk2s", "hk2t"
]
"""OpenCC's names of its conversions."""
MAX_FILTERED_ENTRIES = 200
"""The most entries that a filtered feed shows."""

_PATTERN_FIELDS = tuple(
    f"{kind}{place}" for kind in ("filter", "filterout") for place in ("", "_title", "_author", "_category", "_content")
)
_MAX_PATTERN_LENGTH = 400
"""In characters. Topics may need longer patterns, but queries do not."""


def _check_pattern(text: str) -> None:
    if len(text) > _MAX_PATTERN_LENGTH:
        raise ValueError(f"must be at most {_MAX_PATTERN_LENGTH} characters long")
    compile_search_pattern(text)


def _check_query(text: str) -> None:
    if text:
        parse_query(text)


SearchPattern = Annotated[str, Check(_check_pattern)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFilter:
    """Which entries of a feed to keep, and how to show them.

    Patterns use RE2's syntax, ignore case, and may be in Simplified or Traditional characters.
    """

    q: Annotated[str, Check(_check_query)] = ""
    """Keep only entries that this search finds, as on the page /search. It goes through the whole history of a feed."""
    filter: SearchPattern = ""
    """Keep only entries with this in the title or the text. The next four patterns search in one field."""
    filter_title: SearchPattern = ""
    filter_author: SearchPattern = ""
    filter_category: SearchPattern = ""
    """Searches the topics, the section and the source's own tags."""
    filter_content: SearchPattern = ""
    filterout: SearchPattern = ""
    """Leave out entries with this in the title or the text."""
    filterout_title: SearchPattern = ""
    filterout_author: SearchPattern = ""
    filterout_category: SearchPattern = ""
    filterout_content: SearchPattern = ""
    filter_time: Annotated[timedelta, duration("1s")] = timedelta()
    """Keep only entries that were published within this time before now."""
    source: tuple[Slug, ...] = ()
    """Keep only entries of these sources."""
    limit: Annotated[int, Ge(1)] = 0
    """Show at most this many entries; 0 means as many as the feed itself shows."""
    sorted: bool = True
    """True sorts by publication, newest first; False sorts by last change, newest first."""
    mode: Literal["full", "summary", "titles"] = "full"
    brief: Annotated[int, Ge(100)] = 0
    """Show only this many characters from the start of the text, as plain text; 0 shows all of the text."""
    opencc: OpenccConversion = ""
    """Convert all text of an entry to a different script: s2t, t2s, s2tw, s2hk …"""
    images: Literal["original", "none"] = "original"

    @property
    def patterns(self) -> dict[str, str]:
        """The patterns that are set, by field."""
        return {name: text for name in _PATTERN_FIELDS if (text := getattr(self, name))}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredFeedRule(FeedFilter):
    """A named filter with a permanent address: `feeds/filtered/<id>.atom`."""

    id: Slug
    title: LocalizedTitle = ""
    """By language, or one for all languages. The default is the title of the filtered feed."""
    description: str = ""
    feed: Annotated[FeedPath, Parse(FeedPath.parse)] = ALL_FEED
    """The feed to filter: all, source/bbc, topic/climate."""
    access: Literal["public", "private"] = "public"
    """`private`: its documents are served only at addresses with a token. A filter of a private feed is private too."""

    def __post_init__(self) -> None:
        if self.feed.kind not in ("all", "source", "topic"):
            raise ValueError(f"feed must be all, source/<id> or topic/<id>, got '{self.feed}'")
        if self.filter_time:
            # The documents of named filtered feeds are files in feeds/, and would have to change with the clock.
            raise ValueError("filter_time works only in a query, which is answered at once; use limit")

    def localized_title(self, language: str, default: str) -> str:
        """Return the title in this language, else the first title, else the default."""
        return choose_title(self.title, language, default)

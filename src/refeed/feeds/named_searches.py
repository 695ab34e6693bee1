"""Named searches (filtered feeds with `q`) and an entry -> which of them it belongs to. Pure.

An entry is compared when it is built or its labels change, and the store keeps the result as labels. So a named search
has counters, archives and its whole history like a topic, and a new dump touches only those that it matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from ..config.filter_rules import FilteredFeedRule
from ..config.search_query import parse_query
from ..config.topic_rules import TopicRule
from ..model import Entry, FeedEntry, FeedPath, Label
from ..search.query_matcher import QueryMatcher, SearchableEntry, make_searchable
from ..search.searchable_text import INDEX_VERSION
from .entry_filter import EntryFilter

_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""A named search has no `filter_time`, the only part of a filter that depends on the clock."""


class NamedSearches:
    """Labels entries with the named searches that they belong to. Build it once, because it compiles all patterns."""

    def __init__(self, rules: Iterable[FilteredFeedRule], topics: Iterable[TopicRule]) -> None:
        self._rules = tuple((rule, QueryMatcher(parse_query(rule.q))) for rule in rules if rule.q)
        self._titles = {topic.id: _all_titles(topic) for topic in topics if topic.access == "public"}

    @property
    def version(self) -> str:
        """Digest of everything that the labels depend on besides the entry and its topics."""
        if not self._rules:
            return ""
        rules = [(rule.id, rule.feed, rule.q, rule.source, rule.patterns) for rule, _ in self._rules]
        uses_titles = any("category" in name for rule, _ in self._rules for name in rule.patterns)
        facts = (INDEX_VERSION, rules, self._titles if uses_titles else {})
        return sha256(msgspec.json.encode(facts, enc_hook=str)).hexdigest()[:16]

    def label(self, entry: Entry, topics: Sequence[Label]) -> tuple[Label, ...]:
        """The named searches of an entry with these topics, in the order of the configuration."""
        if not self._rules:
            return ()
        ids = {label.topic for label in topics}
        searchable = make_searchable(entry, ids)
        shown = FeedEntry(entry=entry, labels=tuple((id, self._titles[id]) for id in sorted(ids) if id in self._titles))
        return tuple(
            Label(topic=str(FeedPath("filtered", rule.id)), score=1.0, reasons=(f"q: {rule.q}",))
            for rule, matcher in self._rules
            if _is_in_feed(rule.feed, searchable)
            if matcher.matches(searchable)
            if not (rule.patterns or rule.source) or EntryFilter(rule, _ALWAYS).matches(shown)
        )


def _is_in_feed(feed: FeedPath, entry: SearchableEntry) -> bool:
    if feed.kind == "source":
        return feed.slug == entry.source
    return feed.kind == "all" or feed.slug in entry.topics


def _all_titles(topic: TopicRule) -> str:
    titles: Mapping[str, str] = topic.title if isinstance(topic.title, dict) else {"": topic.title}
    return " ".join(titles.values())

"""A query -> the entries of a feed that match it, in the same order on every store.

The index proposes entries, and each is compared with the query before it is returned. Entries that the index does not
know yet are compared too while they are few; otherwise the result is marked as incomplete.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Literal, NamedTuple

from ..config.search_query import SearchQuery
from ..model import ALL_FEED, FeedPath
from ..store.rows import FeedMember
from ..store.search_index import Position, find_documents, get_changes, get_members, has_changes_beyond
from ..store.store import Store
from .indexer import decode_document, is_outdated, stored_searchable, to_index_query
from .query_matcher import QueryMatcher, SearchableEntry

Order = Literal["date", "relevance"]

_MAX_UNINDEXED = 100
"""Changed entries that a search compares itself. Each costs 2 ms."""
_MAX_CANDIDATES = 5_000
"""Documents that one search compares. Only a query whose words meet in many texts, but not as the phrase that it asks
for, needs more than a few."""
_MAX_WORK = 300_000_000
"""Bytes times spellings that one search compares: about half a second."""
_FIRST_BATCH = 32
"""Documents that are compared at a time: a page and a few that do not match. From batch to batch the index is asked for
twice as many."""
_RANKED = 500
"""The newest matches that are ranked by relevance."""
_TITLE_WEIGHT = 5.0


class SearchResult(NamedTuple):
    """One page of matching entries."""

    members: list[FeedMember]
    next: Position | None
    """Where the next page begins, for `older_than`; None when there are no more."""
    complete: bool
    """False when entries are still waiting to be indexed, or when the search stopped before the oldest entry."""


def search(
    store: Store,
    query: SearchQuery,
    feed: FeedPath = ALL_FEED,
    *,
    limit: int = 20,
    older_than: Position | None = None,
    order: Order = "date",
) -> SearchResult:
    """Find entries that match a query, among those that a feed shows. Raises StoreError.

    By date: newest first. By relevance: the best of the newest 500 matches, on one page.
    """
    with store.snapshot():
        matcher = QueryMatcher(query)
        matches = _Matches(store, matcher, feed, older_than)
        matches.complete = not is_outdated(store)
        if order == "relevance":
            newest = [(_score(matcher, entry), _position(member), member) for member, entry in islice(matches, _RANKED)]
            newest.sort(key=lambda match: match[:2], reverse=True)
            return SearchResult([member for _, _, member in newest[:limit]], None, matches.complete)
        found = [member for member, _ in islice(matches, limit + 1)]
    page = found[:limit]
    return SearchResult(page, _position(page[-1]) if len(found) > limit else None, matches.complete)


class _Matches:
    """Iterates over the matching entries, newest first. `complete` is known at the end."""

    def __init__(self, store: Store, matcher: QueryMatcher, feed: FeedPath, older_than: Position | None) -> None:
        self._store, self._matcher, self._feed, self._older_than = store, matcher, feed, older_than
        self.complete = True

    def __iter__(self) -> Iterator[tuple[FeedMember, SearchableEntry]]:
        return merge(self._unindexed(), self._indexed(), key=lambda match: _position(match[0]), reverse=True)

    def _unindexed(self) -> list[tuple[FeedMember, SearchableEntry]]:
        if has_changes_beyond(self._store, _MAX_UNINDEXED):
            self.complete = False
            return []
        changes = get_changes(self._store, _MAX_UNINDEXED)
        entries = {item.id: item.entry for item in changes if item.entry is not None}
        places = [Position(stored.entry.published, id) for id, stored in entries.items()]
        members = get_members(self._store, self._feed, places)
        newest_first = sorted(members.values(), key=_position, reverse=True)
        compared = ((member, stored_searchable(entries[member.id])) for member in newest_first)
        return [
            (member, entry)
            for member, entry in compared
            if (self._older_than is None or _position(member) < self._older_than) and self._matcher.matches(entry)
        ]

    def _indexed(self) -> Iterator[tuple[FeedMember, SearchableEntry]]:
        index_query, below, size, seen, work = to_index_query(self._matcher), None, _FIRST_BATCH, 0, 0
        while True:
            documents, below = find_documents(self._store, index_query, size, older_than=self._older_than, below=below)
            for start in range(0, len(documents), _FIRST_BATCH):
                matching = {}
                for document in documents[start : start + _FIRST_BATCH]:
                    content = document.content
                    work += len(content) * self._matcher.size
                    if not self._matcher.may_match(content):
                        continue
                    entry = decode_document(content, document.position.published)
                    if self._matcher.matches(entry):
                        matching[document.position] = entry
                members = get_members(self._store, self._feed, list(matching))
                yield from ((members[place.id], entry) for place, entry in matching.items() if place.id in members)
            seen += len(documents)
            if below is None:
                return
            if seen >= _MAX_CANDIDATES or work >= _MAX_WORK:
                self.complete = False
                return
            size = min(2 * size, 500)


def _position(member: FeedMember) -> Position:
    return Position(member.published, member.id)


def _score(matcher: QueryMatcher, entry: SearchableEntry) -> float:
    """How much an entry is about the words: how often it has them for its length, and whether its title has them."""
    score = 0.0
    for term in matcher.words:
        title = sum(len(pattern.findall(entry.title)) for pattern in term.patterns)
        text = sum(len(pattern.findall(entry.text)) for pattern in term.patterns)
        score += _TITLE_WEIGHT * bool(title) + text / (text + 1.0 + math.log1p(len(entry.text) / 1000))
    return score

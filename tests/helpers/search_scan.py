"""A query and a store -> what a search must find, by comparing every entry."""

from __future__ import annotations

from refeed.config.search_query import SearchQuery
from refeed.model import ALL_FEED, FeedPath
from refeed.search.indexer import stored_searchable
from refeed.search.query_matcher import QueryMatcher
from refeed.store.store import Store


def scan(store: Store, query: SearchQuery, feed: FeedPath = ALL_FEED) -> list[str]:
    """The ids of all entries of a feed that match, newest first."""
    matcher, members = QueryMatcher(query), store.get_newest(feed, 10_000)
    entries = store.get_entries([member.id for member in members])
    return [
        member.id for member, entry in zip(members, entries, strict=True) if matcher.matches(stored_searchable(entry))
    ]

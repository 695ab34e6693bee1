"""Changed entries -> their documents in the search index. Stopped at any point, it goes on where it was."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from ..store.rows import StoredEntry
from ..store.search_index import (
    IndexQuery,
    count_changes,
    get_changes,
    log_all_entries,
    write_documents,
)
from ..store.store import Store
from .query_matcher import QueryMatcher, SearchableEntry, make_searchable
from .searchable_text import INDEX_VERSION, MAX_TOKEN, make_tokens

_VERSION_KEY = "search_index"
_BATCH = 100
_FIELD_MARKS = {"title": "\ue001", "author": "\ue002", "tag": "\ue003", "source": "\ue004", "topic": "\ue005"}
"""The first character of a token that was found in this field. The text has no letter from this area (private use)."""
_HYPHEN = "\ue006"
"""Stands for a hyphen in ids, at which FTS5 would divide the token."""


def index_batch(store: Store, size: int = _BATCH) -> int:
    """Index up to `size` changed entries, latest change first; returns how many are left. Raises StoreError."""
    if store.get_meta(_VERSION_KEY) != INDEX_VERSION:
        log_all_entries(store)
        store.set_meta(_VERSION_KEY, INDEX_VERSION)
    changes = get_changes(store, size)
    if changes:
        contents = {
            item.id: encode_document(stored_searchable(item.entry))
            for item in changes
            if item.entry is not None and item.entry.withdrawn is None
        }
        write_documents(store, changes, contents, document_tokens)
    return count_changes(store)


def is_outdated(store: Store) -> bool:
    """Whether the index is of another version of this program: it has other tokens until the worker builds it again."""
    return store.get_meta(_VERSION_KEY) not in (None, INDEX_VERSION)


def stored_searchable(stored: StoredEntry) -> SearchableEntry:
    """The searchable form of a stored entry."""
    return make_searchable(stored.entry, (label.topic for label in stored.labels))


def encode_document(entry: SearchableEntry) -> bytes:
    """The content of an entry's document."""
    fields = (entry.title, entry.text, entry.author, entry.tag, entry.source, " ".join(sorted(entry.topics)))
    return "\n".join(fields).encode()


def decode_document(content: bytes, published: datetime) -> SearchableEntry:
    """Undo `encode_document`."""
    title, text, author, tag, source, topics = content.decode().split("\n")
    return SearchableEntry(
        title=title,
        text=text,
        author=author,
        tag=tag,
        source=source,
        topics=frozenset(topics.split()),
        published=published,
    )


def document_tokens(content: bytes) -> Collection[str]:
    """The tokens of a document: those of its title and text, and those of each field with the field's mark."""
    title, text, author, tag, source, topics = content.decode().split("\n")
    of_title = make_tokens(title)
    tokens = set(of_title | make_tokens(text))
    tokens |= {_mark("title", token) for token in of_title}
    tokens |= {_mark("author", token) for token in make_tokens(author)}
    tokens |= {_mark("tag", token) for token in make_tokens(tag)}
    tokens.add(_mark("source", source))
    tokens |= {_mark("topic", topic) for topic in topics.split()}
    return tokens


def to_index_query(query: QueryMatcher) -> IndexQuery:
    """What the index looks for. It finds all entries that match the query, and a few that do not."""
    return IndexQuery(
        groups=tuple(
            tuple(frozenset(_mark(term.field, token) for token in tokens) for term in group for tokens in term.tokens)
            for group in query.groups
        ),
        # A phrase of several tokens may be missing in a text that has all its tokens.
        excluded=frozenset(
            _mark(term.field, token)
            for term in query.excluded
            for tokens in term.tokens
            if len(tokens) == 1
            for token in tokens
            if len(token) < MAX_TOKEN  # else it may be the beginning of another word
        ),
        after=query.query.after,
        before=query.query.before,
    )


def _mark(field: str, token: str) -> str:
    return _FIELD_MARKS.get(field, "") + token.replace("-", _HYPHEN)

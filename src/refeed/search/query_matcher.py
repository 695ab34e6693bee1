"""A query and an entry -> whether the entry matches. Pure.

Words are found in the title and in the text. Upper case, full width, Traditional characters and regional names make no
difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ..clean.text import visible_text
from ..config.search_query import ID_FIELDS, SearchQuery, SearchTerm
from ..model import Entry
from ..topics.normalization import regional_spellings
from .searchable_text import compile_phrase, make_phrase_tokens, to_needles, to_searchable


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchableEntry:
    """The fields of an entry in their searchable form (`searchable_text.to_searchable`)."""

    title: str
    text: str
    author: str = ""
    tag: str = ""
    source: str = ""
    """The id of the entry's source."""
    topics: frozenset[str] = frozenset()
    """The ids of the entry's topics."""
    published: datetime


class TermMatcher:
    """Finds one term in an entry, in any of its spellings."""

    def __init__(self, term: SearchTerm) -> None:
        self.field = term.field
        """Empty for the title and the text."""
        self.spellings: tuple[str, ...] = (term.words,)
        """Searchable forms of the words, or one id."""
        if term.field not in ID_FIELDS:
            spellings = regional_spellings(to_searchable(term.words).strip())
            self.spellings = tuple(f" {spelling} " for spelling in spellings if spelling)
        needles = [] if term.field in ID_FIELDS else list(map(to_needles, self.spellings))
        self._needles = [needle for ways in needles for needle in ways] if all(needles) else []
        self._encoded = [needle.encode() for needle in self._needles]

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """What finds each spelling in a searchable text."""
        return () if self.field in ID_FIELDS else tuple(map(compile_phrase, self.spellings))

    def matches(self, entry: SearchableEntry) -> bool:
        """Whether the entry has the words."""
        if self.field == "source":
            return entry.source == self.spellings[0]
        if self.field == "topic":
            return self.spellings[0] in entry.topics
        texts = (getattr(entry, self.field),) if self.field else (entry.title, entry.text)
        if self._needles:  # looking for a text takes a third of the time of a pattern
            return any(needle in text for needle in self._needles for text in texts)
        return any(pattern.search(text) for pattern in self.patterns for text in texts)

    def may_match(self, content: bytes) -> bool:
        """False when an entry whose fields are in these bytes does not have the words."""
        return not self._encoded or any(needle in content for needle in self._encoded)

    @property
    def tokens(self) -> tuple[frozenset[str], ...]:
        """For each way in which an entry may have the term, the tokens that it then has in this field."""
        if self.field in ID_FIELDS:
            return (frozenset(self.spellings),)
        return tuple(tokens for spelling in self.spellings for tokens in make_phrase_tokens(spelling))


class QueryMatcher:
    """Compares entries with one query."""

    def __init__(self, query: SearchQuery) -> None:
        self.query = query
        self.groups = tuple(tuple(map(TermMatcher, group)) for group in query.groups)
        self.excluded = tuple(map(TermMatcher, query.excluded))
        self.size = sum(len(term.spellings) for group in (*self.groups, self.excluded) for term in group)
        """The number of spellings that an entry may be searched for."""

    def matches(self, entry: SearchableEntry) -> bool:
        """Whether the entry is what the query asks for."""
        return (
            (self.query.after is None or entry.published >= self.query.after)
            and (self.query.before is None or entry.published < self.query.before)
            and all(any(term.matches(entry) for term in group) for group in self.groups)
            and not any(term.matches(entry) for term in self.excluded)
        )

    def may_match(self, content: bytes) -> bool:
        """False when an entry whose fields are in these bytes does not match. Takes half the time of decoding them."""
        return all(any(term.may_match(content) for term in group) for group in self.groups)

    @property
    def words(self) -> tuple[TermMatcher, ...]:
        """The terms that an entry was found by, for marking them in its title and text."""
        return tuple(term for group in self.groups for term in group if term.field in ("", "title"))


def make_searchable(entry: Entry, topics: Iterable[str]) -> SearchableEntry:
    """The searchable form of an entry with these topics."""
    return SearchableEntry(
        title=to_searchable(entry.title),
        text=to_searchable(visible_text(entry.html)),
        author=to_searchable("\n".join([*entry.authors, *(person.name for person in entry.contributors)])),
        tag=to_searchable("\n".join([entry.section, *entry.tags])),
        source=entry.source,
        topics=frozenset(topics),
        published=entry.published,
    )

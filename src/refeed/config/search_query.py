"""What a person types into a search box, or writes as `q:` -> a query: words, fields, dates. Pure.

台积电 芯片              both words
"climate change"         these words in this order
华为 OR 中兴             one of the two
美国 -特朗普             the first without the second
title:疫苗 author:王     in one field: title, author, tag
source:bbc topic:taiwan  entries of this source or topic, by its id
after:2026-01-01 before:2026-02
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..xml_chars import xml_safe
from .field_types import SLUG_PATTERN

MAX_LENGTH = 500
"""Characters of a query."""
_MAX_TERMS = 40

TEXT_FIELDS = ("title", "author", "tag")
ID_FIELDS = ("source", "topic")
_DATE_FIELDS = ("after", "before")

_LIKE_ASCII = str.maketrans(dict.fromkeys("“”„«»「」『』＂", '"') | {"：": ":", "－": "-", "｜": " | ", "|": " | "})
"""Quotation marks, colons and minus signs as they are typed with other keyboards."""
_FIELD = "|".join((*TEXT_FIELDS, *ID_FIELDS, *_DATE_FIELDS))
_TERM = re.compile(rf'(?P<minus>-?)(?:(?P<field>{_FIELD}):)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))', re.IGNORECASE)
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


class QueryError(ValueError):
    """A query that cannot be understood. The message is one sentence for people."""


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """Words to look for."""

    field: str
    """A field of `TEXT_FIELDS` or `ID_FIELDS`; empty for the title and the text."""
    words: str
    """One word, several in their order, or an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """A parsed query. An entry must have one term of each group and none of `excluded`."""

    groups: tuple[tuple[SearchTerm, ...], ...]
    excluded: tuple[SearchTerm, ...] = ()
    after: datetime | None = None
    """The earliest time of publication."""
    before: datetime | None = None
    """The time before which the entry was published."""
    text: str
    """The query with one space between its terms. Two texts of the same meaning may differ."""

    @property
    def topics(self) -> frozenset[str]:
        """The ids of the topics that decide which entries it finds."""
        terms = (term for terms in (*self.groups, self.excluded) for term in terms)
        return frozenset(term.words for term in terms if term.field == "topic")

    def limited_to(self, topics: Container[str]) -> SearchQuery:
        """The same query of somebody who may know of these topics only: no entry has another one."""

        def limit(term: SearchTerm) -> SearchTerm:
            return replace(term, words="") if term.field == "topic" and term.words not in topics else term

        return replace(
            self,
            groups=tuple(tuple(map(limit, group)) for group in self.groups),
            excluded=tuple(map(limit, self.excluded)),
        )


def parse_query(text: str) -> SearchQuery:
    """Parse a query. Dates are days in UTC. Raises QueryError."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"A query may have at most {MAX_LENGTH} characters.")
    text = " ".join(xml_safe(text).translate(_LIKE_ASCII).split())
    if text.count('"') % 2:
        raise QueryError('A quotation mark " is missing.')
    groups: list[tuple[SearchTerm, ...]] = []
    excluded: list[SearchTerm] = []
    dates: dict[str, datetime] = {}
    joins = False
    for match in _TERM.finditer(text):
        if match[0] in ("OR", "|"):
            if joins or not groups:
                raise QueryError("OR must stand between two words.")
            joins = True
            continue
        field, words = (match["field"] or "").lower(), match["phrase"] or match["word"] or ""
        if field in _DATE_FIELDS:
            if match["minus"] or joins:
                raise QueryError(f"{field}: cannot be combined with - or OR.")
            dates[field] = _parse_date(field, words)
        elif term := _parse_term(field, words):
            if match["minus"] and joins:
                raise QueryError("OR cannot be followed by an excluded word.")
            if match["minus"]:
                excluded.append(term)
            elif joins:
                groups[-1] += (term,)
            else:
                groups.append((term,))
            joins = False
    if joins:
        raise QueryError("OR must stand between two words.")
    if not groups and not dates:
        if excluded:
            raise QueryError("The query only excludes; add a word to look for.")
        raise QueryError("The query has no letter or digit to look for.")
    if len(excluded) + sum(map(len, groups)) > _MAX_TERMS:
        raise QueryError(f"A query may have at most {_MAX_TERMS} words.")
    return SearchQuery(
        groups=tuple(groups),
        excluded=tuple(excluded),
        after=dates.get("after"),
        before=dates.get("before"),
        text=text,
    )


def _parse_term(field: str, words: str) -> SearchTerm | None:
    """A term; None for words without a letter or digit, which people type as separators."""
    if field in ID_FIELDS:
        if not SLUG_PATTERN.fullmatch(words.lower()):
            example = "bbc" if field == "source" else "climate"
            raise QueryError(f"{field}: must be followed by an id such as {example}.")
        return SearchTerm(field, words.lower())
    if _LETTER_OR_DIGIT.search(words):
        return SearchTerm(field, words)
    if field:
        raise QueryError(f"{field}: must be followed by a word.")
    return None


def _parse_date(field: str, text: str) -> datetime:
    match = _DATE.fullmatch(text)
    try:
        if match:
            return datetime(int(match[1]), int(match[2] or 1), int(match[3] or 1), tzinfo=UTC)
    except ValueError:
        pass  # month 13: the message below says what is right
    raise QueryError(f"{field}: must be followed by a date such as 2026-01-31, 2026-01 or 2026.")

"""A text and a query -> the text in pieces, of which those that the query found are marked. Pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from ..topics.normalization import to_simplified
from .query_matcher import QueryMatcher
from .searchable_text import LETTERS, is_word

_BEFORE = 40
"""Characters of an excerpt before the first match."""


class Piece(NamedTuple):
    """A part of a text."""

    text: str
    found: bool
    """Whether the query looks for this part."""


def mark_matches(text: str, query: QueryMatcher) -> list[Piece]:
    """Divide a text into pieces; together they are the text."""
    pieces, end = [], 0
    for start, stop in _find_matches(text, query):
        if start > end:
            pieces.append(Piece(text[end:start], found=False))
        pieces.append(Piece(text[start:stop], found=True))
        end = stop
    if end < len(text) or not pieces:
        pieces.append(Piece(text[end:], found=False))
    return pieces


def excerpt(text: str, query: QueryMatcher, length: int) -> list[Piece]:
    """The part of a text around the first match, in pieces; its beginning when nothing matches."""
    text = " ".join(text.split())
    begin, end = next(_find_matches(text, query), (0, 0))
    start = max(0, begin - _BEFORE) if end > length else 0
    part = text[start : start + length]
    pieces = mark_matches(part, query)
    if start:
        pieces.insert(0, Piece("…", found=False))
    if start + length < len(text):
        pieces.append(Piece("…", found=False))
    return pieces


class _FoldedCharacters(dict[int, str]):
    """The folded form of each character that was asked for. OpenCC converts a few phrases differently from their
    characters; these are found and not marked."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = to_simplified(unicodedata.normalize("NFKC", chr(code)))
        return folded


_FOLDED = _FoldedCharacters()


def _find_matches(text: str, query: QueryMatcher) -> Iterator[tuple[int, int]]:
    """Where the words of a query are in a text: start and end of each match, without overlaps."""
    pattern = _loose_pattern(tuple(spelling for term in query.words for spelling in term.spellings))
    if not pattern.pattern:
        return
    line = text.translate(_FOLDED)
    matches = ((match.start(), match.end()) for match in pattern.finditer(line) if match.end() > match.start())
    if len(line) == len(text):
        yield from matches
    else:  # folding changes the length of some texts: … becomes three dots
        ends = list(accumulate(map(len, map(_FOLDED.__getitem__, map(ord, text)))))
        yield from ((bisect(ends, start), bisect(ends, end - 1) + 1) for start, end in matches)


@lru_cache(100)
def _loose_pattern(searchables: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern that finds searchable forms in a text with its punctuation."""
    groups: dict[tuple[str, str], list[str]] = {}
    for searchable in searchables:
        units = searchable.split()
        before = f"(?<![^\\W_{LETTERS}])" if is_word(units[0][0]) else ""
        after = f"(?![^\\W_{LETTERS}])" if is_word(units[-1][-1]) else ""
        groups.setdefault((before, after), []).append(r"[\W_]{0,8}".join(map(re.escape, units)))
    # The borders are looked for once, not once for each form: 40 words in 20,000 characters take 14 ms, not 40 ms.
    return re.compile("|".join(f"{before}(?:{'|'.join(forms)}){after}" for (before, after), forms in groups.items()))

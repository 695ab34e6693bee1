"""A line and the text's language -> what edge_patterns knows it as. Pure."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from ..edge_patterns import KINDS
from ..language import candidate_languages
from ..text import collapse_whitespace

LONGEST_LINE = 300
LONGEST_LABEL = 40
MANY_BLOCKS = 2000
"""A body with more is a book. A look at each of its paragraphs would take longer than a dump may."""
AROUND = " \u3000\t\n-–—―─_=*＊·•▪◦●◆◇■□▶►▸→»›>«‹<☞👉⬇↓※|｜/【】[]［］（）()〖〗~…:：.。!！,，、★☆✦#"
"""What may stand around the words of a line without a meaning."""
WORD = re.compile(r"\w")


def match_leftover(kind: str, text: str, language: str) -> re.Match[str] | None:
    """Match a line against a kind of edge_patterns, in the languages that its script and the text's language allow."""
    return _match(kind, text, language) if len(text) <= LONGEST_LINE else None


@lru_cache(maxsize=1024)
def _match(kind: str, text: str, language: str) -> re.Match[str] | None:
    """Cached, because several steps ask the same of a line."""
    bare = collapse_whitespace(text).strip(AROUND)
    for each in candidate_languages(bare, language) if bare else ():
        pattern = _compile(kind, each)
        if pattern is not None and (match := pattern.fullmatch(bare)):
            return match
    return None


@cache
def _compile(kind: str, language: str) -> re.Pattern[str] | None:
    """Compile one cell of the table when it is first needed: all of it takes a quarter of a second."""
    patterns = KINDS[kind].get(language, ())
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

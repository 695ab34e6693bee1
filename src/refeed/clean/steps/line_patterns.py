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
TAG_WORDS = re.compile(
    r"(?:\b(?:posted|filed|in|under|tagged|with|as|tags?|categor(?:y|ies)|and|topics?|labels?|schlagwörter|kategorien?|und|"
    r"themen|étiquettes|catégories?|thèmes|et|etiquetas|categorías?|temas?|y|categorias?|marcadores|assuntos?|tópicos|e|"
    r"argomenti|categorie|onderwerpen|tagi|tematy|etiketler|címkék|từ khóa|теги|метки|рубрик[аи]|темы|и)\b|"
    r"标签|分类|標籤|分類|タグ|カテゴリー?|태그|키워드|الوسوم|[\W\d_])*",
    re.IGNORECASE,
)
"""What may stand between links to tags."""


def match_leftover(kind: str, text: str, language: str) -> re.Match[str] | None:
    """Match a line against a kind of edge_patterns, in the languages that its script and the text's language allow."""
    if len(text) > LONGEST_LINE:
        return None
    bare, languages = _read_line(text, language)
    for pattern in _compile(kind, languages) if bare else ():
        if match := pattern.fullmatch(bare):
            return match
    return None


@lru_cache(maxsize=1024)
def _read_line(text: str, language: str) -> tuple[str, tuple[str, ...]]:
    """Return the words of a line and the languages that they may be in. Cached, because many kinds are tried on it."""
    bare = collapse_whitespace(text).strip(AROUND)
    return bare, tuple(candidate_languages(bare, language))


@cache
def _compile(kind: str, languages: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Compile cells of the table when they are first needed: all of it takes a quarter of a second."""
    table = KINDS[kind]
    return tuple(_compile_cell(kind, language) for language in languages if language in table)


@cache
def _compile_cell(kind: str, language: str) -> re.Pattern[str]:
    return re.compile("|".join(KINDS[kind][language]), re.IGNORECASE)

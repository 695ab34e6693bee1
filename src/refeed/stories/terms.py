"""Text -> its terms, each with its weight: how rare it is in news. Pure.

A term is a word, or two adjacent characters of a script that is written without spaces: most Chinese words have two.
Names have one spelling for Mainland and Taiwan, in either script (`topics.normalization`).
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise
from zlib import crc32

from ..topics.normalization import normalize_text

FREQUENCIES = "term_frequencies-2026-11-28.txt"
"""How many of a thousand reports contain a term: lines of a level and its terms. `bench/train_stories.py` writes it."""
MAX_WEIGHT = 11
"""The weight of a term that the table does not contain, in bits: fewer than one in a thousand reports contain it."""

# The letters of scripts without spaces, as far as news are written in them; then words and numbers.
_UNSPACED = "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_RUN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:[.,'’-][^\W_{_UNSPACED}]+)*")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_MAX_WORD = 32


def split_terms(text: str) -> list[str]:
    """The terms of a text in order, repeated ones too."""
    terms: list[str] = []
    for run in _RUN.findall(normalize_text(text)):
        if not _IS_UNSPACED.match(run):
            word = run.replace(",", "").replace("’", "'").removesuffix("'s")[:_MAX_WORD]
            if len(word) > 1:
                terms.append(word)
        elif len(run) > 1:
            terms += map("".join, pairwise(run))
    return terms


def is_pair(term: str) -> bool:
    """Whether a term is a pair of characters, and no word."""
    return len(term) == 2 and bool(_IS_UNSPACED.match(term))


def hash_term(term: str) -> int:
    """The number that stands for a term in signatures and in the index, of 32 bits. It is odd for a number."""
    return crc32(term.encode()) & ~1 | term[0].isdigit()


def weigh_term(term: str) -> int:
    """The weight of a term in bits, from 0 (every report contains it) to MAX_WEIGHT."""
    return _load_weights().get(term, MAX_WEIGHT)


@cache
def _load_weights() -> dict[str, int]:
    weights: dict[str, int] = {}
    for line in files(__package__).joinpath(FREQUENCIES).read_text("utf-8").splitlines():
        level, _, terms = line.partition(" ")
        pairs, _, words = terms.partition(" ")
        found = [pairs[start : start + 2] for start in range(0, len(pairs), 2)] + words.split()
        weights |= dict.fromkeys(found, int(level))
    return weights

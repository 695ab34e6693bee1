"""Reports of one story -> which of them names it best, and how they tell the same sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

_SENTENCE_END = re.compile(r"(?<=[。！？!?])[”’」』）)\"']*|\n+|(?<=[a-z0-9)”\"])\. (?=\S)")
_MIN_LENGTH = 8
"""Shorter sentences say too little to be compared."""
_MAX_SENTENCES = 60
"""Sentences of one report that are compared."""
_ALIKE = 0.25
"""The smallest share of common pairs of characters (Dice) of two sentences that tell the same."""
MOST_REPORTS = 50
"""Reports of one story that are shown and compared: a flood of similar texts is one story of thousands."""


class SentencePair(NamedTuple):
    """A sentence as two reports tell it."""

    first: int
    """Number of the report."""
    first_text: str
    second: int
    second_text: str


def find_clearest(titles: Sequence[str]) -> int:
    """The number of the title that has most in common with the others; of equal ones, the first. After MOST_REPORTS,
    titles are not looked at."""
    pairs = [_pairs(title) for title in titles[:MOST_REPORTS]]
    scores = [sum(_similarity(own, other) for other in pairs) for own in pairs]
    return scores.index(max(scores))


def compare_sentences(texts: Sequence[str], limit: int) -> list[SentencePair]:
    """The most similar sentences of different reports that are not the same, best first. Each is used once."""
    sentences = [
        [(text, _pairs(text)) for text in _split(whole) if len(text) >= _MIN_LENGTH][:_MAX_SENTENCES] for whole in texts
    ]
    found = []
    for first, second in combinations(range(len(texts)), 2):
        for one, one_pairs in sentences[first]:
            for other, other_pairs in sentences[second]:
                score = _similarity(one_pairs, other_pairs)
                if _ALIKE <= score < 1:
                    found.append((-score, SentencePair(first, one, second, other)))
    chosen: list[SentencePair] = []
    used: set[tuple[int, str]] = set()
    for _, pair in sorted(found):
        keys = {(pair.first, pair.first_text), (pair.second, pair.second_text)}
        if not keys & used:
            used |= keys
            chosen.append(pair)
    return chosen[:limit]


def _split(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE_END.split(text) if part and part.strip()]


def _pairs(text: str) -> frozenset[str]:
    letters = "".join(character for character in text.casefold() if character.isalnum())
    return frozenset(letters[at : at + 2] for at in range(len(letters) - 1)) or frozenset({letters})


def _similarity(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))

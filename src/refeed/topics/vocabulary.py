"""All words and patterns of all topics -> where they stand in a text, in one pass whatever their number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Literal

import re2
from ahocorasick_rs import AhoCorasick

from ..config.field_types import PATTERN_PREFIX, compile_search_pattern
from ..config.topic_rules import TopicRule
from .normalization import normalize_pattern, spelling_variants
from .pairs import Half, mentions
from .prefilter import is_simple, required_literals

Kind = Literal["words", "weak_words", "exclude"]
KINDS: tuple[Kind, ...] = ("words", "weak_words", "exclude")
EXCLUDE = KINDS.index("exclude")

MOST = 100
"""Hits of one pattern that are counted in one text; more say nothing new, and each may cost a look at all the rest."""

_LATIN = re.compile(r"[0-9a-z\u00df-\u024f]")

Hit = tuple[int, int, int, int, str]
"""A word of a topic in a text: the topic, where it starts, where it ends as a negative number, which of KINDS it is,
and the word as the rule has it; what was found, for a pattern; both words, for a pair. So hits sort as they are taken:
of one topic's the first, and of two that start together the longer."""
_order = itemgetter(0, 1, 2, 3)

_Word = tuple[int, int, str]
"""What a word is to a topic: the topic, which of KINDS, and the word as the rule has it."""
_Side = tuple[int, int, str]
"""The same of a word of a pair: which pair of all topics, which of its two lists, and the word."""


@dataclass(slots=True)
class _Known:
    """What a text is good for: as a word of topics, as one of a pair, as a sign that a pattern may match."""

    words: list[_Word] = field(default_factory=list)
    sides: list[_Side] = field(default_factory=list)
    patterns: list[int] = field(default_factory=list)


class Vocabulary:
    """The words of some rules, ready to be found. Built once; holds no state of a search."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        known: dict[str, _Known] = {}
        patterns: dict[str, _Known] = {}
        self._pairs: list[int] = []
        for topic, rule in enumerate(rules):
            for rank, kind in enumerate(KINDS):
                for word in getattr(rule, kind):
                    for what in _places(word, known, patterns):
                        what.words.append((topic, rank, word))
            for pair in rule.pairs:
                for side, words in enumerate(pair):
                    for word in words:
                        for what in _places(word, known, patterns):
                            what.sides.append((len(self._pairs), side, word))
                self._pairs.append(topic)
        self._patterns = [(_compile(text), what.words, what.sides) for text, what in patterns.items()]
        self._always: list[int] = []
        for number, pattern in enumerate(patterns):
            needed = required_literals(pattern)
            for text in needed:
                known.setdefault(text, _Known()).patterns.append(number)
            if not needed:
                self._always.append(number)
        self._known = [
            (what.words, what.sides, what.patterns, bool(_LATIN.match(text[0]) or _LATIN.match(text[-1])))
            for text, what in known.items()
        ]
        self._automaton = AhoCorasick(list(known), store_patterns=False)

    def find(self, text: str) -> list[Hit]:
        """Every hit in a folded text, by topic and place; of one topic's that overlap, the first and longest alone.

        A `without` hit that holds a word of its topic (苹果日报, 苹果) hides it, and that is all; one that stands by
        itself is given as a hit.
        """
        found: list[Hit] = []
        of, until = -1, 0
        hides = False  # the last hit is a `without`, and holds a word
        for hit in sorted(self._all(text), key=_order):
            topic, start, end, rank, _ = hit
            if topic == of and start < until:
                hides = hides or (rank != EXCLUDE and found[-1][3] == EXCLUDE)
                continue
            if hides:
                found.pop()
            found.append(hit)
            of, until, hides = topic, -end, False
        if hides:
            found.pop()
        return found

    def _all(self, text: str) -> list[Hit]:
        """Every word, pattern and pair in a text, whether they overlap or not: one pass, however many there are."""
        found: list[Hit] = []
        halves: defaultdict[int, list[Half]] = defaultdict(list)
        candidates = set(self._always)
        known = self._known
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            words, sides, patterns, latin = known[index]
            if patterns:
                candidates.update(patterns)
            if latin and _inside(text, start, end):
                continue
            for topic, rank, word in words:
                found.append((topic, start, -end, rank, word))
            for pair, side, word in sides:
                halves[pair].append((start, -end, side, word))
        for number in sorted(candidates):
            pattern, words, sides = self._patterns[number]
            for match in islice(pattern.finditer(text), MOST):
                start, end = match.span()
                told = match[0].strip()[:24]
                found += [(topic, start, -end, rank, told) for topic, rank, _ in words]
                for pair, side, _ in sides:
                    halves[pair].append((start, -end, side, told))
        if halves:
            found += self._paired(halves, found, text)
        return found

    def _paired(self, halves: dict[int, list[Half]], found: list[Hit], text: str) -> list[Hit]:
        """The mentions that pairs make. A word inside a `without` (投资气候, 气候) makes none, and is given as if it
        were a word of the topic: the `without` then hides it, and does not speak against the topic."""
        made: list[Hit] = []
        taken: dict[int, set[int]] = {}
        for topic, start, end, rank, _ in found:
            if rank == EXCLUDE:
                taken.setdefault(topic, set()).update(range(start, -end))
        for pair, words in halves.items():
            topic = self._pairs[pair]
            if topic in taken:
                free: list[Half] = []
                for half in words:
                    start, end, _, word = half
                    if taken[topic].issuperset(range(start, -end)):
                        made.append((topic, start, end, 0, word))
                    else:
                        free.append(half)
                words = free
            made += [(topic, start, -end, 0, both) for both, start, end in mentions(words, text)]
        return made


def _places(word: str, known: dict[str, _Known], patterns: dict[str, _Known]) -> list[_Known]:
    """Where a rule's word is filed: among the patterns, or under each of its spellings."""
    if word.startswith(PATTERN_PREFIX):
        return [patterns.setdefault(normalize_pattern(word.removeprefix(PATTERN_PREFIX)), _Known())]
    return [known.setdefault(spelling, _Known()) for spelling in spelling_variants(word.strip())]


def _compile(pattern: str) -> re.Pattern[str] | re2._Regexp:
    """By re2, which no text can slow down, or by `re` where none can either. Raises ValueError."""
    by_re2 = compile_search_pattern(pattern)
    return re.compile(pattern, re.ASCII) if is_simple(pattern) else by_re2


def _inside(text: str, start: int, end: int) -> bool:
    """Whether a word that begins or ends in a Latin letter or digit begins or ends inside another."""
    if start and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]):
        return True
    return bool(end < len(text) and _LATIN.match(text[end - 1]) and _LATIN.match(text[end]))

"""All words and patterns of all topics -> where they stand in a text, in one pass whatever their number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, NamedTuple

import re2
from ahocorasick_rs import AhoCorasick

from ..rules import PATTERN, TopicRule, compile_pattern
from .literals import is_simple, literals
from .pairs import Half, Side, mentions
from .wording import fold_pattern, spellings

Kind = Literal["words", "hints", "without"]
KINDS: tuple[Kind, ...] = ("words", "hints", "without")
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}

MOST = 100
"""Hits of one pattern that are counted in one text; more say nothing new, and each may cost a look at all the rest."""

_LATIN = re.compile(r"[0-9a-z\u00df-\u024f]")


class Hit(NamedTuple):
    """A word of a topic in a text."""

    topic: int
    kind: Kind
    word: str
    """As the rule has it; what was found, for a pattern; both words, for a pair."""
    start: int
    end: int


_Role = Kind | Side
"""What a word is to a topic."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a text in the automaton is good for: as a word of topics, as a sign that a pattern may match."""

    owners: list[tuple[int, _Role, str]] = field(default_factory=list)
    patterns: list[int] = field(default_factory=list)


class Vocabulary:
    """The words of some rules, ready to be found. Built once; holds no state of a search."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        known: dict[str, _Known] = {}
        patterns: dict[str, list[tuple[int, _Role]]] = {}
        for topic, rule in enumerate(rules):
            for role, word in _words(rule):
                if word.startswith(PATTERN):
                    patterns.setdefault(fold_pattern(word.removeprefix(PATTERN)), []).append((topic, role))
                    continue
                for spelling in spellings(word.strip()):
                    known.setdefault(spelling, _Known()).owners.append((topic, role, word))
        self._patterns = [(_compile(text), tuple(owners)) for text, owners in patterns.items()]
        self._always: list[int] = []
        for number, pattern in enumerate(patterns):
            needed = literals(pattern)
            for text in needed:
                known.setdefault(text, _Known()).patterns.append(number)
            if not needed:
                self._always.append(number)
        self._known = tuple(
            (tuple(what.owners), tuple(what.patterns), bool(_LATIN.match(text[0]) or _LATIN.match(text[-1])))
            for text, what in known.items()
        )
        self._automaton = AhoCorasick(list(known), store_patterns=False)

    def find(self, text: str) -> Iterator[Hit]:
        """Every hit in a folded text; of one topic's hits that overlap, the first and longest alone.

        A `without` hit that holds a word of its topic (苹果日报, 苹果) hides it, and that is all; one that stands by
        itself is given as a hit.
        """
        found = self._all(text)
        found.sort(key=_order)
        kept: Hit | None = None
        hides = False
        for hit in found:
            if kept is not None and hit.topic == kept.topic and hit.start < kept.end:
                hides = hides or hit.kind != "without"
                continue
            if kept is not None and not (kept.kind == "without" and hides):
                yield kept
            kept, hides = hit, False
        if kept is not None and not (kept.kind == "without" and hides):
            yield kept

    def _all(self, text: str) -> list[Hit]:
        """Every word, pattern and pair in a text, whether they overlap or not."""
        known, candidates = self._literal(text)
        for number in sorted(candidates.union(self._always)):
            known += self._by_pattern(number, text)
        hits: list[Hit] = []
        sides: list[_Found] = []
        for one in known:
            topic, role, word, start, end = one
            if isinstance(role, Side):
                sides.append(one)
            else:
                hits.append(Hit(topic, role, word, start, end))
        return [*hits, *_paired(sides, hits, text)] if sides else hits

    def _literal(self, text: str) -> tuple[list[_Found], set[int]]:
        """Words, and the patterns that the text may hold: one pass, however many there are of either."""
        found: list[_Found] = []
        candidates: set[int] = set()
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            owners, patterns, latin = self._known[index]
            if patterns:
                candidates.update(patterns)
            if owners and not (latin and _inside(text, start, end)):
                for topic, role, word in owners:
                    found.append((topic, role, word, start, end))
        return found, candidates

    def _by_pattern(self, number: int, text: str) -> Iterator[_Found]:
        pattern, owners = self._patterns[number]
        for match in islice(pattern.finditer(text), MOST):
            for topic, role in owners:
                yield topic, role, match[0].strip()[:24], *match.span()


_Found = tuple[int, _Role, str, int, int]
"""Topic, role, word, start and end."""


def _paired(sides: list[_Found], hits: list[Hit], text: str) -> Iterator[Hit]:
    """The mentions that pairs make. A word inside a `without` (投资气候, 气候) makes none, and is given as if it were a
    word of the topic: the `without` then hides it, and does not speak against the topic."""
    taken: dict[int, set[int]] = {}
    for hit in hits:
        if hit.kind == "without":
            taken.setdefault(hit.topic, set()).update(range(hit.start, hit.end))
    halves: dict[tuple[int, int], list[Half]] = {}
    for topic, role, word, start, end in sides:
        if topic in taken and taken[topic].issuperset(range(start, end)):
            yield Hit(topic, "words", word, start, end)
        elif isinstance(role, Side):
            halves.setdefault((topic, role.pair), []).append(Half(role.side, word, start, end))
    for (topic, _), pair in halves.items():
        yield from (Hit(topic, "words", *mention) for mention in mentions(pair, text))


def _words(rule: TopicRule) -> Iterator[tuple[_Role, str]]:
    """Every word of a rule, and what it is there."""
    for kind in KINDS:
        for word in getattr(rule, kind):
            yield kind, word
    for pair, sides in enumerate(rule.pairs):
        for side, words in enumerate(sides):
            for word in words:
                yield Side(pair, side), word


def _compile(pattern: str) -> re.Pattern[str] | re2._Regexp:
    """By re2, which no text can slow down, or by `re` where none can either. Raises ValueError."""
    by_re2 = compile_pattern(pattern)
    return re.compile(pattern, re.ASCII) if is_simple(pattern) else by_re2


def _order(hit: Hit) -> tuple[int, int, int, int]:
    return hit.topic, hit.start, -hit.end, _RANK[hit.kind]


def _inside(text: str, start: int, end: int) -> bool:
    """Whether a word that begins or ends in a Latin letter or digit begins or ends inside another."""
    if start and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]):
        return True
    return bool(end < len(text) and _LATIN.match(text[end - 1]) and _LATIN.match(text[end]))

"""All words and patterns of all topics -> where they stand in a text, in one pass whatever their number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import ahocorasick
import re2

from ..rules import PATTERN, TopicRule, compile_pattern, pattern_options
from .wording import fold_pattern, spellings

Kind = Literal["words", "hints", "without"]
KINDS: tuple[Kind, ...] = ("words", "hints", "without")

MOST = 100
"""Hits of one pattern that are counted in one text; more say nothing new, and each may cost a look at all the rest."""

_LATIN = re.compile(r"[0-9a-z\u00df-\u024f]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A word of a topic in a text."""

    topic: int
    kind: Kind
    word: str
    """As the rule has it; what was found, for a pattern."""
    start: int
    end: int


class Vocabulary:
    """The words of some rules, ready to be found. Built once; holds no state of a search."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        words: dict[str, list[tuple[int, Kind, str]]] = {}
        patterns: dict[str, list[tuple[int, Kind]]] = {}
        for topic, rule in enumerate(rules):
            for kind in KINDS:
                for word in getattr(rule, kind):
                    if word.startswith(PATTERN):
                        patterns.setdefault(fold_pattern(word.removeprefix(PATTERN)), []).append((topic, kind))
                        continue
                    for spelling in spellings(word.strip()):
                        words.setdefault(spelling, []).append((topic, kind, word))
        self._automaton = ahocorasick.Automaton()
        for spelling, owners in words.items():
            self._automaton.add_word(spelling, (len(spelling), tuple(owners)))
        self._automaton.make_automaton()
        self._words = len(words)
        self._patterns = [(compile_pattern(text), tuple(owners)) for text, owners in patterns.items()]
        self._filter = _filter(patterns)

    def find(self, text: str) -> Iterator[Hit]:
        """Every hit in a folded text; of one topic's hits that overlap, the first and longest alone.

        A `without` hit that holds a word of its topic (苹果日报, 苹果) hides it, and that is all; one that stands by
        itself is given as a hit.
        """
        found = [*self._literal(text), *self._by_pattern(text)]
        found.sort(key=lambda hit: (hit.topic, hit.start, -hit.end, KINDS.index(hit.kind)))
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

    def _literal(self, text: str) -> Iterator[Hit]:
        if not self._words:
            return
        for stop, (length, owners) in self._automaton.iter(text):
            start, end = stop - length + 1, stop + 1
            if _whole(text, start, end):
                for topic, kind, word in owners:
                    yield Hit(topic, kind, word, start, end)

    def _by_pattern(self, text: str) -> Iterator[Hit]:
        if self._filter is None:
            return
        for number in sorted(self._filter.Match(text, True) or ()):
            pattern, owners = self._patterns[number]
            for count, match in enumerate(pattern.finditer(text)):
                if count == MOST:
                    break
                for topic, kind in owners:
                    yield Hit(topic, kind, match[0][:24], *match.span())


def _filter(patterns: Collection[str]) -> re2.Filter | None:
    """Says which patterns a text may have at all, from the literal parts they need."""
    chosen = re2.Filter()
    for pattern in patterns:
        chosen.Add(pattern, pattern_options())
    if not patterns:
        return None
    chosen.Compile()
    return chosen


def _whole(text: str, start: int, end: int) -> bool:
    """A word that begins or ends in a Latin letter or digit does not begin or end inside another."""
    if start and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]):
        return False
    return not (end < len(text) and _LATIN.match(text[end - 1]) and _LATIN.match(text[end]))

"""The words, patterns and word pairs of all topics -> where they are in a text, in one pass however many there are.

Pure. Everything is compiled when the vocabulary is built. Literals of which every match of a pattern contains one go
into the automaton of the words, at no cost, so that most patterns need not be tried. re2's own FilteredRE2 keeps them
in one re2 set, whose states multiply: with a thousand patterns it takes 37 ms for 1,500 characters (google-re2
1.1.20251105), as long as trying each pattern.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from re import _parser  # type: ignore[attr-defined]  # the standard library's pattern parser, not public
from typing import Any, Literal

import re2
from ahocorasick_rs import AhoCorasick

from ..config.field_types import PATTERN_PREFIX, compile_search_pattern
from ..config.topic_rules import TopicRule
from .normalization import normalize_pattern, spelling_variants

_MAX_LITERALS = 64
_MAX_STEPS = 2000
"""Steps of a backtracking engine from one character on: 10,000 characters then take it 0.1 s."""


def required_literals(pattern: str) -> frozenset[str]:
    """Texts in lower case of which every match contains at least one. Empty when no text is required, and for what
    Python and re2 read differently (classes such as [[:alpha:]], escapes that Python does not know)."""
    if "[[" in pattern or "[:" in pattern:
        return frozenset()
    try:
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return frozenset()
    return frozenset(text.casefold() for text in _required_by_sequence(tree))


def _cost(items: Any) -> tuple[float, float]:
    """Of a match that begins at one character: in how many ways it can go on behind these items, and after how many
    steps, at most."""
    ways, steps = 1.0, 0.0
    for operator, argument in items:
        match str(operator):
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                more = 1.0, 1.0
            case "BRANCH":
                more = _branch_ways(argument[1]), sum(_cost(branch)[1] for branch in argument[1])
            case "SUBPATTERN" if not (argument[1] or argument[2]):
                more = _cost(argument[3])
            case "MAX_REPEAT" | "MIN_REPEAT" if argument[1] <= _MAX_STEPS:
                once = _cost(argument[2])
                ends = sum(once[0] ** times for times in range(argument[0], argument[1] + 1))
                more = ends, ends * once[1]
            case _:
                return math.inf, math.inf
        steps += ways * more[1]
        ways *= more[0]
        if steps > _MAX_STEPS:
            return math.inf, math.inf
    return ways, steps


def _branch_ways(branches: Any) -> float:
    """In how many ways branches can match at one position: those that begin with the same character, and all others."""
    ways: dict[int, float] = defaultdict(float)
    other = 0.0
    for branch in branches:
        if len(branch) and str(branch[0][0]) == "LITERAL":
            ways[branch[0][1]] += _cost(branch)[0]
        else:
            other += _cost(branch)[0]
    return max(ways.values(), default=0.0) + other


def _required_by_sequence(items: Any) -> frozenset[str]:
    """The best texts that a sequence requires: every item must match, so those of any item will do."""
    choices: list[frozenset[str]] = []
    run = ""
    for operator, argument in items:
        if str(operator) == "LITERAL":
            run += chr(argument)
            continue
        if run:
            choices.append(frozenset({run}))
            run = ""
        choices.append(_required_by_item(str(operator), argument))
    if run:
        choices.append(frozenset({run}))
    # The longest texts are the rarest; of equally long ones, the fewest.
    choices = [choice for choice in choices if choice]
    return max(choices, key=lambda choice: (min(map(len, choice)), -len(choice)), default=frozenset())


def _required_by_item(operator: str, argument: Any) -> frozenset[str]:
    if operator == "SUBPATTERN":
        return _required_by_sequence(argument[3])
    if operator in ("MAX_REPEAT", "MIN_REPEAT"):
        return _required_by_sequence(argument[2]) if argument[0] else frozenset()
    if operator == "BRANCH":
        branches = [_required_by_sequence(branch) for branch in argument[1]]
        together = frozenset[str]().union(*branches)
        return together if all(branches) and len(together) <= _MAX_LITERALS else frozenset()
    return frozenset()


Kind = Literal["words", "weak_words", "exclude"]
KINDS: tuple[Kind, ...] = ("words", "weak_words", "exclude")
"""The keys of a topic rule that list words."""
EXCLUDE = KINDS.index("exclude")
_WORDS = KINDS.index("words")

Hit = tuple[int, int, int, int, str]
"""A word of a topic in a text: the topic's index, start, negative end, index in KINDS, and the word as the rule has it
(what was found, for a pattern; both words, for a pair). So hits sort in the order in which they are chosen: of one
topic the first, and of two that start together the longer."""

_Half = tuple[int, int, int, str]
"""A word of a pair in a text: start, negative end, which of the two lists, the word. They sort like hits."""

_MAX_PATTERN_HITS = 100
"""Hits of one pattern counted in one text. More add nothing new, and each may cost a search of the rest."""
_MAX_PAIR_DISTANCE = 20
"""Characters between the two words of a pair. With 10, a tenth of what two countries do to each other is missed; with
25, nothing more is found than with 20."""

_LATIN = re.compile(r"[0-9a-z\u00df-\u024f]")
_SENTENCE_END = re.compile(r"[。；;！？!?\n]")


@dataclass(slots=True)
class _Uses:
    """What a text or pattern is used for."""

    words: list[tuple[int, int, str]] = field(default_factory=list)
    """As a word of topics: topic, index in KINDS, the word as the rule has it."""
    halves: list[tuple[int, int, str]] = field(default_factory=list)
    """As a word of a pair: pair, which of its two lists, the word."""
    patterns: list[int] = field(default_factory=list)
    """As a text that these patterns require."""


class Vocabulary:
    """The words of some rules, ready to be searched for. Built once; a search leaves no state in it."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        texts: defaultdict[str, _Uses] = defaultdict(_Uses)
        patterns: defaultdict[str, _Uses] = defaultdict(_Uses)

        def uses_of(word: str) -> list[_Uses]:
            if word.startswith(PATTERN_PREFIX):
                return [patterns[normalize_pattern(word.removeprefix(PATTERN_PREFIX))]]
            return [texts[spelling] for spelling in spelling_variants(word.strip())]

        self._pair_topics: list[int] = []
        for topic, rule in enumerate(rules):
            for kind, name in enumerate(KINDS):
                for word in getattr(rule, name):
                    for uses in uses_of(word):
                        uses.words.append((topic, kind, word))
            for pair in rule.pairs:
                for side, words in enumerate(pair):
                    for word in words:
                        for uses in uses_of(word):
                            uses.halves.append((len(self._pair_topics), side, word))
                self._pair_topics.append(topic)
        self._patterns = [(_compile(pattern), uses.words, uses.halves) for pattern, uses in patterns.items()]
        self._unfiltered: list[int] = []
        for number, pattern in enumerate(patterns):
            required = required_literals(pattern)
            for text in required:
                texts[text].patterns.append(number)
            if not required:
                self._unfiltered.append(number)
        self._texts = [
            (uses.words, uses.halves, uses.patterns, bool(_LATIN.match(text[0]) or _LATIN.match(text[-1])))
            for text, uses in texts.items()
        ]
        self._automaton = AhoCorasick(list(texts), store_patterns=False)

    def find(self, text: str) -> list[Hit]:
        """Every hit in a normalised text, by topic and position. Of overlapping ones of a topic, the first and longest.

        An `exclude` hit that contains a word of its topic (苹果日报, 苹果) only hides that word. One that contains none
        is a hit itself.
        """
        hits: list[Hit] = []
        last_topic, last_end = -1, 0
        hides = False  # the last hit is an `exclude`, and contains a word
        for hit in sorted(self._find_all(text), key=itemgetter(0, 1, 2, 3)):
            topic, start, end, kind, _ = hit
            if topic == last_topic and start < last_end:
                hides = hides or (kind != EXCLUDE and hits[-1][3] == EXCLUDE)
                continue
            if hides:
                hits.pop()
            hits.append(hit)
            last_topic, last_end, hides = topic, -end, False
        if hides:
            hits.pop()
        return hits

    def _find_all(self, text: str) -> list[Hit]:
        """Every word, pattern and pair in a text, overlapping or not."""
        hits: list[Hit] = []
        halves: defaultdict[int, list[_Half]] = defaultdict(list)
        candidates = set(self._unfiltered)
        texts = self._texts
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            words, word_halves, patterns, is_latin = texts[index]
            if patterns:
                candidates.update(patterns)
            if is_latin and _is_part_of_word(text, start, end):
                continue
            for topic, kind, word in words:
                hits.append((topic, start, -end, kind, word))
            for pair, side, word in word_halves:
                halves[pair].append((start, -end, side, word))
        for number in sorted(candidates):
            pattern, words, word_halves = self._patterns[number]
            for match in islice(pattern.finditer(text), _MAX_PATTERN_HITS):
                start, end = match.span()
                matched = match[0].strip()[:24]
                hits += [(topic, start, -end, kind, matched) for topic, kind, _ in words]
                for pair, side, _ in word_halves:
                    halves[pair].append((start, -end, side, matched))
        if halves:
            hits += self._find_pairs(halves, hits, text)
        return hits

    def _find_pairs(self, halves: dict[int, list[_Half]], hits: list[Hit], text: str) -> list[Hit]:
        """The mentions that pairs make.

        A word inside an `exclude` (投资气候, 气候) makes none. It is a hit as if it were a word of the topic: then the
        `exclude` hides it, and does not count against the topic.
        """
        mentions: list[Hit] = []
        excluded: dict[int, set[int]] = {}
        for topic, start, end, kind, _ in hits:
            if kind == EXCLUDE:
                excluded.setdefault(topic, set()).update(range(start, -end))
        for pair, words in halves.items():
            topic = self._pair_topics[pair]
            if topic in excluded:
                free: list[_Half] = []
                for half in words:
                    start, end, _, word = half
                    if excluded[topic].issuperset(range(start, -end)):
                        mentions.append((topic, start, end, _WORDS, word))
                    else:
                        free.append(half)
                words = free
            mentions += [(topic, start, -end, _WORDS, name) for name, start, end in _pair_mentions(words, text)]
        return mentions


def _pair_mentions(halves: Iterable[_Half], text: str) -> Iterator[tuple[str, int, int]]:
    """Both words, start and end of every mention: a word and the one before it, of the other list, close to it and in
    the same sentence. Words that overlap make none. Mentions may overlap, as words of a topic may."""
    last_start, last_end, last_side, last_word = 0, -1, -1, ""
    for start, end, side, word in sorted(halves, key=itemgetter(0, 1)):
        if start < last_end:
            continue
        is_near = last_side >= 0 and start - last_end <= _MAX_PAIR_DISTANCE
        if side != last_side and is_near and not _SENTENCE_END.search(text, last_end, start):
            yield f"{last_word}…{word}", last_start, -end
        last_start, last_end, last_side, last_word = start, -end, side, word


def _compile(pattern: str) -> re.Pattern[str] | re2._Regexp:
    """Compile for re2, which no text can slow down; for `re` where that finds the same and never takes long. Then it
    takes a tenth of the time of re2, which encodes the text and counts its characters. Raises ValueError."""
    by_re2 = compile_search_pattern(pattern)
    if pattern == pattern.lower() and required_literals(pattern) and _cost(_parser.parse(pattern))[1] <= _MAX_STEPS:
        return re.compile(pattern, re.ASCII)
    return by_re2


def _is_part_of_word(text: str, start: int, end: int) -> bool:
    """Whether a match that begins or ends with a Latin letter or digit is only a part of a word there."""
    if start and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]):
        return True
    return bool(end < len(text) and _LATIN.match(text[end - 1]) and _LATIN.match(text[end]))

"""The words, patterns and word pairs of all topics -> their positions in a text, in one pass for any number of them.

Pure. Everything is compiled when the vocabulary is built. For each pattern, the automaton of the words also finds the
literals of which every match contains one. This costs nothing, and a pattern is tried only when one of its literals is
found. re2's own FilteredRE2 keeps the literals in one re2 set, whose states multiply: with a thousand patterns it takes
37 ms for 1,500 characters (google-re2 1.1.20251105), which is as long as trying every pattern.
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
"""The most steps that a backtracking engine may take from one character. 10,000 characters then take 0.1 s."""


def required_literals(pattern: str) -> frozenset[str]:
    """Return texts in lower case of which every match contains at least one.

    The result is empty when no text is required, and for syntax that Python does not read as re2 does: classes like
    [[:alpha:]], escapes that Python does not have.
    """
    if "[[" in pattern or "[:" in pattern:
        return frozenset()
    try:
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return frozenset()
    return frozenset(text.casefold() for text in _required_by_sequence(tree))


def _estimate_cost(items: Any) -> tuple[float, float]:
    """Return (ways, steps) for a match that begins at one character: the most ways in which these items can match, and
    the most steps that trying all of them takes."""
    ways, steps = 1.0, 0.0
    for operator, argument in items:
        match str(operator):
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                more = 1.0, 1.0
            case "BRANCH":
                more = _branch_ways(argument[1]), sum(_estimate_cost(branch)[1] for branch in argument[1])
            case "SUBPATTERN" if not (argument[1] or argument[2]):
                more = _estimate_cost(argument[3])
            case "MAX_REPEAT" | "MIN_REPEAT" if argument[1] <= _MAX_STEPS:
                once = _estimate_cost(argument[2])
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
    """Return the most ways in which branches can match at one position.

    Of the branches that begin with a literal, only those with the same first character can match together.
    """
    ways: dict[int, float] = defaultdict(float)
    other = 0.0
    for branch in branches:
        if len(branch) and str(branch[0][0]) == "LITERAL":
            ways[branch[0][1]] += _estimate_cost(branch)[0]
        else:
            other += _estimate_cost(branch)[0]
    return max(ways.values(), default=0.0) + other


def _required_by_sequence(items: Any) -> frozenset[str]:
    """Return the best required texts of a sequence. Every item must match, so the texts of any one item are enough."""
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
    # The longest texts are the rarest. Among equally long ones, the smallest set is best.
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
(for a pattern the matched text, for a pair both words). Sorting puts the hits of each topic in the order in which they
are chosen: by start, and the longer of two hits with the same start first."""

_Half = tuple[int, int, int, str]
"""A word of a pair in a text: start, negative end, index of its list, and the word. Sorted like hits."""

_MAX_PATTERN_HITS = 100
"""The most hits of one pattern that are counted in one text. More hits add no information, and each may cost a search
of the rest of the text."""
_MAX_PAIR_DISTANCE = 20
"""The most characters between the two words of a pair. With 10, a tenth of the mentions of two countries' relations are
missed; 25 finds no more than 20."""

_LATIN = re.compile(r"[0-9a-z\u00df-\u024f]")
_SENTENCE_END = re.compile(r"[。；;！？!?\n]")


@dataclass(slots=True)
class _Uses:
    """The uses of one text or pattern in the topic rules."""

    words: list[tuple[int, int, str]] = field(default_factory=list)
    """Uses as a word of a topic: topic, index in KINDS, the word as the rule has it."""
    halves: list[tuple[int, int, str]] = field(default_factory=list)
    """Uses as a word of a pair: pair, index of its list, the word."""
    patterns: list[int] = field(default_factory=list)
    """The patterns that require this text."""


class Vocabulary:
    """Searches texts for the words of topic rules. Immutable once built."""

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
        """Return the hits in a normalised text, by topic and position.

        Of overlapping hits of a topic, only the first and longest is returned. An `exclude` hit that contains a word of
        its topic (苹果日报 contains 苹果) hides that word and is not returned. Any other `exclude` hit is returned.
        """
        hits: list[Hit] = []
        last_topic, last_end = -1, 0
        hides = False  # True when the last hit is an `exclude` that contains a word
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
        """Return every word, pattern and pair in a text, including overlapping ones."""
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
        """Return the mentions of pairs.

        A word inside an `exclude` hit (气候 in 投资气候) is not part of a mention. It is returned as if it were a word
        of the topic: the `exclude` hit then hides it, and does not count against the topic.
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
    """Yield both words, start and end of every mention.

    A mention is a word with the word before it, when that is from the other list, close, and in the same sentence. A
    word that overlaps the one before it is ignored. Mentions may overlap.
    """
    last_start, last_end, last_side, last_word = 0, -1, -1, ""
    for start, end, side, word in sorted(halves, key=itemgetter(0, 1)):
        if start < last_end:
            continue
        is_near = last_side >= 0 and start - last_end <= _MAX_PAIR_DISTANCE
        if side != last_side and is_near and not _SENTENCE_END.search(text, last_end, start):
            yield f"{last_word}…{word}", last_start, -end
        last_start, last_end, last_side, last_word = start, -end, side, word


def _compile(pattern: str) -> re.Pattern[str] | re2._Regexp:
    """Compile for re2, which takes linear time for every text, or for `re`. Raises ValueError.

    `re` is used when it finds the same and cannot take long. It takes a tenth of the time of re2, which encodes the
    text and counts its characters.
    """
    by_re2 = compile_search_pattern(pattern)
    if (
        pattern == pattern.lower()
        and required_literals(pattern)
        and _estimate_cost(_parser.parse(pattern))[1] <= _MAX_STEPS
    ):
        return re.compile(pattern, re.ASCII)
    return by_re2


def _is_part_of_word(text: str, start: int, end: int) -> bool:
    """True when a match begins or ends inside a word of Latin letters or digits."""
    if start and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]):
        return True
    return bool(end < len(text) and _LATIN.match(text[end - 1]) and _LATIN.match(text[end]))

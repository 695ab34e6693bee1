"""The words, patterns and word pairs of all topics -> their positions in a text, in one pass for any number of them.

Pure. Everything is compiled when the vocabulary is built.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any, Literal

from ahocorasick_rs import AhoCorasick

from ..config.field_types import PATTERN_PREFIX, compile_pattern_filter, compile_search_pattern, split_word_language
from ..config.topic_rules import TopicRule
from .normalization import length_unit, normalize_pattern, spelling_variants

Kind = Literal["words", "weak_words", "exclude"]
KINDS: tuple[Kind, ...] = ("words", "weak_words", "exclude")
"""The keys of a topic rule that list words."""
EXCLUDE = KINDS.index("exclude")
WORDS, WEAK_WORDS = KINDS.index("words"), KINDS.index("weak_words")

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
"""The most Chinese characters between the two words of a pair. With 10, a tenth of the mentions of two countries'
relations are missed; 25 finds no more than 20."""
_LATIN = re.compile(r"[0-9a-z\u00df-\u024f]")
_PLURAL = re.compile("e?s")
_SENTENCE_END = re.compile(r"[。；;！？!?\n]|(?<=[a-z]{3})\.\s")
_GLOSS_STARTS = ("(", "（", " (")
_LONGEST_GLOSS_START = max(map(len, _GLOSS_STARTS))


@dataclass(slots=True)
class _Uses:
    """The uses of one text or pattern in the topic rules."""

    words: list[tuple[int, int, str, str]] = field(default_factory=list)
    """Uses as a word of a topic: topic, index in KINDS, the word as the rule has it, the language of its texts."""
    halves: list[tuple[int, int, str, str]] = field(default_factory=list)
    """Uses as a word of a pair: pair, index of its list, the word, the language of its texts."""


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
                for language, word in map(split_word_language, getattr(rule, name)):
                    for uses in uses_of(word):
                        uses.words.append((topic, kind, word, language))
            for pair in rule.pairs:
                for side, words in enumerate(pair):
                    for language, word in map(split_word_language, words):
                        for uses in uses_of(word):
                            uses.halves.append((len(self._pair_topics), side, word, language))
                self._pair_topics.append(topic)
        self._patterns = [
            (compile_search_pattern(pattern), uses.words, uses.halves) for pattern, uses in patterns.items()
        ]
        self._find_possible_patterns = compile_pattern_filter(list(patterns))
        self._texts = [
            (uses.words, uses.halves, bool(_LATIN.match(text[0]) or _LATIN.match(text[-1])))
            for text, uses in texts.items()
        ]
        self._languages = frozenset(
            use[3] for uses in (*texts.values(), *patterns.values()) for use in (*uses.words, *uses.halves)
        )
        self._automaton = AhoCorasick(list(texts), store_patterns=False)

    def find(self, text: str, language: str = "und") -> list[Hit]:
        """Return the hits in a normalised text of this language, by topic and position.

        Of overlapping hits of a topic, only the first and longest is returned. An `exclude` hit that contains a word of
        its topic (苹果日报 contains 苹果) hides that word and is not returned. Any other `exclude` hit is returned.
        """
        hits: list[Hit] = []
        last_topic, last_end = -1, 0
        hides = False  # True when the last hit is an `exclude` that contains a word
        for hit in sorted(self._find_all(text, language), key=itemgetter(0, 1, 2, 3)):
            topic, start, end, kind, _ = hit
            if topic == last_topic and start < last_end:
                hides = hides or (kind != EXCLUDE and hits[-1][3] == EXCLUDE)
                continue
            is_close = topic == last_topic and start - last_end <= _LONGEST_GLOSS_START
            if is_close and kind == hits[-1][3] and text[last_end:start] in _GLOSS_STARTS:
                continue  # 微软（Microsoft） is one mention
            if hides:
                hits.pop()
            hits.append(hit)
            last_topic, last_end, hides = topic, -end, False
        if hides:
            hits.pop()
        return hits

    def _find_all(self, text: str, language: str) -> list[Hit]:
        """Return every word, pattern and pair in a text, including overlapping ones."""
        hits: list[Hit] = []
        halves: defaultdict[int, list[_Half]] = defaultdict(list)
        texts = self._texts
        spoken = self._languages if language == "und" else frozenset(("", language))
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            words, word_halves, is_latin = texts[index]
            if is_latin and _is_part_of_word(text, start, end):
                continue
            for topic, kind, word, only_in in words:
                if only_in in spoken:
                    hits.append((topic, start, -end, kind, word))
            for pair, side, word, only_in in word_halves:
                if only_in in spoken:
                    halves[pair].append((start, -end, side, word))
        encoded = text.encode()
        for index in self._find_possible_patterns(encoded):
            pattern, words, word_halves = self._patterns[index]
            for start, end in _find_spans(pattern, encoded):
                matched = text[start:end].strip()[:24]
                hits += [(topic, start, -end, kind, matched) for topic, kind, _, only_in in words if only_in in spoken]
                for pair, side, _, only_in in word_halves:
                    if only_in in spoken:
                        halves[pair].append((start, -end, side, matched))
        if halves:
            hits += self._find_pairs(halves, hits, text, _MAX_PAIR_DISTANCE * length_unit(language))
        return hits

    def _find_pairs(self, halves: dict[int, list[_Half]], hits: list[Hit], text: str, most: int) -> list[Hit]:
        """Return the mentions of pairs, with at most `most` characters between the two words.

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
                        mentions.append((topic, start, end, WORDS, word))
                    else:
                        free.append(half)
                words = free
            mentions += [(topic, start, -end, WORDS, name) for name, start, end in _pair_mentions(words, text, most)]
        return mentions


def _find_spans(pattern: Any, encoded: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end in characters of each hit of a pattern in an encoded text.

    In a `str`, re2 (1.1) encodes the whole text for each pattern, which takes three times as long as the search.
    """
    last_end = position = 0
    for match in islice(pattern.finditer(encoded), _MAX_PATTERN_HITS):
        start, end = match.span()
        position += len(encoded[last_end:start].decode())
        length = len(encoded[start:end].decode())
        yield position, position + length
        last_end, position = end, position + length


def _pair_mentions(halves: Iterable[_Half], text: str, most: int) -> Iterator[tuple[str, int, int]]:
    """Yield both words, start and end of every mention.

    A mention is a word with the word before it, when that is from the other list, close, and in the same sentence. A
    word that overlaps the one before it is ignored. Mentions may overlap.
    """
    last_start, last_end, last_side, last_word = 0, -1, -1, ""
    for start, end, side, word in sorted(halves, key=itemgetter(0, 1)):
        if start < last_end:
            continue
        is_near = last_side >= 0 and start - last_end <= most
        if side != last_side and is_near and not _SENTENCE_END.search(text, last_end, start):
            yield f"{last_word}…{word}", last_start, -end
        last_start, last_end, last_side, last_word = start, -end, side, word


def _is_part_of_word(text: str, start: int, end: int) -> bool:
    """True when a match begins or ends inside a word of Latin letters or digits. The plural is the same word."""
    if start and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]):
        return True
    if not _LATIN.match(text[end - 1]):
        return False
    if ending := _PLURAL.match(text, end):
        end = ending.end()
    return bool(_LATIN.match(text, end))

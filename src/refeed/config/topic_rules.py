"""`topics:` in config.yaml: what a topic is called and what puts an entry into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .field_types import PATTERN_PREFIX, LocalizedTitle, check_slug, check_title, choose_title, compile_search_pattern

DEFAULT_WEIGHTS = {"title": 4.0, "tags": 2.0, "section": 2.0, "lead": 0.5, "body": 1 / 3}
"""What one mention counts, by place; in the body, one in every thousand characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRule:
    """One topic: what it is called and what puts an entry into it. Raises ValueError naming the field that is wrong."""

    id: str
    """An ASCII slug; a new one names the old under `was`."""
    title: LocalizedTitle = ""
    description: str = ""
    words: tuple[str, ...] = ()
    """Simplified or Traditional, Mainland or Taiwan wording; `re:` and a pattern."""
    weak_words: tuple[str, ...] = ()
    """Words that speak for the topic only half as much, and no more than the words beside them."""
    pairs: tuple[tuple[tuple[str, ...], ...], ...] = ()
    """Two lists of words each: one of the first and one of the second close together, in one sentence and in whichever
    order, are a mention (美国 and 中国 make 美国制裁中国企业 one)."""
    exclude: tuple[str, ...] = ()
    """They hide a topic's word that they hold (苹果日报 hides 苹果); elsewhere they speak against as words do for."""
    sections: tuple[str, ...] = ()
    """Parts of a link's path (`culture`, `yataibaodao/meiti`), columns, or the source's own tags, each as a whole."""
    sources: tuple[str, ...] = ()
    """Only entries of these sources; empty: of all."""
    weight: dict[str, float] = field(default_factory=dict)
    """What to change in WEIGHT."""
    threshold: float = 4.0
    """The score from which an entry belongs."""
    per_source: float = 1.0
    """The largest share that one source may have in the topic's feed; 1 sets no limit."""
    access: Literal["public", "private"] = "public"
    """Private: its documents are given out under addresses with a token alone."""
    aliases: tuple[str, ...] = ()
    """Former ids, answered by 301."""

    def __post_init__(self) -> None:
        check_slug("id", self.id)
        for former in self.aliases:
            check_slug("aliases", former)
        check_title(self.title)
        if self.id in self.aliases:
            raise ValueError(f"aliases: {self.id!r} is the topic's own id")
        self._check_words()
        self._check_numbers()

    def localized_title(self, language: str = "zh") -> str:
        """The title in this language, or the first there is, or the id."""
        return choose_title(self.title, language, self.id)

    def _check_words(self) -> None:
        if not (self.words or self.pairs or self.sections):
            raise ValueError("words: none given; a topic needs words, pairs or sections; weak_words only add to them")
        for name in ("words", "weak_words", "exclude", "sections", "sources"):
            for place, word in enumerate(getattr(self, name), 1):
                _check_word(name, f"number {place}", word)
        for place, pair in enumerate(self.pairs, 1):
            if len(pair) != 2 or not all(pair):
                raise ValueError(f"pairs: number {place} is no pair; write two lists of words, [[美国, 美方], [中国]]")
            for side, words in enumerate(pair, 1):
                for number, word in enumerate(words, 1):
                    _check_word("pairs", f"number {place}, list {side}, word {number}", word)

    def _check_numbers(self) -> None:
        for name, value in self.weight.items():
            if name not in DEFAULT_WEIGHTS:
                raise ValueError(f"weight.{name}: no such place; known here: {', '.join(DEFAULT_WEIGHTS)}")
            if not 0 <= value <= 100:
                raise ValueError(f"weight.{name}: {value} is not between 0 and 100")
        if not 0 < self.threshold <= 1000:
            raise ValueError(f"threshold: {self.threshold} is not above 0 and up to 1000")
        if not 0 < self.per_source <= 1:
            raise ValueError(f"per_source: {self.per_source} is no share; write one above 0 and up to 1")


def _check_word(name: str, where: str, word: str) -> None:
    if not word.strip():
        raise ValueError(f"{name}: {where} is empty")
    if not word.startswith(PATTERN_PREFIX) or name in ("sections", "sources"):
        return
    pattern = word.removeprefix(PATTERN_PREFIX)
    if not pattern.strip():
        raise ValueError(f"{name}: {where}, {word!r}, is an empty pattern")
    try:
        found = compile_search_pattern(pattern)
    except ValueError as error:
        raise ValueError(f"{name}: {where}, {word!r}, is no pattern that re2 takes: {error}") from error
    if found.search(""):
        raise ValueError(f"{name}: {where}, {word!r}, matches an empty text, so it would match everywhere")

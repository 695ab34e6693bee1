"""`topics:` in config.yaml: what a topic is called and what puts an entry into it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import re2

from .values import check_languages

WEIGHT = {"title": 4.0, "tags": 2.0, "section": 2.0, "lead": 0.5, "body": 1 / 3}
"""What one mention counts, by place; in the body, one in every thousand characters."""

PATTERN = "re:"
"""A word that begins with this is a pattern for google-re2."""

_STEPS = 600

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRule:
    """One topic: what it is called and what puts an entry into it. Raises ValueError naming the field that is wrong."""

    id: str
    """An ASCII slug; a new one names the old under `was`."""
    title: dict[str, str] | str = ""
    """By language, {zh: 气候, en: Climate}, or one for all."""
    description: str = ""
    words: tuple[str, ...] = ()
    """Simplified or Traditional, Mainland or Taiwan wording; `re:` and a pattern."""
    hints: tuple[str, ...] = ()
    """Words that speak for the topic only half as much, and no more than the words beside them."""
    pairs: tuple[tuple[tuple[str, ...], ...], ...] = ()
    """Two lists of words each: one of the first and one of the second close together, in one sentence and in whichever
    order, are a mention (美国 and 中国 make 美国制裁中国企业 one)."""
    without: tuple[str, ...] = ()
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
    was: tuple[str, ...] = ()
    """Former ids, answered by 301."""

    def __post_init__(self) -> None:
        for name in ("id", "was"):
            for slug in [self.id] if name == "id" else self.was:
                if not _SLUG.fullmatch(slug):
                    raise ValueError(f"{name}: {slug!r} is no slug; use a-z, 0-9 and single hyphens")
        check_languages("title", self.title if isinstance(self.title, dict) else ())
        if self.id in self.was:
            raise ValueError(f"was: {self.id!r} is the topic's own id")
        if not (self.words or self.pairs or self.sections):
            raise ValueError("words: none given; a topic needs words, pairs or sections, and hints only add to them")
        for name in ("words", "hints", "without", "sections", "sources"):
            for place, word in enumerate(getattr(self, name), 1):
                _check_word(name, f"number {place}", word)
        for place, pair in enumerate(self.pairs, 1):
            if len(pair) != 2 or not all(pair):
                raise ValueError(f"pairs: number {place} is no pair; write two lists of words, [[美国, 美方], [中国]]")
            for side, words in enumerate(pair, 1):
                for number, word in enumerate(words, 1):
                    _check_word("pairs", f"number {place}, list {side}, word {number}", word)
        for name, value in self.weight.items():
            if name not in WEIGHT:
                raise ValueError(f"weight.{name}: no such place; known here: {', '.join(WEIGHT)}")
            if not 0 <= value <= 100:
                raise ValueError(f"weight.{name}: {value} is not between 0 and 100")
        if not 0 < self.threshold <= 1000:
            raise ValueError(f"threshold: {self.threshold} is not above 0 and up to 1000")
        if not 0 < self.per_source <= 1:
            raise ValueError(f"per_source: {self.per_source} is no share; write one above 0 and up to 1")

    def name(self, language: str = "zh") -> str:
        """The title in this language, or the first there is, or the id."""
        if isinstance(self.title, str):
            return self.title or self.id
        primary = language.split("-")[0]
        return self.title.get(language) or self.title.get(primary) or next(iter(self.title.values()), "") or self.id


def compile_pattern(text: str) -> re2._Regexp:
    """A pattern of a topic, ready to search. Raises ValueError that says what is wrong with it.

    re2 takes time linear in the text whatever the pattern; the limit on steps keeps the factor small. Measured on the
    worst patterns we could think of, 10,000 characters cost 30 ms at 600 steps and 240 ms at 2,300.
    """
    try:
        pattern = re2.compile(text, pattern_options())
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error
    if pattern.programsize > _STEPS:
        raise ValueError(f"it unrolls to {pattern.programsize} steps of at most {_STEPS}; shorten or split it")
    return pattern


def pattern_options() -> re2.Options:
    """How every pattern is read: in any case, silently, in little memory."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 2 << 20
    return options


def _check_word(name: str, where: str, word: str) -> None:
    if not word.strip():
        raise ValueError(f"{name}: {where} is empty")
    if not word.startswith(PATTERN) or name in ("sections", "sources"):
        return
    pattern = word.removeprefix(PATTERN)
    if not pattern.strip():
        raise ValueError(f"{name}: {where}, {word!r}, is an empty pattern")
    try:
        found = compile_pattern(pattern)
    except ValueError as error:
        raise ValueError(f"{name}: {where}, {word!r}, is no pattern that re2 takes: {error}") from error
    if found.search(""):
        raise ValueError(f"{name}: {where}, {word!r}, matches an empty text, so it would match everywhere")

"""A topic's YAML -> `TopicRule`. The YAML is a file of a pack, or an item of `topics:` in config.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .field_types import PATTERN_PREFIX, LocalizedTitle, check_slug, check_title, choose_title, compile_search_pattern

DEFAULT_WEIGHTS = {"title": 4.0, "tags": 2.0, "section": 2.0, "lead": 0.5, "body": 1 / 3}
"""The points for one mention, by field; in the body, for one mention in a thousand characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRule:
    """One topic: its names, and the words that put an entry into it. Raises ValueError, which names the wrong field."""

    id: str
    """An ASCII slug. A renamed topic lists its former ids as `aliases`."""
    title: LocalizedTitle = ""
    description: str = ""
    words: tuple[str, ...] = ()
    """Words in Simplified or Traditional characters, Mainland or Taiwan wording. `re:` begins a pattern."""
    weak_words: tuple[str, ...] = ()
    """Words that count half, and no more than the `words` near them."""
    pairs: tuple[tuple[tuple[str, ...], ...], ...] = ()
    """Each pair has two lists of words. A word of each list, close together in one sentence and in either order, is a
    mention: 美国制裁中国企业 is a mention of the pair 美国 and 中国."""
    exclude: tuple[str, ...] = ()
    """Words that hide a word of the topic inside them (苹果日报 hides 苹果). Otherwise they count against the topic."""
    sections: tuple[str, ...] = ()
    """Whole names: parts of a link's path (`culture`, `yataibaodao/meiti`), columns, or the source's own tags."""
    sources: tuple[str, ...] = ()
    """Only entries of these sources can have the topic; empty means all sources."""
    weight: dict[str, float] = field(default_factory=dict)
    """Changes to DEFAULT_WEIGHTS."""
    threshold: float = 4.0
    """The lowest score of an entry in the topic."""
    per_source: float = 1.0
    """The largest share that one source may have in the topic's feed; 1 sets no limit."""
    access: Literal["public", "private"] = "public"
    """`private`: the topic's documents are served only at addresses with a token."""
    aliases: tuple[str, ...] = ()
    """Former ids. Their addresses are answered by 301."""

    def __post_init__(self) -> None:
        check_slug("id", self.id)
        for index, alias in enumerate(self.aliases):
            check_slug(f"aliases[{index}]", alias)
        check_title(self.title)
        if self.id in self.aliases:
            raise ValueError(f"aliases: {self.id!r} is the topic's own id")
        self._check_words()
        self._check_numbers()

    def localized_title(self, language: str = "zh") -> str:
        """Return the title in this language, else the first title, else the id."""
        return choose_title(self.title, language, self.id)

    def _check_words(self) -> None:
        if not (self.words or self.pairs or self.sections):
            raise ValueError("words: missing; a topic needs words, pairs or sections (weak_words are not enough)")
        for name in ("words", "weak_words", "exclude"):
            for index, word in enumerate(getattr(self, name)):
                _check_word(f"{name}[{index}]", word)
        for name in ("sections", "sources"):
            for index, text in enumerate(getattr(self, name)):
                if not text.strip():
                    raise ValueError(f"{name}[{index}]: must not be empty")
        for index, pair in enumerate(self.pairs):
            if len(pair) != 2 or not all(pair):
                raise ValueError(f"pairs[{index}]: must be two lists of words, such as [[美国, 美方], [中国]]")
            for side, words in enumerate(pair):
                for number, word in enumerate(words):
                    _check_word(f"pairs[{index}][{side}][{number}]", word)

    def _check_numbers(self) -> None:
        for name, value in self.weight.items():
            if name not in DEFAULT_WEIGHTS:
                raise ValueError(f"weight.{name}: unknown place; known: {', '.join(DEFAULT_WEIGHTS)}")
            if not 0 <= value <= 100:
                raise ValueError(f"weight.{name}: must be from 0 to 100, got {value}")
        if not 0 < self.threshold <= 1000:
            raise ValueError(f"threshold: must be above 0 and at most 1000, got {self.threshold}")
        if not 0 < self.per_source <= 1:
            raise ValueError(f"per_source: must be above 0 and at most 1, got {self.per_source}")


def _check_word(key: str, word: str) -> None:
    if not word.strip():
        raise ValueError(f"{key}: must not be empty")
    if not word.startswith(PATTERN_PREFIX):
        return
    pattern = word.removeprefix(PATTERN_PREFIX)
    if not pattern.strip():
        raise ValueError(f"{key}: the pattern {word!r} is empty")
    try:
        compiled = compile_search_pattern(pattern)
    except ValueError as error:
        raise ValueError(f"{key}: invalid RE2 pattern {word!r}: {error}") from error
    if compiled.search(""):
        raise ValueError(f"{key}: the pattern {word!r} matches an empty text, so it would match everywhere")

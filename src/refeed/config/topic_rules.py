"""A topic's YAML -> `TopicRule`. The YAML is a file of a pack, or an item of `topics:` in config.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Interval

from .field_types import (
    PATTERN_PREFIX,
    Check,
    LocalizedTitle,
    Parse,
    Slug,
    Text,
    choose_title,
    compile_search_pattern,
    matching,
    split_word_language,
)


def _parse_word(text: str) -> str:
    """Return the word if it is valid. One call for each, because topics have thousands. Raises ValueError."""
    if not text.strip():
        raise ValueError(f"must be more than blanks, got {text!r}")
    word = split_word_language(text)[1]
    if not word.startswith(PATTERN_PREFIX):
        return text
    pattern = word.removeprefix(PATTERN_PREFIX)
    if not pattern.strip():
        raise ValueError(f"the pattern {word!r} is empty")
    if compile_search_pattern(pattern).search(""):
        raise ValueError(f"the pattern {word!r} matches an empty text, so it would match everywhere")
    return text


def _check_pair(pair: tuple[tuple[str, ...], ...]) -> None:
    if len(pair) != 2 or not all(pair):
        raise ValueError("must be two lists of words, such as [[美国, 美方], [中国]]")


Word = Annotated[str, Parse(_parse_word)]
FieldName = Literal["title", "opening", "tags", "section", "lead", "body"]

DEFAULT_WEIGHTS: dict[str, float] = {
    "title": 4.0,
    "opening": 0,
    "tags": 2.0,
    "section": 2.0,
    "lead": 0.5,
    "body": 1 / 3,
}
"""The points for one mention, by field; in the body, for one mention in a text of a thousand characters. `opening` is
a word at the start of a title or of a part of it, which counts as a mention in the title, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameList:
    """Places, institutions and people that belong together. Topics use it as `list:<pack>/<id>`."""

    id: Slug
    origin: Text
    """Where the names come from, and which names belong to the list."""
    names: dict[Annotated[str, matching(r"[a-z]{2}", "a language: zh, en")], tuple[Word, ...]]
    """Language -> names. A name applies to texts in its language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRule:
    """One topic: its names, and the words that put an entry into it."""

    id: Slug
    """An ASCII slug. A renamed topic lists its former ids as `aliases`."""
    title: LocalizedTitle = ""
    description: LocalizedTitle = ""
    """One sentence."""
    words: tuple[Word, ...] = ()
    """Words in Simplified or Traditional characters, Mainland or Taiwan wording. `re:` begins a pattern, `en:` a word
    for texts in English only, `list:` the name of a list in a pack, which stands for the names in it."""
    weak_words: tuple[Word, ...] = ()
    """Words that count half, and no more than the `words` near them."""
    pairs: tuple[Annotated[tuple[tuple[Word, ...], ...], Check(_check_pair)], ...] = ()
    """Each pair has two lists of words. A word of each list, close together in one sentence and in either order, is a
    mention: 美国制裁中国企业 is a mention of the pair 美国 and 中国."""
    exclude: tuple[Word, ...] = ()
    """Words that hide a word of the topic inside them (苹果日报 hides 苹果). Otherwise they count against the topic."""
    sections: tuple[Text, ...] = ()
    """Whole names: parts of a link's path (`culture`, `yataibaodao/meiti`), columns, or the source's own tags."""
    sources: tuple[Text, ...] = ()
    """Only entries of these sources can have the topic; empty means all sources."""
    weight: dict[FieldName, Annotated[float, Interval(ge=0, le=100)]] = field(default_factory=dict)
    """Changes to DEFAULT_WEIGHTS."""
    threshold: Annotated[float, Interval(gt=0, le=1000)] = 4.0
    """The lowest score of an entry in the topic."""
    threshold_alone: Annotated[float, Interval(ge=0, le=1000)] = 0
    """The lowest score of an entry that reaches the threshold of no topic and comes clearly nearest to this one. With 0
    there is no such entry."""
    per_source: Annotated[float, Interval(gt=0, le=1)] = 1.0
    """The largest share that one source may have in the topic's feed; 1 sets no limit."""
    access: Literal["public", "private"] = "public"
    """`private`: the topic's documents are served only at addresses with a token."""
    aliases: tuple[Slug, ...] = ()
    """Former ids. Their addresses are answered by 301."""

    def __post_init__(self) -> None:
        if not (self.words or self.pairs or self.sections):
            raise ValueError("a topic needs words, pairs or sections (weak_words are not enough)")
        if self.id in self.aliases:
            raise ValueError(f"the alias {self.id!r} is the topic's own id")

    def localized_title(self, language: str) -> str:
        """Return the title in this language, else the first title, else the id."""
        return choose_title(self.title, language, self.id)

    def localized_description(self, language: str) -> str:
        """Return the description in this language, else the first one; empty if there is none."""
        return choose_title(self.description, language, "")

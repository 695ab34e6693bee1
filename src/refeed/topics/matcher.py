"""Entry -> the topics it belongs to, with scores and reasons. Pure."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ..config.topic_rules import DEFAULT_WEIGHTS, TopicRule
from ..model import Entry, Label
from .fields import LEAD, TopicFields, extract_topic_fields
from .normalization import normalize_text
from .vocabulary import EXCLUDE, KINDS, Hit, Vocabulary

METHOD = 3
"""Raised when the same rule would give other labels, so that what is stored is labelled anew."""

MOST = {"title": 2.0, "tags": 2.0, "lead": 3.0, "body": 12.0}
"""How many mentions count, by place: a word repeated is not a subject twice. In the body, in a thousand characters:
how thick they stand there tells a text's subject from its background. Of texts that do not name the topic in the title,
those with nine to twelve are about it as often as not, those with more nearly always."""
MANY = 10
"""Tags above which each counts less: some sources give an entry one for everything that it touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicScore:
    """What one topic makes of an entry."""

    topic: str
    score: float
    threshold: float
    reasons: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        return self.score >= self.threshold

    def __str__(self) -> str:
        return f"{self.topic}: {self.score:g} of {self.threshold:g}; {'; '.join(self.reasons)}"


class TopicMatcher:
    """A set of topic rules, ready to label entries. Build it once: it makes one automaton of all words."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        self.rules = tuple(rules)
        self._vocabulary = Vocabulary(self.rules)
        self._sections = tuple(frozenset(normalize_text(name) for name in rule.sections) for rule in self.rules)
        self._named: dict[str, list[int]] = {}
        for topic, names in enumerate(self._sections):
            for name in names:
                self._named.setdefault(name, []).append(topic)
        self._weights = tuple(DEFAULT_WEIGHTS | rule.weight for rule in self.rules)
        self._versions = {rule.id: _version(rule) for rule in self.rules}

    def __reduce__(self) -> tuple[type[TopicMatcher], tuple[tuple[TopicRule, ...]]]:
        return TopicMatcher, (self.rules,)  # the automaton is built again where it is used: quicker than sending it

    def label(self, entry: Entry, seen: TopicFields | None = None) -> tuple[Label, ...]:
        """The topics that the entry belongs to, in the order of the rules. `seen`: its places, if they are at hand."""
        return tuple(
            Label(topic=self.rules[topic].id, score=score, reasons=_reasons(points))
            for topic, score, points in self._judged(entry, seen or extract_topic_fields(entry))
            if score >= self.rules[topic].threshold
        )

    def explain(self, entry: Entry) -> tuple[TopicScore, ...]:
        """Every topic that anything in the entry speaks for, near misses too, in the order of the rules."""
        return tuple(
            TopicScore(
                topic=self.rules[topic].id,
                score=score,
                threshold=self.rules[topic].threshold,
                reasons=_reasons(points),
            )
            for topic, score, points in self._judged(entry, extract_topic_fields(entry))
            if score > 0
        )

    def near_misses(self, entry: Entry) -> tuple[TopicScore, ...]:
        """The topics that the entry nearly has, nearest first: those with half of the score that they ask for."""
        near = (one for one in self.explain(entry) if not one.accepted and one.score >= one.threshold / 2)
        return tuple(sorted(near, key=lambda one: one.score - one.threshold, reverse=True))

    def version(self, topic: str) -> str:
        """A digest of all in a topic's rule that can change its labels; its title cannot. Raises KeyError."""
        return self._versions[topic]

    def _judged(self, entry: Entry, seen: TopicFields) -> Iterator[tuple[int, float, list[_Points]]]:
        """Every topic that something speaks for or against, its score, and the points that make it."""
        hits = self._found(seen)
        named = {topic for name in seen.sections for topic in self._named.get(name, ())}
        for topic in sorted(hits.keys() | named):
            sources = self.rules[topic].sources
            if not sources or entry.source in sources:
                points = self._points(topic, hits.get(topic, {}), seen)
                yield topic, round(sum((what.points for what in points), 0.0), 2), points

    def _found(self, seen: TopicFields) -> dict[int, dict[str, list[Hit]]]:
        """Every topic's hits by place. One in the lead is one in the body too; a tag is one mention, however put."""
        hits: dict[int, dict[str, list[Hit]]] = {}
        for topic, found in groupby(self._vocabulary.find(seen.title), _TOPIC):
            hits.setdefault(topic, {})["title"] = [*found]
        for tag in seen.tags:
            for topic, found in groupby(self._vocabulary.find(tag), _TOPIC):
                hits.setdefault(topic, {}).setdefault("tags", []).append([*found][-1])
        for topic, found in groupby(self._vocabulary.find(seen.text), _TOPIC):
            body = hits.setdefault(topic, {})["body"] = [*found]
            lead = _fullest(body) if seen.title_breaks else [hit for hit in body if hit[1] < LEAD]
            hits[topic]["lead"] = lead
        return hits

    def _points(self, topic: int, hits: dict[str, list[Hit]], seen: TopicFields) -> list[_Points]:
        weights = self._weights[topic]
        made = []
        for place, most in MOST.items():
            if found := hits.get(place):
                mentions = _share(place, seen) * _counted(place, found, seen.title_breaks)
                if points := weights[place] * max(-most, min(most, mentions)):
                    made.append(_Points(place, points, found))
        if section := self._sections[topic] & seen.sections:
            made.append(_Points("section", weights["section"], min(section)))
        return made


class _Points(NamedTuple):
    """What one place gives a topic, for these hits or this section's name."""

    place: str
    points: float
    why: list[Hit] | str


def _counted(place: str, found: list[Hit], cuts: tuple[int, ...]) -> float:
    """The mentions in one place. The title of a round-up is judged report by report, and what speaks against a topic in
    one report says nothing of the others."""
    if not cuts:
        return _mentions(place, found)
    reports: dict[int, list[Hit]] = {}
    for hit in found:
        reports.setdefault(bisect(cuts, hit[1]) if place == "title" else 0, []).append(hit)
    return sum(max(0.0, _mentions(place, report)) for report in reports.values())


def _fullest(found: list[Hit]) -> list[Hit]:
    """The lead of a round-up: each report has its own, and this topic's is where most of its words stand."""
    stretches: dict[int, list[Hit]] = {}
    for hit in found:
        stretches.setdefault(hit[1] // LEAD, []).append(hit)
    return max(stretches.values(), key=lambda hits: _mentions("lead", hits))


def _share(place: str, seen: TopicFields) -> float:
    """How much one mention says: little in a long text, and little as one of a long row of tags."""
    if place == "body":
        return 1000 / max(1000, len(seen.text))
    return min(1.0, MANY / len(seen.tags)) if place == "tags" else 1.0


def _mentions(place: str, found: list[Hit]) -> float:
    """Words less `without`; hints count half and no more than the words beside them: a text full of companies and
    markets, with no other word of the economy, is about something else. By itself one counts, in a title or a tag."""
    words, hints, without = map([kind for _, _, _, kind, _ in found].count, range(len(KINDS)))
    return words + min(hints / 2, max(words, _ALONE.get(place, 0.0))) - without


_ALONE = {"title": 0.5, "tags": 0.5}
_TOPIC = itemgetter(0)


def _reasons(made: list[_Points]) -> tuple[str, ...]:
    return tuple(
        f"{place}: {why if isinstance(why, str) else _spell(why)} ({points:+.2g})" for place, points, why in made
    )


def _spell(hits: list[Hit]) -> str:
    """The words, most frequent first: `气候 ×2, 碳排放, not 政治气候`."""
    count = Counter(("not " if kind == EXCLUDE else "") + word.removeprefix("re:") for _, _, _, kind, word in hits)
    words = [word if times == 1 else f"{word} ×{times}" for word, times in count.most_common(6)]
    return ", ".join(words) + (" …" if len(count) > 6 else "")


def _version(rule: TopicRule) -> str:
    parts = [
        METHOD,
        rule.words,
        rule.weak_words,
        rule.exclude,
        rule.pairs,
        rule.sections,
        rule.sources,
        sorted(rule.weight.items()),
        rule.threshold,
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]

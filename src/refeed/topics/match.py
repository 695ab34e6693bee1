"""Entry -> the topics it belongs to, with scores and reasons. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..model import Entry, Label
from ..rules import WEIGHT, TopicRule
from .places import LEAD, Places, places
from .wording import fold
from .words import Hit, Vocabulary

METHOD = 1
"""Raised when the same rule would give other labels, so that what is stored is labelled anew."""

MOST = {"title": 2.0, "tags": 2.0, "lead": 4.0, "body": 2.0}
"""How many mentions count, by place: a word repeated is not a subject twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
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


class Matcher:
    """A set of topic rules, ready to label entries. Build it once: it makes one automaton of all words."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        self.rules = tuple(rules)
        self._vocabulary = Vocabulary(self.rules)
        self._sections = tuple(frozenset(fold(name) for name in rule.sections) for rule in self.rules)
        self._named: dict[str, list[int]] = {}
        for topic, names in enumerate(self._sections):
            for name in names:
                self._named.setdefault(name, []).append(topic)
        self._weights = tuple(WEIGHT | rule.weight for rule in self.rules)
        self._versions = {rule.id: _version(rule) for rule in self.rules}

    def __reduce__(self) -> tuple[type[Matcher], tuple[tuple[TopicRule, ...]]]:
        return Matcher, (self.rules,)  # the automaton is built again where it is used: quicker than sending it

    def labels(self, entry: Entry) -> tuple[Label, ...]:
        """The topics that the entry belongs to, in the order of the rules."""
        return tuple(
            Label(topic=verdict.topic, score=verdict.score, reasons=verdict.reasons)
            for verdict in self.explain(entry)
            if verdict.accepted
        )

    def explain(self, entry: Entry) -> tuple[Verdict, ...]:
        """Every topic that anything in the entry speaks for, near misses too, in the order of the rules."""
        seen = places(entry)
        hits: dict[int, list[tuple[str, Hit]]] = {}
        for place, hit in self._found(seen):
            hits.setdefault(hit.topic, []).append((place, hit))
        named = {topic for name in seen.sections for topic in self._named.get(name, ())}
        verdicts = []
        for topic in sorted(hits.keys() | named):
            rule = self.rules[topic]
            if rule.sources and entry.source not in rule.sources:
                continue
            verdict = self._verdict(topic, hits.get(topic, []), seen)
            if verdict.score > 0:
                verdicts.append(verdict)
        return tuple(verdicts)

    def version(self, topic: str) -> str:
        """A digest of all in a topic's rule that can change its labels; its title cannot. Raises KeyError."""
        return self._versions[topic]

    def _found(self, seen: Places) -> Iterator[tuple[str, Hit]]:
        """Every hit with its place; one in the lead is one in the body too. A tag is one mention, however it is put."""
        yield from (("title", hit) for hit in self._vocabulary.find(seen.title))
        for tag in seen.tags:
            yield from (("tags", hit) for hit in {hit.topic: hit for hit in self._vocabulary.find(tag)}.values())
        for hit in self._vocabulary.find(seen.text):
            if hit.start < LEAD:
                yield "lead", hit
            yield "body", hit

    def _verdict(self, topic: int, hits: list[tuple[str, Hit]], seen: Places) -> Verdict:
        rule, weights = self.rules[topic], self._weights[topic]
        by_place: dict[str, list[Hit]] = {"title": [], "tags": [], "lead": [], "body": []}
        for place, hit in hits:
            by_place[place].append(hit)
        score, reasons = 0.0, []
        for place, found in by_place.items():
            share = 0.5 * 1000 / max(1000, len(seen.text)) if place == "body" else 1.0
            points = weights[place] * max(-MOST[place], min(MOST[place], share * sum(map(_counts, found))))
            if found and points:
                score += points
                reasons.append(f"{place}: {_spell(found)} ({points:+.2g})")
        if section := sorted(self._sections[topic] & seen.sections):
            score += weights["section"]
            reasons.append(f"section: {section[0]} ({weights['section']:+.2g})")
        return Verdict(topic=rule.id, score=round(score, 2), threshold=rule.threshold, reasons=tuple(reasons))


def _counts(hit: Hit) -> float:
    return {"words": 1.0, "hints": 0.5, "without": -1.0}[hit.kind]


def _spell(hits: list[Hit]) -> str:
    """The words, most frequent first: `气候 ×2, 碳排放, not 政治气候`."""
    count = Counter(("not " if hit.kind == "without" else "") + hit.word.removeprefix("re:") for hit in hits)
    words = [word if times == 1 else f"{word} ×{times}" for word, times in count.most_common(6)]
    return ", ".join(words) + (" …" if len(count) > 6 else "")


def _version(rule: TopicRule) -> str:
    parts = [
        METHOD,
        rule.words,
        rule.hints,
        rule.without,
        rule.sections,
        rule.sources,
        sorted(rule.weight.items()),
        rule.threshold,
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]

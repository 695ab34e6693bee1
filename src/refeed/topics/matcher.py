"""Entry + topic rules -> the topics that the entry belongs to, with scores and reasons. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ..config.field_types import PATTERN_PREFIX, split_word_language
from ..config.topic_rules import DEFAULT_WEIGHTS, TopicRule
from ..model import Entry, Label
from .fields import LEAD_LENGTH, TopicFields, extract_topic_fields
from .normalization import length_unit, normalize_text
from .vocabulary import EXCLUDE, WEAK_WORDS, WORDS, Hit, Vocabulary

_MATCHER_VERSION = 6
"""Raise this number when the same rule gives different labels. All stored entries are then labelled again."""

_MAX_MENTIONS = {"title": 2.0, "tags": 2.0, "lead": 3.0, "body": 12.0}
"""The most mentions that are counted, by field; in the body, after they are weighted by its length. A repeated word
is not a second subject. A mention counts by the square root of the length: by the length itself, essays of ten thousand
characters have no topic (recall on 447 entries .67 instead of .71, precision .906 instead of .893)."""
_MANY_TAGS = 10
"""With more tags, each tag counts less, because some sources give an entry a tag for everything that it mentions."""
_ALONE = {"title": 0.5, "tags": 0.5}
"""The most that weak words count in these fields when there is no other word."""
_TITLE_PART_START = re.compile(r"(?:^|[，。：:；;、！!？?|“”「」『』《》—–]\s*|\s-\s|[^\x00-\u024f]\s)$")
"""What stands before the first word of a title or of a part of it. A blank between Chinese words begins a part."""
_MAX_WORDS = 6
_CLEARLY_NEAREST = 1.5
"""An entry without a topic gets the one that it comes nearest to, if that is this many times as near as the next. On
936 labelled entries five of six such labels are right, with 1 two of three."""
_topic_of = itemgetter(0)
_Scored = tuple[int, float, float, list["_FieldScore"]]
"""A topic, its score, the score that the entry needs, and the points of each field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicScore:
    """How far one topic applies to an entry, and why."""

    topic: str
    score: float
    threshold: float
    reasons: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """True when the entry belongs to the topic."""
        return self.score >= self.threshold

    def __str__(self) -> str:
        return f"{self.topic}: {self.score:g} of {self.threshold:g}; {'; '.join(self.reasons)}"


class TopicMatcher:
    """Labels entries by a set of topic rules. Build it once, because it makes an automaton of all words."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        self.rules = tuple(rules)
        self._vocabulary = Vocabulary(self.rules)
        self._by_section: dict[str, list[int]] = {}
        """Section, or language and section -> topics."""
        for topic, rule in enumerate(self.rules):
            for section in map(normalize_text, rule.sections):
                self._by_section.setdefault(section, []).append(topic)
        self._weights = tuple(DEFAULT_WEIGHTS | rule.weight for rule in self.rules)
        self.versions = {rule.id: _digest_rule(rule) for rule in self.rules}
        """Topic -> a digest of everything in its rule that affects labels. The title is not part of it."""

    def __reduce__(self) -> tuple[type[TopicMatcher], tuple[tuple[TopicRule, ...]]]:
        return TopicMatcher, (self.rules,)  # building the automaton again is quicker than sending it to a process

    def label(self, entry: Entry, fields: TopicFields | None = None) -> tuple[Label, ...]:
        """Return the topics of an entry, in the order of the rules. Pass `fields` if they are already extracted."""
        return tuple(
            Label(topic=self.rules[topic].id, score=score, reasons=_format_reasons(parts))
            for topic, score, threshold, parts in self._judge_topics(entry, fields or extract_topic_fields(entry))
            if score >= threshold
        )

    def explain(self, entry: Entry) -> tuple[TopicScore, ...]:
        """Return every topic with a score above 0, accepted or not, in the order of the rules."""
        return tuple(
            TopicScore(
                topic=self.rules[topic].id,
                score=score,
                threshold=threshold,
                reasons=_format_reasons(parts),
            )
            for topic, score, threshold, parts in self._judge_topics(entry, extract_topic_fields(entry))
            if score > 0
        )

    def near_misses(self, entry: Entry) -> tuple[TopicScore, ...]:
        """Return the topics that reach at least half of their threshold but not all of it, nearest first."""
        near = (score for score in self.explain(entry) if not score.accepted and score.score >= score.threshold / 2)
        return tuple(sorted(near, key=lambda score: score.score - score.threshold, reverse=True))

    def _judge_topics(self, entry: Entry, fields: TopicFields) -> Iterator[_Scored]:
        """Yield each topic with a hit or a matching section. The entry needs the topic's threshold; without any topic,
        `threshold_alone` of the topic that it comes clearly nearest to."""
        scores = list(self._score_topics(entry, fields))
        nearness = sorted((score / self.rules[topic].threshold for topic, score, _ in scores), reverse=True)
        nearest, *others = nearness or [0.0]
        is_alone = nearest < 1 and nearest >= _CLEARLY_NEAREST * max(0.0, *others[:1], 0.0)
        for topic, score, parts in scores:
            rule = self.rules[topic]
            if is_alone and rule.threshold_alone and score / rule.threshold == nearest:
                alone = _FieldScore("alone", 0.0, f"{score:g} of {rule.threshold:g}")
                yield topic, score, rule.threshold_alone, [*parts, alone]
            else:
                yield topic, score, rule.threshold, parts

    def _score_topics(self, entry: Entry, fields: TopicFields) -> Iterator[tuple[int, float, list[_FieldScore]]]:
        """Yield each topic with a hit or a matching section, its score, and the points of each field."""
        hits = self._find_hits(fields)
        # A mention counts less in a long text, and in one of many tags.
        share = dict.fromkeys(_MAX_MENTIONS, 1.0) | {
            "body": (1000 / max(LEAD_LENGTH, len(fields.text) / length_unit(fields.language))) ** 0.5,
            "tags": _MANY_TAGS / max(_MANY_TAGS, len(fields.tags)),
        }
        names = fields.sections | {f"{fields.language}:{section}" for section in fields.sections}
        in_section = {topic: section for section in sorted(names) for topic in self._by_section.get(section, ())}
        for topic in sorted(hits.keys() | in_section.keys()):
            sources = self.rules[topic].sources
            if not sources or entry.source in sources:
                parts = self._score_fields(topic, hits.get(topic, {}), fields, share, in_section.get(topic))
                yield topic, round(sum([part.points for part in parts], 0.0), 2), parts

    def _find_hits(self, fields: TopicFields) -> dict[int, dict[str, list[Hit]]]:
        """Return topic -> field -> hits. A hit in the lead is also in the body. A tag is one hit at most."""
        hits: dict[int, dict[str, list[Hit]]] = {}
        find, language, lead_length = self._vocabulary.find, fields.language, LEAD_LENGTH * length_unit(fields.language)
        for topic, topic_hits in groupby(find(fields.title, language), _topic_of):
            hits.setdefault(topic, {})["title"] = [*topic_hits]
        for tag in fields.tags:
            for topic, topic_hits in groupby(find(tag, language), _topic_of):
                hits.setdefault(topic, {}).setdefault("tags", []).append([*topic_hits][-1])
        for topic, topic_hits in groupby(find(fields.text, language), _topic_of):
            body = hits.setdefault(topic, {})["body"] = [*topic_hits]
            lead = _densest(body, lead_length) if fields.title_breaks else [hit for hit in body if hit[1] < lead_length]
            hits[topic]["lead"] = lead
        return hits

    def _score_fields(
        self,
        topic: int,
        hits: dict[str, list[Hit]],
        fields: TopicFields,
        share: Mapping[str, float],
        section: str | None,
    ) -> list[_FieldScore]:
        weights = self._weights[topic]
        scores = []
        for field, most in _MAX_MENTIONS.items():
            if field_hits := hits.get(field):
                mentions = share[field] * _count_by_report(field, field_hits, fields.title_breaks)
                if points := weights[field] * max(-most, min(most, mentions)):
                    scores.append(_FieldScore(field, points, field_hits))
        if "title" in hits and weights["opening"] and (opening := _find_opening(fields.title, hits["title"])):
            scores.append(_FieldScore("opening", weights["opening"], opening))
        if section:
            scores.append(_FieldScore("section", weights["section"], split_word_language(section)[1]))
        return scores


def _find_opening(title: str, hits: Iterable[Hit]) -> list[Hit]:
    """Return the words of a topic with which the title or a part of it begins. That is often what the title is about:
    德国肉联厂疫情, not 中国与德国."""
    return [hit for hit in hits if hit[3] == WORDS and _TITLE_PART_START.search(title, 0, hit[1])]


class _FieldScore(NamedTuple):
    """The points that one field adds to a topic's score, and the hits or the section that they are for."""

    field: str
    points: float
    evidence: list[Hit] | str


def _count_by_report(field: str, hits: list[Hit], title_breaks: tuple[int, ...]) -> float:
    """Count the mentions in one field. In the title of a round-up each report is counted separately, because an
    `exclude` hit in one report says nothing about the others."""
    if not title_breaks:
        return _count_mentions(field, hits)
    reports: dict[int, list[Hit]] = {}
    for hit in hits:
        reports.setdefault(bisect(title_breaks, hit[1]) if field == "title" else 0, []).append(hit)
    return sum(max(0.0, _count_mentions(field, report)) for report in reports.values())


def _count_mentions(field: str, hits: list[Hit]) -> float:
    """Count the words, minus the `exclude` hits. Weak words count half, and together no more than the words, because a
    text full of companies and markets but without any word of the economy is about something else. In a title or tag,
    one weak word counts even without words."""
    kinds = [kind for _, _, _, kind, _ in hits]
    words = kinds.count(WORDS)
    if words == len(kinds):
        return words  # most lists
    weak_words, exclude = kinds.count(WEAK_WORDS), kinds.count(EXCLUDE)
    return words + min(weak_words / 2, max(words, _ALONE.get(field, 0.0))) - exclude


def _densest(hits: list[Hit], lead_length: int) -> list[Hit]:
    """Choose the lead of a round-up for one topic. Each report has a lead; the stretch with most mentions is used."""
    stretches: dict[int, list[Hit]] = {}
    for hit in hits:
        stretches.setdefault(hit[1] // lead_length, []).append(hit)
    return max(stretches.values(), key=lambda stretch: _count_mentions("lead", stretch))


def _format_reasons(scores: list[_FieldScore]) -> tuple[str, ...]:
    """Write one line for each field, the most frequent words first: `body: 气候 ×2, 碳排放, not 政治气候 (+0.67)`."""
    reasons = []
    for field, points, evidence in scores:
        if not isinstance(evidence, str):
            count: dict[str, int] = {}
            for _, _, _, kind, word in evidence:
                name = ("not " if kind == EXCLUDE else "") + word.removeprefix(PATTERN_PREFIX)
                count[name] = count.get(name, 0) + 1
            frequent = sorted(count.items(), key=itemgetter(1), reverse=True)[:_MAX_WORDS]
            words = [word if times == 1 else f"{word} ×{times}" for word, times in frequent]
            evidence = ", ".join(words) + (" …" if len(count) > _MAX_WORDS else "")
        reasons.append(f"{field}: {evidence} ({points:+.2g})")
    return tuple(reasons)


def _digest_rule(rule: TopicRule) -> str:
    parts = [
        _MATCHER_VERSION,
        rule.words,
        rule.weak_words,
        rule.exclude,
        rule.pairs,
        rule.sections,
        rule.sources,
        sorted(rule.weight.items()),
        rule.threshold,
        rule.threshold_alone,
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]

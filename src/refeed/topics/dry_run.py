"""Two sets of topic rules + entries -> the entries that each topic would gain and lose. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..model import Entry
from .matcher import TopicMatcher


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """An entry that a topic would gain or lose."""

    id: str
    title: str
    reason: str
    """The topic's score by the new rules, or by the old ones when the new rules find nothing."""


@dataclass(slots=True, kw_only=True)
class TopicChange:
    """The effect of changed rules on one topic."""

    topic: str
    state: str = ""
    """`new`, `removed`, or empty when both sets of rules have the topic."""
    unchanged: int = 0
    """The number of entries that stay in the topic."""
    added: list[LabelChange] = field(default_factory=list)
    removed: list[LabelChange] = field(default_factory=list)


def compare_topics(old: TopicMatcher, new: TopicMatcher, entries: Iterable[Entry]) -> tuple[TopicChange, ...]:
    """Label every entry by both sets of rules, and return what each topic gains and loses.

    New and changed topics are in the order of the new rules; removed topics follow in the order of the old rules.
    Topics with the same rule in both sets are left out, unless an entry moves: one that gains a topic is no longer in
    that which it came nearest to. Reads `entries` once, or not at all when no topic differs.
    """
    before, after = ({rule.id for rule in matcher.rules} for matcher in (old, new))
    changes = {}
    for topic in [rule.id for rule in new.rules] + [rule.id for rule in old.rules if rule.id not in after]:
        if topic not in before:
            changes[topic] = TopicChange(topic=topic, state="new")
        elif topic not in after:
            changes[topic] = TopicChange(topic=topic, state="removed")
        elif old.versions[topic] != new.versions[topic]:
            changes[topic] = TopicChange(topic=topic)
    same = {topic: TopicChange(topic=topic) for topic in before & after if topic not in changes}
    for entry in entries if changes else ():
        old_scores = {score.topic: score for score in old.explain(entry)}
        new_scores = {score.topic: score for score in new.explain(entry)}
        for topic in old_scores.keys() | new_scores.keys():
            change = changes.get(topic) or same[topic]
            was_in = topic in old_scores and old_scores[topic].accepted
            will_be_in = topic in new_scores and new_scores[topic].accepted
            if was_in and will_be_in:
                change.unchanged += 1
            elif was_in or will_be_in:
                reason = str(new_scores.get(topic) or f"before, {old_scores.get(topic)}")
                moved = change.added if will_be_in else change.removed
                moved.append(LabelChange(id=entry.id, title=entry.title, reason=reason))
    moved_too = (same[rule.id] for rule in new.rules if rule.id in same)
    return (*changes.values(), *(change for change in moved_too if change.added or change.removed))


def format_topic_changes(changes: Iterable[TopicChange], most: int = 10) -> Iterator[str]:
    """Yield the lines of a report: for each topic the number of entries that stay, come in and go out, and up to `most`
    of the entries in each direction with their reasons."""
    is_empty = True
    for change in changes:
        is_empty = False
        state = f" ({change.state})" if change.state else ""
        added, removed = len(change.added), len(change.removed)
        yield f"{change.topic}{state}: {change.unchanged} stay, {added} come in, {removed} go out"
        for sign, moved in (("+", change.added), ("-", change.removed)):
            for entry in moved[:most]:
                yield f"  {sign} {entry.title}"
                yield f"      {entry.reason}"
            if len(moved) > most:
                yield f"  {sign} and {len(moved) - most} more"
    if is_empty:
        yield "No topic differs from what is published."

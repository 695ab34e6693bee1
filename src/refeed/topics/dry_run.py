"""Two sets of rules and some entries -> what would come into each topic and what would go out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..model import Entry
from .matcher import TopicMatcher


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """An entry that changes sides."""

    id: str
    title: str
    reason: str
    """What the new rules make of it, or the old ones where the new have nothing to say."""


@dataclass(slots=True, kw_only=True)
class TopicChange:
    """What a new configuration does to one topic."""

    topic: str
    state: str = ""
    """`new`, `removed`, or empty for a topic in both."""
    unchanged: int = 0
    added: list[LabelChange] = field(default_factory=list)
    removed: list[LabelChange] = field(default_factory=list)


def compare_topics(old: TopicMatcher, new: TopicMatcher, entries: Iterable[Entry]) -> tuple[TopicChange, ...]:
    """Label every entry by both; a topic whose rule is the same in both is left out, its labels being the same."""
    before, after = ({rule.id for rule in matcher.rules} for matcher in (old, new))
    changes = {}
    for topic in [rule.id for rule in new.rules] + [rule.id for rule in old.rules if rule.id not in after]:
        if topic in before & after and old.version(topic) == new.version(topic):
            continue
        changes[topic] = TopicChange(
            topic=topic, state="" if topic in before & after else "new" if topic in after else "removed"
        )
    for entry in entries if changes else ():
        _note(entry, old, new, changes)
    return tuple(changes.values())


def format_topic_changes(changes: Iterable[TopicChange], most: int = 10) -> Iterable[str]:
    """The report for people: per topic how many stay, come and go, and the first `most` of these with their reasons."""
    empty = True
    for change in changes:
        empty = False
        state = f" ({change.state})" if change.state else ""
        added, removed = len(change.added), len(change.removed)
        yield f"{change.topic}{state}: {change.unchanged} stay, {added} come in, {removed} go out"
        for sign, moves in (("+", change.added), ("-", change.removed)):
            for move in moves[:most]:
                yield f"  {sign} {move.title}"
                yield f"      {move.reason}"
            if len(moves) > most:
                yield f"  {sign} and {len(moves) - most} more"
    if empty:
        yield "No topic differs from what is published."


def _note(entry: Entry, old: TopicMatcher, new: TopicMatcher, changes: dict[str, TopicChange]) -> None:
    had = {verdict.topic: verdict for verdict in old.explain(entry)}
    has = {verdict.topic: verdict for verdict in new.explain(entry)}
    for topic in changes.keys() & (had.keys() | has.keys()):
        was = topic in had and had[topic].accepted
        will = topic in has and has[topic].accepted
        why = str(has.get(topic) or f"before, {had.get(topic)}")
        if was and will:
            changes[topic].unchanged += 1
        elif was or will:
            side = changes[topic].added if will else changes[topic].removed
            side.append(LabelChange(id=entry.id, title=entry.title, reason=why))

"""Two sets of rules and some entries -> what would come into each topic and what would go out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..model import Entry
from .match import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An entry that changes sides."""

    id: str
    title: str
    why: str
    """What the new rules make of it, or the old ones where the new have nothing to say."""


@dataclass(slots=True, kw_only=True)
class Change:
    """What a new configuration does to one topic."""

    topic: str
    state: str = ""
    """`new`, `removed`, or empty for a topic in both."""
    stays: int = 0
    comes: list[Move] = field(default_factory=list)
    goes: list[Move] = field(default_factory=list)


def compare(old: Matcher, new: Matcher, entries: Iterable[Entry]) -> tuple[Change, ...]:
    """Label every entry by both; a topic whose rule is the same in both is left out, its labels being the same."""
    before, after = ({rule.id for rule in matcher.rules} for matcher in (old, new))
    changes = {}
    for topic in [rule.id for rule in new.rules] + [rule.id for rule in old.rules if rule.id not in after]:
        if topic in before & after and old.version(topic) == new.version(topic):
            continue
        changes[topic] = Change(
            topic=topic, state="" if topic in before & after else "new" if topic in after else "removed"
        )
    for entry in entries if changes else ():
        _note(entry, old, new, changes)
    return tuple(changes.values())


def lines(changes: Iterable[Change], most: int = 10) -> Iterable[str]:
    """The report for people: per topic how many stay, come and go, and the first `most` of these with their reasons."""
    empty = True
    for change in changes:
        empty = False
        state = f" ({change.state})" if change.state else ""
        yield f"{change.topic}{state}: {change.stays} stay, {len(change.comes)} come in, {len(change.goes)} go out"
        for sign, moves in (("+", change.comes), ("-", change.goes)):
            for move in moves[:most]:
                yield f"  {sign} {move.title}"
                yield f"      {move.why}"
            if len(moves) > most:
                yield f"  {sign} and {len(moves) - most} more"
    if empty:
        yield "No topic differs from what is published."


def _note(entry: Entry, old: Matcher, new: Matcher, changes: dict[str, Change]) -> None:
    had = {verdict.topic: verdict for verdict in old.explain(entry)}
    has = {verdict.topic: verdict for verdict in new.explain(entry)}
    for topic in changes.keys() & (had.keys() | has.keys()):
        was = topic in had and had[topic].accepted
        will = topic in has and has[topic].accepted
        why = str(has.get(topic) or f"before, {had.get(topic)}")
        if was and will:
            changes[topic].stays += 1
        elif was or will:
            side = changes[topic].comes if will else changes[topic].goes
            side.append(Move(id=entry.id, title=entry.title, why=why))

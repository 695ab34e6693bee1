"""Topic rules -> the mistakes that no single rule can see."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from ..rules import TopicRule


def check(rules: Sequence[TopicRule], known_sources: Collection[str]) -> list[tuple[int, str, str]]:
    """Every mistake as (number of the rule from 0, key, what is wrong): ids given twice, sources that do not exist."""
    mistakes: list[tuple[int, str, str]] = []
    first = {rule.id: number for number, rule in reversed(list(enumerate(rules)))}
    former: dict[str, int] = {}
    for number, rule in enumerate(rules):
        if first[rule.id] != number:
            mistakes.append((number, "id", f"{rule.id!r} is given twice; topics[{first[rule.id]}] has it"))
        for old in rule.was:
            if old in first:
                mistakes.append((number, "was", f"{old!r} is still the id of topics[{first[old]}]"))
            elif former.setdefault(old, number) != number:
                mistakes.append((number, "was", f"{old!r} is given twice; topics[{former[old]}] has it"))
        mistakes += [
            (number, "sources", _unknown(source, known_sources))
            for source in rule.sources
            if source not in known_sources
        ]
    return mistakes


def _unknown(source: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(source, known, n=1, cutoff=0.5)
    return f"no source {source!r}; " + (
        f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(sorted(known))}"
    )

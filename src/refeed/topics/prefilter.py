"""A pattern -> literal texts one of which every match of it must hold, so that most patterns need not be tried at all;
and whether it is so simple that Python's own engine is quick with it, whatever the text.

re2's own FilteredRE2 does this too, but keeps the literals in one re2 set, whose states multiply: with a thousand
patterns it takes 37 ms for 1,500 characters (google-re2 1.1.20251105), as long as trying each. Ours go into the
automaton that the words are in, and cost nothing.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from re import _parser  # type: ignore[attr-defined]  # the standard library's parser of patterns; it has no public name
from typing import Any

_MOST = 64
_STEPS = 2000
"""From one character on, for an engine that tries one way after the other: 10,000 characters then take it 0.1 s."""


def required_literals(pattern: str) -> frozenset[str]:
    """Texts, in lower case, of which every match holds at least one; none when the pattern asks for no certain text.

    What Python and re2 read differently (classes such as [[:alpha:]], escapes that Python does not know) gives none.
    """
    if "[[" in pattern or "[:" in pattern:
        return frozenset()
    try:
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return frozenset()
    return frozenset(text.casefold() for text in _sequence(tree))


def is_simple(pattern: str) -> bool:
    """Whether Python's `re` finds the same as re2 and never takes long: few choices, nothing that the two read
    differently. Then it takes a tenth of re2's time, which goes into encoding the text and counting its characters."""
    if not required_literals(pattern) or pattern != pattern.lower():
        return False
    return _effort(_parser.parse(pattern))[1] <= _STEPS


def _effort(items: Any) -> tuple[float, float]:
    """From one character on: at most how many ways a match has to go on behind these, and how many steps they take."""
    ways, steps = 1.0, 0.0
    for operator, argument in items:
        match str(operator):
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                more = 1.0, 1.0
            case "BRANCH":
                more = _at_once(argument[1]), sum(_effort(branch)[1] for branch in argument[1])
            case "SUBPATTERN" if not (argument[1] or argument[2]):
                more = _effort(argument[3])
            case "MAX_REPEAT" | "MIN_REPEAT" if argument[1] <= _STEPS:
                once = _effort(argument[2])
                ends = sum(once[0] ** times for times in range(argument[0], argument[1] + 1))
                more = ends, ends * once[1]
            case _:
                return math.inf, math.inf
        steps += ways * more[1]
        ways *= more[0]
        if steps > _STEPS:
            return math.inf, math.inf
    return ways, steps


def _at_once(branches: Any) -> float:
    """In how many ways branches can match at one place: those that begin with the same character, and all others."""
    ways: dict[int, float] = defaultdict(float)
    other = 0.0
    for branch in branches:
        if len(branch) and str(branch[0][0]) == "LITERAL":
            ways[branch[0][1]] += _effort(branch)[0]
        else:
            other += _effort(branch)[0]
    return max(ways.values(), default=0.0) + other


def _sequence(items: Any) -> frozenset[str]:
    """The best of what a sequence needs: every part of it must match, so any part's texts will do."""
    choices: list[frozenset[str]] = []
    run = ""
    for operator, argument in items:
        if str(operator) == "LITERAL":
            run += chr(argument)
            continue
        if run:
            choices.append(frozenset({run}))
            run = ""
        choices.append(_needed(str(operator), argument))
    if run:
        choices.append(frozenset({run}))
    return max((choice for choice in choices if choice), key=_worth, default=frozenset())


def _needed(operator: str, argument: Any) -> frozenset[str]:
    if operator == "SUBPATTERN":
        return _sequence(argument[3])
    if operator in ("MAX_REPEAT", "MIN_REPEAT"):
        return _sequence(argument[2]) if argument[0] else frozenset()
    if operator == "BRANCH":
        branches = [_sequence(branch) for branch in argument[1]]
        together = frozenset[str]().union(*branches)
        return together if all(branches) and len(together) <= _MOST else frozenset()
    return frozenset()


def _worth(choice: frozenset[str]) -> tuple[int, int]:
    return min(map(len, choice)), -len(choice)

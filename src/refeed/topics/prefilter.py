"""Pattern -> literal texts of which every match contains one, and whether Python's `re` is quick with it. Pure.

The literals go into the automaton of the words, at no cost, so that most patterns need not be tried. re2's own
FilteredRE2 keeps them in one re2 set, whose states multiply: with a thousand patterns it takes 37 ms for 1,500
characters (google-re2 1.1.20251105), as long as trying each pattern.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from re import _parser  # type: ignore[attr-defined]  # the standard library's pattern parser, not public
from typing import Any

_MAX_LITERALS = 64
_MAX_STEPS = 2000
"""Steps of a backtracking engine from one character on: 10,000 characters then take it 0.1 s."""


def required_literals(pattern: str) -> frozenset[str]:
    """Texts in lower case of which every match contains at least one. Empty when no text is required, and for what
    Python and re2 read differently (classes such as [[:alpha:]], escapes that Python does not know)."""
    if "[[" in pattern or "[:" in pattern:
        return frozenset()
    try:
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return frozenset()
    return frozenset(text.casefold() for text in _required_by_sequence(tree))


def is_simple(pattern: str) -> bool:
    """Whether Python's `re` finds the same as re2 and never takes long. Then it takes a tenth of re2's time, which
    encodes the text and counts its characters."""
    if not required_literals(pattern) or pattern != pattern.lower():
        return False
    return _cost(_parser.parse(pattern))[1] <= _MAX_STEPS


def _cost(items: Any) -> tuple[float, float]:
    """Of a match that begins at one character: in how many ways it can go on behind these items, and after how many
    steps, at most."""
    ways, steps = 1.0, 0.0
    for operator, argument in items:
        match str(operator):
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                more = 1.0, 1.0
            case "BRANCH":
                more = _branch_ways(argument[1]), sum(_cost(branch)[1] for branch in argument[1])
            case "SUBPATTERN" if not (argument[1] or argument[2]):
                more = _cost(argument[3])
            case "MAX_REPEAT" | "MIN_REPEAT" if argument[1] <= _MAX_STEPS:
                once = _cost(argument[2])
                ends = sum(once[0] ** times for times in range(argument[0], argument[1] + 1))
                more = ends, ends * once[1]
            case _:
                return math.inf, math.inf
        steps += ways * more[1]
        ways *= more[0]
        if steps > _MAX_STEPS:
            return math.inf, math.inf
    return ways, steps


def _branch_ways(branches: Any) -> float:
    """In how many ways branches can match at one position: those that begin with the same character, and all others."""
    ways: dict[int, float] = defaultdict(float)
    other = 0.0
    for branch in branches:
        if len(branch) and str(branch[0][0]) == "LITERAL":
            ways[branch[0][1]] += _cost(branch)[0]
        else:
            other += _cost(branch)[0]
    return max(ways.values(), default=0.0) + other


def _required_by_sequence(items: Any) -> frozenset[str]:
    """The best texts that a sequence requires: every item must match, so those of any item will do."""
    choices: list[frozenset[str]] = []
    run = ""
    for operator, argument in items:
        if str(operator) == "LITERAL":
            run += chr(argument)
            continue
        if run:
            choices.append(frozenset({run}))
            run = ""
        choices.append(_required_by_item(str(operator), argument))
    if run:
        choices.append(frozenset({run}))
    return max((choice for choice in choices if choice), key=_selectivity, default=frozenset())


def _required_by_item(operator: str, argument: Any) -> frozenset[str]:
    if operator == "SUBPATTERN":
        return _required_by_sequence(argument[3])
    if operator in ("MAX_REPEAT", "MIN_REPEAT"):
        return _required_by_sequence(argument[2]) if argument[0] else frozenset()
    if operator == "BRANCH":
        branches = [_required_by_sequence(branch) for branch in argument[1]]
        together = frozenset[str]().union(*branches)
        return together if all(branches) and len(together) <= _MAX_LITERALS else frozenset()
    return frozenset()


def _selectivity(choice: frozenset[str]) -> tuple[int, int]:
    return min(map(len, choice)), -len(choice)

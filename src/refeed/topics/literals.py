"""A pattern -> literal texts one of which every match of it must hold, so that most patterns need not be tried at all.

re2's own FilteredRE2 does this too, but keeps the literals in one re2 set, whose states multiply: with a thousand
patterns it takes 37 ms for 1,500 characters (google-re2 1.1.20251105), as long as trying each. Ours go into the
automaton that the words are in, and cost nothing.
"""

from __future__ import annotations

import re
from re import _parser  # type: ignore[attr-defined]  # the standard library's parser of patterns; it has no public name
from typing import Any

_MOST = 64


def literals(pattern: str) -> frozenset[str]:
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

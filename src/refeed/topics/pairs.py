"""The words of a pair in a text -> the mentions that they make where one of each list stands close to the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

APART = 20
"""Characters that may stand between the two words: 10 lose a tenth of what two countries do to each other, 25 find no
more than 20."""

_END = re.compile(r"[。；;！？!?\n]")


class Side(NamedTuple):
    """Which of a topic's pairs a word belongs to, and to which of its two lists."""

    pair: int
    side: int


class Half(NamedTuple):
    """A word of a pair in a text."""

    side: int
    word: str
    start: int
    end: int


def mentions(halves: Iterable[Half], text: str) -> Iterator[tuple[str, int, int]]:
    """Both words, and where the mention starts and ends: each word with the one before it, if that is of the other list
    and in the same sentence. Words that overlap make none; mentions may overlap, as words of a topic may."""
    before: Half | None = None
    for half in sorted(halves, key=lambda half: (half.start, -half.end)):
        if before is not None and half.start < before.end:
            continue
        if before is not None and half.side != before.side and _together(before, half, text):
            yield f"{before.word}…{half.word}", before.start, half.end
        before = half


def _together(one: Half, other: Half, text: str) -> bool:
    return other.start - one.end <= APART and not _END.search(text, one.end, other.start)

"""The words of a pair in a text -> the mentions that they make where one of each list stands close to the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from operator import itemgetter

APART = 20
"""Characters that may stand between the two words: 10 lose a tenth of what two countries do to each other, 25 find no
more than 20."""

_END = re.compile(r"[。；;！？!?\n]")


Half = tuple[int, int, int, str]
"""A word of a pair in a text: where it starts, where it ends as a negative number, which of the two lists, the word. So
of two that start together the longer comes first."""
_order = itemgetter(0, 1)


def mentions(halves: Iterable[Half], text: str) -> Iterator[tuple[str, int, int]]:
    """Both words, and where the mention starts and ends: each word with the one before it, if that is of the other list
    and in the same sentence. Words that overlap make none; mentions may overlap, as words of a topic may."""
    begun, ended, of, before = 0, -1, -1, ""
    for start, end, side, word in sorted(halves, key=_order):
        if start < ended:
            continue
        if side != of and of >= 0 and start - ended <= APART and not _END.search(text, ended, start):
            yield f"{before}…{word}", begun, -end
        begun, ended, of, before = start, -end, side, word

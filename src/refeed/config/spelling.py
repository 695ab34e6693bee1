"""How people write what a configuration holds: the path of a key, a time span, a word nearly right. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import timedelta

KeyPath = tuple[str | int, ...]
"""A key from the top of the file: ("topics", 0, "words", 3)."""

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$")
_LONGEST = 100 * 365.25 * 86400
"""Seconds; what is reckoned back from now has to be a date."""
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def spell(path: KeyPath) -> str:
    """A key's path as people write it: `topics[0].words[3]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def duration(text: str) -> timedelta:
    """`30s`, `15m`, `12h`, `7d`, `2w` as a time span. Raises ValueError."""
    match = _DURATION.match(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no time span; write a number and one of ms s m h d w, such as 15m")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than a hundred years")
    return timedelta(seconds=seconds)


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known word, or what is known."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"

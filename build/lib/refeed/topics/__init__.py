"""Entry + topic rules -> labels, with the reasons. Pure: no file, clock or state beyond the rules it was built with."""

from .match import Matcher, Verdict
from .places import plain
from .reposts import Copy, Repost, Sketch, original, share, sketch
from .trial import Change, Move, compare, lines

__all__ = [
    "Change",
    "Copy",
    "Matcher",
    "Move",
    "Repost",
    "Sketch",
    "Verdict",
    "compare",
    "lines",
    "original",
    "plain",
    "share",
    "sketch",
]

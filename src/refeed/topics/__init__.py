"""Entry + topic rules -> labels, with the reasons. Pure: no file, clock or state beyond the rules it was built with."""

from .check import check
from .match import Matcher, Verdict
from .places import plain
from .trial import Change, Move, compare, lines

__all__ = ["Change", "Matcher", "Move", "Verdict", "check", "compare", "lines", "plain"]

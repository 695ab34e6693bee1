"""The steps that every body goes through once it is blocks, in order. A new step is one function and one row here."""

from __future__ import annotations

from collections.abc import Callable

from .draft import Draft
from .form import captions, datelines, dividers, headings, lead, twins
from .frame import byline, credit_lines, preamble, services, small_print, stray, title_again
from .ruled import cuts, lines, original_link, related

Step = Callable[[Draft], None]

STEPS: tuple[Step, ...] = (
    stray,
    services,
    preamble,
    title_again,
    lines,
    credit_lines,
    byline,
    cuts,
    original_link,
    related,
    small_print,
    services,
    twins,
    captions,
    datelines,
    headings,
    dividers,
    lead,
)
"""A step sees what those before it left."""

"""Feed -> bytes: one function for each format, one for each list of feeds, and the checks of what they write.

Pure: no clock, file, locale or time zone, so that the same store gives the same documents on every machine.
"""

from __future__ import annotations

from collections.abc import Callable

from ..model import Feed, Format
from .catalogue import catalogue
from .check import Kind, check
from .jsonfeed import json
from .opml import opml
from .xml import atom, rss

RENDERERS: dict[Format, Callable[[Feed], bytes]] = {"atom": atom, "rss": rss, "json": json}

__all__ = ["RENDERERS", "Kind", "atom", "catalogue", "check", "json", "opml", "rss"]

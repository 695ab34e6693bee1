"""The formats of a feed, and the function that renders each."""

from __future__ import annotations

from collections.abc import Callable

from ..model import Feed, Format
from .atom_rss import render_atom, render_rss
from .json_feed import render_json_feed

RENDERERS: dict[Format, Callable[[Feed], bytes]] = {"atom": render_atom, "rss": render_rss, "json": render_json_feed}

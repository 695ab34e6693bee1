"""Settings -> the front, which answers for documents. The one place that puts together what a poll needs.

request -> Front: documents in memory            -> answer
             |  nothing in memory, or a hook claims it
             v
           Rest, Flask: feeds, pages, operations -> answer
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..access import Access
from ..config import Settings
from .browsing import Browsing
from .counting import Counting
from .front import Front
from .manners import Manners
from .navigation import VARY
from .places import Places
from .polling import Polling
from .rest import Rest
from .shelf import Shelf

if TYPE_CHECKING:
    from flask import Flask

    from .viewing import Viewing


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The front, and what it shares with what is behind it."""

    settings: Settings
    access: Access
    places: Places
    counting: Counting
    front: Front
    rest: Rest


def open_front(settings: Settings, assemble: Callable[[Opened], tuple[Flask, Viewing]]) -> Opened:
    """Everything that documents are answered with. `assemble` puts the rest together, once it is asked for."""
    access, counting = Access(settings), Counting()
    places = Places(Manners(settings, VARY), access, settings.site.base_url)

    rest = Rest(lambda: assemble(opened))
    front = Front(rest, Shelf(settings.feeds_folder, places, settings.http.memory), note=counting.note)
    polling = [Polling(settings.http)] if settings.http.polls else []
    front.hooks = (Browsing(rest, front), *polling, rest)
    opened = Opened(settings=settings, access=access, places=places, counting=counting, front=front, rest=rest)
    return opened

"""Upstreams -> dump files, and every other request outwards: alone may open a socket outwards."""

from typing import TYPE_CHECKING, Any

from .enrich import find_icon, measure
from .git import Pulled, checkout_of, pull
from .hub import Ping, Pings, ping
from .polling import PollResult, UpstreamState, due, poll
from .run import Fetched, Places, dump_roots, fetch, fetch_all, stagger, states_of
from .states import States

if TYPE_CHECKING:
    from .session import Answer, Session

__all__ = [
    "Answer",
    "Fetched",
    "Ping",
    "Pings",
    "Places",
    "PollResult",
    "Pulled",
    "Session",
    "States",
    "UpstreamState",
    "checkout_of",
    "due",
    "dump_roots",
    "fetch",
    "fetch_all",
    "find_icon",
    "measure",
    "ping",
    "poll",
    "pull",
    "stagger",
    "states_of",
]


def __getattr__(name: str) -> Any:
    """`Session` and `Answer`, when they are asked for: requests and its cache take 7 MB, and few need them."""
    if name not in ("Answer", "Session"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import session

    return getattr(session, name)

"""Upstreams -> dump files, and every other request outwards: alone may open a socket outwards."""

from .enrich import find_icon, measure
from .git import Pulled, checkout_of, pull
from .hub import Ping, Pings, ping
from .polling import PollResult, UpstreamState, due, poll
from .run import Fetched, Places, dump_roots, fetch, fetch_all, stagger, states_of
from .session import Answer, Session
from .states import States

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

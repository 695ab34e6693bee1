"""Upstreams -> dump files, and every other request outwards: alone may open a socket outwards."""

from .poll import PollResult, UpstreamState, due, poll
from .session import Answer, Session

__all__ = ["Answer", "PollResult", "Session", "UpstreamState", "due", "poll"]

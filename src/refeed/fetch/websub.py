"""Changed documents -> pings to WebSub hubs. A failed ping is kept in a file and sent again later."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import FetchError
from .upstreams import write_atomically

if TYPE_CHECKING:
    from .session import HttpSession

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=2)
_GIVE_UP_AFTER = timedelta(days=1)
"""After a day, subscribers have polled the feed anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPing:
    """A pending notification to one hub that one document has changed."""

    hub: str
    topic: str
    """The document's address, as in its self link."""
    since: datetime
    """When the document changed."""
    next: datetime
    """Earliest time of the next attempt."""
    tries: int = 0
    error: str = ""


def ping_hub(hub: str, topic: str, session: HttpSession) -> None:
    """Notify a hub that a document has changed (WebSub 6, in the form that public hubs accept). Raises FetchError."""
    response = session.post(hub, {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
    if not 200 <= response.status < 300:
        reason = " ".join(response.body[:200].decode("utf-8", "replace").split())
        raise FetchError(f"the hub {hub} answered {response.status} for {topic}: {reason or 'no reason given'}")


class PingQueue:
    """Pings that are still to be sent, saved in one file. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            saved = msgspec.json.decode(path.read_bytes(), type=list[HubPing])
        except (FileNotFoundError, msgspec.DecodeError):
            saved = []  # a lost ping costs subscribers one poll
        self._pending = {(ping.hub, ping.topic): ping for ping in saved}

    @property
    def pending(self) -> tuple[HubPing, ...]:
        """The pending pings, oldest first."""
        return tuple(self._pending.values())

    def add(self, hubs: Iterable[str], topics: Iterable[str], now: datetime) -> None:
        """Queue pings for changed documents. A ping that is already queued is replaced by a new one."""
        topics = tuple(topics)
        with self._lock:
            for hub in hubs:
                for topic in topics:
                    self._pending[hub, topic] = HubPing(hub=hub, topic=topic, since=now, next=now)
            self._save()

    def send_due(self, session: HttpSession, now: datetime) -> list[str]:
        """Send the pings that are due. Returns one message per ping that was given up. Raises OSError."""
        given_up = []
        failed_hubs: dict[str, str] = {}
        for ping in [ping for ping in self.pending if ping.next <= now]:
            error = failed_hubs.get(ping.hub, "")
            if not error:
                try:
                    ping_hub(ping.hub, ping.topic, session)
                except FetchError as failure:
                    # A hub that does not answer is tried once per round, so that it does not delay the others.
                    error = failed_hubs[ping.hub] = str(failure)
            retry = None
            if error and now - ping.since < _GIVE_UP_AFTER:
                pause = min(_FIRST_PAUSE * 2**ping.tries, _LONGEST_PAUSE)
                retry = replace(ping, tries=ping.tries + 1, next=now + pause, error=error)
            elif error:
                given_up.append(f"given up after a day: {error}")
            self._replace_ping(ping, retry)
        with self._lock:
            self._save()
        return given_up

    def _replace_ping(self, ping: HubPing, retry: HubPing | None) -> None:
        """Remove a ping that was sent, or replace it by `retry`. A ping that was queued again meanwhile stays."""
        key = (ping.hub, ping.topic)
        with self._lock:
            if self._pending.get(key) != ping:
                return
            if retry:
                self._pending[key] = retry
            else:
                del self._pending[key]

    def _save(self) -> None:
        write_atomically(self._path, msgspec.json.encode(list(self._pending.values())))

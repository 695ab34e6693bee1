"""Documents that have changed -> pings to WebSub hubs. A ping that fails waits in a file and is sent again later."""

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
"""By then subscribers have polled the feed anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPing:
    """The news for one hub that one document has changed."""

    hub: str
    topic: str
    """The document's address, as in its self link."""
    since: datetime
    """When the document changed."""
    next: datetime
    """Not sent before this time."""
    tries: int = 0
    error: str = ""


def ping_hub(hub: str, topic: str, session: HttpSession) -> None:
    """Notify a hub that a document has changed (WebSub 6, in the form that public hubs accept). Raises FetchError."""
    response = session.post(hub, {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
    if not 200 <= response.status < 300:
        reason = " ".join(response.body[:200].decode("utf-8", "replace").split())
        raise FetchError(f"the hub {hub} answered {response.status} for {topic}: {reason or 'no reason given'}")


class PingQueue:
    """The pings that are still to be sent, in one file. May be used by several threads."""

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
        """Oldest first."""
        return tuple(self._pending.values())

    def add(self, hubs: Iterable[str], topics: Iterable[str], now: datetime) -> None:
        """Queue pings for documents that have changed. One that is queued already starts again from `now`."""
        topics = tuple(topics)
        with self._lock:
            for hub in hubs:
                for topic in topics:
                    self._pending[hub, topic] = HubPing(hub=hub, topic=topic, since=now, next=now)
            self._save()

    def send_due(self, session: HttpSession, now: datetime) -> list[str]:
        """Send the pings that are due. Returns, in plain words, those given up after a day. Raises OSError."""
        given_up = []
        failed_hubs: dict[str, str] = {}
        for ping in [ping for ping in self.pending if ping.next <= now]:
            error = failed_hubs.get(ping.hub, "")
            if not error:
                try:
                    ping_hub(ping.hub, ping.topic, session)
                except FetchError as failure:
                    # A hub that is away is tried once per round, so that it delays no other.
                    error = failed_hubs[ping.hub] = str(failure)
            retry = None
            if error and now - ping.since < _GIVE_UP_AFTER:
                pause = min(_FIRST_PAUSE * 2**ping.tries, _LONGEST_PAUSE)
                retry = replace(ping, tries=ping.tries + 1, next=now + pause, error=error)
            elif error:
                given_up.append(f"given up after a day: {error}")
            self._finish(ping, retry)
        with self._lock:
            self._save()
        return given_up

    def _finish(self, ping: HubPing, retry: HubPing | None) -> None:
        """Replace a ping that was tried, unless its document has changed since and is queued again."""
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

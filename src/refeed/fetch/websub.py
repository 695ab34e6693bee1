"""Feeds that have changed -> pings to WebSub hubs, tried again later when a hub is away; the waiting ones are kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import FetchError
from .upstream_state import write_atomically

if TYPE_CHECKING:
    from .session import HttpSession

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=2)
_GIVE_UP = timedelta(days=1)
"""By then subscribers have polled anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPing:
    """News for one hub about one document."""

    hub: str
    topic: str
    """The document's address, as in its self link."""
    since: datetime
    next: datetime
    tries: int = 0
    error: str = ""


def ping_hub(hub: str, topic: str, session: HttpSession) -> None:
    """Tell a hub that a document has changed (WebSub 6; the form that public hubs agree on). Raises FetchError."""
    answer = session.post(hub, {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
    if not 200 <= answer.status < 300:
        said = " ".join(answer.body[:200].decode("utf-8", "replace").split())
        raise FetchError(f"the hub {hub} answered {answer.status} for {topic}: {said or 'no reason given'}")


class PingQueue:
    """Pings that are still to be made, in one file. May be used by several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._waiting = {(one.hub, one.topic): one for one in _load(path)}

    @property
    def pending(self) -> tuple[HubPing, ...]:
        """Oldest first, for `status`."""
        return tuple(self._waiting.values())

    def add(self, hubs: Iterable[str], topics: Iterable[str], now: datetime) -> None:
        """Note that documents have changed. One that is waiting already still waits once, counted from `now`."""
        topics = tuple(topics)
        with self._lock:
            for hub in hubs:
                for topic in topics:
                    self._waiting[hub, topic] = HubPing(hub=hub, topic=topic, since=now, next=now)
            self._save()

    def send_due(self, session: HttpSession, now: datetime) -> list[str]:
        """Make the pings that are due; returns in plain words what was given up after a day. Raises OSError."""
        given_up = []
        silent: dict[str, str] = {}
        for one in [one for one in self.pending if one.next <= now]:
            error = silent.get(one.hub) or _try(one, session)
            if error:
                silent[one.hub] = error  # a hub that is away keeps nobody waiting more than once
            after = _after(one, error, now)
            if after is None and error:
                given_up.append(f"given up after a day: {error}")
            self._replace(one, after)
        with self._lock:
            self._save()
        return given_up

    def _replace(self, before: HubPing, after: HubPing | None) -> None:
        key = (before.hub, before.topic)
        with self._lock:
            if self._waiting.get(key) != before:
                return  # announced anew meanwhile: that one is still to be made
            if after:
                self._waiting[key] = after
            else:
                del self._waiting[key]

    def _save(self) -> None:
        write_atomically(self._path, msgspec.json.encode(list(self._waiting.values())))


def _try(one: HubPing, session: HttpSession) -> str:
    try:
        ping_hub(one.hub, one.topic, session)
    except FetchError as error:
        return str(error)
    return ""


def _after(one: HubPing, error: str, now: datetime) -> HubPing | None:
    """What is left to do after a try: nothing when it went well, or when a day has passed."""
    if not error or now - one.since >= _GIVE_UP:
        return None
    pause = min(_FIRST_PAUSE * 2**one.tries, _LONGEST_PAUSE)
    return replace(one, tries=one.tries + 1, next=now + pause, error=error)


def _load(path: Path) -> list[HubPing]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[HubPing])
    except (FileNotFoundError, msgspec.DecodeError):
        return []  # a lost ping costs subscribers one poll

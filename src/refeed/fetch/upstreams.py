"""Upstreams -> the folders that they fill, what is known of each between two polls, and the session that requests them.

Alone may read and write the files of states. Imports nothing heavy: every process uses it.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from ..config.settings import Settings, UpstreamRule
from ..dumps.writer import content_number
from .git import checkout_dir

if TYPE_CHECKING:
    from .session import HttpSession

_LONGEST_PAUSE = timedelta(days=1)
_NOT_IN_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchDirs:
    """Where fetching may write."""

    dumps: Path
    """Dumps of feeds, in a folder for each source."""
    checkouts: Path
    """Work trees of git upstreams; each is a dump folder."""
    states: Path
    """What is known of each upstream."""
    repositories: Path
    """Git data, apart from the work trees."""


def fetch_dirs(settings: Settings) -> FetchDirs:
    """The directories that these settings give to fetching."""
    var = Path(settings.var_dir)
    return FetchDirs(
        dumps=Path(settings.dumps.folders[-1]),
        checkouts=var / "checkouts",
        states=var / "upstreams",
        repositories=var / "git",
    )


def dump_dirs(settings: Settings) -> tuple[str, ...]:
    """All dump folders: the configured ones, the last of which upstream feeds fill, then the checkouts of upstreams."""
    checkouts = fetch_dirs(settings).checkouts
    trees = (str(checkout_dir(upstream, checkouts)) for upstream in settings.upstreams if upstream.git)
    return tuple(dict.fromkeys((*settings.dumps.folders, *trees)))


def open_session(settings: Settings) -> HttpSession:
    """The session that every outgoing request goes through. Its User-Agent names us and our address."""
    # Imported here: requests and its cache take 7 MB, and most processes send no request.
    from .session import HttpSession

    agent = f"refeed/{version('refeed')} (+{settings.site.base_url}/)"
    return HttpSession(Path(settings.var_dir) / "http", settings.fetch, user_agent=agent)


class SeenItem(msgspec.Struct, frozen=True, kw_only=True, rename={"dump_time": "at", "paused_until": "rests"}):
    """An item as it was last written to a dump."""

    digest: str
    dump_time: datetime
    changes: int = 0
    """How often it has changed since it was new."""
    paused_until: datetime | None = None
    """Not written again before this time, because it changes so often."""


class UpstreamState(msgspec.Struct, frozen=True, kw_only=True, rename={"requested_at": "asked", "body_digest": "body"}):
    """What is known of an upstream. Saved between runs and shown in `status`."""

    address: str = ""
    """The upstream's address. A state with another address than the configured one is not used."""
    moved: str = ""
    """Where it has moved permanently, by its own redirects."""
    gone: bool = False
    """It answered 410 Gone: not requested again."""
    next: datetime | None = None
    """Not requested before this time."""
    failures: int = 0
    """In a row."""
    error: str = ""
    """The last failure, in plain words. Empty after a success."""
    notes: tuple[str, ...] = ()
    """What a person should know although it worked."""
    requested_at: datetime | None = None
    """The last request."""
    success: datetime | None = None
    """The last request that worked."""
    changed: datetime | None = None
    """When it last had something new."""
    commit: str = ""
    """Git: the commit in the work tree."""
    body_digest: str = ""
    """Feed: of the body that was parsed last."""
    seen: dict[str, SeenItem] = {}
    """Feed: its items by their key, newest last."""


def is_due(state: UpstreamState, now: datetime) -> bool:
    """Whether an upstream may be requested now. A clock that was set back does not delay it."""
    clock_set_back = state.requested_at is not None and state.requested_at > now
    return not state.gone and (state.next is None or state.next <= now or clock_set_back)


def state_after_failure(
    upstream: UpstreamRule, state: UpstreamState, error: str, now: datetime, wait: timedelta | None = None
) -> UpstreamState:
    """The state after a failure. Each further failure doubles the pause, up to a day; `wait` is the shortest one."""
    failures = state.failures + 1
    pause = max(upstream.every, min(upstream.every * 2 ** min(failures - 1, 16), _LONGEST_PAUSE), wait or timedelta(0))
    # Back to the configured address: the move may have been an error that was corrected.
    return replace(state, failures=failures, error=error, next=now + pause, moved="", requested_at=now)


class UpstreamStateFiles:
    """The saved states of upstreams, in one folder. A missing or damaged file is an empty state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, upstream: UpstreamRule) -> UpstreamState:
        """The state that was saved last, if it was saved for the same address."""
        try:
            state = msgspec.json.decode(self._path(upstream).read_bytes(), type=UpstreamState)
        except (FileNotFoundError, msgspec.DecodeError):
            return UpstreamState(address=upstream.address)
        return state if state.address == upstream.address else UpstreamState(address=upstream.address)

    def save(self, upstream: UpstreamRule, state: UpstreamState) -> None:
        """Replace the saved state. Raises OSError."""
        write_atomically(self._path(upstream), msgspec.json.encode(state))

    def _path(self, upstream: UpstreamRule) -> Path:
        words = _NOT_IN_NAME.sub("-", upstream.address.lower()).strip("-")[-60:]
        return self._folder / f"{words}-{content_number(upstream.source, upstream.address)[:8]}.json"


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file, whole or not at all, even if the process is killed or the power fails. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.refeed-tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise

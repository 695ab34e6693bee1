"""Upstreams -> their dump folders, the state of each between two polls, and the HTTP session that requests them.

It imports nothing heavy, because every process uses it.
"""

from __future__ import annotations

import os
import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from ..config.settings import Settings, UpstreamRule
from ..dumps.origin import limited_origin
from ..dumps.writer import content_number
from ..model import Origin
from .git import checkout_dir

if TYPE_CHECKING:
    from .session import HttpSession

_LONGEST_PAUSE = timedelta(days=1)
_NOT_IN_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchDirs:
    """The folders that fetching writes to."""

    dumps: Path
    """Dumps of upstream feeds, in one folder per source."""
    checkouts: Path
    """Work trees of git upstreams. Each is a dump folder."""
    repositories: Path
    """Git's own data, outside the work trees."""
    suffixes: tuple[str, ...]
    """The suffixes of dumps. Other files of a repository are not checked out."""
    host_owners: Mapping[str, str] = field(default_factory=dict)
    """The source that each host belongs to."""


def fetch_dirs(settings: Settings) -> FetchDirs:
    """The folders that fetching writes to with these settings."""
    var = Path(settings.var_dir)
    return FetchDirs(
        dumps=Path(settings.dumps.folders[-1]),
        checkouts=var / "checkouts",
        repositories=var / "git",
        suffixes=settings.limits.suffixes,
        host_owners={host.lower(): rule.id for rule in settings.sources for host in rule.hosts},
    )


def dump_dirs(settings: Settings) -> tuple[str, ...]:
    """All dump folders: the configured ones, then the checkouts of git upstreams. Upstream feeds fill the last
    configured one."""
    checkouts = fetch_dirs(settings).checkouts
    trees = (str(checkout_dir(upstream, checkouts)) for upstream in settings.upstreams if upstream.git)
    return tuple(dict.fromkeys((*settings.dumps.folders, *trees)))


def limited_checkouts(settings: Settings) -> dict[str, Origin]:
    """The checkouts of git upstreams that may write to some sources only, with the origin of their dumps."""
    checkouts = fetch_dirs(settings).checkouts
    return {
        str(checkout_dir(upstream, checkouts)): limited_origin(upstream.sources)
        for upstream in settings.upstreams
        if upstream.git and upstream.sources and upstream.sources != "all"
    }


def open_session(settings: Settings) -> HttpSession:
    """Open the session for outgoing requests. Its User-Agent names refeed and the site's address."""
    # Imported here, because requests and its cache take 7 MB and most processes send no request.
    from importlib.metadata import version  # takes 40 ms

    from .session import HttpSession

    agent = f"refeed/{version('refeed')} (+{settings.site.base_url}/)"
    folder = Path(settings.var_dir) / "http"
    return HttpSession(folder, settings.fetch, user_agent=agent, credentials=upstream_credentials(settings.upstreams))


def upstream_credentials(upstreams: Iterable[UpstreamRule]) -> dict[str, tuple[str, str]]:
    """The header that opens each upstream with a login or a header, by URL, and by origin for its redirects."""
    credentials: dict[str, tuple[str, str]] = {}
    for upstream in upstreams:
        name, _, value = upstream.header.partition(":")
        if upstream.login:
            name, value = "Authorization", f"Basic {b64encode(upstream.login.encode()).decode()}"
        if name:
            parts = urlsplit(upstream.url)
            credentials[upstream.url] = name, value.strip()
            credentials.setdefault(f"{parts.scheme}://{parts.netloc}", (name, value.strip()))
    return credentials


class SeenItem(msgspec.Struct, frozen=True, kw_only=True, rename={"dump_time": "at", "paused_until": "rests"}):
    """An upstream item as last written to a dump."""

    digest: str
    dump_time: datetime
    changes: int = 0
    """The number of changes since the item was first seen."""
    paused_until: datetime | None = None
    """A frequently changing item is not written again before this time."""


class UpstreamState(msgspec.Struct, frozen=True, kw_only=True, rename={"requested_at": "asked", "body_digest": "body"}):
    """The state of an upstream, which the store keeps between two polls and `status` shows."""

    title: str = ""
    """The feed's own title. A source without a rule is named by it."""
    address: str = ""
    """The upstream's address. A state is ignored if its address differs from the configured one."""
    moved: str = ""
    """The new address, if the upstream redirects permanently."""
    gone: bool = False
    """Whether the upstream answered 410 Gone. It is not requested again."""
    next: datetime | None = None
    """Earliest time of the next request."""
    failures: int = 0
    """The number of consecutive failures."""
    error: str = ""
    """The last failure, in plain words. Empty after a success."""
    notes: tuple[str, ...] = ()
    """Warnings about a request that succeeded."""
    requested_at: datetime | None = None
    """Time of the last request."""
    success: datetime | None = None
    """Time of the last successful request."""
    changed: datetime | None = None
    """Time of the last request that found something new."""
    commit: str = ""
    """The commit in the work tree. For git upstreams only."""
    body_digest: str = ""
    """Digest of the body that was parsed last. For feeds only."""
    seen: dict[str, SeenItem] = {}
    """Items by key, newest last. For feeds only."""


def is_due(state: UpstreamState, now: datetime) -> bool:
    """Whether an upstream may be requested now. Setting the clock back does not delay the request."""
    clock_set_back = state.requested_at is not None and state.requested_at > now
    return not state.gone and (state.next is None or state.next <= now or clock_set_back)


def state_after_failure(
    upstream: UpstreamRule, state: UpstreamState, error: str, now: datetime, wait: timedelta | None = None
) -> UpstreamState:
    """The state after a failure. Each failure doubles the pause, up to a day. The pause is at least `wait`."""
    failures = state.failures + 1
    pause = max(upstream.every, min(upstream.every * 2 ** min(failures - 1, 16), _LONGEST_PAUSE), wait or timedelta(0))
    # The next request goes to the configured address, because the move may have been a mistake that was corrected.
    return replace(state, failures=failures, error=error, next=now + pause, moved="", requested_at=now)


def read_state_file(var_dir: str | Path, upstream: UpstreamRule) -> UpstreamState:
    """The state in the file where versions before 3.0 saved it; an empty one if that is missing or damaged."""
    words = _NOT_IN_NAME.sub("-", upstream.address.lower()).strip("-")[-60:]
    name = f"{words}-{content_number(upstream.source, upstream.address)[:8]}.json"
    try:
        state = msgspec.json.decode((Path(var_dir) / "upstreams" / name).read_bytes(), type=UpstreamState)
    except (OSError, msgspec.DecodeError):
        return UpstreamState(address=upstream.address)
    return state if state.address == upstream.address else UpstreamState(address=upstream.address)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file completely or not at all, even if the process is killed or the power fails. Raises OSError."""
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

"""Upstreams -> dump files and saved states: what the worker does on schedule and `refeed fetch` does once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.upstream_rules import UpstreamRule
from ..dumps.writer import write_dumps
from ..errors import FetchError
from .git import checkout_dir, pull_repository
from .poll import UpstreamState, is_due, poll_feed, state_after_failure
from .upstream_state import UpstreamStateFiles

if TYPE_CHECKING:
    from .session import HttpSession

_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """What asking one upstream came to."""

    upstream: UpstreamRule
    state: UpstreamState
    paths: tuple[Path, ...] = ()
    """Dump files that are new or changed."""
    requested: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchDirs:
    """Where fetching may write."""

    dumps: Path
    """Dumps of feeds, in a folder for each source."""
    checkouts: Path
    """Work trees of repositories, each a dump root."""
    var: Path
    """States, repositories, and the memory of earlier requests."""


def fetch_upstream(upstream: UpstreamRule, session: HttpSession, places: FetchDirs, now: datetime) -> FetchResult:
    """Ask one upstream if it is due, write its dumps, then keep its state. No upstream's trouble is raised.

    Raises OSError only when not even the state can be written.
    """
    states = UpstreamStateFiles(places.var / "upstreams")
    before = states.load(upstream)
    if not is_due(before, now):
        return FetchResult(upstream=upstream, state=before, requested=False)
    try:
        ask = _pulled if upstream.git else _polled
        state, paths = ask(upstream, session, before, places, now)
    except FetchError as error:
        state, paths = state_after_failure(upstream, before, str(error), now), ()
    except OSError as error:
        # A full disk: nothing of this poll counts as seen, so the next one writes it.
        state, paths = state_after_failure(upstream, before, f"its dumps cannot be written: {error}", now), ()
    states.save(upstream, state)
    return FetchResult(upstream=upstream, state=state, paths=paths)


def fetch_all(
    upstreams: Sequence[UpstreamRule], session: HttpSession, places: FetchDirs, now: datetime
) -> Iterator[FetchResult]:
    """Ask all upstreams that are due, several at once, and yield each one as it is done: a slow one delays no other."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="fetch") as pool:
        for done in as_completed(pool.submit(fetch_upstream, upstream, session, places, now) for upstream in upstreams):
            yield done.result()


def load_states(upstreams: Sequence[UpstreamRule], places: FetchDirs) -> list[tuple[UpstreamRule, UpstreamState]]:
    """Every upstream with what is known of it, for `status`."""
    states = UpstreamStateFiles(places.var / "upstreams")
    return [(upstream, states.load(upstream)) for upstream in upstreams]


def upstream_dump_dirs(upstreams: Sequence[UpstreamRule], places: FetchDirs) -> list[Path]:
    """Folders that dumps of upstreams arrive in: to be ingested and watched like every other."""
    feeds = [places.dumps] if any(upstream.url for upstream in upstreams) else []
    return feeds + [checkout_dir(upstream, places.checkouts) for upstream in upstreams if upstream.git]


def stagger(upstreams: Sequence[UpstreamRule]) -> list[timedelta]:
    """How long after the start each upstream is first asked, so that they do not all come at once."""
    return [
        min(upstream.every, timedelta(minutes=5)) * place / len(upstreams) for place, upstream in enumerate(upstreams)
    ]


def _polled(
    upstream: UpstreamRule, session: HttpSession, state: UpstreamState, places: FetchDirs, now: datetime
) -> tuple[UpstreamState, tuple[Path, ...]]:
    result = poll_feed(upstream, session, state, now)
    new = write_dumps(places.dumps, result.dumps)
    return result.state, tuple(places.dumps / file.folder / file.name for file in new)


def _pulled(
    upstream: UpstreamRule, session: HttpSession, state: UpstreamState, places: FetchDirs, now: datetime
) -> tuple[UpstreamState, tuple[Path, ...]]:
    tree, repositories = checkout_dir(upstream, places.checkouts), places.var / "git"
    pulled = pull_repository(upstream, tree, repositories, session.guard, session.rule, state.commit)
    state = replace(state, asked=now, success=now, failures=0, error="", next=now + upstream.every)
    state = replace(state, commit=pulled.commit, changed=now if pulled.paths else state.changed)
    return state, pulled.paths

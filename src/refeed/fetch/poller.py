"""Upstreams -> dump files and saved states: what the worker does on schedule and `refeed fetch` does once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..config.upstream_rules import UpstreamRule
from ..dumps.writer import write_dumps
from ..errors import FetchError
from .factory import FetchDirs
from .git import checkout_dir, pull_repository
from .poll import poll_feed
from .upstream_state import UpstreamState, UpstreamStateFiles, is_due, state_after_failure

if TYPE_CHECKING:
    from .session import HttpSession

_CONCURRENT = 4
"""Upstreams that are fetched at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """The outcome of fetching one upstream."""

    upstream: UpstreamRule
    state: UpstreamState
    paths: tuple[Path, ...] = ()
    """Dump files that are new or changed."""
    requested: bool = True
    """False when the upstream was not due."""


def fetch_upstream(upstream: UpstreamRule, session: HttpSession, dirs: FetchDirs, now: datetime) -> FetchResult:
    """Fetch one upstream if it is due: write its dumps, then save its state. A failure becomes `state.error`.

    Raises OSError only if even the state cannot be saved.
    """
    states = UpstreamStateFiles(dirs.states)
    before = states.load(upstream)
    if not is_due(before, now):
        return FetchResult(upstream=upstream, state=before, requested=False)
    try:
        fetch = _fetch_repository if upstream.git else _fetch_feed
        state, paths = fetch(upstream, session, before, dirs, now)
    except FetchError as error:
        state, paths = state_after_failure(upstream, before, str(error), now), ()
    except OSError as error:
        # The disk is full: the state does not advance, so the next poll writes these dumps.
        state, paths = state_after_failure(upstream, before, f"cannot write its dumps: {error}", now), ()
    states.save(upstream, state)
    return FetchResult(upstream=upstream, state=state, paths=paths)


def fetch_all(
    upstreams: Sequence[UpstreamRule], session: HttpSession, dirs: FetchDirs, now: datetime
) -> Iterator[FetchResult]:
    """Fetch all upstreams that are due, several at once. Each is yielded when it is done, so a slow one delays none."""
    with ThreadPoolExecutor(max_workers=_CONCURRENT, thread_name_prefix="fetch") as pool:
        for done in as_completed(pool.submit(fetch_upstream, upstream, session, dirs, now) for upstream in upstreams):
            yield done.result()


def _fetch_feed(
    upstream: UpstreamRule, session: HttpSession, state: UpstreamState, dirs: FetchDirs, now: datetime
) -> tuple[UpstreamState, tuple[Path, ...]]:
    result = poll_feed(upstream, session, state, now)
    new = write_dumps(dirs.dumps, result.dumps)
    return result.state, tuple(dirs.dumps / file.folder / file.name for file in new)


def _fetch_repository(
    upstream: UpstreamRule, session: HttpSession, state: UpstreamState, dirs: FetchDirs, now: datetime
) -> tuple[UpstreamState, tuple[Path, ...]]:
    tree = checkout_dir(upstream, dirs.checkouts)
    pulled = pull_repository(upstream, tree, dirs.repositories, session.guard, session.settings, state.commit)
    state = replace(state, requested_at=now, success=now, failures=0, error="", next=now + upstream.every)
    return replace(state, commit=pulled.commit, changed=now if pulled.paths else state.changed), pulled.paths

"""Upstreams -> dump files and saved states. The worker calls it on schedule, `refeed fetch` once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..config.settings import UpstreamRule
from ..dumps.writer import NewDump, content_number, new_dump, write_dumps
from ..errors import FetchError, replace_unprintable
from .git import checkout_dir, pull_repository
from .parsed_feed import MAX_ITEMS, ParsedFeed, UpstreamItem, decode_body, parse_json_feed
from .upstreams import FetchDirs, SeenItem, UpstreamState, UpstreamStateFiles, is_due, state_after_failure
from .xml_feed_parser import parse_xml_feed

if TYPE_CHECKING:
    from .session import HttpResponse, HttpSession

_CONCURRENT = 4
"""The number of upstreams fetched at the same time."""
_DAY = timedelta(days=1)
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_MAX_SEEN = MAX_ITEMS
"""The number of items that a state remembers. No feed has more, so that no item still in a feed is forgotten."""
_FREE_CHANGES = 10
"""The number of changes of one item that are written immediately. Items that change at every poll exceed it: each
further change is followed by a longer pause."""
_FIRST_PAUSE = timedelta(hours=1)
_MAX_NOTES = 5
_MOVED_NOTE = "it has moved permanently to"
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_STATUS_ERRORS = {429: "it asks for fewer requests (429)", 404: "not found (404)", 503: "it is unavailable (503)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """The outcome of fetching one upstream."""

    upstream: UpstreamRule
    state: UpstreamState
    paths: tuple[Path, ...] = ()
    """New and changed dump files."""
    requested: bool = True
    """False when the upstream was not due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollResult:
    """The outcome of one poll. Write the dumps first, then save the state."""

    dumps: tuple[NewDump, ...] = ()
    state: UpstreamState
    requested: bool = True
    """False when the upstream was not due."""


def fetch_upstream(upstream: UpstreamRule, session: HttpSession, dirs: FetchDirs, now: datetime) -> FetchResult:
    """Fetch one upstream if it is due: write its dumps, then save its state. A failure is recorded in `state.error`.

    Raises OSError only if the state cannot be saved.
    """
    states = UpstreamStateFiles(dirs.states)
    before = states.load(upstream)
    if not is_due(before, now):
        return FetchResult(upstream=upstream, state=before, requested=False)
    try:
        if upstream.git:
            state, paths = _pull_git_upstream(upstream, session, before, dirs, now)
        else:
            result = poll_feed(upstream, session, before, now)
            written = write_dumps(dirs.dumps, result.dumps)
            state, paths = result.state, tuple(dirs.dumps / dump.folder / dump.name for dump in written)
    except FetchError as error:
        state, paths = state_after_failure(upstream, before, str(error), now), ()
    except OSError as error:
        # For example, the disk is full. The state keeps its old contents, so the next poll writes these dumps again.
        state, paths = state_after_failure(upstream, before, f"cannot write its dumps: {error}", now), ()
    states.save(upstream, state)
    return FetchResult(upstream=upstream, state=state, paths=paths)


def fetch_all(
    upstreams: Sequence[UpstreamRule], session: HttpSession, dirs: FetchDirs, now: datetime
) -> Iterator[FetchResult]:
    """Fetch all upstreams that are due, several at a time. Results are yielded as they finish, in any order."""
    with ThreadPoolExecutor(max_workers=_CONCURRENT, thread_name_prefix="fetch") as pool:
        futures = (pool.submit(fetch_upstream, upstream, session, dirs, now) for upstream in upstreams)
        for future in as_completed(futures):
            yield future.result()


def poll_feed(upstream: UpstreamRule, session: HttpSession, state: UpstreamState, now: datetime) -> PollResult:
    """Request an upstream feed once, if it is due. Failures are recorded in `state.error`. Raises nothing."""
    if state.address != upstream.url:
        state = UpstreamState(address=upstream.url)
    if not is_due(state, now):
        return PollResult(state=state, requested=False)
    state = replace(state, requested_at=now)
    try:
        response = session.get(state.moved or upstream.url)
        if response.status != 200:
            return PollResult(state=_state_after_status(upstream, state, response, now))
        return _read_response(upstream, state, response, now)
    except FetchError as error:
        return PollResult(state=state_after_failure(upstream, state, str(error), now))


def parse_feed(body: bytes, content_type: str, url: str) -> ParsedFeed:
    """Parse a feed in any format. Raises FetchError if the body is not a feed."""
    text = decode_body(body, content_type)
    start = text[:200].lstrip("\ufeff \t\r\n")
    return parse_json_feed(text.lstrip("\ufeff"), url) if start.startswith(("{", "[")) else parse_xml_feed(text, url)


def _pull_git_upstream(
    upstream: UpstreamRule, session: HttpSession, state: UpstreamState, dirs: FetchDirs, now: datetime
) -> tuple[UpstreamState, tuple[Path, ...]]:
    tree = checkout_dir(upstream, dirs.checkouts)
    pull = pull_repository(
        upstream, tree, dirs.repositories, session.guard, session.settings, dirs.suffixes, state.commit
    )
    state = replace(state, requested_at=now, success=now, failures=0, error="", next=now + upstream.every)
    return replace(state, commit=pull.commit, changed=now if pull.paths else state.changed), pull.paths


def _state_after_status(
    upstream: UpstreamRule, state: UpstreamState, response: HttpResponse, now: datetime
) -> UpstreamState:
    if response.status == 410:
        error = "it is gone permanently (410); remove it from the configuration"
        return replace(state, gone=True, error=error, failures=state.failures + 1, next=None)
    wait = response.retry_after(now)
    error = _STATUS_ERRORS.get(response.status, f"it answered {response.status}")
    return state_after_failure(upstream, state, f"{error}; next request after {wait}" if wait else error, now, wait)


def _read_response(upstream: UpstreamRule, state: UpstreamState, response: HttpResponse, now: datetime) -> PollResult:
    digest = sha256(response.body).hexdigest()[:32]
    dumps: tuple[NewDump, ...] = ()
    if digest != state.body_digest:
        feed = parse_feed(response.body, response.headers.get("Content-Type", ""), response.url)
        dumps, seen, postponed = _new_dumps(upstream.source, feed.items, state.seen, now)
        more = len(feed.issues) - _MAX_NOTES
        notes = (*map(replace_unprintable, feed.issues[:_MAX_NOTES]), *([f"and {more} more"] if more > 0 else []))
        digest = "" if postponed else digest  # empty, so that the next poll parses even an unchanged body
        state = replace(state, body_digest=digest, seen=seen, notes=notes, changed=now if dumps else state.changed)
    moved = response.moved_to or state.moved
    moved_notes = [f"{_MOVED_NOTE} {moved}; change its address in the configuration"] if moved else []
    notes = (*moved_notes, *(note for note in state.notes if not note.startswith(_MOVED_NOTE)))
    max_age = _MAX_AGE.search(response.headers.get("Cache-Control", ""))
    fresh_for = min(timedelta(seconds=int(max_age[1])), _DAY) if max_age else timedelta(0)
    pause = max(upstream.every, fresh_for)
    state = replace(state, moved=moved, notes=notes, failures=0, error="", success=now, next=now + pause)
    return PollResult(dumps=dumps, state=state)


def _new_dumps(
    source: str, items: tuple[UpstreamItem, ...], seen: Mapping[str, SeenItem], now: datetime
) -> tuple[tuple[NewDump, ...], dict[str, SeenItem], bool]:
    """Return dumps of new and changed items, the seen items (newest last), and whether a change was postponed."""
    before = dict(seen)
    in_feed: dict[str, SeenItem] = {}
    dumps: list[NewDump] = []
    postponed = False
    links: dict[str, str] = {}
    # Guids that several items with different links share, and which therefore identify no item.
    shared = {item.guid for item in items if links.setdefault(item.guid, item.link) != item.link}
    for item in items:
        key = content_number(item.guid, item.link) if item.guid in shared else content_number(item.guid)
        if key in in_feed:
            continue  # the feed has this item twice: readers show the first one
        digest, last = content_number(item.link, item.title, item.html), before.pop(key, None)
        pausing = bool(last and last.paused_until and now < last.paused_until)
        if last and (last.digest == digest or pausing):
            in_feed[key] = last
            postponed = postponed or last.digest != digest
            continue
        dump_time = _dump_time(item, last, now)
        changes = last.changes + 1 if last else 0
        pause = min(_FIRST_PAUSE * 2 ** min(changes - _FREE_CHANGES, 16), _DAY) if changes >= _FREE_CHANGES else None
        in_feed[key] = SeenItem(
            digest=digest, dump_time=dump_time, changes=changes, paused_until=now + pause if pause else None
        )
        dumps.append(
            new_dump(
                folder=source,
                title=item.title,
                link=item.link,
                html=item.html,
                at=dump_time,
                is_update=last is not None,
            )
        )
    return tuple(dumps), dict([*before.items(), *in_feed.items()][-_MAX_SEEN:]), postponed


def _dump_time(item: UpstreamItem, last: SeenItem | None, now: datetime) -> datetime:
    """The time of an item's dump: the item's own date if it is plausible, otherwise the time of the poll."""
    if last is None:
        time = item.published or item.updated
        return time if time and _OLDEST <= time <= now + _DAY else now
    # The time must be later than that of the item's last dump, because the dump with the later time has the newer text.
    time = item.updated or item.published
    return time if time and last.dump_time < time <= now else max(now, last.dump_time + timedelta(seconds=1))

"""Upstreams and their states -> dump files and new states. The worker calls it on schedule, `refeed fetch` once."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from ..config.settings import UpstreamRule
from ..dumps.feed_parser import FeedParser, IsolatedParser, parse_feed
from ..dumps.origin import compose_origin, spell_guid
from ..dumps.parsed_feed import MAX_ITEMS, UpstreamItem
from ..dumps.writer import NewDump, content_number, new_dump, write_dumps
from ..errors import FetchError, replace_unprintable
from ..model import Origin
from .git import checkout_dir, pull_repository
from .upstreams import FetchDirs, SeenItem, UpstreamState, is_due, state_after_failure

if TYPE_CHECKING:
    from .session import HttpResponse, HttpSession

_CONCURRENT = 4
"""The number of upstreams fetched at the same time."""
_DAY = timedelta(days=1)
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
    """The outcome of one poll. Its dumps must be safe before its state is saved."""

    dumps: tuple[NewDump, ...] = ()
    state: UpstreamState
    requested: bool = True
    """False when the upstream was not due."""


def fetch_upstream(
    upstream: UpstreamRule,
    session: HttpSession,
    dirs: FetchDirs,
    before: UpstreamState,
    now: datetime,
    parse: FeedParser = parse_feed,
    *,
    force: bool = False,
) -> FetchResult:
    """Fetch one upstream if it is due, or with `force`, and write its dumps. The caller saves the state afterwards.

    With `force`, one that was gone is asked, too: it may be back.

    A failure is recorded in `state.error`. Raises nothing.
    """
    if force:
        before = replace(before, next=None, gone=False)
    if not is_due(before, now):
        return FetchResult(upstream=upstream, state=before, requested=False)
    try:
        if upstream.git:
            state, paths = _pull_git_upstream(upstream, session, before, dirs, now)
        else:
            result = poll_feed(upstream, session, before, now, parse, dirs.host_owners)
            written = write_dumps(dirs.dumps, result.dumps)
            state, paths = result.state, tuple(dirs.dumps / dump.folder / dump.name for dump in written)
    except FetchError as error:
        state, paths = state_after_failure(upstream, before, str(error), now), ()
    except OSError as error:
        # For example, the disk is full. The state keeps its old contents, so the next poll writes these dumps again.
        state, paths = state_after_failure(upstream, before, f"cannot write its dumps: {error}", now), ()
    return FetchResult(upstream=upstream, state=state, paths=paths)


def fetch_all(
    states: Mapping[UpstreamRule, UpstreamState],
    session: HttpSession,
    dirs: FetchDirs,
    now: datetime,
    *,
    force: bool = False,
) -> Iterator[FetchResult]:
    """Fetch all upstreams that are due, or with `force` all, several at a time. Results are yielded as they finish."""
    with closing(IsolatedParser()) as parser, ThreadPoolExecutor(_CONCURRENT, thread_name_prefix="fetch") as pool:
        futures = [
            pool.submit(fetch_upstream, upstream, session, dirs, state, now, parser.parse, force=force)
            for upstream, state in states.items()
        ]
        for future in as_completed(futures):
            yield future.result()


def poll_feed(
    upstream: UpstreamRule,
    session: HttpSession,
    state: UpstreamState,
    now: datetime,
    parse: FeedParser = parse_feed,
    host_owners: Mapping[str, str] = {},
) -> PollResult:
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
        return _read_response(upstream, state, response, now, parse, host_owners)
    except FetchError as error:
        return PollResult(state=state_after_failure(upstream, state, str(error), now))


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


def _read_response(
    upstream: UpstreamRule,
    state: UpstreamState,
    response: HttpResponse,
    now: datetime,
    parse: FeedParser,
    host_owners: Mapping[str, str],
) -> PollResult:
    digest = sha256(response.body).hexdigest()[:32]
    dumps: tuple[NewDump, ...] = ()
    if digest != state.body_digest:
        zone = ZoneInfo(upstream.timezone) if upstream.timezone else None
        feed = parse(response.body, response.headers.get("Content-Type", ""), response.url, zone)
        dumps, seen, postponed, issues = _new_dumps(upstream, feed.items, state.seen, now, host_owners)
        issues = [*feed.issues, *issues]
        more = len(issues) - _MAX_NOTES
        notes = (*map(replace_unprintable, issues[:_MAX_NOTES]), *([f"and {more} more"] if more > 0 else []))
        digest = "" if postponed else digest  # empty, so that the next poll parses even an unchanged body
        state = replace(
            state, title=feed.title, body_digest=digest, seen=seen, notes=notes, changed=now if dumps else state.changed
        )
    moved = response.moved_to or state.moved
    moved_notes = [f"{_MOVED_NOTE} {moved}; change its address in the configuration"] if moved else []
    notes = (*moved_notes, *(note for note in state.notes if not note.startswith(_MOVED_NOTE)))
    max_age = _MAX_AGE.search(response.headers.get("Cache-Control", ""))
    fresh_for = min(timedelta(seconds=int(max_age[1])), _DAY) if max_age else timedelta(0)
    pause = max(upstream.every, fresh_for)
    state = replace(state, moved=moved, notes=notes, failures=0, error="", success=now, next=now + pause)
    return PollResult(dumps=dumps, state=state)


def _new_dumps(
    upstream: UpstreamRule,
    items: tuple[UpstreamItem, ...],
    seen: Mapping[str, SeenItem],
    now: datetime,
    host_owners: Mapping[str, str],
) -> tuple[tuple[NewDump, ...], dict[str, SeenItem], bool, list[str]]:
    """Return dumps of new and changed items, the seen items (newest last), whether a change was postponed, issues."""
    before = dict(seen)
    in_feed: dict[str, SeenItem] = {}
    dumps: list[NewDump] = []
    issues: list[str] = []
    postponed = False
    for item in _with_own_guids(items):
        guid = item.guid or item.link
        key = content_number(spell_guid(guid)[0])
        if key in in_feed:
            continue  # the feed has this item twice: readers show the first one
        source = _choose_source(upstream, item.link, host_owners)
        origin = Origin(guid=item.guid, source=source, authors=item.authors, tags=item.tags, language=item.language)
        digest = content_number(item.link, item.title, item.html, compose_origin(origin))
        last = before.pop(key, None) or before.pop(content_number(guid), None)  # as earlier versions wrote it
        pausing = bool(last and last.paused_until and now < last.paused_until)
        if last and (last.digest == digest or pausing):
            in_feed[key] = last
            postponed = postponed or last.digest != digest
            continue
        dump_time = _dump_time(item, last, now, issues)
        changes = last.changes + 1 if last else 0
        pause = min(_FIRST_PAUSE * 2 ** min(changes - _FREE_CHANGES, 16), _DAY) if changes >= _FREE_CHANGES else None
        in_feed[key] = SeenItem(
            digest=digest, dump_time=dump_time, changes=changes, paused_until=now + pause if pause else None
        )
        dumps.append(
            new_dump(
                folder=upstream.source,
                title=item.title,
                link=item.link,
                html=item.html,
                at=dump_time,
                origin=origin,
                is_update=last is not None,
            )
        )
    return tuple(dumps), dict([*before.items(), *in_feed.items()][-_MAX_SEEN:]), postponed, issues


def _choose_source(upstream: UpstreamRule, link: str, host_owners: Mapping[str, str]) -> str:
    """The source that an item belongs to: the owner of its host if the upstream may write there, else the upstream's
    own; empty if the host decides."""
    if upstream.sources == "all":
        return ""
    labels = (urlsplit(link).hostname or "").rstrip(".").split(".")
    hosts = (".".join(labels[index:]) for index in range(len(labels)))
    owner = next((host_owners[host] for host in hosts if host in host_owners), "")
    return owner if owner in upstream.sources else upstream.source


def _with_own_guids(items: Sequence[UpstreamItem]) -> Iterator[UpstreamItem]:
    """The items without guids that several items with different links share, because these identify no item.

    Where several items without a guid share a link, each is identified by link and title.
    """
    links: dict[str, str] = {}
    shared = {item.guid for item in items if item.guid and links.setdefault(item.guid, item.link) != item.link}
    without = Counter(item.link for item in items if not item.guid)
    for item in items:
        if item.guid in shared:
            yield dataclasses.replace(item, guid="")
        elif not item.guid and without[item.link] > 1:
            yield dataclasses.replace(item, guid=f"{item.link} {item.title}")
        else:
            yield item


def _dump_time(item: UpstreamItem, last: SeenItem | None, now: datetime, issues: list[str]) -> datetime:
    """The time of an item's dump: the item's own date if it is plausible, otherwise the time of the poll."""
    if last is None:
        time = item.published or item.updated
        if time and time > now + _DAY:
            issues.append(f"{item.link}: the date {time.date()} is in the future; the time of the poll is used instead")
        return time if time and time <= now + _DAY else now
    # The time must be later than that of the item's last dump, because the dump with the later time has the newer text.
    time = item.updated or item.published
    return time if time and last.dump_time < time <= now else max(now, last.dump_time + timedelta(seconds=1))

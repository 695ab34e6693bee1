"""One upstream feed and what is known of it -> the dumps that are new in it, and what is known then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from ..config.upstream_rules import UpstreamRule
from ..dumps.composer import NewDump, content_number, new_dump
from ..errors import FetchError, replace_unprintable
from .parsed_feed import MAX_ITEMS, ParsedFeed, UpstreamItem, decode_body, parse_json_feed
from .xml_feed_parser import parse_xml_feed

if TYPE_CHECKING:
    from .session import HttpResponse, HttpSession

_DAY = timedelta(days=1)
_LONGEST_WAIT = timedelta(days=7)
"""What an upstream may ask for by Retry-After."""
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_REMEMBERED = MAX_ITEMS
"""Items of one upstream: as many as are read of one feed, or it would forget some of those in front of it."""
_FREE = 10
"""Changes of one item that are written when they are seen. One that changes at every poll is written less and less."""
_PAUSE = timedelta(hours=1)
_MOVED = "it has moved for good to"
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenItem:
    """An item as it was last written."""

    digest: str
    at: datetime
    """The instant in its dump."""
    changes: int = 0
    """How often it has changed since it was new."""
    rests: datetime | None = None
    """Not written again before, because it changes so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamState:
    """What is known of an upstream; kept over restarts, shown in `status`."""

    address: str = ""
    """Which one it speaks of. Another address in the configuration starts anew."""
    moved: str = ""
    """Where it has moved to for good, as it said itself."""
    gone: bool = False
    """It said that it is gone for good (410): not asked any more."""
    next: datetime | None = None
    """Not to be asked before."""
    failures: int = 0
    """In a row."""
    error: str = ""
    """What went wrong last time, in plain words; empty when nothing did."""
    notes: tuple[str, ...] = ()
    """What a person should know though it worked."""
    asked: datetime | None = None
    success: datetime | None = None
    changed: datetime | None = None
    """When it last had something new."""
    commit: str = ""
    """Of a repository: what the folder holds."""
    body: str = ""
    """Digest of the feed as it was last read."""
    seen: dict[str, SeenItem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollResult:
    """What one poll brought. The dumps are to be written first, the state to be saved then."""

    dumps: tuple[NewDump, ...] = ()
    state: UpstreamState
    requested: bool = True
    """Whether a request was made at all."""


def is_due(state: UpstreamState, now: datetime) -> bool:
    """Whether an upstream may be asked now. A clock that went back does not silence it."""
    went_back = state.asked is not None and state.asked > now
    return not state.gone and (state.next is None or state.next <= now or went_back)


def poll_feed(upstream: UpstreamRule, session: HttpSession, state: UpstreamState, now: datetime) -> PollResult:
    """Ask an upstream feed once, if it is due. Whatever is wrong with it becomes `state.error`; nothing is raised."""
    if state.address != upstream.url:
        state = UpstreamState(address=upstream.url)
    if not is_due(state, now):
        return PollResult(state=state, requested=False)
    state = replace(state, asked=now)
    try:
        answer = session.get(state.moved or upstream.url)
        if answer.status != 200:
            return PollResult(state=_refused(upstream, state, answer, now))
        return _taken(upstream, state, answer, now)
    except FetchError as error:
        return PollResult(state=state_after_failure(upstream, state, str(error), now))


def state_after_failure(
    upstream: UpstreamRule, state: UpstreamState, error: str, now: datetime, wait: timedelta | None = None
) -> UpstreamState:
    """The state after something went wrong: asked again later, and later each time, up to once a day."""
    failures = state.failures + 1
    pause = max(upstream.every, min(upstream.every * 2 ** min(failures - 1, 16), _DAY), wait or timedelta(0))
    # Back to the address in the configuration: perhaps the move was a mistake that was taken back.
    return replace(state, failures=failures, error=error, next=now + pause, moved="", asked=now)


def parse_feed(body: bytes, content_type: str, url: str) -> ParsedFeed:
    """Items of a feed in whichever format. Raises FetchError."""
    text = decode_body(body, content_type)
    start = text[:200].lstrip("\ufeff \t\r\n")
    return parse_json_feed(text.lstrip("\ufeff"), url) if start.startswith(("{", "[")) else parse_xml_feed(text, url)


def _refused(upstream: UpstreamRule, state: UpstreamState, answer: HttpResponse, now: datetime) -> UpstreamState:
    if answer.status == 410:
        error = "it says that it is gone for good (410); take it out of the configuration"
        return replace(state, gone=True, error=error, failures=state.failures + 1, next=None)
    wait = parse_retry_after(answer.headers.get("Retry-After", ""), now)
    words = {429: "it asks us to slow down (429)", 404: "nothing is there (404)", 503: "it is not available (503)"}
    error = words.get(answer.status, f"it answered {answer.status}")
    return state_after_failure(upstream, state, f"{error}; after {wait} again" if wait else error, now, wait)


def _taken(upstream: UpstreamRule, state: UpstreamState, answer: HttpResponse, now: datetime) -> PollResult:
    body = sha256(answer.body).hexdigest()[:32]
    dumps: tuple[NewDump, ...] = ()
    if body != state.body:
        reading = parse_feed(answer.body, answer.headers.get("Content-Type", ""), answer.url)
        dumps, seen, put_off = _new(upstream.source, reading.items, state.seen, now)
        body = "" if put_off else body  # to be read again, even if it stays as it is
        state = replace(state, body=body, seen=seen, notes=_notes(reading), changed=now if dumps else state.changed)
    moved = answer.moved_to or state.moved
    told = [f"{_MOVED} {moved}; write that into the configuration"] if moved else []
    state = replace(state, notes=(*told, *(note for note in state.notes if not note.startswith(_MOVED))))
    pause = max(upstream.every, _fresh_for(answer.headers))
    state = replace(state, moved=moved, failures=0, error="", success=now, next=now + pause)
    return PollResult(dumps=dumps, state=state)


def _new(
    source: str, items: tuple[UpstreamItem, ...], seen: Mapping[str, SeenItem], now: datetime
) -> tuple[tuple[NewDump, ...], dict[str, SeenItem], bool]:
    """Dumps of the items that are new or say something new; what is then known, newest last; whether any was put off
    that says something new."""
    known = dict(seen)
    here: dict[str, SeenItem] = {}
    dumps: list[NewDump] = []
    put_off = False
    shared = _shared(items)
    for item in items:
        key = content_number(item.guid, item.link) if item.guid in shared else content_number(item.guid)
        if key in here:
            continue  # the same item twice in one feed: the first is the one that readers show
        digest, last = content_number(item.link, item.title, item.html), known.pop(key, None)
        rests = bool(last and last.rests and now < last.rests)
        if last and (last.digest == digest or rests):
            here[key] = last
            put_off = put_off or last.digest != digest
            continue
        at = _later(item, last, now) if last else _first(item, now)
        here[key] = _seen(digest, at, last, now)
        dumps.append(
            new_dump(folder=source, title=item.title, link=item.link, html=item.html, at=at, is_update=last is not None)
        )
    return tuple(dumps), dict([*known.items(), *here.items()][-_REMEMBERED:]), put_off


def _shared(items: tuple[UpstreamItem, ...]) -> set[str]:
    """Guids that tell nothing apart: several pages of one feed bear them."""
    links: dict[str, str] = {}
    return {item.guid for item in items if links.setdefault(item.guid, item.link) != item.link}


def _seen(digest: str, at: datetime, last: SeenItem | None, now: datetime) -> SeenItem:
    changes = last.changes + 1 if last else 0
    pause = min(_PAUSE * 2 ** min(changes - _FREE, 16), _DAY) if changes >= _FREE else None
    return SeenItem(digest=digest, at=at, changes=changes, rests=now + pause if pause else None)


def _first(item: UpstreamItem, now: datetime) -> datetime:
    found = item.published or item.updated
    return found if found and _OLDEST <= found <= now + _DAY else now


def _later(item: UpstreamItem, last: SeenItem, now: datetime) -> datetime:
    """The instant of a changed item: after the one before, or the older text would win."""
    found = item.updated or item.published
    return found if found and last.at < found <= now else max(now, last.at + timedelta(seconds=1))


def _notes(reading: ParsedFeed) -> tuple[str, ...]:
    more = len(reading.issues) - 5
    return (*map(replace_unprintable, reading.issues[:5]), *([f"and {more} more"] if more > 0 else []))


def _fresh_for(headers: Mapping[str, str]) -> timedelta:
    match = _MAX_AGE.search(headers.get("Cache-Control", ""))
    return min(timedelta(seconds=int(match[1])), _DAY) if match else timedelta(0)


def parse_retry_after(text: str, now: datetime) -> timedelta | None:
    """How long a Retry-After asks to wait, within reason; None when it says nothing that makes sense."""
    try:
        wait = timedelta(seconds=int(text)) if text.strip().isdecimal() else parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), _LONGEST_WAIT)

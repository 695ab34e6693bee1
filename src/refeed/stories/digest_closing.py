"""Entries of a feed -> its daily or weekly digests, closed at their time. Only the leader calls it.

A digest covers the entries that were published in its day, and those that arrived after the day before was closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..clean.text import visible_text
from ..config.settings import Settings
from ..metrics import observe_duration
from ..model import Digest, DigestPeriod, DigestStory, Entry, FeedPath, Report, Source
from ..store.rows import StoredEntry
from ..store.store import Store
from ..store.stored_digests import (
    REQUEST_AGE,
    DigestFeed,
    get_covered,
    get_digest_feeds,
    get_last_published,
    get_published_between,
    record_digests,
)
from ..store.story_members import get_story_ids, get_story_members
from .story_texts import MOST_REPORTS, find_clearest

_MOST_CLOSED: dict[DigestPeriod, int] = {"daily": 14, "weekly": 8}
"""Digests that are closed at a time: for a feed that nobody read before, those of the past."""
_LATE = timedelta(days=3)
"""How old an entry may be that joins the next digest because it arrived late."""
_MAX_LINES = 300
"""Stories that are shown as lines, in a digest of thousands."""
_MAX_HTML = 200_000
"""Characters of a text that a digest contains."""


class Period(NamedTuple):
    """A day or a week: its name, when it begins, and when its digest is closed."""

    name: str
    opened: datetime
    closed: datetime


def find_period(instant: datetime, period: DigestPeriod, settings: Settings) -> Period:
    """The day or the week (from Monday) that an instant belongs to, by the clock of the site's time zone."""
    zone, at = ZoneInfo(settings.site.timezone), settings.digests.at
    local = instant.astimezone(zone)
    day = local.date() if local.time() >= at else local.date() - timedelta(days=1)
    days = 1
    if period == "weekly":
        day, days = day - timedelta(days=day.weekday()), 7
    year, week, _ = day.isocalendar()
    opened, closed = (datetime.combine(date, at, zone) for date in (day, day + timedelta(days=days)))
    name = day.isoformat() if period == "daily" else f"{year:04d}-W{week:02d}"
    return Period(name, opened.astimezone(instant.tzinfo), closed.astimezone(instant.tzinfo))


def close_next(
    store: Store, settings: Settings, load_sources: Callable[[], Mapping[str, Source]], now: datetime
) -> bool:
    """Close all digests of one feed that are due, if somebody reads them; returns whether any feed was due.

    Sources are loaded only then: with thousands of them that takes a fifth of a second, and this is called each second.
    """
    for digest_feed in get_digest_feeds(store, now - REQUEST_AGE):
        current = find_period(now, digest_feed.period, settings)
        if digest_feed.closed is None or digest_feed.closed < current.opened:
            with observe_duration("digests"), store.snapshot():
                digests = _close_feed(store, settings, load_sources(), digest_feed, current)
            record_digests(store, digest_feed.feed, digest_feed.period, digests, current.opened)
            return True
    return False


def _close_feed(
    store: Store,
    settings: Settings,
    sources: Mapping[str, Source],
    digest_feed: DigestFeed,
    current: Period,
) -> list[Digest]:
    """The digests that are due, oldest first. A day without entries has none."""
    feed, period = digest_feed.feed, digest_feed.period
    due: list[Period] = []
    before = current.opened
    while len(due) < _MOST_CLOSED[period]:
        published = get_last_published(store, feed, before)
        if published is None:
            break
        found = find_period(published, period, settings)
        if digest_feed.closed is not None and found.closed <= digest_feed.closed:
            break
        due.insert(0, found)
        before = found.opened
    if not due:
        return []
    covered = get_covered(store, feed, period, due[0].opened - _LATE)
    closed: list[Digest] = []
    for each in due:
        recent = [digest for digest in covered + closed if digest.closed > each.opened - _LATE]
        known = {id for digest in recent for id in digest.members}
        first = min([each.opened, *(digest.opened for digest in recent)])
        # When `at` or the time zone has changed, two days overlap: `known` has what is in both.
        ids = [id for id in get_published_between(store, feed, first, each.closed) if id not in known]
        if ids:
            closed.append(_make_digest(store, settings, sources, each, ids, digest_feed.feed))
    return closed


def _make_digest(
    store: Store,
    settings: Settings,
    sources: Mapping[str, Source],
    period: Period,
    ids: Sequence[str],
    feed: FeedPath,
) -> Digest:
    groups = _group(store, ids, period, feed)
    reports = store.get_entries([id for story in groups for id in story[:MOST_REPORTS]])
    entries = {stored.entry.id.removeprefix("urn:uuid:"): stored for stored in reports}
    stories = [[entries[id] for id in story if id in entries] for story in groups]
    sizes = {story[0]: len(story) for story in groups}
    lengths = {id: len(visible_text(stored.entry.html)) for id, stored in entries.items()}

    def rank(story: Sequence[StoredEntry]) -> tuple[int, int, datetime, str]:
        fullest = max(lengths[_id(stored.entry)] for stored in story)
        first = story[0].entry
        return -len({stored.entry.source for stored in story}), -fullest, first.published, first.id

    ranked = sorted(filter(None, stories), key=rank)
    limit = settings.digests.limit
    shown = []
    for story in ranked[:limit]:
        fullest = max((stored.entry for stored in story), key=lambda entry: (lengths[_id(entry)], entry.id))
        shown.append(
            DigestStory(
                reports=tuple(_make_report(entry, sources) for entry in _put_clearest_first(story)),
                html=fullest.html if len(fullest.html) <= _MAX_HTML else None,
                fullest=_id(fullest),
                more=max(0, sizes.get(_id(story[0].entry), 0) - MOST_REPORTS),
            )
        )
    lines = ranked[limit : limit + _MAX_LINES]
    return Digest(
        name=period.name,
        opened=period.opened,
        closed=period.closed,
        stories=tuple(shown),
        others=tuple(replace(_make_report(_put_clearest_first(story)[0], sources), lead="") for story in lines),
        more=len(ranked) - len(shown) - len(lines),
        members=tuple(ids),
    )


def _group(store: Store, ids: Sequence[str], period: Period, feed: FeedPath) -> list[list[str]]:
    """The entries by stories, those of one story by time.

    Other public reports of the same days belong to a story too, unless the feed is that of one source.
    """
    by_story: dict[str, list[str]] = {}
    stories = get_story_ids(store, ids)
    for id in ids:
        by_story.setdefault(stories.get(id, id), []).append(id)
    if feed.kind != "source":
        for story, members in get_story_members(store, by_story).items():
            listed = set(by_story[story])
            by_story[story] = [
                member.entry_id
                for member in members
                if member.entry_id in listed or period.opened <= member.published < period.closed
            ]
    return list(by_story.values())


def _put_clearest_first(story: Sequence[StoredEntry]) -> list[Entry]:
    entries = [stored.entry for stored in story]
    return [entries.pop(find_clearest([entry.title for entry in entries])), *entries]


def _make_report(entry: Entry, sources: Mapping[str, Source]) -> Report:
    source = sources.get(entry.source)
    return Report(
        id=_id(entry),
        source=entry.source,
        source_title=source.title if source else entry.source,
        title=entry.title,
        link=entry.link,
        published=entry.published,
        language=entry.language,
        lead=entry.summary,
    )


def _id(entry: Entry) -> str:
    return entry.id.removeprefix("urn:uuid:")

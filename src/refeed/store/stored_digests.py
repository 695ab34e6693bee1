"""Closed digests, and who reads them, in the store.

A web process records that somebody has asked for the digests of a feed. The leader then closes them at their time, for
as long as they are asked for, and no digest changes afterwards: `get_digests` only leaves out what was withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy import Row, bindparam, desc, func, select

from ..model import Digest, DigestPeriod, FeedPath, Report
from . import schema
from .database import upsert
from .serialization import compress, decompress, from_timestamp, to_timestamp
from .store import Store

REQUEST_AGE = timedelta(days=30)
"""Digests that nobody has asked for in this time are not closed any more."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Digest)
_feed, _digest, _member, _entry = (
    schema.digest_feeds.c,
    schema.digests.c,
    schema.feed_members.c,
    schema.entries.c,
)
_DIGESTS = (
    select(schema.digests)
    .where(_digest.feed == bindparam("feed"), _digest.period == bindparam("period"))
    .order_by(desc(_digest.closed))
)


class DigestFeed(NamedTuple):
    """The daily or weekly digests of a feed, as somebody asked for them."""

    feed: FeedPath
    period: DigestPeriod
    requested: datetime
    closed: datetime | None
    """All digests that end until then are in the store; None before the leader has closed the first."""


def request_digests(store: Store, feed: FeedPath, period: DigestPeriod, now: datetime) -> None:
    """Record that somebody reads the digests of a feed. Raises StoreError."""
    row = {"feed": str(feed), "period": period, "requested": to_timestamp(now)}
    with store.write_transaction() as connection:
        upsert(connection, schema.digest_feeds, [row], greatest=("requested",))


def get_digest_feeds(store: Store, requested_after: datetime) -> list[DigestFeed]:
    """All digest feeds that somebody has asked for since then."""
    query = select(schema.digest_feeds).where(_feed.requested > to_timestamp(requested_after))
    with store.read_transaction() as connection:
        rows = connection.execute(query.order_by(_feed.feed, _feed.period)).all()
    return [_to_digest_feed(row) for row in rows]


def get_digest_feed(store: Store, feed: FeedPath, period: DigestPeriod) -> DigestFeed | None:
    """One digest feed; None when nobody has ever asked for it."""
    query = select(schema.digest_feeds).where(_feed.feed == str(feed), _feed.period == period)
    with store.read_transaction() as connection:
        row = connection.execute(query).one_or_none()
    return _to_digest_feed(row) if row else None


def record_digests(
    store: Store, feed: FeedPath, period: DigestPeriod, digests: Iterable[Digest], closed: datetime
) -> None:
    """Save closed digests. One that is saved already stays as it is."""
    key = {"feed": str(feed), "period": period}
    rows = [
        {
            **key,
            "name": digest.name,
            "opened": to_timestamp(digest.opened),
            "closed": to_timestamp(digest.closed),
            "content": compress(_encoder.encode(digest)),
        }
        for digest in digests
    ]
    with store.write_transaction() as connection:
        names = select(_digest.name).where(_digest.feed == str(feed), _digest.period == period)
        known = set(connection.execute(names).scalars())
        upsert(connection, schema.digests, [row for row in rows if row["name"] not in known])
        row = {**key, "requested": to_timestamp(closed), "closed": to_timestamp(closed)}
        upsert(connection, schema.digest_feeds, [row], greatest=("requested",))


def get_digests(store: Store, feed: FeedPath, period: DigestPeriod, limit: int) -> list[Digest]:
    """The last digests of a feed, newest first, without the entries that have been withdrawn since."""
    with store.read_transaction() as connection:
        rows = connection.execute(_DIGESTS.limit(limit), {"feed": str(feed), "period": period}).all()
    return _correct(store, feed, [_decoder.decode(decompress(row.content)) for row in rows])


def get_digest(store: Store, feed: FeedPath, period: DigestPeriod, name: str) -> Digest | None:
    """One digest of a feed, without the entries that have been withdrawn since; None when there is no such digest."""
    query = _DIGESTS.where(_digest.name == name)
    with store.read_transaction() as connection:
        row = connection.execute(query, {"feed": str(feed), "period": period}).one_or_none()
    found = _correct(store, feed, [_decoder.decode(decompress(row.content))]) if row else []
    return found[0] if found else None


def get_covered(store: Store, feed: FeedPath, period: DigestPeriod, closed_after: datetime) -> list[Digest]:
    """The digests of a feed that were closed after this time, as they were closed."""
    query = _DIGESTS.where(_digest.closed > to_timestamp(closed_after))
    with store.read_transaction() as connection:
        rows = connection.execute(query, {"feed": str(feed), "period": period}).all()
    return [_decoder.decode(decompress(row.content)) for row in rows]


def get_last_published(store: Store, feed: FeedPath, before: datetime) -> datetime | None:
    """When the last entry of a feed before this time was published; None when there is none."""
    query = select(func.max(_member.published)).where(
        _member.feed == str(feed), _member.published < to_timestamp(before)
    )
    with store.read_transaction() as connection:
        published = connection.execute(query).scalar()
    return from_timestamp(published) if published is not None else None


def get_published_between(store: Store, feed: FeedPath, first: datetime, after: datetime) -> list[str]:
    """Ids of a feed's entries that were published from `first` on and before `after`, oldest first."""
    query = select(_member.entry_id).where(
        _member.feed == str(feed), _member.published >= to_timestamp(first), _member.published < to_timestamp(after)
    )
    with store.read_transaction() as connection:
        return list(connection.execute(query.order_by(_member.published, _member.entry_id)).scalars())


def _to_digest_feed(row: Row[tuple[str, str, int, int | None]]) -> DigestFeed:
    closed = from_timestamp(row.closed) if row.closed is not None else None
    return DigestFeed(FeedPath.parse(row.feed), row.period, from_timestamp(row.requested), closed)


class _Gone(NamedTuple):
    withdrawn: datetime | None


def _correct(store: Store, feed: FeedPath, digests: Sequence[Digest]) -> list[Digest]:
    """Leave out reports that were withdrawn, expired or made private. A digest without any report is left out."""
    shown = {
        report.id: report.source
        for digest in digests
        for report in (*digest.others, *(report for story in digest.stories for report in story.reports))
    }
    gone = dict.fromkeys(shown, _Gone(None))
    with store.read_transaction() as connection:
        for ids in (list(shown)[start : start + 500] for start in range(0, len(shown), 500)):
            query = select(_entry.id, _entry.source, _entry.private, _entry.withdrawn).where(_entry.id.in_(ids))
            for id, source, private, withdrawn in connection.execute(query):
                if withdrawn is not None:
                    gone[id] = _Gone(from_timestamp(withdrawn))
                elif not private or feed == FeedPath("source", source):
                    del gone[id]
    corrected = (_without(digest, gone) if gone else digest for digest in digests)
    return [digest for digest in corrected if digest.stories or digest.others]


def _without(digest: Digest, gone: dict[str, _Gone]) -> Digest:
    stories = []
    for story in digest.stories:
        reports = tuple(report for report in story.reports if report.id not in gone)
        if reports:
            text = (None, reports[0].id) if story.fullest in gone else (story.html, story.fullest)
            stories.append(replace(story, reports=reports, html=text[0], fullest=text[1]))
    all_reports: list[Report] = [*digest.others, *(report for story in digest.stories for report in story.reports)]
    times = [when for report in all_reports if report.id in gone and (when := gone[report.id].withdrawn)]
    return replace(
        digest,
        stories=tuple(stories),
        others=tuple(report for report in digest.others if report.id not in gone),
        corrected=max(times, default=None),
    )

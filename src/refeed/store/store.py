"""The store, read: entries, feeds, dumps, files, sources. `dump_recording` and `entry_updates` write it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, desc, func, or_, select, text, update

from ..fetch.enclosure_metadata import FileMetadata
from ..model import FeedPath, Outcome, Source
from . import schema as t
from .database import IDENTITY_KEY, Database, upsert
from .rows import (
    EntrySummary,
    FeedMember,
    FeedState,
    FeedSummary,
    FileIssue,
    MonthState,
    SourceDumps,
    SourceEntries,
    StoredDump,
    StoredEntry,
    WithdrawnEntry,
)
from .schema import ALL_FILES
from .serialization import Provenance, decode_labels, decode_media, decode_provenance, decode_source, from_timestamp

# The queries of every publish run, built once: to build a statement takes several times as long as to execute it.
_e, _m = t.entries.c, t.feed_members.c
_feed: BindParameter[str] = bindparam("feed")
_ids: BindParameter[Any] = bindparam("ids", expanding=True)
_in_month = (_m.feed == _feed, _m.published >= bindparam("first"), _m.published < bindparam("after"))
_NEWEST = (
    select(t.feed_members)
    .where(_m.feed == _feed)
    .order_by(desc(_m.published), desc(_m.entry_id))
    .limit(bindparam("limit"))
)
_MONTH = select(t.feed_members).where(*_in_month).order_by(_m.published, _m.entry_id)
_SIZES = select(_m.size_estimate).where(*_in_month).order_by(_m.published, _m.entry_id)
_MONTHS = (
    select(t.feed_months)
    .where(t.feed_months.c.feed == _feed, t.feed_months.c.entries > 0)
    .order_by(desc(t.feed_months.c.month))
)
_FEEDS = select(t.feeds).where(t.feeds.c.version > bindparam("after")).order_by(t.feeds.c.path)
ENTRY_COLUMNS = (
    _e.id,
    _e.payload,
    _e.published,
    _e.updated,
    _e.labels,
    _e.repost_links,
    _e.media,
    _e.revision,
    _e.withdrawn,
)
"""The columns of a `StoredEntry`."""
_ENTRIES = select(*ENTRY_COLUMNS).where(_e.id.in_(_ids))
_REVISIONS = select(_e.id, _e.revision).where(_e.id.in_(_ids))
_SUMMARIES = select(_e.id, _e.source, _e.title, _e.published)
_SOURCES = select(t.sources.c.data, t.sources.c.icon).order_by(t.sources.c.id)
_WITHDRAWN = (
    select(_e.id, _e.source, _e.labels, _e.withdrawn)
    .where(_e.withdrawn.is_not(None))
    .order_by(desc(_e.withdrawn), _e.id)
)
_WITHDRAWN_FROM_ALL = _WITHDRAWN.where(_e.private == 0)
_WITHDRAWN_FROM_SOURCE = _WITHDRAWN.where(_e.source == bindparam("source"))
_META = select(t.meta.c.value).where(t.meta.c.name == bindparam("name"))


class Store(Database):
    """A database with entries, feeds, dumps and files. Every method is one transaction, and may raise StoreError."""

    @property
    def identity(self) -> str:
        """Random and different for each store: versions of two stores cannot be compared."""
        return self.get_meta(IDENTITY_KEY) or ""

    def iter_file_stamps(self) -> Iterator[tuple[bytes, int]]:
        """Path and stamp of every recorded file."""
        query = select(t.files.c.path, t.files.c.stamp)
        with self.read_transaction() as connection:
            yield from connection.execution_options(yield_per=1000).execute(query)

    def get_file_stamps(self, paths: Iterable[bytes]) -> dict[bytes, int]:
        """The stamps of these files, by path; files that were never recorded are left out."""
        f = t.files.c
        with self.read_transaction() as connection:
            return dict(connection.execute(select(f.path, f.stamp).where(f.path.in_(list(paths)))).all())

    def retry_quarantined(self) -> None:
        """Let the next scan read quarantined files again although they have not changed."""
        with self.write_transaction() as connection:
            is_quarantined = t.files.c.outcome == Outcome.QUARANTINED.value
            connection.execute(update(t.files).where(is_quarantined).values(stamp=0))

    def get_known_digests(self, digests: Iterable[bytes]) -> set[bytes]:
        """Which of these digests are of dumps that the store has."""
        query = select(t.dumps.c.digest).where(t.dumps.c.digest.in_(list(digests)))
        with self.read_transaction() as connection:
            return set(connection.execute(query).scalars())

    def get_feed_states(self, after: int = -1) -> list[FeedState]:
        """Feeds whose version is above `after`, by path."""
        with self.read_transaction() as connection:
            rows = connection.execute(_FEEDS, {"after": after}).all()
        return [
            FeedState(
                path=FeedPath.parse(row.path),
                version=row.version,
                changed=from_timestamp(row.changed),
                entries=row.entries,
            )
            for row in rows
        ]

    def get_months(self, feed: FeedPath) -> list[MonthState]:
        """The months in which a feed has entries, newest first."""
        with self.read_transaction() as connection:
            rows = connection.execute(_MONTHS, {"feed": str(feed)}).all()
        return [
            MonthState(month=row.month, entries=row.entries, version=row.version, changed=from_timestamp(row.changed))
            for row in rows
        ]

    def get_newest(self, feed: FeedPath, limit: int) -> list[FeedMember]:
        """A feed's newest entries, newest first."""
        return self._get_members(_NEWEST, {"feed": str(feed), "limit": limit})

    def get_month(self, feed: FeedPath, month: str) -> list[FeedMember]:
        """All entries of one month (`2020-06`) of a feed, oldest first."""
        return self._get_members(_MONTH, {"feed": str(feed)} | _month_bounds(month))

    def get_size_estimates(self, feed: FeedPath, month: str) -> list[int]:
        """The sizes of all entries of one month of a feed, oldest first: a tenth of the time of `get_month`."""
        with self.read_transaction() as connection:
            return list(connection.execute(_SIZES, {"feed": str(feed)} | _month_bounds(month)).scalars().all())

    def get_publish_times(self, feed: FeedPath, limit: int) -> list[datetime]:
        """When a feed's newest entries were published, newest first: a tenth of the time of `get_newest`."""
        query = select(_m.published).where(_m.feed == str(feed)).order_by(desc(_m.published)).limit(limit)
        with self.read_transaction() as connection:
            return [from_timestamp(published) for published in connection.execute(query).scalars().all()]

    def get_entries(self, ids: Sequence[str]) -> list[StoredEntry]:
        """Entries by id, in the order of `ids`; unknown ids are left out."""
        with self.read_transaction() as connection:
            entries = {row.id: StoredEntry.from_row(row) for row in connection.execute(_ENTRIES, {"ids": ids}).all()}
        return [entries[id] for id in ids if id in entries]

    def get_entry(self, id: str) -> tuple[StoredEntry, Provenance] | None:
        """One entry and how it came about."""
        query = select(*ENTRY_COLUMNS, _e.provenance).where(_e.id == id)
        with self.read_transaction() as connection:
            row = connection.execute(query).one_or_none()
        return (StoredEntry.from_row(row), decode_provenance(row.provenance)) if row else None

    def get_entry_ids(self, after: str = "", limit: int = 1000) -> list[str]:
        """Entry ids above `after`, in order."""
        query = select(_e.id).where(_e.id > after).order_by(_e.id).limit(limit)
        with self.read_transaction() as connection:
            return list(connection.execute(query).scalars().all())

    def get_revisions(self, ids: Sequence[str]) -> dict[str, int]:
        """The revision of the store at which each of these entries last changed."""
        with self.read_transaction() as connection:
            return dict(connection.execute(_REVISIONS, {"ids": ids}).all())

    def get_entry_sources(self, ids: Sequence[str]) -> dict[str, str]:
        """The source of each of these entries."""
        with self.read_transaction() as connection:
            return {row.id: row.source for row in connection.execute(select(_e.id, _e.source).where(_e.id.in_(ids)))}

    def get_outdated_ids(self, *, rules_version: str = "", topics_version: str = "", limit: int = 256) -> list[str]:
        """Some ids of entries that were cleaned with other rules, or labelled with other topics, than these."""
        column, current = (_e.rules_version, rules_version) if rules_version else (_e.topics_version, topics_version)
        # Two ranges, because no index serves `<>`.
        query = select(_e.id).where(or_(column < current, column > current)).limit(limit)
        with self.read_transaction() as connection:
            return list(connection.execute(query).scalars().all())

    def get_withdrawn(self, feed: FeedPath, limit: int) -> list[WithdrawnEntry]:
        """Entries that were withdrawn from a feed, the last `limit` of them, newest first."""
        query, values = _WITHDRAWN_FROM_ALL, {}
        if feed.kind == "source":
            query, values = _WITHDRAWN_FROM_SOURCE, {"source": feed.slug}
        with self.read_transaction() as connection:
            rows = connection.execute(query, values).all()
        return [
            WithdrawnEntry(row.id, row.source, from_timestamp(row.withdrawn))
            for row in rows
            if feed.kind != "topic" or any(label.topic == feed.slug for label in decode_labels(row.labels))
        ][:limit]

    def get_newest_dumps(self, ids: Sequence[str]) -> dict[str, StoredDump]:
        """For each entry, by id, the dump that gives its text."""
        query = select(t.dumps).join(t.entries, _e.digest == t.dumps.c.digest).where(_e.id.in_(ids))
        return {dump.entry_id: dump for dump in self._get_dumps(query) if dump.entry_id}

    def get_dumps(self, entry_id: str) -> list[StoredDump]:
        """The dumps of one entry, oldest first."""
        d = t.dumps.c
        order = (d.dump_time, func.coalesce(d.edited, d.dump_time), d.digest)
        return self._get_dumps(select(t.dumps).where(d.entry_id == entry_id).order_by(*order))

    def get_sources(self) -> list[Source]:
        """Every source that has an entry, by id; with the icon that was found on its site when no rule names one."""
        sources = []
        with self.read_transaction() as connection:
            for row in connection.execute(_SOURCES).all():
                source, icons = decode_source(row.data), decode_media(row.icon)
                sources.append(replace(source, icon=source.icon or "".join(icon.url for icon in icons)))
        return sources

    def get_icons(self) -> dict[str, FileMetadata]:
        """The result of looking for the icon of each source; without the sources whose icon was never looked for."""
        with self.read_transaction() as connection:
            rows = connection.execute(select(t.sources.c.id, t.sources.c.icon)).all()
        return {row.id: icon for row in rows for icon in decode_media(row.icon)}

    def count_outcomes(self) -> dict[Outcome, int]:
        """The number of files of each outcome."""
        c = t.outcome_counts.c
        query = select(c.outcome, c.dumps).where(c.source == ALL_FILES, c.dumps > 0)
        with self.read_transaction() as connection:
            return {Outcome(name): count for name, count in connection.execute(query)}

    def count_dumps_by_source(self) -> dict[str, SourceDumps]:
        """What arrived from each source."""
        c = t.outcome_counts.c
        query = (
            select(c.source, c.outcome, c.dumps, c.last_seen)
            .where(c.source != ALL_FILES, c.dumps > 0)
            .order_by(c.source, c.outcome)
        )
        sources: dict[str, SourceDumps] = {}
        with self.read_transaction() as connection:
            for source, outcome, count, seconds in connection.execute(query):
                seen = from_timestamp(seconds)
                counts, last_seen = sources.get(source, SourceDumps({}, seen))
                sources[source] = SourceDumps({**counts, outcome: count}, max(last_seen, seen))
        return sources

    def get_freshness(self) -> dict[str, SourceEntries]:
        """What the feed of each source shows; without sources whose feed is empty."""
        f = t.feeds.c
        # From counters and an index: to count 100,000 entries takes a quarter of a second.
        newest = select(func.max(_m.published)).where(_m.feed == f.path).correlate(t.feeds).scalar_subquery()
        query = select(f.path, f.entries, newest).where(f.path.startswith("source/"), f.entries > 0).order_by(f.path)
        with self.read_transaction() as connection:
            return {
                FeedPath.parse(path).slug: SourceEntries(count, from_timestamp(last))
                for path, count, last in connection.execute(query)
            }

    def get_feed_summaries(self, each: int, months: int = 12) -> dict[FeedPath, FeedSummary]:
        """Every feed that has ever had an entry, by path: its `each` newest entries, and its last `months` months.

        The months are counted back from the newest month of any feed. A few queries, however much is stored.
        """
        # A few steps down an index for each feed. A window function would read every member of every feed.
        member = select(_m.entry_id).where(_m.feed == t.feeds.c.path).order_by(desc(_m.published), desc(_m.entry_id))
        columns = [
            member.limit(1).offset(number).correlate(t.feeds).scalar_subquery().label(f"newest{number}")
            for number in range(each)
        ]
        c = t.feed_months.c
        counts: dict[str, list[tuple[str, int]]] = defaultdict(list)
        with self.read_transaction() as connection:
            feeds = connection.execute(select(t.feeds.c.path, t.feeds.c.entries, *columns)).all()
            query = _SUMMARIES.where(_e.id.in_({id for _, _, *ids in feeds for id in ids if id}))
            entries = {row.id: EntrySummary.from_row(row) for row in connection.execute(query)}
            last = connection.execute(select(func.max(c.month)).where(c.entries > 0)).scalar()
            if last:
                number = int(last[:4]) * 12 + int(last[5:7]) - 1 - months
                before = f"{number // 12:04d}-{number % 12 + 1:02d}"
                since = select(c.feed, c.month, c.entries).where(c.month > before, c.entries > 0)
                for feed, month, count in connection.execute(since.order_by(c.feed, c.month)):
                    counts[feed].append((month, count))
        return {
            FeedPath.parse(path): FeedSummary(
                entries=total,
                newest=tuple(entries[id] for id in ids if id in entries),
                months=tuple(counts[path]),
            )
            for path, total, *ids in feeds
        }

    def get_copies(self, id: str) -> tuple[EntrySummary, ...]:
        """The other entries with the text of this one, oldest first: feeds with several sources show one of them."""
        with self.read_transaction() as connection:
            original = connection.execute(select(_e.repost_of).where(_e.id == id)).scalar() or id
            query = _SUMMARIES.where(
                or_(_e.id == original, _e.repost_of == original), _e.id != id, _e.withdrawn.is_(None)
            )
            return tuple(EntrySummary.from_row(row) for row in connection.execute(query.order_by(_e.published, _e.id)))

    def get_file_issues(self, limit: int = 1000) -> list[FileIssue]:
        """Files that are quarantined or flagged, with reasons; quarantined first, then by path."""
        f, d = t.files.c, t.dumps.c
        query = (
            select(f.path, f.outcome, func.coalesce(f.reason, "").label("reason"), d.first_seen, _e.source)
            .select_from(t.files.outerjoin(t.dumps, f.digest == d.digest).outerjoin(t.entries, d.entry_id == _e.id))
            # The condition of the partial index `files_issues`: without it, word for word, the index is not used.
            .where(text("files.outcome <> 'accepted'"))
            .order_by(f.path)
        )
        issues: list[FileIssue] = []
        with self.read_transaction() as connection:
            for outcome in (Outcome.QUARANTINED, Outcome.FLAGGED):
                rows = connection.execute(query.where(f.outcome == outcome.value).limit(limit - len(issues)))
                issues += map(FileIssue.from_row, rows)
        return issues

    def get_meta(self, name: str) -> str | None:
        """A small fact that a process saved for the others; None when there is none of this name."""
        with self.read_transaction() as connection:
            return connection.execute(_META, {"name": name}).scalar_one_or_none()

    def set_meta(self, name: str, value: str) -> None:
        """Save a small fact for other processes. Writes only when it differs from the stored one."""
        if self.get_meta(name) != value:
            with self.write_transaction() as connection:
                upsert(connection, t.meta, [{"name": name, "value": value}])

    def _get_members(self, query: Select[Any], values: Mapping[str, Any]) -> list[FeedMember]:
        with self.read_transaction() as connection:
            return [
                FeedMember(id=row.entry_id, published=from_timestamp(row.published), size_estimate=row.size_estimate)
                for row in connection.execute(query, values)
            ]

    def _get_dumps(self, query: Select[Any]) -> list[StoredDump]:
        with self.read_transaction() as connection:
            rows = connection.execute(query).all()
        return [StoredDump.from_row(row) for row in rows]


def _month_bounds(month: str) -> dict[str, int]:
    """First second of a month (`2020-06`, UTC), and first second after it."""
    year, number = int(month[:4]), int(month[5:7])
    first = datetime(year, number, 1, tzinfo=UTC)
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return {"first": int(first.timestamp()), "after": int(after.timestamp())}

"""Reads entries, feeds, dumps, files and sources from the store. `dump_recording` and `entry_updates` write them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, desc, func, or_, select, text, tuple_, update

from ..fetch.enclosure_metadata import FileMetadata
from ..model import FeedPath, Outcome, Source
from . import schema
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
from .serialization import (
    Provenance,
    decode_labels,
    decode_media,
    decode_provenance,
    decode_source,
    from_timestamp,
    label_feed,
    to_timestamp,
)

# The queries of every publication are built once: building one takes several times as long as executing it.
_entry, _member = schema.entries.c, schema.feed_members.c
_feed: BindParameter[str] = bindparam("feed")
_ids: BindParameter[Any] = bindparam("ids", expanding=True)
_in_month = (_member.feed == _feed, _member.published >= bindparam("first"), _member.published < bindparam("after"))
_NEWEST = (
    select(schema.feed_members)
    .where(_member.feed == _feed)
    .order_by(desc(_member.published), desc(_member.entry_id))
    .limit(bindparam("limit"))
)
_place = tuple_(_member.published, _member.entry_id)
_given_place = tuple_(bindparam("published"), bindparam("id"))
_NEWER = (
    select(schema.feed_members)
    .where(_member.feed == _feed, _place > _given_place)
    .order_by(_member.published, _member.entry_id)
    .limit(1)
)
_OLDER = (
    select(schema.feed_members)
    .where(_member.feed == _feed, _place < _given_place)
    .order_by(desc(_member.published), desc(_member.entry_id))
    .limit(1)
)
_MONTH = select(schema.feed_members).where(*_in_month).order_by(_member.published, _member.entry_id)
_SIZES = select(_member.size_estimate).where(*_in_month).order_by(_member.published, _member.entry_id)
_MONTHS = (
    select(schema.feed_months)
    .where(schema.feed_months.c.feed == _feed, schema.feed_months.c.entries > 0)
    .order_by(desc(schema.feed_months.c.month))
)
_FEEDS = select(schema.feeds).where(schema.feeds.c.version > bindparam("after")).order_by(schema.feeds.c.path)
ENTRY_COLUMNS = (
    _entry.id,
    _entry.payload,
    _entry.published,
    _entry.updated,
    _entry.labels,
    _entry.repost_links,
    _entry.media,
    _entry.revision,
    _entry.withdrawn,
)
"""The columns that `StoredEntry.from_row` reads."""
_ENTRIES = select(*ENTRY_COLUMNS).where(_entry.id.in_(_ids))
_REVISIONS = select(_entry.id, _entry.revision).where(_entry.id.in_(_ids))
_SUMMARIES = select(_entry.id, _entry.source, _entry.title, _entry.published)
_upstream = schema.upstreams.c
_title = func.min(_upstream.title)
_UPSTREAM_TITLES = (
    select(_upstream.source, _title.label("title"))
    .where(_upstream.title != "")
    .group_by(_upstream.source)
    .having(_title == func.max(_upstream.title))  # several feeds of one source do not name it
    .subquery()
)
_SOURCES = (
    select(schema.sources.c.data, schema.sources.c.icon, _UPSTREAM_TITLES.c.title)
    .outerjoin_from(schema.sources, _UPSTREAM_TITLES, _UPSTREAM_TITLES.c.source == schema.sources.c.id)
    .order_by(schema.sources.c.id)
)
_WITHDRAWN = (
    select(_entry.id, _entry.source, _entry.labels, _entry.withdrawn)
    .where(_entry.withdrawn.is_not(None))
    .order_by(desc(_entry.withdrawn), _entry.id)
)
_WITHDRAWN_FROM_ALL = _WITHDRAWN.where(_entry.private == 0)
_WITHDRAWN_FROM_SOURCE = _WITHDRAWN.where(_entry.source == bindparam("source"))
_META = select(schema.meta.c.value).where(schema.meta.c.name == bindparam("name"))


class Store(Database):
    """A database with entries, feeds, dumps and files. Every method runs one transaction and may raise StoreError."""

    _decoded_sources: tuple[Sequence[Any], list[Source]] = ([], [])
    """The rows of all sources as they were last read, and what they say: each publication asks for it."""

    @property
    def identity(self) -> str:
        """A random string, different for each store. Versions from different stores cannot be compared."""
        return self.get_meta(IDENTITY_KEY) or ""

    def iter_file_stamps(self) -> Iterator[tuple[bytes, int]]:
        """Yield path and stamp of every recorded file."""
        query = select(schema.files.c.path, schema.files.c.stamp)
        with self.read_transaction() as connection:
            yield from connection.execution_options(yield_per=1000).execute(query)

    def get_file_stamps(self, paths: Iterable[bytes]) -> dict[bytes, int]:
        """The stamps of these files, by path; files that were never recorded are left out."""
        file = schema.files.c
        with self.read_transaction() as connection:
            return dict(connection.execute(select(file.path, file.stamp).where(file.path.in_(list(paths)))).all())

    def retry_quarantined(self) -> None:
        """Make the next scan read quarantined files again although they have not changed.

        Of a container with a quarantined member, the first member is forgotten too, which stands for the container.
        """
        path, outcome = schema.files.c.path, schema.files.c.outcome
        with self.write_transaction() as connection:
            paths = connection.execute(select(path).where(outcome == Outcome.QUARANTINED.value)).scalars()
            first = {file.rpartition(b"#")[0] + b"#1" for file in paths if b"#" in file}
            is_forgotten = or_(outcome == Outcome.QUARANTINED.value, path.in_(list(first)))
            connection.execute(update(schema.files).where(is_forgotten).values(stamp=0))

    def get_known_digests(self, digests: Iterable[bytes]) -> set[bytes]:
        """Return those of the digests whose dumps are in the store."""
        query = select(schema.dumps.c.digest).where(schema.dumps.c.digest.in_(list(digests)))
        with self.read_transaction() as connection:
            return set(connection.execute(query).scalars())

    def get_feed_states(self, after: int = -1) -> list[FeedState]:
        """Feeds with a version above `after`, by path."""
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

    def get_last_change(self) -> datetime:
        """When any feed last changed; 1970 before the first entry."""
        with self.read_transaction() as connection:
            return from_timestamp(connection.execute(select(func.max(schema.feeds.c.changed))).scalar() or 0)

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

    def get_neighbors(self, feed: FeedPath, published: datetime, id: str) -> tuple[list[FeedMember], list[FeedMember]]:
        """The next newer and the next older entry of a feed; each list is empty at that end."""
        values = {"feed": str(feed), "published": to_timestamp(published), "id": id}
        return self._get_members(_NEWER, values), self._get_members(_OLDER, values)

    def get_newest_times(self) -> dict[FeedPath, datetime]:
        """When the newest entry of each feed was published, in one query."""
        query = select(schema.feed_members.c.feed, func.max(schema.feed_members.c.published))
        query = query.group_by(schema.feed_members.c.feed)
        with self.read_transaction() as connection:
            rows = connection.execute(query).all()
        return {FeedPath.parse(path): from_timestamp(published) for path, published in rows}

    def get_month(self, feed: FeedPath, month: str) -> list[FeedMember]:
        """All entries of one month (`2020-06`) of a feed, oldest first."""
        return self._get_members(_MONTH, {"feed": str(feed)} | _month_bounds(month))

    def get_size_estimates(self, feed: FeedPath, month: str) -> list[int]:
        """Estimated sizes (bytes) of a feed's entries of one month, oldest first. Ten times as fast as `get_month`."""
        with self.read_transaction() as connection:
            return list(connection.execute(_SIZES, {"feed": str(feed)} | _month_bounds(month)).scalars().all())

    def get_publish_times(self, feed: FeedPath, limit: int) -> list[datetime]:
        """Publication times of a feed's newest entries, newest first. Ten times as fast as `get_newest`."""
        query = (
            select(_member.published).where(_member.feed == str(feed)).order_by(desc(_member.published)).limit(limit)
        )
        with self.read_transaction() as connection:
            return [from_timestamp(published) for published in connection.execute(query).scalars().all()]

    def get_entries(self, ids: Sequence[str]) -> list[StoredEntry]:
        """Entries by id, in the order of `ids`; unknown ids are left out."""
        with self.read_transaction() as connection:
            entries = {row.id: StoredEntry.from_row(row) for row in connection.execute(_ENTRIES, {"ids": ids}).all()}
        return [entries[id] for id in ids if id in entries]

    def get_entry(self, id: str, hidden: Collection[str] = ()) -> tuple[StoredEntry, Provenance] | None:
        """An entry and its provenance; None when there is no entry with this id, or when its source is hidden.

        The row of a hidden source is not read, so that the time does not tell one from the other.
        """
        query = select(*ENTRY_COLUMNS, _entry.provenance).where(_entry.id == id, _entry.source.not_in(hidden))
        with self.read_transaction() as connection:
            row = connection.execute(query).one_or_none()
        return (StoredEntry.from_row(row), decode_provenance(row.provenance)) if row else None

    def get_entry_ids(self, after: str = "", limit: int = 1000) -> list[str]:
        """Entry ids above `after`, in order."""
        query = select(_entry.id).where(_entry.id > after).order_by(_entry.id).limit(limit)
        with self.read_transaction() as connection:
            return list(connection.execute(query).scalars().all())

    def get_revisions(self, ids: Sequence[str]) -> dict[str, int]:
        """The revision of the store at which each of these entries last changed."""
        with self.read_transaction() as connection:
            return dict(connection.execute(_REVISIONS, {"ids": ids}).all())

    def get_entry_sources(self, ids: Sequence[str]) -> dict[str, str]:
        """The source of each of these entries."""
        with self.read_transaction() as connection:
            return {
                row.id: row.source
                for row in connection.execute(select(_entry.id, _entry.source).where(_entry.id.in_(ids)))
            }

    def get_outdated_ids(self, *, rules_version: str = "", topics_version: str = "", limit: int = 256) -> list[str]:
        """Up to `limit` ids of entries that were cleaned with different rules, or labelled with different topics.

        Only one of the two versions is compared: `rules_version` if given, otherwise `topics_version`.
        """
        column, current = (
            (_entry.rules_version, rules_version) if rules_version else (_entry.topics_version, topics_version)
        )
        # Two ranges, because no index helps with `<>`.
        query = select(_entry.id).where(or_(column < current, column > current)).limit(limit)
        with self.read_transaction() as connection:
            return list(connection.execute(query).scalars().all())

    def get_withdrawn(self, feed: FeedPath, limit: int) -> list[WithdrawnEntry]:
        """The last `limit` entries that were withdrawn from a feed, latest withdrawal first."""
        query, values = _WITHDRAWN_FROM_ALL, {}
        if feed.kind == "source":
            query, values = _WITHDRAWN_FROM_SOURCE, {"source": feed.slug}
        with self.read_transaction() as connection:
            rows = connection.execute(query, values).all()
        return [
            WithdrawnEntry(row.id, row.source, from_timestamp(row.withdrawn))
            for row in rows
            if feed.kind in ("all", "source") or any(label_feed(label) == feed for label in decode_labels(row.labels))
        ][:limit]

    def get_newest_dumps(self, ids: Sequence[str]) -> dict[str, StoredDump]:
        """The dump that the text of each entry comes from, by entry id."""
        query = (
            select(schema.dumps).join(schema.entries, _entry.digest == schema.dumps.c.digest).where(_entry.id.in_(ids))
        )
        return {dump.entry_id: dump for dump in self._get_dumps(query) if dump.entry_id}

    def get_dumps(self, entry_id: str) -> list[StoredDump]:
        """The dumps of one entry, oldest first."""
        dump = schema.dumps.c
        order = (dump.dump_time, func.coalesce(dump.edited, dump.dump_time), dump.digest)
        return self._get_dumps(select(schema.dumps).where(dump.entry_id == entry_id).order_by(*order))

    def get_sources(self) -> list[Source]:
        """All sources with entries, by id. A source without a rule has the title of its upstream, and one without a
        configured icon the icon found on its site."""
        with self.read_transaction() as connection:
            rows = connection.execute(_SOURCES).all()
        if rows != self._decoded_sources[0]:
            self._decoded_sources = rows, [_decode_source(*row) for row in rows]
        return list(self._decoded_sources[1])

    def get_icons(self) -> dict[str, FileMetadata]:
        """Result of the search for each source's icon. Sources without a search are left out."""
        with self.read_transaction() as connection:
            rows = connection.execute(select(schema.sources.c.id, schema.sources.c.icon)).all()
        return {row.id: icon for row in rows for icon in decode_media(row.icon)}

    def count_outcomes(self) -> dict[Outcome, int]:
        """The number of files of each outcome."""
        counter = schema.outcome_counts.c
        query = select(counter.outcome, counter.dumps).where(counter.source == ALL_FILES, counter.dumps > 0)
        with self.read_transaction() as connection:
            return {Outcome(name): count for name, count in connection.execute(query)}

    def count_dumps_by_source(self) -> dict[str, SourceDumps]:
        """The dumps of each source: their number by outcome, and when the last one was first seen."""
        counter = schema.outcome_counts.c
        query = (
            select(counter.source, counter.outcome, counter.dumps, counter.last_seen)
            .where(counter.source != ALL_FILES, counter.dumps > 0)
            .order_by(counter.source, counter.outcome)
        )
        sources: dict[str, SourceDumps] = {}
        with self.read_transaction() as connection:
            for source, outcome, count, seconds in connection.execute(query):
                seen = from_timestamp(seconds)
                counts, last_seen = sources.get(source, SourceDumps({}, seen))
                sources[source] = SourceDumps({**counts, outcome: count}, max(last_seen, seen))
        return sources

    def get_freshness(self) -> dict[str, SourceEntries]:
        """Number and last publication time of each source's entries; sources with an empty feed are left out."""
        feed = schema.feeds.c
        # This reads counters and an index: counting 100,000 entries takes a quarter of a second.
        newest = (
            select(func.max(_member.published))
            .where(_member.feed == feed.path)
            .correlate(schema.feeds)
            .scalar_subquery()
        )
        query = (
            select(feed.path, feed.entries, newest)
            .where(feed.path.startswith("source/"), feed.entries > 0)
            .order_by(feed.path)
        )
        with self.read_transaction() as connection:
            return {
                FeedPath.parse(path).slug: SourceEntries(count, from_timestamp(last))
                for path, count, last in connection.execute(query)
            }

    def get_feed_summaries(self, each: int, months: int = 12) -> dict[FeedPath, FeedSummary]:
        """All feeds that have ever had an entry, each with its `each` newest entries and its last `months` months.

        The months are counted back from the newest month of any feed. The number of queries does not depend on the size
        of the store.
        """
        # This takes a few index steps for each feed. A window function would read every member of every feed.
        member = (
            select(_member.entry_id)
            .where(_member.feed == schema.feeds.c.path)
            .order_by(desc(_member.published), desc(_member.entry_id))
        )
        columns = [
            member.limit(1).offset(number).correlate(schema.feeds).scalar_subquery().label(f"newest{number}")
            for number in range(each)
        ]
        counter = schema.feed_months.c
        counts: dict[str, list[tuple[str, int]]] = defaultdict(list)
        with self.read_transaction() as connection:
            feeds = connection.execute(select(schema.feeds.c.path, schema.feeds.c.entries, *columns)).all()
            query = _SUMMARIES.where(_entry.id.in_({id for _, _, *ids in feeds for id in ids if id}))
            entries = {row.id: EntrySummary.from_row(row) for row in connection.execute(query)}
            last = connection.execute(select(func.max(counter.month)).where(counter.entries > 0)).scalar()
            if last:
                number = int(last[:4]) * 12 + int(last[5:7]) - 1 - months
                before = f"{number // 12:04d}-{number % 12 + 1:02d}"
                since = select(counter.feed, counter.month, counter.entries).where(
                    counter.month > before, counter.entries > 0
                )
                for feed, month, count in connection.execute(since.order_by(counter.feed, counter.month)):
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
        """The other entries with the same text, oldest first. A feed with several sources shows only one of them."""
        with self.read_transaction() as connection:
            original = connection.execute(select(_entry.repost_of).where(_entry.id == id)).scalar() or id
            query = _SUMMARIES.where(
                or_(_entry.id == original, _entry.repost_of == original), _entry.id != id, _entry.withdrawn.is_(None)
            )
            return tuple(
                EntrySummary.from_row(row) for row in connection.execute(query.order_by(_entry.published, _entry.id))
            )

    def get_file_issues(self, limit: int = 1000) -> list[FileIssue]:
        """Files that are quarantined or flagged, with reasons; quarantined first, then by path."""
        file, dump = schema.files.c, schema.dumps.c
        query = (
            select(
                file.path, file.outcome, func.coalesce(file.reason, "").label("reason"), dump.first_seen, _entry.source
            )
            .select_from(
                schema.files.outerjoin(schema.dumps, file.digest == dump.digest).outerjoin(
                    schema.entries, dump.entry_id == _entry.id
                )
            )
            # The exact condition of the partial index `files_issues`: with different words, the index is not used.
            .where(text("files.outcome <> 'accepted'"))
            .order_by(file.path)
        )
        issues: list[FileIssue] = []
        with self.read_transaction() as connection:
            for outcome in (Outcome.QUARANTINED, Outcome.FLAGGED):
                rows = connection.execute(query.where(file.outcome == outcome.value).limit(limit - len(issues)))
                issues += map(FileIssue.from_row, rows)
        return issues

    def get_meta(self, name: str) -> str | None:
        """The value that a process saved under this name; None when there is none."""
        with self.read_transaction() as connection:
            return connection.execute(_META, {"name": name}).scalar_one_or_none()

    def set_meta(self, name: str, value: str) -> None:
        """Save a small value for other processes. Writes only when it differs from the stored one."""
        if self.get_meta(name) != value:
            with self.write_transaction() as connection:
                upsert(connection, schema.meta, [{"name": name, "value": value}])

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
    """The first second of a month (`2020-06`, UTC), and the first second of the next month."""
    year, number = int(month[:4]), int(month[5:7])
    first = datetime(year, number, 1, tzinfo=UTC)
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return {"first": int(first.timestamp()), "after": int(after.timestamp())}


def _decode_source(data: str, icon: str, title: str | None) -> Source:
    source, icons = decode_source(data), decode_media(icon)
    if title and not source.configured:
        source = replace(source, title=title, language="", configured=True)
    return replace(source, icon=source.icon or "".join(icon.url for icon in icons)) if icons else source

"""What the store knows, read. `recording`, `revising` and their neighbours are what writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, desc, func, or_, select, text, update

from ..fetch.enclosure_metadata import FileMetadata
from ..model import Outcome, Source
from . import schema as t
from .database import IDENTITY_KEY, Database
from .membership import ALL_FILES, month_bounds, upsert
from .rows import FeedMember, FeedState, FileIssue, MonthState, StoredDump, StoredEntry, decode_source
from .serialization import Provenance, decode_labels, decode_media, decode_provenance, from_timestamp

# What every publication asks the store, built once: to build a statement takes several times as long as its answer.

ENTRY_COLUMNS = (
    t.entries.c.id,
    t.entries.c.payload,
    t.entries.c.published,
    t.entries.c.updated,
    t.entries.c.labels,
    t.entries.c.via,
    t.entries.c.media,
    t.entries.c.revision,
    t.entries.c.withdrawn,
)

_m = t.feed_members.c
_feed: BindParameter[str] = bindparam("feed")
_within = (_m.feed == _feed, _m.published >= bindparam("first"), _m.published < bindparam("after"))
NEWEST = (
    select(t.feed_members).where(_m.feed == _feed).order_by(desc(_m.published), desc(_m.entry)).limit(bindparam("most"))
)
MONTH = select(t.feed_members).where(*_within).order_by(_m.published, _m.entry)
WEIGHTS = select(_m.weight).where(*_within).order_by(_m.published, _m.entry)
MONTHS = (
    select(t.feed_months)
    .where(t.feed_months.c.feed == _feed, t.feed_months.c.entries > 0)
    .order_by(desc(t.feed_months.c.month))
)
FEEDS = select(t.feeds).where(t.feeds.c.version > bindparam("after")).order_by(t.feeds.c.path)
ENTRIES = select(*ENTRY_COLUMNS).where(t.entries.c.id.in_(bindparam("ids", expanding=True)))
REVISIONS = select(t.entries.c.id, t.entries.c.revision).where(t.entries.c.id.in_(bindparam("ids", expanding=True)))
SOURCES = select(t.sources.c.data, t.sources.c.icon).order_by(t.sources.c.id)
_e = t.entries.c
_queries_gone = select(_e.id, _e.source, _e.labels, _e.withdrawn).where(_e.withdrawn.is_not(None))
_queries_gone = _queries_gone.order_by(desc(_e.withdrawn), _e.id)
WITHDRAWN = _queries_gone.where(_e.hidden == 0)
WITHDRAWN_OF = _queries_gone.where(_e.source == bindparam("source"))
STATE = select(t.meta.c.value).where(t.meta.c.name == bindparam("name"))


def build_issues_query(outcome: Outcome, limit: int) -> Select[Any]:
    """By the index of files that are not simply accepted. Its condition has to stand here, and as it stands there."""
    f, o, e = t.files.c, t.dumps.c, t.entries.c
    return (
        select(f.path, f.outcome, func.coalesce(f.reason, "").label("reason"), o.seen, e.source)
        .select_from(t.files.outerjoin(t.dumps, f.digest == o.digest).outerjoin(t.entries, o.entry == e.id))
        .where(f.outcome == outcome.value, text("files.outcome <> 'accepted'"))
        .order_by(f.path)
        .limit(limit)
    )


class Store(Database):
    """A database with entries, feeds, dumps and files. Every method is one transaction."""

    @property
    def identity(self) -> str:
        """What tells this store from one that is made anew: versions of the two say nothing about each other."""
        return self.get_meta(IDENTITY_KEY) or ""

    def iter_file_stamps(self) -> Iterator[tuple[bytes, int]]:
        """Path and stamp of every file that was recorded."""
        query = select(t.files.c.path, t.files.c.stamp)
        with self.read_transaction() as connection:
            yield from connection.execution_options(yield_per=1000).execute(query)

    def get_file_stamps(self, paths: Iterable[bytes]) -> dict[bytes, int]:
        """The stamps of those of these files that were recorded."""
        f = t.files.c
        with self.read_transaction() as connection:
            return dict(connection.execute(select(f.path, f.stamp).where(f.path.in_(list(paths)))).all())

    def retry_quarantined(self) -> None:
        """Have what is quarantined read again by the next scan, though its files have not changed."""
        with self.write_transaction() as connection:
            where = t.files.c.outcome == Outcome.QUARANTINED.value
            connection.execute(update(t.files).where(where).values(stamp=0))

    def get_known_digests(self, digests: Iterable[bytes]) -> set[bytes]:
        """Those of `digests` whose bytes are kept already."""
        query = select(t.dumps.c.digest).where(t.dumps.c.digest.in_(list(digests)))
        with self.read_transaction() as connection:
            return set(connection.execute(query).scalars())

    def get_feed_states(self, after: int = -1) -> list[FeedState]:
        """Feeds whose version is above `after`, by path."""
        with self.read_transaction() as connection:
            return [FeedState.from_row(row) for row in connection.execute(FEEDS, {"after": after}).all()]

    def get_months(self, feed: str) -> list[MonthState]:
        """The months in which a feed has entries, newest first."""
        with self.read_transaction() as connection:
            return [MonthState.from_row(row) for row in connection.execute(MONTHS, {"feed": feed}).all()]

    def get_newest(self, feed: str, limit: int) -> list[FeedMember]:
        """The places of a feed's newest entries, newest first."""
        return self._members(NEWEST, {"feed": feed, "most": limit})

    def get_publish_times(self, feed: str, limit: int) -> list[datetime]:
        """When a feed's newest entries were published, newest first: a tenth of the time that `newest` takes."""
        m = t.feed_members.c
        query = select(m.published).where(m.feed == feed).order_by(desc(m.published)).limit(limit)
        with self.read_transaction() as connection:
            return [from_timestamp(published) for published in connection.execute(query).scalars().all()]

    def get_size_estimates(self, feed: str, month: str) -> list[int]:
        """The weights of all entries of one month of a feed, oldest first: a tenth of the time that `month` takes."""
        first, after = month_bounds(month)
        with self.read_transaction() as connection:
            return list(connection.execute(WEIGHTS, {"feed": feed, "first": first, "after": after}).scalars().all())

    def get_month(self, feed: str, month: str) -> list[FeedMember]:
        """The places of all entries of one month (`2020-06`) of a feed, oldest first."""
        first, after = month_bounds(month)
        return self._members(MONTH, {"feed": feed, "first": first, "after": after})

    def get_entries(self, ids: Sequence[str]) -> list[StoredEntry]:
        """Entries by id, in the order asked for; unknown ids are left out."""
        with self.read_transaction() as connection:
            found = {row.id: StoredEntry.from_row(row) for row in connection.execute(ENTRIES, {"ids": ids}).all()}
        return [found[id] for id in ids if id in found]

    def get_revisions(self, ids: Sequence[str]) -> dict[str, int]:
        """When each of these entries last changed, as a number that grows."""
        with self.read_transaction() as connection:
            return dict(connection.execute(REVISIONS, {"ids": ids}).all())

    def get_entry(self, id: str) -> tuple[StoredEntry, Provenance] | None:
        """One entry and the account of how it came about."""
        with self.read_transaction() as connection:
            row = connection.execute(
                select(*ENTRY_COLUMNS, t.entries.c.notes).where(t.entries.c.id == id)
            ).one_or_none()
        return (StoredEntry.from_row(row), decode_provenance(row.notes)) if row else None

    def get_entry_ids(self, after: str = "", limit: int = 1000) -> list[str]:
        """Entry ids above `after`, in order."""
        query = select(t.entries.c.id).where(t.entries.c.id > after).order_by(t.entries.c.id).limit(limit)
        with self.read_transaction() as connection:
            return list(connection.execute(query).scalars().all())

    def get_outdated_ids(self, *, rules_version: str = "", topics_version: str = "", limit: int = 256) -> list[str]:
        """Some ids of entries that were made with other rules, or labelled with other topics, than the ones named."""
        column, current = (t.entries.c.rules, rules_version) if rules_version else (t.entries.c.topics, topics_version)
        # Two ranges, because an index serves no `<>`.
        query = select(t.entries.c.id).where(or_(column < current, column > current)).limit(limit)
        with self.read_transaction() as connection:
            return list(connection.execute(query).scalars().all())

    def get_newest_dumps(self, ids: Sequence[str]) -> dict[str, StoredDump]:
        """For each entry, the dump that gives its text."""
        o, e = t.dumps.c, t.entries.c
        query = select(t.dumps).join(t.entries, e.digest == o.digest).where(e.id.in_(ids))
        return {original.entry_id: original for original in self._originals(query) if original.entry_id}

    def get_dumps(self, entry: str) -> list[StoredDump]:
        """The dumps of one entry, oldest first."""
        o = t.dumps.c
        query = select(t.dumps).where(o.entry == entry).order_by(o.at, func.coalesce(o.edited, o.at), o.digest)
        return self._originals(query)

    def get_dump(self, digest: bytes) -> StoredDump | None:
        """One dump by the digest of its bytes."""
        found = self._originals(select(t.dumps).where(t.dumps.c.digest == digest))
        return found[0] if found else None

    def get_sources(self) -> list[Source]:
        """Every source that has an entry, by id; with the icon that was found, where no rule names one."""
        with self.read_transaction() as connection:
            return [decode_source(row) for row in connection.execute(SOURCES).all()]

    def get_icons(self) -> dict[str, FileMetadata]:
        """What looking for the icon of each source came to; sources that nobody looked at are left out."""
        with self.read_transaction() as connection:
            rows = connection.execute(select(t.sources.c.id, t.sources.c.icon)).all()
        return {row.id: icon for row in rows for icon in decode_media(row.icon)}

    def count_outcomes(self) -> dict[Outcome, int]:
        """How many files came out how."""
        a = t.outcome_counts.c
        query = select(a.outcome, a.dumps).where(a.source == ALL_FILES, a.dumps > 0)
        with self.read_transaction() as connection:
            return {Outcome(name): count for name, count in connection.execute(query)}

    def get_file_issues(self, limit: int = 1000) -> list[FileIssue]:
        """Files that are quarantined or flagged, with reasons; quarantined first, then by path."""
        found: list[FileIssue] = []
        with self.read_transaction() as connection:
            for outcome in (Outcome.QUARANTINED, Outcome.FLAGGED):
                found += map(FileIssue.from_row, connection.execute(build_issues_query(outcome, limit - len(found))))
        return found

    def get_freshness(self) -> dict[str, tuple[int, datetime]]:
        """Per source: how many entries its feed and archives show, and when the newest of them was published."""
        f, m = t.feeds.c, t.feed_members.c
        # From counters and an index: to count 100,000 entries anew took a quarter of a second.
        newest = select(func.max(m.published)).where(m.feed == f.path).correlate(t.feeds).scalar_subquery()
        query = select(f.path, f.entries, newest).where(f.path.startswith("source/"), f.entries > 0).order_by(f.path)
        with self.read_transaction() as connection:
            return {path[7:]: (count, from_timestamp(last)) for path, count, last in connection.execute(query)}

    def count_dumps_by_source(self) -> dict[str, tuple[dict[str, int], datetime]]:
        """Per source: how many of its dumps came out how, and when the last one was first seen."""
        a = t.outcome_counts.c
        query = (
            select(a.source, a.outcome, a.dumps, a.seen)
            .where(a.source != ALL_FILES, a.dumps > 0)
            .order_by(a.source, a.outcome)
        )
        found: dict[str, tuple[dict[str, int], datetime]] = {}
        with self.read_transaction() as connection:
            for source, outcome, count, last in connection.execute(query):
                counts, newest = found.get(source, ({}, from_timestamp(last)))
                found[source] = ({**counts, outcome: count}, max(newest, from_timestamp(last)))
        return found

    def get_entry_sources(self, ids: Sequence[str]) -> dict[str, str]:
        """The source of each entry."""
        e = t.entries.c
        with self.read_transaction() as connection:
            return {row.id: row.source for row in connection.execute(select(e.id, e.source).where(e.id.in_(ids)))}

    def get_withdrawn(self, feed: str, limit: int) -> list[tuple[str, str, datetime]]:
        """Entries that were withdrawn from a feed: id, source, when; the last `limit` of them, newest first."""
        kind, _, slug = feed.partition("/")
        query = WITHDRAWN_OF if kind == "source" else WITHDRAWN
        with self.read_transaction() as connection:
            rows = connection.execute(query, {"source": slug} if kind == "source" else {}).all()
        return [
            (row.id, row.source, from_timestamp(row.withdrawn))
            for row in rows
            if kind != "topic" or any(label.topic == slug for label in decode_labels(row.labels))
        ][:limit]

    def get_meta(self, name: str) -> str | None:
        """A small fact that some process left for the others."""
        with self.read_transaction() as connection:
            return connection.execute(STATE, {"name": name}).scalar_one_or_none()

    def set_meta(self, name: str, value: str) -> None:
        """Leave a small fact for the others; one that stands there already costs no write."""
        if self.get_meta(name) != value:
            with self.write_transaction() as connection:
                upsert(connection, t.meta, [{"name": name, "value": value}])

    def _members(self, query: Select[Any], values: Mapping[str, Any]) -> list[FeedMember]:
        with self.read_transaction() as connection:
            return [FeedMember.from_row(row) for row in connection.execute(query, values)]

    def _originals(self, query: Select[Any]) -> list[StoredDump]:
        with self.read_transaction() as connection:
            rows = connection.execute(query).all()
        return [StoredDump.from_row(row) for row in rows]

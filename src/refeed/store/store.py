"""What the store knows, read. `recording`, `revising` and their neighbours are what writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, desc, func, or_, select, update

from ..media import Measured
from ..model import Outcome, Source
from ..packing import Notes, instant, unpack_labels, unpack_measured, unpack_notes
from . import queries
from . import schema as t
from .database import IDENTITY, Database
from .places import month_bounds, upsert
from .rows import Doubt, FeedState, Member, MonthState, Original, Stored, source_of
from .tallies import FILES


class Store(Database):
    """A database with entries, feeds, dumps and files. Every method is one transaction."""

    @property
    def identity(self) -> str:
        """What tells this store from one that is made anew: versions of the two say nothing about each other."""
        return self.state(IDENTITY) or ""

    def files(self) -> Iterator[tuple[bytes, int]]:
        """Path and stamp of every file that was recorded."""
        query = select(t.files.c.path, t.files.c.stamp)
        with self.reading() as connection:
            yield from connection.execution_options(yield_per=1000).execute(query)

    def stamps(self, paths: Iterable[bytes]) -> dict[bytes, int]:
        """The stamps of those of these files that were recorded."""
        f = t.files.c
        with self.reading() as connection:
            return dict(connection.execute(select(f.path, f.stamp).where(f.path.in_(list(paths)))).all())

    def forget_quarantined(self) -> None:
        """Have what is quarantined read again by the next scan, though its files have not changed."""
        with self.writing() as connection:
            where = t.files.c.outcome == Outcome.QUARANTINED.value
            connection.execute(update(t.files).where(where).values(stamp=0))

    def known(self, digests: Iterable[bytes]) -> set[bytes]:
        """Those of `digests` whose bytes are kept already."""
        query = select(t.originals.c.digest).where(t.originals.c.digest.in_(list(digests)))
        with self.reading() as connection:
            return set(connection.execute(query).scalars())

    def feeds(self, after: int = -1) -> list[FeedState]:
        """Feeds whose version is above `after`, by path."""
        with self.reading() as connection:
            return [FeedState.of(row) for row in connection.execute(queries.FEEDS, {"after": after}).all()]

    def months(self, feed: str) -> list[MonthState]:
        """The months in which a feed has entries, newest first."""
        with self.reading() as connection:
            return [MonthState.of(row) for row in connection.execute(queries.MONTHS, {"feed": feed}).all()]

    def newest(self, feed: str, limit: int) -> list[Member]:
        """The places of a feed's newest entries, newest first."""
        return self._members(queries.NEWEST, {"feed": feed, "most": limit})

    def instants(self, feed: str, limit: int) -> list[datetime]:
        """When a feed's newest entries were published, newest first: a tenth of the time that `newest` takes."""
        m = t.members.c
        query = select(m.published).where(m.feed == feed).order_by(desc(m.published)).limit(limit)
        with self.reading() as connection:
            return [instant(published) for published in connection.execute(query).scalars().all()]

    def weights(self, feed: str, month: str) -> list[int]:
        """The weights of all entries of one month of a feed, oldest first: a tenth of the time that `month` takes."""
        first, after = month_bounds(month)
        with self.reading() as connection:
            return list(
                connection.execute(queries.WEIGHTS, {"feed": feed, "first": first, "after": after}).scalars().all()
            )

    def month(self, feed: str, month: str) -> list[Member]:
        """The places of all entries of one month (`2020-06`) of a feed, oldest first."""
        first, after = month_bounds(month)
        return self._members(queries.MONTH, {"feed": feed, "first": first, "after": after})

    def entries(self, ids: Sequence[str]) -> list[Stored]:
        """Entries by id, in the order asked for; unknown ids are left out."""
        with self.reading() as connection:
            found = {row.id: Stored.of(row) for row in connection.execute(queries.ENTRIES, {"ids": ids}).all()}
        return [found[id] for id in ids if id in found]

    def revisions(self, ids: Sequence[str]) -> dict[str, int]:
        """When each of these entries last changed, as a number that grows."""
        with self.reading() as connection:
            return dict(connection.execute(queries.REVISIONS, {"ids": ids}).all())

    def entry(self, id: str) -> tuple[Stored, Notes] | None:
        """One entry and the account of how it came about."""
        with self.reading() as connection:
            row = connection.execute(
                select(*queries.ENTRY, t.entries.c.notes).where(t.entries.c.id == id)
            ).one_or_none()
        return (Stored.of(row), unpack_notes(row.notes)) if row else None

    def ids(self, after: str = "", limit: int = 1000) -> list[str]:
        """Entry ids above `after`, in order."""
        query = select(t.entries.c.id).where(t.entries.c.id > after).order_by(t.entries.c.id).limit(limit)
        with self.reading() as connection:
            return list(connection.execute(query).scalars().all())

    def outdated(self, *, rules: str = "", topics: str = "", limit: int = 256) -> list[str]:
        """Some ids of entries that were made with other rules, or labelled with other topics, than the ones named."""
        column, current = (t.entries.c.rules, rules) if rules else (t.entries.c.topics, topics)
        # Two ranges, because an index serves no `<>`.
        query = select(t.entries.c.id).where(or_(column < current, column > current)).limit(limit)
        with self.reading() as connection:
            return list(connection.execute(query).scalars().all())

    def newest_originals(self, ids: Sequence[str]) -> dict[str, Original]:
        """For each entry, the dump that gives its text."""
        o, e = t.originals.c, t.entries.c
        query = select(t.originals).join(t.entries, e.digest == o.digest).where(e.id.in_(ids))
        return {original.entry: original for original in self._originals(query) if original.entry}

    def originals(self, entry: str) -> list[Original]:
        """The dumps of one entry, oldest first."""
        o = t.originals.c
        query = select(t.originals).where(o.entry == entry).order_by(o.at, func.coalesce(o.edited, o.at), o.digest)
        return self._originals(query)

    def original(self, digest: bytes) -> Original | None:
        """One dump by the digest of its bytes."""
        found = self._originals(select(t.originals).where(t.originals.c.digest == digest))
        return found[0] if found else None

    def sources(self) -> list[Source]:
        """Every source that has an entry, by id; with the icon that was found, where no rule names one."""
        with self.reading() as connection:
            return [source_of(row) for row in connection.execute(queries.SOURCES).all()]

    def icons(self) -> dict[str, Measured]:
        """What looking for the icon of each source came to; sources that nobody looked at are left out."""
        with self.reading() as connection:
            rows = connection.execute(select(t.sources.c.id, t.sources.c.icon)).all()
        return {row.id: icon for row in rows for icon in unpack_measured(row.icon)}

    def outcomes(self) -> dict[Outcome, int]:
        """How many files came out how."""
        a = t.tallies.c
        query = select(a.outcome, a.dumps).where(a.source == FILES, a.dumps > 0)
        with self.reading() as connection:
            return {Outcome(name): count for name, count in connection.execute(query)}

    def doubts(self, limit: int = 1000) -> list[Doubt]:
        """Files that are quarantined or flagged, with reasons; quarantined first, then by path."""
        found: list[Doubt] = []
        with self.reading() as connection:
            for outcome in (Outcome.QUARANTINED, Outcome.FLAGGED):
                found += map(Doubt.of, connection.execute(queries.doubts(outcome, limit - len(found))))
        return found

    def freshness(self) -> dict[str, tuple[int, datetime]]:
        """Per source: how many entries its feed and archives show, and when the newest of them was published."""
        f, m = t.feeds.c, t.members.c
        # From counters and an index: to count 100,000 entries anew took a quarter of a second.
        newest = select(func.max(m.published)).where(m.feed == f.path).correlate(t.feeds).scalar_subquery()
        query = select(f.path, f.entries, newest).where(f.path.startswith("source/"), f.entries > 0).order_by(f.path)
        with self.reading() as connection:
            return {path[7:]: (count, instant(last)) for path, count, last in connection.execute(query)}

    def dumps_by_source(self) -> dict[str, tuple[dict[str, int], datetime]]:
        """Per source: how many of its dumps came out how, and when the last one was first seen."""
        a = t.tallies.c
        query = (
            select(a.source, a.outcome, a.dumps, a.seen)
            .where(a.source != FILES, a.dumps > 0)
            .order_by(a.source, a.outcome)
        )
        found: dict[str, tuple[dict[str, int], datetime]] = {}
        with self.reading() as connection:
            for source, outcome, count, last in connection.execute(query):
                counts, newest = found.get(source, ({}, instant(last)))
                found[source] = ({**counts, outcome: count}, max(newest, instant(last)))
        return found

    def sources_of(self, ids: Sequence[str]) -> dict[str, str]:
        """The source of each entry."""
        e = t.entries.c
        with self.reading() as connection:
            return {row.id: row.source for row in connection.execute(select(e.id, e.source).where(e.id.in_(ids)))}

    def withdrawn(self, feed: str, limit: int) -> list[tuple[str, str, datetime]]:
        """Entries that were withdrawn from a feed: id, source, when; the last `limit` of them, newest first."""
        kind, _, slug = feed.partition("/")
        query = queries.WITHDRAWN_OF if kind == "source" else queries.WITHDRAWN
        with self.reading() as connection:
            rows = connection.execute(query, {"source": slug} if kind == "source" else {}).all()
        return [
            (row.id, row.source, instant(row.withdrawn))
            for row in rows
            if kind != "topic" or any(label.topic == slug for label in unpack_labels(row.labels))
        ][:limit]

    def state(self, name: str) -> str | None:
        """A small fact that some process left for the others."""
        with self.reading() as connection:
            return connection.execute(queries.STATE, {"name": name}).scalar_one_or_none()

    def note(self, name: str, value: str) -> None:
        """Leave a small fact for the others; one that stands there already costs no write."""
        if self.state(name) != value:
            with self.writing() as connection:
                upsert(connection, t.state, [{"name": name, "value": value}])

    def _members(self, query: Select[Any], values: Mapping[str, Any]) -> list[Member]:
        with self.reading() as connection:
            return [Member.of(row) for row in connection.execute(query, values)]

    def _originals(self, query: Select[Any]) -> list[Original]:
        with self.reading() as connection:
            rows = connection.execute(query).all()
        return [Original.of(row) for row in rows]

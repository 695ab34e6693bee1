"""The store by URL: what it knows, read. `recording` and `labelling` are what writes it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Select, bindparam, desc, func, insert, or_, select, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import StoreError
from ..media import Measured
from ..model import Entry, Label, Outcome, Source
from . import schema as t
from .engine import connect, parse_url
from .mending import is_sound
from .migrations import MIGRATIONS, migrate, version_of
from .packing import Notes, decompress, instant, unpack_entry, unpack_labels, unpack_measured, unpack_notes
from .places import upsert
from .tallies import FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """A feed's place in the store's history."""

    path: str
    version: int
    """Grows with every change to any of its entries."""
    changed: datetime
    """When its version last moved: Last-Modified of its documents, the same on every machine."""
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthState:
    """One calendar month (UTC) of a feed."""

    month: str
    entries: int
    version: int
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An entry's place in a feed, without the entry."""

    id: str
    published: datetime
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An entry with all that the store adds to it."""

    entry: Entry
    labels: tuple[Label, ...]
    via: tuple[str, ...]
    revision: int
    media: tuple[Measured, ...] = ()
    """What is known of its files; the entry tells it already."""
    withdrawn: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A dump's bytes as they came, and what became of them."""

    digest: bytes
    entry: str | None
    at: datetime
    seen: datetime
    path: str
    folder: str
    outcome: Outcome
    reason: str | None
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A dump that is quarantined or flagged, and why."""

    path: str
    outcome: Outcome
    reason: str
    seen: datetime | None
    source: str | None
    """Of the entry that it gave; None for one that is quarantined."""


class Store:
    """A database opened. Safe to use from several threads; every method is one transaction.

    Raises StoreError, naming the database without its password, when it is away or damaged.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.url = url
        self.engine = connect(url, read_only=read_only)
        self._place = self._file()
        self._shared = threading.local()
        # SQLite's transactions are snapshots anyway.
        self._snapshot = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        self._checked = float("-inf")

    @property
    def name(self) -> str:
        """The store for people, without a password."""
        return parse_url(self.url).render_as_string(hide_password=True)

    def migrate(self) -> int:
        """Bring the schema up to date; returns its version. Writes nothing, and waits for nobody, where it is."""
        with self.reading() as connection:
            version = version_of(connection)
        if version == len(MIGRATIONS):
            self._place = self._file()
            return version
        with self.writing() as connection:
            version = migrate(connection)
            if connection.execute(select(t.state.c.value).where(t.state.c.name == _IDENTITY)).first() is None:
                connection.execute(insert(t.state).values(name=_IDENTITY, value=secrets.token_hex(8)))
        self._place = self._file()
        return version

    @property
    def identity(self) -> str:
        """What tells this store from one that is made anew: versions of the two say nothing about each other."""
        return self.state(_IDENTITY) or ""

    def check(self) -> None:
        """Raise StoreError when an SQLite store was taken away, replaced or damaged behind our back.

        What is held in memory would hide it, until the next start. Costs a `stat` while nobody else touches the file.
        """
        there = self._file()
        if there == self._place:
            return
        if there is None or self._place is None or there[:2] != self._place[:2]:
            raise StoreError(f"the store {self.name} was taken away or replaced")
        began = time.monotonic()
        if began < self._checked:
            return
        if not is_sound(self.url):
            raise StoreError(f"the store {self.name} was damaged from outside")
        self._place = there
        self._checked = time.monotonic() + _SHARE * (time.monotonic() - began)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads: all its queries see the store at one moment."""
        if connection := getattr(self._shared, "connection", None):
            yield connection
            return
        try:
            with self.engine.connect().execution_options(**self._snapshot) as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise self._away(error) from error

    @contextmanager
    def moment(self) -> Iterator[None]:
        """What this thread reads meanwhile is read in one transaction: all of one moment, and a third of the time."""
        with self.reading() as connection:
            self._shared.connection = connection
            try:
                yield
            finally:
                self._shared.connection = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may write; SQLite takes its one writer's lock at once."""
        try:
            with self.engine.connect().execution_options(write=True) as connection, connection.begin():
                ours = self._file() == self._place  # else somebody was at it before us, and `check` has to see that
                yield connection
            if ours:
                self._place = self._file()
        except SQLAlchemyError as error:
            raise self._away(error) from error

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
            return [
                FeedState(path=row.path, version=row.version, changed=instant(row.changed), entries=row.entries)
                for row in connection.execute(_FEEDS, {"after": after}).all()
            ]

    def months(self, feed: str, after: int = -1) -> list[MonthState]:
        """The months in which a feed has entries, newest first; only those whose version is above `after`."""
        with self.reading() as connection:
            return [
                MonthState(month=row.month, entries=row.entries, version=row.version, changed=instant(row.changed))
                for row in connection.execute(_MONTHS, {"feed": feed, "after": after}).all()
            ]

    def newest(self, feed: str, limit: int) -> list[Member]:
        """The places of a feed's newest entries, newest first."""
        return self._members(_NEWEST, {"feed": feed, "most": limit})

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
            return list(connection.execute(_WEIGHTS, {"feed": feed, "first": first, "after": after}).scalars().all())

    def month(self, feed: str, month: str) -> list[Member]:
        """The places of all entries of one month (`2020-06`) of a feed, oldest first."""
        first, after = month_bounds(month)
        return self._members(_MONTH, {"feed": feed, "first": first, "after": after})

    def entries(self, ids: Sequence[str]) -> list[Stored]:
        """Entries by id, in the order asked for; unknown ids are left out."""
        with self.reading() as connection:
            found = {row.id: _stored(row) for row in connection.execute(_ENTRIES, {"ids": ids}).all()}
        return [found[id] for id in ids if id in found]

    def revisions(self, ids: Sequence[str]) -> dict[str, int]:
        """When each of these entries last changed, as a number that grows."""
        with self.reading() as connection:
            return dict(connection.execute(_REVISIONS, {"ids": ids}).all())

    def entry(self, id: str) -> tuple[Stored, Notes] | None:
        """One entry and the account of how it came about."""
        with self.reading() as connection:
            row = connection.execute(select(*_ENTRY, t.entries.c.notes).where(t.entries.c.id == id)).one_or_none()
        return (_stored(row), unpack_notes(row.notes)) if row else None

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
            rows = connection.execute(select(t.sources.c.data, t.sources.c.icon).order_by(t.sources.c.id))
            return [_source(row) for row in rows]

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
                found += map(_doubt, connection.execute(_doubts(outcome, limit - len(found))))
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
        e = t.entries.c
        query = select(e.id, e.source, e.labels, e.withdrawn).where(e.withdrawn.is_not(None))
        query = query.where(e.source == slug) if kind == "source" else query.where(e.hidden == 0)
        with self.reading() as connection:
            rows = connection.execute(query.order_by(desc(e.withdrawn), e.id)).all()
        return [
            (row.id, row.source, instant(row.withdrawn))
            for row in rows
            if kind != "topic" or any(label.topic == slug for label in unpack_labels(row.labels))
        ][:limit]

    def state(self, name: str) -> str | None:
        """A small fact that some process left for the others."""
        with self.reading() as connection:
            return connection.execute(_STATE, {"name": name}).scalar_one_or_none()

    def note(self, name: str, value: str) -> None:
        """Leave a small fact for the others; one that stands there already costs no write."""
        if self.state(name) != value:
            with self.writing() as connection:
                upsert(connection, t.state, [{"name": name, "value": value}])

    def _file(self) -> tuple[int, int, int, int] | None:
        """Which file an SQLite store is, and when it was last written to."""
        database = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or database is None:
            return None
        try:
            info = Path(database).stat()
        except OSError:
            return None
        return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns

    def _members(self, query: Select[Any], values: Mapping[str, Any]) -> list[Member]:
        with self.reading() as connection:
            rows = connection.execute(query, values).all()
        return [Member(id=row.entry, published=instant(row.published), weight=row.weight) for row in rows]

    def _originals(self, query: object) -> list[Original]:
        with self.reading() as connection:
            rows = connection.execute(query).all()  # type: ignore[call-overload]
        return [
            Original(
                digest=row.digest,
                entry=row.entry,
                at=instant(row.at),
                seen=instant(row.seen),
                path=row.path,
                folder=row.folder,
                outcome=Outcome(row.outcome),
                reason=row.reason,
                data=decompress(row.data),
            )
            for row in rows
        ]

    def _away(self, error: SQLAlchemyError) -> StoreError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        return StoreError(f"the store {self.name} did not answer: {' '.join(str(cause).split())}")


def month_bounds(month: str) -> tuple[int, int]:
    """First second of a month (`2020-06`, UTC), and first second after it."""
    year, number = int(month[:4]), int(month[5:7])
    first = datetime.fromisoformat(f"{year:04d}-{number:02d}-01T00:00:00+00:00")
    year, number = (year + 1, 1) if number == 12 else (year, number + 1)
    after = datetime.fromisoformat(f"{year:04d}-{number:02d}-01T00:00:00+00:00")
    return int(first.timestamp()), int(after.timestamp())


_IDENTITY = "identity"
_SHARE = 100
"""Others write to the store too, a little: looking for damage takes a hundredth of the time at most."""

_ENTRY = (
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

# What every publication asks: built once, since to build one of these takes several times as long as its answer.
_m = t.members.c
_feed: BindParameter[str] = bindparam("feed")
_within = (_m.feed == _feed, _m.published >= bindparam("first"), _m.published < bindparam("after"))
_NEWEST = (
    select(t.members).where(_m.feed == _feed).order_by(desc(_m.published), desc(_m.entry)).limit(bindparam("most"))
)
_MONTH = select(t.members).where(*_within).order_by(_m.published, _m.entry)
_WEIGHTS = select(_m.weight).where(*_within).order_by(_m.published, _m.entry)
_MONTHS = (
    select(t.months)
    .where(t.months.c.feed == _feed, t.months.c.entries > 0, t.months.c.version > bindparam("after"))
    .order_by(desc(t.months.c.month))
)
_FEEDS = select(t.feeds).where(t.feeds.c.version > bindparam("after")).order_by(t.feeds.c.path)
_ENTRIES = select(*_ENTRY).where(t.entries.c.id.in_(bindparam("ids", expanding=True)))
_REVISIONS = select(t.entries.c.id, t.entries.c.revision).where(t.entries.c.id.in_(bindparam("ids", expanding=True)))
_STATE = select(t.state.c.value).where(t.state.c.name == bindparam("name"))


def _source(row: Any) -> Source:
    source = msgspec.json.decode(row.data, type=Source)
    found = [icon.url for icon in unpack_measured(row.icon)]
    return replace(source, icon=source.icon or "".join(found))


def _doubts(outcome: Outcome, limit: int) -> Select[Any]:
    """By the index of files that are not simply accepted. Its condition has to stand here, and as it stands there."""
    f, o, e = t.files.c, t.originals.c, t.entries.c
    return (
        select(f.path, f.outcome, func.coalesce(f.reason, "").label("reason"), o.seen, e.source)
        .select_from(t.files.outerjoin(t.originals, f.digest == o.digest).outerjoin(t.entries, o.entry == e.id))
        .where(f.outcome == outcome.value, text("files.outcome <> 'accepted'"))
        .order_by(f.path)
        .limit(limit)
    )


def _doubt(row: Any) -> Doubt:
    return Doubt(
        path=row.path.decode("utf-8", "backslashreplace"),
        outcome=Outcome(row.outcome),
        reason=row.reason,
        seen=instant(row.seen) if row.seen is not None else None,
        source=row.source,
    )


def _stored(row: Any) -> Stored:
    return Stored(
        entry=unpack_entry(row.payload, row.published, row.updated, row.media),
        labels=unpack_labels(row.labels),
        via=msgspec.json.decode(row.via, type=tuple[str, ...]),
        revision=row.revision,
        media=unpack_measured(row.media),
        withdrawn=instant(row.withdrawn) if row.withdrawn is not None else None,
    )


__all__ = ["Doubt", "FeedState", "Member", "MonthState", "Original", "Store", "Stored", "month_bounds"]

"""The types that the store reads and writes: rows of `entries`, `dumps` and `files`, and the results of queries.

This module imports no SQLAlchemy and touches no database.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..fetch.enclosure_metadata import FileMetadata
from ..model import Entry, FeedPath, Label, Outcome
from .serialization import (
    EncodedEntry,
    decode_entry,
    decode_labels,
    decode_links,
    decode_media,
    decompress,
    encode_bands,
    from_timestamp,
    label_feed,
)


class EntryRow(NamedTuple):
    """A row of `entries`, with all columns in the order of `schema.entries`. The defaults are those of a new entry."""

    id: str
    source: str = ""
    title: str = ""
    published: int = 0
    updated: int = 0
    size_estimate: int = 0
    digest: bytes = b""
    """Digest of the dump that the text comes from."""
    payload: bytes = b""
    provenance: bytes = b""
    labels: str = "[]"
    minhash: bytes | None = None
    minhash_bands: bytes = b""
    rules_version: str = ""
    topics_version: str = ""
    private: int = 0
    """1 when the entry's source is private. Only the feed of that source shows the entry."""
    media: str = "[]"
    repost_of: str | None = None
    """Id of the entry whose text this one repeats."""
    repost_links: str = "[]"
    """The links of the entries that repeat this one."""
    withdrawn: int | None = None
    revision: int = 0
    """The store's revision at which the row was last written."""
    link_id: str | None = None
    """The id that the entry's link has, if the entry has another: its guid's, or one of another source."""

    def with_content(self, entry: EncodedEntry) -> EntryRow:
        """Return the row with the content that was built from a dump. All other columns stay."""
        return self._replace(
            source=entry.source.id,
            title=entry.title,
            size_estimate=entry.size_estimate,
            payload=entry.payload,
            provenance=entry.provenance,
            labels=entry.labels,
            minhash=entry.minhash,
            minhash_bands=encode_bands(entry.minhash_bands),
            rules_version=entry.rules_version,
            topics_version=entry.topics_version,
            private=int(entry.private),
            link_id=entry.link_id,
        ).with_id(self.id)

    def with_id(self, id: str) -> EntryRow:
        """The row of the same entry with this id. The payload stays."""
        return self._replace(id=id, link_id=None if self.link_id == id else self.link_id)


class StoryRow(NamedTuple):
    """A row of `story_members`, with all columns in the order of `schema.story_members`."""

    entry_id: str
    story_id: str
    """The first report of the story: that of the tree, or of all trees that the operator joined."""
    root_id: str
    """The first report of the tree that the entry belongs to."""
    parent_id: str | None
    """The earlier report of the same event that the entry was joined to."""
    score: int
    """How sure that is, in thousandths."""
    published: int
    signature: bytes
    """What the entry is compared by; empty for an entry that the operator split off."""


class Place(NamedTuple):
    """The columns of `story_members` that say where an entry stands: those of StoryRow."""

    entry_id: str
    story_id: str
    root_id: str
    parent_id: str | None
    score: int
    published: int


class StoryLink(NamedTuple):
    """An earlier entry that an entry was compared with. The greatest one is the best."""

    score: int
    """How likely both report the same event, in thousandths."""
    published: int
    entry_id: str


class DumpRow(NamedTuple):
    """A row of `dumps`, with all columns in the order of `schema.dumps`."""

    digest: bytes
    entry_id: str | None
    dump_time: int
    edited: int | None
    published: int | None
    fingerprint: str | None
    outcome: str
    reason: str | None
    path: str
    folder: str
    first_seen: int
    data: bytes | None
    """The bytes of the dump, compressed."""
    link_id: str | None = None
    """The id made from the link; None where a rule knows the host."""
    guid_id: str | None = None
    """The id made from source and guid; None for a dump without a guid."""


class FileRow(NamedTuple):
    """A row of `files`, with all columns in the order of `schema.files`."""

    path: bytes
    stamp: int
    digest: bytes | None
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """The counters of a feed."""

    path: FeedPath
    version: int
    """Increases with every change to any entry of the feed."""
    changed: datetime
    """When the version last increased: the Last-Modified of the feed's documents, the same on every machine."""
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthState:
    """The counters of one calendar month (UTC) of a feed."""

    month: str
    entries: int
    version: int
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMember:
    """An entry of a feed without its content, for dividing the feed into documents."""

    id: str
    published: datetime
    size_estimate: int
    """About how many bytes the entry takes in a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with everything that the store adds to it."""

    entry: Entry
    labels: tuple[Label, ...]
    """The entry's topics."""
    repost_links: tuple[str, ...]
    revision: int
    media: tuple[FileMetadata, ...] = ()
    """Metadata of the entry's files. `entry` already includes it."""
    withdrawn: datetime | None = None

    @classmethod
    def from_row(cls, row: Any) -> StoredEntry:
        """Decode a row with the columns of `store.ENTRY_COLUMNS`."""
        return cls(
            entry=decode_entry(row.payload, row.published, row.updated, row.media),
            labels=tuple(label for label in decode_labels(row.labels) if label_feed(label).kind == "topic"),
            repost_links=decode_links(row.repost_links),
            revision=row.revision,
            media=decode_media(row.media),
            withdrawn=from_timestamp(row.withdrawn) if row.withdrawn is not None else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDump:
    """A dump's original bytes and the outcome of reading them."""

    digest: bytes
    entry_id: str | None
    dump_time: datetime
    first_seen: datetime
    path: str
    folder: str
    outcome: Outcome
    reason: str | None
    data: bytes

    @classmethod
    def from_row(cls, row: Any) -> StoredDump:
        """Decode a row of `dumps`."""
        return cls(
            digest=row.digest,
            entry_id=row.entry_id,
            dump_time=from_timestamp(row.dump_time),
            first_seen=from_timestamp(row.first_seen),
            path=row.path,
            folder=row.folder,
            outcome=Outcome(row.outcome),
            reason=row.reason,
            data=decompress(row.data),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIssue:
    """A file that is quarantined or flagged, and the reason."""

    path: str
    """As `os.fsdecode` decodes it."""
    outcome: Outcome
    reason: str
    first_seen: datetime | None
    source: str | None
    """Source of the entry that was made from the file; None for a quarantined file."""

    @classmethod
    def from_row(cls, row: Any) -> FileIssue:
        """Decode a row of the query in `Store.get_file_issues`."""
        return cls(
            path=os.fsdecode(row.path),
            outcome=Outcome(row.outcome),
            reason=row.reason,
            first_seen=from_timestamp(row.first_seen) if row.first_seen is not None else None,
            source=row.source,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySummary:
    """What a list shows of an entry."""

    id: str
    source: str
    title: str
    published: datetime

    @classmethod
    def from_row(cls, row: Any) -> EntrySummary:
        """Decode a row of `entries`."""
        return cls(id=row.id, source=row.source, title=row.title, published=from_timestamp(row.published))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """What a list shows of a feed."""

    entries: int
    newest: tuple[EntrySummary, ...]
    """The newest entries, newest first."""
    months: tuple[tuple[str, int], ...]
    """Month (`2020-06`) and number of entries of each of the last months, oldest first; months without entries are left
    out."""


class WithdrawnEntry(NamedTuple):
    """An entry that was withdrawn, and the time of the withdrawal."""

    id: str
    source: str
    withdrawn: datetime


class SourceEntries(NamedTuple):
    """The entries of a source, in its feed and in the feed's archives."""

    entries: int
    newest: datetime
    """When the newest entry was published."""


class SourceDumps(NamedTuple):
    """The dumps of a source."""

    outcomes: dict[str, int]
    """The number of dumps of each outcome."""
    last_seen: datetime
    """When the newest dump was first seen."""

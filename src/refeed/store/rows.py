"""The types of what the store reads and writes: rows of `entries`, `dumps` and `files`, and what readers get of them.

Imports no SQLAlchemy. Nothing here touches a database.
"""

from __future__ import annotations

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
    decode_path,
    decompress,
    encode_bands,
    from_timestamp,
)


class EntryRow(NamedTuple):
    """A row of `entries`, all columns in the order of `schema.entries`. The defaults are those of a new entry."""

    id: str
    source: str = ""
    title: str = ""
    published: int = 0
    updated: int = 0
    size_estimate: int = 0
    digest: bytes = b""
    """Of the dump that gives the text."""
    payload: bytes = b""
    provenance: bytes = b""
    labels: str = "[]"
    minhash: bytes | None = None
    minhash_bands: bytes = b""
    rules_version: str = ""
    topics_version: str = ""
    private: int = 0
    """1 when the entry's source is private: its own feed alone shows it."""
    media: str = "[]"
    repost_of: str | None = None
    """The entry whose text this one repeats."""
    repost_links: str = "[]"
    """The links of the entries that repeat this one."""
    withdrawn: int | None = None
    revision: int = 0
    """The store's revision at which the row was last written."""

    def with_content(self, entry: EncodedEntry) -> EntryRow:
        """The row with everything that is built from a dump; its dates and what other processes found out stay."""
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
        )


class DumpRow(NamedTuple):
    """A row of `dumps`, all columns in the order of `schema.dumps`."""

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
    """Compressed."""


class FileRow(NamedTuple):
    """A row of `files`, all columns in the order of `schema.files`."""

    path: bytes
    stamp: int
    digest: bytes | None
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What the store counts of a feed."""

    path: FeedPath
    version: int
    """Grows with every change to any of its entries."""
    changed: datetime
    """When its version last grew: Last-Modified of its documents, the same on every machine."""
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthState:
    """What the store counts of one calendar month (UTC) of a feed."""

    month: str
    entries: int
    version: int
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMember:
    """An entry of a feed without its content: enough to divide a feed into documents."""

    id: str
    published: datetime
    size_estimate: int
    """Bytes that it takes in a document, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with everything that the store adds to it."""

    entry: Entry
    labels: tuple[Label, ...]
    repost_links: tuple[str, ...]
    revision: int
    media: tuple[FileMetadata, ...] = ()
    """What is known of its files; `entry` has it already."""
    withdrawn: datetime | None = None

    @classmethod
    def from_row(cls, row: Any) -> StoredEntry:
        """From those columns of `entries` that `store.ENTRY_COLUMNS` names."""
        return cls(
            entry=decode_entry(row.payload, row.published, row.updated, row.media),
            labels=decode_labels(row.labels),
            repost_links=decode_links(row.repost_links),
            revision=row.revision,
            media=decode_media(row.media),
            withdrawn=from_timestamp(row.withdrawn) if row.withdrawn is not None else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDump:
    """A dump's original bytes and what became of them."""

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
        """From a row of `dumps`."""
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
    """A file that is quarantined or flagged, and why."""

    path: str
    outcome: Outcome
    reason: str
    first_seen: datetime | None
    source: str | None
    """Of the entry that it gave; None for a quarantined file."""

    @classmethod
    def from_row(cls, row: Any) -> FileIssue:
        """From the columns that `Store.get_file_issues` selects."""
        return cls(
            path=decode_path(row.path),
            outcome=Outcome(row.outcome),
            reason=row.reason,
            first_seen=from_timestamp(row.first_seen) if row.first_seen is not None else None,
            source=row.source,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySummary:
    """As much of an entry as a list shows."""

    id: str
    source: str
    title: str
    published: datetime

    @classmethod
    def from_row(cls, row: Any) -> EntrySummary:
        """From a row of `entries`."""
        return cls(id=row.id, source=row.source, title=row.title, published=from_timestamp(row.published))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """As much of a feed as a list shows."""

    entries: int
    newest: tuple[EntrySummary, ...]
    """Newest first."""
    months: tuple[tuple[str, int], ...]
    """The number of entries of each of the last months (`2020-06`, oldest first); months without any are left out."""


class WithdrawnEntry(NamedTuple):
    """An entry that was withdrawn."""

    id: str
    source: str
    withdrawn: datetime


class SourceEntries(NamedTuple):
    """What the feed of a source and its archives show."""

    entries: int
    newest: datetime
    """When the newest of them was published."""


class SourceDumps(NamedTuple):
    """What arrived from a source."""

    outcomes: dict[str, int]
    """The number of dumps of each outcome."""
    last_seen: datetime
    """When the newest of them was first seen."""

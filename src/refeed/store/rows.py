"""What reading the store gives, and how a row becomes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from ..fetch.enclosure_metadata import FileMetadata
from ..model import Entry, Label, Outcome, Source
from .serialization import decode_entry, decode_labels, decode_media, decompress, from_timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """A feed's place in the store's history."""

    path: str
    version: int
    """Grows with every change to any of its entries."""
    changed: datetime
    """When its version last moved: Last-Modified of its documents, the same on every machine."""
    entries: int

    @classmethod
    def from_row(cls, row: Any) -> FeedState:
        """From its row."""
        return cls(path=row.path, version=row.version, changed=from_timestamp(row.changed), entries=row.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthState:
    """One calendar month (UTC) of a feed."""

    month: str
    entries: int
    version: int
    changed: datetime

    @classmethod
    def from_row(cls, row: Any) -> MonthState:
        """From its row."""
        return cls(month=row.month, entries=row.entries, version=row.version, changed=from_timestamp(row.changed))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMember:
    """An entry's place in a feed, without the entry."""

    id: str
    published: datetime
    size_estimate: int

    @classmethod
    def from_row(cls, row: Any) -> FeedMember:
        """From its row."""
        return cls(id=row.entry, published=from_timestamp(row.published), size_estimate=row.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with all that the store adds to it."""

    entry: Entry
    labels: tuple[Label, ...]
    repost_links: tuple[str, ...]
    revision: int
    media: tuple[FileMetadata, ...] = ()
    """What is known of its files; the entry tells it already."""
    withdrawn: datetime | None = None

    @classmethod
    def from_row(cls, row: Any) -> StoredEntry:
        """From the columns that `queries.ENTRY` names."""
        return cls(
            entry=decode_entry(row.payload, row.published, row.updated, row.media),
            labels=decode_labels(row.labels),
            repost_links=msgspec.json.decode(row.via, type=tuple[str, ...]),
            revision=row.revision,
            media=decode_media(row.media),
            withdrawn=from_timestamp(row.withdrawn) if row.withdrawn is not None else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDump:
    """A dump's bytes as they came, and what became of them."""

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
        """From its row."""
        return cls(
            digest=row.digest,
            entry_id=row.entry,
            dump_time=from_timestamp(row.at),
            first_seen=from_timestamp(row.seen),
            path=row.path,
            folder=row.folder,
            outcome=Outcome(row.outcome),
            reason=row.reason,
            data=decompress(row.data),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIssue:
    """A dump that is quarantined or flagged, and why."""

    path: str
    outcome: Outcome
    reason: str
    first_seen: datetime | None
    source: str | None
    """Of the entry that it gave; None for one that is quarantined."""

    @classmethod
    def from_row(cls, row: Any) -> FileIssue:
        """From the columns that `queries.doubts` names."""
        return cls(
            path=decode_path(row.path),
            outcome=Outcome(row.outcome),
            reason=row.reason,
            first_seen=from_timestamp(row.seen) if row.seen is not None else None,
            source=row.source,
        )


def decode_source(row: Any) -> Source:
    """A source; with the icon that was found, where no rule names one."""
    source = msgspec.json.decode(row.data, type=Source)
    found = [icon.url for icon in decode_media(row.icon)]
    return replace(source, icon=source.icon or "".join(found))


def decode_path(path: bytes) -> str:
    """A file's path as `Doubt` tells it, whatever bytes it is made of."""
    return path.decode("utf-8", "backslashreplace")

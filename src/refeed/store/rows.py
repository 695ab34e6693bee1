"""What reading the store gives, and how a row becomes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from ..media import Measured
from ..model import Entry, Label, Outcome, Source
from ..packing import decompress, instant, unpack_entry, unpack_labels, unpack_measured


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
    def of(cls, row: Any) -> FeedState:
        """From its row."""
        return cls(path=row.path, version=row.version, changed=instant(row.changed), entries=row.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthState:
    """One calendar month (UTC) of a feed."""

    month: str
    entries: int
    version: int
    changed: datetime

    @classmethod
    def of(cls, row: Any) -> MonthState:
        """From its row."""
        return cls(month=row.month, entries=row.entries, version=row.version, changed=instant(row.changed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An entry's place in a feed, without the entry."""

    id: str
    published: datetime
    weight: int

    @classmethod
    def of(cls, row: Any) -> Member:
        """From its row."""
        return cls(id=row.entry, published=instant(row.published), weight=row.weight)


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

    @classmethod
    def of(cls, row: Any) -> Stored:
        """From the columns that `queries.ENTRY` names."""
        return cls(
            entry=unpack_entry(row.payload, row.published, row.updated, row.media),
            labels=unpack_labels(row.labels),
            via=msgspec.json.decode(row.via, type=tuple[str, ...]),
            revision=row.revision,
            media=unpack_measured(row.media),
            withdrawn=instant(row.withdrawn) if row.withdrawn is not None else None,
        )


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

    @classmethod
    def of(cls, row: Any) -> Original:
        """From its row."""
        return cls(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A dump that is quarantined or flagged, and why."""

    path: str
    outcome: Outcome
    reason: str
    seen: datetime | None
    source: str | None
    """Of the entry that it gave; None for one that is quarantined."""

    @classmethod
    def of(cls, row: Any) -> Doubt:
        """From the columns that `queries.doubts` names."""
        return cls(
            path=spelled(row.path),
            outcome=Outcome(row.outcome),
            reason=row.reason,
            seen=instant(row.seen) if row.seen is not None else None,
            source=row.source,
        )


def source_of(row: Any) -> Source:
    """A source; with the icon that was found, where no rule names one."""
    source = msgspec.json.decode(row.data, type=Source)
    found = [icon.url for icon in unpack_measured(row.icon)]
    return replace(source, icon=source.icon or "".join(found))


def spelled(path: bytes) -> str:
    """A file's path as `Doubt` tells it, whatever bytes it is made of."""
    return path.decode("utf-8", "backslashreplace")

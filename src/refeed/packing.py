"""Entries and originals <-> what a row of the store holds of them. Pure, and apart from the store: processes that make
entries need no SQL."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
import zstandard

from .media import Measured, filled
from .model import Cleaned, Entry, Label, Origin, Removed, Source

# Level 3 took 0.03 ms for 6 kB where zlib took 0.11; higher levels gain 3 % on texts of this size.
_LEVEL = 3
_LIMIT = 64 * 1024 * 1024
_local = threading.local()


class Notes(msgspec.Struct, frozen=True):
    """The account of how an entry came about, apart from the entry, because feeds never need it."""

    removed: tuple[Removed, ...] = ()
    flags: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """An entry made from one dump, packed for its row."""

    id: str
    source: Source
    title: str
    published: datetime
    fingerprint: str
    weight: int
    sketch: bytes | None
    """What its text is compared by; None when it is too short to be compared."""
    bands: tuple[int, ...]
    """Keys under which texts that may be the same meet."""
    payload: bytes
    notes: bytes
    labels: str
    rules: str
    """Version of the rules it was cleaned with."""
    topics: str
    """Version of the topics it was labelled with."""
    hidden: bool = False
    """Of a private source: it stands in that source's feed alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entry as far as reposts are judged by it."""

    id: str
    source: str
    published: datetime
    sketch: bytes


_entry = msgspec.json.Decoder(Entry)
_notes = msgspec.json.Decoder(Notes)
_labels = msgspec.json.Decoder(tuple[Label, ...])
_measured = msgspec.json.Decoder(tuple[Measured, ...])
_encoder = msgspec.json.Encoder()


def compress(data: bytes) -> bytes:
    """Compress; safe to call from any thread."""
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    return _local.compressor.compress(data)  # type: ignore[no-any-return]


def decompress(data: bytes) -> bytes:
    """Undo `compress`."""
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    return _local.decompressor.decompress(data, max_output_size=_LIMIT)  # type: ignore[no-any-return]


def pack_entry(entry: Entry) -> bytes:
    """The entry as a row's payload."""
    return compress(_encoder.encode(entry))


def unpack_entry(payload: bytes, published: int, updated: int, media: str = "[]") -> Entry:
    """The entry of a row: its dates and what is known of its files are the row's, and move without the payload."""
    entry = replace(_entry.decode(decompress(payload)), published=instant(published), updated=instant(updated))
    return filled(entry, unpack_measured(media))


def pack_notes(cleaned: Cleaned) -> bytes:
    """What was removed and why, the flags, and where the fields came from."""
    return compress(_encoder.encode(Notes(cleaned.removed, cleaned.flags, cleaned.origins)))


def unpack_notes(data: bytes) -> Notes:
    """Undo `pack_notes`."""
    return _notes.decode(decompress(data))


def pack_labels(labels: tuple[Label, ...]) -> str:
    """Labels as a row's text."""
    return _encoder.encode(labels).decode()


def unpack_labels(data: str) -> tuple[Label, ...]:
    """Undo `pack_labels`."""
    return _labels.decode(data)


def pack_measured(files: Iterable[Measured]) -> str:
    """What is known of files as a row's text."""
    return _encoder.encode(tuple(files)).decode()


def unpack_measured(data: str) -> tuple[Measured, ...]:
    """Undo `pack_measured`."""
    return _measured.decode(data) if data != "[]" else ()


def seconds(instant: datetime) -> int:
    """An instant as SQL holds it."""
    return int(instant.timestamp())


def instant(seconds: int) -> datetime:
    """Undo `seconds`."""
    return datetime.fromtimestamp(seconds, UTC)

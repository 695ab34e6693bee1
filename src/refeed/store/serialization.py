"""Entries and originals <-> what a row of the store holds of them. Pure, and apart from the store: processes that make
entries need no SQL."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
import zstandard

from ..fetch.enclosure_metadata import FileMetadata, with_metadata
from ..model import CleanResult, Entry, FieldOrigin, Label, Removal, Source

# Level 3 took 0.03 ms for 6 kB where zlib took 0.11; higher levels gain 3 % on texts of this size.
_LEVEL = 3
_LIMIT = 64 * 1024 * 1024
_local = threading.local()


class Provenance(msgspec.Struct, frozen=True):
    """The account of how an entry came about, apart from the entry, because feeds never need it."""

    removed: tuple[Removal, ...] = ()
    flags: tuple[str, ...] = ()
    origins: tuple[FieldOrigin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedEntry:
    """An entry made from one dump, packed for its row."""

    id: str
    source: Source
    title: str
    published: datetime
    fingerprint: str
    size_estimate: int
    minhash: bytes | None
    """What its text is compared by; None when it is too short to be compared."""
    minhash_bands: tuple[int, ...]
    """Keys under which texts that may be the same meet."""
    payload: bytes
    provenance: bytes
    labels: str
    rules_version: str
    """Version of the rules it was cleaned with."""
    topics_version: str
    """Version of the topics it was labelled with."""
    private: bool = False
    """Of a private source: it stands in that source's feed alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepostCandidate:
    """An entry as far as reposts are judged by it."""

    id: str
    source: str
    published: datetime
    minhash: bytes


_entry = msgspec.json.Decoder(Entry)
_notes = msgspec.json.Decoder(Provenance)
_labels = msgspec.json.Decoder(tuple[Label, ...])
_measured = msgspec.json.Decoder(tuple[FileMetadata, ...])
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


def encode_entry(entry: Entry) -> bytes:
    """The entry as a row's payload."""
    return compress(_encoder.encode(entry))


def decode_entry(payload: bytes, published: int, updated: int, media: str = "[]") -> Entry:
    """The entry of a row: its dates and what is known of its files are the row's, and move without the payload."""
    entry = replace(
        _entry.decode(decompress(payload)), published=from_timestamp(published), updated=from_timestamp(updated)
    )
    return with_metadata(entry, decode_media(media))


def encode_provenance(cleaned: CleanResult) -> bytes:
    """What was removed and why, the flags, and where the fields came from."""
    return compress(_encoder.encode(Provenance(cleaned.removed, cleaned.issues, cleaned.origins)))


def decode_provenance(data: bytes) -> Provenance:
    """Undo `pack_notes`."""
    return _notes.decode(decompress(data))


def encode_labels(labels: tuple[Label, ...]) -> str:
    """Labels as a row's text."""
    return _encoder.encode(labels).decode()


def decode_labels(data: str) -> tuple[Label, ...]:
    """Undo `pack_labels`."""
    return _labels.decode(data)


def encode_media(files: Iterable[FileMetadata]) -> str:
    """What is known of files as a row's text."""
    return _encoder.encode(tuple(files)).decode()


def decode_media(data: str) -> tuple[FileMetadata, ...]:
    """Undo `pack_measured`."""
    return _measured.decode(data) if data != "[]" else ()


def to_timestamp(instant: datetime) -> int:
    """An instant as SQL holds it."""
    return int(instant.timestamp())


def from_timestamp(seconds: int) -> datetime:
    """Undo `seconds`."""
    return datetime.fromtimestamp(seconds, UTC)

"""Entries, labels and dumps <-> what a row of the store holds of them.

Pure, and free of SQLAlchemy: the pool processes that build entries import this module.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
import zstandard

from ..fetch.enclosure_metadata import FileMetadata, with_metadata
from ..model import CleanResult, Entry, FieldOrigin, Label, Removal, Source

_LEVEL = 3
"""Level 3 takes 0.03 ms for 6 kB where zlib takes 0.11; higher levels gain 3 % on texts of this size."""
_MAX_SIZE = 64 * 1024 * 1024
_local = threading.local()


class Provenance(msgspec.Struct, frozen=True):
    """How an entry came about. Stored apart from the entry, because feeds never need it."""

    removed: tuple[Removal, ...] = ()
    issues: tuple[str, ...] = msgspec.field(default=(), name="flags")
    origins: tuple[FieldOrigin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedEntry:
    """An entry built from one dump, encoded for its row."""

    id: str
    source: Source
    title: str
    published: datetime
    fingerprint: str
    size_estimate: int
    minhash: bytes | None
    """What its text is compared by; None when it is too short to be compared."""
    minhash_bands: tuple[int, ...]
    """Keys that entries share when their texts may be the same."""
    payload: bytes
    provenance: bytes
    labels: str
    rules_version: str
    """Of the source rules that it was cleaned with."""
    topics_version: str
    """Of the topics that it was labelled with."""
    private: bool = False
    """Whether it belongs to a private source: then that source's feed alone shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepostCandidate:
    """As much of an entry as reposts are detected by."""

    id: str
    source: str
    published: datetime
    minhash: bytes


_encoder = msgspec.json.Encoder()
_entry_decoder = msgspec.json.Decoder(Entry)
_provenance_decoder = msgspec.json.Decoder(Provenance)
_media_decoder = msgspec.json.Decoder(tuple[FileMetadata, ...])
decode_source = msgspec.json.Decoder(Source).decode
"""A source from `sources.data`, without the icon that was found on its site."""
decode_labels = msgspec.json.Decoder(tuple[Label, ...]).decode
"""Labels from `entries.labels`."""
decode_links = msgspec.json.Decoder(tuple[str, ...]).decode
"""Links from `entries.repost_links`."""


def compress(data: bytes) -> bytes:
    """Compress with Zstandard. Safe to call from any thread."""
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    return _local.compressor.compress(data)  # type: ignore[no-any-return]


def decompress(data: bytes) -> bytes:
    """Undo `compress`. Safe to call from any thread."""
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    return _local.decompressor.decompress(data, max_output_size=_MAX_SIZE)  # type: ignore[no-any-return]


def encode_entry(entry: Entry) -> bytes:
    """The entry as `entries.payload`."""
    return compress(_encoder.encode(entry))


def decode_entry(payload: bytes, published: int, updated: int, media: str = "[]") -> Entry:
    """The entry of a row. Its dates and the metadata of its files are columns of their own: they change without it."""
    entry = _entry_decoder.decode(decompress(payload))
    entry = replace(entry, published=from_timestamp(published), updated=from_timestamp(updated))
    return with_metadata(entry, decode_media(media))


def encode_provenance(cleaned: CleanResult) -> bytes:
    """What was removed and why, the issues, and where the fields came from, as `entries.provenance`."""
    return compress(_encoder.encode(Provenance(cleaned.removed, cleaned.issues, cleaned.origins)))


def decode_provenance(data: bytes) -> Provenance:
    """Undo `encode_provenance`."""
    return _provenance_decoder.decode(decompress(data))


def encode_json(value: Source | Sequence[Label] | Sequence[FileMetadata] | Sequence[str]) -> str:
    """A column with JSON: a source, labels, what is known of files, or links."""
    return _encoder.encode(value).decode()


def decode_media(data: str) -> tuple[FileMetadata, ...]:
    """What is known of files, from `entries.media` or `sources.icon`."""
    return _media_decoder.decode(data) if data != "[]" else ()  # most have none


def encode_bands(bands: Sequence[int]) -> bytes:
    """The keys of MinHash bands as `entries.minhash_bands`."""
    return struct.pack(f"<{len(bands)}q", *bands)


def decode_bands(data: bytes) -> tuple[int, ...]:
    """Undo `encode_bands`."""
    return struct.unpack(f"<{len(data) // 8}q", data)


def decode_path(path: bytes) -> str:
    """A file's path as `FileIssue` shows it; bytes that are not UTF-8 are escaped."""
    return path.decode("utf-8", "backslashreplace")


def to_timestamp(time: datetime) -> int:
    """A time as SQL holds it: whole seconds since 1970."""
    return int(time.timestamp())


def from_timestamp(seconds: int) -> datetime:
    """Undo `to_timestamp`."""
    return datetime.fromtimestamp(seconds, UTC)

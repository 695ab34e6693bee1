"""Entries, labels and dumps <-> the columns of the store that hold them.

This module is pure and imports no SQLAlchemy, because the pool processes that build entries import it.
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
from ..model import CleanResult, Entry, FeedPath, FieldOrigin, Identity, Label, Removal, Source

_LEVEL = 3
"""Level 3 takes 0.03 ms for 6 kB (zlib: 0.11 ms). Higher levels save 3 % on texts of this size."""
_MAX_SIZE = 64 * 1024 * 1024
_local = threading.local()


class Provenance(msgspec.Struct, frozen=True):
    """How an entry was made from its dump. It is stored apart from the entry, because feeds never need it."""

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
    """Signature that is compared with those of other texts; None when the text is too short."""
    minhash_bands: tuple[int, ...]
    """Keys that entries share when their texts may be the same."""
    payload: bytes
    provenance: bytes
    labels: str
    rules_version: str
    """Version of the source rules that cleaned the entry."""
    topics_version: str
    """Version of the topics that labelled the entry."""
    private: bool = False
    """Whether the entry's source is private. Only the feed of that source shows the entry."""
    identity: Identity | None = None
    """What the id follows from; None if it is certain."""
    link_id: str | None = None
    """The id that the link has; None if it is the entry's only id."""

    def with_id(self, id: str, link_id: str = "", guid_id: str = "") -> EncodedEntry:
        """The same entry with another id, and if given, with other ids made from the link and from the guid."""
        identity = replace(self.identity, link_id=f"urn:uuid:{link_id}") if self.identity and link_id else self.identity
        identity = replace(identity, guid_id=f"urn:uuid:{guid_id}") if identity and guid_id else identity
        is_former = self.identity is not None and f"urn:uuid:{id}" in self.identity.former_ids
        if self.identity and self.identity.owner_id:
            link_id = self.link_id or ""  # the link has its id in another source
        link_id = link_id or (id if is_former else self.link_id or "")
        payload = self.payload if id == self.id else change_id(self.payload, id)
        return replace(self, id=id, payload=payload, identity=identity, link_id=link_id or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepostCandidate:
    """The fields of an entry that the detection of reposts compares."""

    id: str
    source: str
    published: datetime
    minhash: bytes


_encoder = msgspec.json.Encoder()
_entry_decoder = msgspec.json.Decoder(Entry)
_provenance_decoder = msgspec.json.Decoder(Provenance)
_media_decoder = msgspec.json.Decoder(tuple[FileMetadata, ...])
decode_source = msgspec.json.Decoder(Source).decode
"""Decode `sources.data` to a source, without the icon that was found on its site."""
decode_labels = msgspec.json.Decoder(tuple[Label, ...]).decode
"""Decode `entries.labels` to labels: topics, then named searches."""
decode_links = msgspec.json.Decoder(tuple[str, ...]).decode
"""Decode `entries.repost_links` to links."""


def label_feed(label: Label) -> FeedPath:
    """The feed of a topic or a named search."""
    return FeedPath.parse(label.topic) if "/" in label.topic else FeedPath("topic", label.topic)


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
    """Encode an entry for `entries.payload`."""
    return compress(_encoder.encode(entry))


def change_id(payload: bytes, id: str) -> bytes:
    """The payload of the same entry with another id."""
    return encode_entry(replace(_entry_decoder.decode(decompress(payload)), id=f"urn:uuid:{id}"))


def decode_entry(payload: bytes, published: int, updated: int, media: str = "[]") -> Entry:
    """Decode the entry of a row. Its dates and file metadata are separate columns, because they change separately."""
    entry = _entry_decoder.decode(decompress(payload))
    entry = replace(entry, published=from_timestamp(published), updated=from_timestamp(updated))
    return with_metadata(entry, decode_media(media))


def rename_source(encoded: EncodedEntry, slug: str) -> EncodedEntry:
    """Give the source of an entry a different slug."""
    payload = change_source(encoded.payload, slug)
    return replace(encoded, source=replace(encoded.source, id=slug), payload=payload)


def change_source(payload: bytes, slug: str) -> bytes:
    """The payload of the same entry of another source."""
    return encode_entry(replace(_entry_decoder.decode(decompress(payload)), source=slug))


def encode_provenance(cleaned: CleanResult) -> bytes:
    """Encode what was removed and why, the issues, and the origins of fields, for `entries.provenance`."""
    return compress(_encoder.encode(Provenance(cleaned.removed, cleaned.issues, cleaned.origins)))


def decode_provenance(data: bytes) -> Provenance:
    """Undo `encode_provenance`."""
    return _provenance_decoder.decode(decompress(data))


def encode_json(value: Source | Sequence[Label] | Sequence[FileMetadata] | Sequence[str]) -> str:
    """Encode a source, labels, file metadata or links as a JSON column."""
    return _encoder.encode(value).decode()


def decode_media(data: str) -> tuple[FileMetadata, ...]:
    """Decode `entries.media` or `sources.icon` to file metadata."""
    return _media_decoder.decode(data) if data != "[]" else ()  # most rows have none


def encode_bands(bands: Sequence[int]) -> bytes:
    """Encode the keys of MinHash bands for `entries.minhash_bands`."""
    return struct.pack(f"<{len(bands)}q", *bands)


def decode_bands(data: bytes) -> tuple[int, ...]:
    """Undo `encode_bands`."""
    return struct.unpack(f"<{len(data) // 8}q", data)


def to_timestamp(time: datetime) -> int:
    """Convert a time to whole seconds since 1970, as the database stores it."""
    return int(time.timestamp())


def from_timestamp(seconds: int) -> datetime:
    """Undo `to_timestamp`."""
    return datetime.fromtimestamp(seconds, UTC)

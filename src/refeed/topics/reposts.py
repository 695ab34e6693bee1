"""Texts -> which of them repeat another source's text, and which one is the original. Pure.

MinHash over character shingles: Chinese has no spaces between words, and unrelated texts almost never have the same
eight characters in a row. Only shingles that follow every fourth character of the alphabet are used: both copies of a
text have the same ones, and it takes a quarter of the time. A MinHash of 512 bytes represents a text of any length, and
20 band keys find the texts worth a comparison: two texts with half of their shingles in common share a key in 997 of
1,000 cases, with three quarters always, and unrelated ones practically never. So one entry costs 20 look-ups, however
many are stored.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rensa import RMinHash

MINHASH_VERSION = f"2.{RMinHash.ALGORITHM_VERSION}"
"""MinHashes of different versions cannot be compared: it is stored with them, and they are computed again when it
changes."""

_MIN_CONTAINMENT = 0.6
"""How much of a text must be in another to make it a repost. In the archive, true reposts have more, and reports that
are rewritten from an agency's paragraph by paragraph have less."""

# One regular expression takes a sixteenth of the time of slices.
_SHINGLES = re.compile(f"[{''.join(chr(c) for c in range(0x30, 0xA000, 4) if chr(c).isalnum())}](?=(.{{8}}))")
_MIN_SHINGLES = 12
"""With fewer, a MinHash says nothing."""
_MIN_CHARS = 120
"""Shorter texts prove nothing: captions, items of one line."""
_VALUES = 128
_PACKED = struct.Struct(f"<{_VALUES + 1}I")
_BANDS = 20
_BAND_PAIRS = struct.Struct(f"<{_BANDS}Q")
_MIXER = 0x9E3779B97F4A7C15
_SEED = 42

_NOT_TEXT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MinHash:
    """A text's signature, which is compared instead of the text."""

    values: tuple[int, ...]
    """Unsigned 32-bit numbers; every MinHash has as many."""
    shingle_count: int
    """How many different shingles the text has."""

    def to_bytes(self) -> bytes:
        """For the store: the number of shingles, then the values, 32 bits each, little-endian."""
        return _PACKED.pack(self.shingle_count, *self.values)

    @classmethod
    def from_bytes(cls, data: bytes) -> MinHash:
        """The MinHash that `to_bytes` wrote. Raises ValueError for anything else."""
        if len(data) != _PACKED.size:
            raise ValueError(f"a MinHash must have {_PACKED.size} bytes, got {len(data)}")
        shingle_count, *values = _PACKED.unpack(data)
        return cls(values=tuple(values), shingle_count=shingle_count)

    def bands(self) -> tuple[int, ...]:
        """Keys under which it is indexed and others are looked for: unsigned, 48 bits."""
        pairs = _BAND_PAIRS.unpack(struct.pack(f"<{2 * _BANDS}I", *self.values[: 2 * _BANDS]))
        # The values are evenly distributed, so multiplying by an odd number mixes them enough.
        return tuple((pair + band) * _MIXER % 2**64 >> 16 for band, pair in enumerate(pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCopy:
    """An entry as it is compared with others."""

    id: str
    source: str
    published: datetime
    minhash: MinHash
    archive: bool = False
    """Whether its source collects other sources' texts, so that another source's copy is the original."""


def compute_minhash(body_text: str) -> MinHash | None:
    """The MinHash of an entry's text as `TopicFields.body_text` has it; None when it is too short to be compared."""
    text = _NOT_TEXT.sub("", body_text)
    shingles = set(_SHINGLES.findall(text))
    if len(text) < _MIN_CHARS or len(shingles) < _MIN_SHINGLES:
        return None
    minhash = RMinHash(num_perm=_VALUES, seed=_SEED)
    minhash.update(list(shingles))
    return MinHash(values=tuple(minhash.digest()), shingle_count=len(shingles))


def estimate_containment(part: MinHash, whole: MinHash) -> float:
    """How much of one text is in another, from 0 to 1. An estimate, mostly within 0.08.

    Containment and not similarity: an excerpt is wholly in its original, and a post that quotes three reports is in
    none of them.
    """
    similarity = sum(a == b for a, b in zip(part.values, whole.values, strict=True)) / len(part.values)
    common = similarity * (part.shingle_count + whole.shingle_count) / (1 + similarity)
    return min(1.0, common / part.shingle_count)


def find_original(copy: TextCopy, others: Iterable[TextCopy]) -> TextCopy | None:
    """What `copy` is a repost of, among the entries that share a band with it; None when it is an original.

    The original is shown, with the repost's link as `via`.

    An original is another source's, and precedes its reposts: sources that are not archives come first, then what was
    published earlier. So of two entries at most one is a repost, in any order of arrival. Call it again for each of
    `others` when an entry is new: it may be their original.
    """
    earlier = [other for other in others if other.source != copy.source and _precedence(other) < _precedence(copy)]
    for other in sorted(earlier, key=_precedence):
        if estimate_containment(copy.minhash, other.minhash) >= _MIN_CONTAINMENT:
            return other
    return None


def _precedence(copy: TextCopy) -> tuple[bool, datetime, str]:
    return copy.archive, copy.published, copy.id

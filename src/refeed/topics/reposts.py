"""Texts -> which of them are the same text published again by another source, and which one is the original. Pure.

MinHash over character shingles: Chinese has no spaces to cut words at, and eight characters in a row are shared by
chance about never. Only the shingles that follow every fourth character of the alphabet are looked at: both copies of a
text have the same ones, and a quarter of the time goes into making them. A sketch of 512 bytes stands for a text,
whatever its length, and 20 band keys find the texts worth a comparison: two texts with half of their shingles in common
share a key in 997 cases of 1,000, with three quarters always, and unrelated ones practically never. So one entry costs
20 look-ups, however many are stored.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rensa import RMinHash

MINHASH_VERSION = f"2.{RMinHash.ALGORITHM_VERSION}"
"""Sketches of different methods cannot be compared: store it with them, and make them anew when it changes."""

SHARE = 0.6
"""How much of a text must be in another for it to be a repost. In the archive true reposts lie above, and stories
rewritten from an agency's paragraph by paragraph below."""

# By one regular expression, and not by slices: it takes a sixteenth of the time.
_SHINGLES = re.compile(f"[{''.join(chr(c) for c in range(0x30, 0xA000, 4) if chr(c).isalnum())}](?=(.{{8}}))")
_FEWEST = 12
"""Shingles below which a sketch would say nothing."""
_SHORTEST = 120
"""Characters below which a text is no evidence: captions, one-line items."""
_VALUES = 128
_PACKED = struct.Struct(f"<{_VALUES + 1}I")
_BANDS = 20
_PAIRS = struct.Struct(f"<{_BANDS}Q")
_MIXER = 0x9E3779B97F4A7C15
_SEED = 42

_NO_TEXT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MinHash:
    """What a text is compared by."""

    values: tuple[int, ...]
    """Unsigned 32-bit, as many as every other sketch has."""
    shingle_count: int
    """How many different ones the text has."""

    def to_bytes(self) -> bytes:
        """For the store: the number of shingles, then the values, 32 bits each, little-endian."""
        return _PACKED.pack(self.shingle_count, *self.values)

    @classmethod
    def from_bytes(cls, data: bytes) -> MinHash:
        """The sketch that `to_bytes` wrote. Raises ValueError for anything else."""
        if len(data) != _PACKED.size:
            raise ValueError(f"a sketch has {_PACKED.size} bytes, not {len(data)}")
        shingles, *values = _PACKED.unpack(data)
        return cls(values=tuple(values), shingle_count=shingles)

    def bands(self) -> tuple[int, ...]:
        """Keys under which to file it and to look for others: 48 bits, unsigned."""
        pairs = _PAIRS.unpack(struct.pack(f"<{2 * _BANDS}I", *self.values[: 2 * _BANDS]))
        # The values of MinHash are evenly spread: to multiply by an odd number, one for each band, mixes them enough.
        return tuple((pair + band) * _MIXER % 2**64 >> 16 for band, pair in enumerate(pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCopy:
    """An entry as reposts are judged."""

    id: str
    source: str
    published: datetime
    minhash: MinHash
    archive: bool = False
    """Its source is known to keep other sources' texts, so another source's copy is the original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repost:
    """An entry whose text another source published: that one is shown, and this one's link as `via`."""

    id: str
    original_id: str
    containment: float

    def __str__(self) -> str:
        return f"{self.containment:.0%} of the text is in {self.original_id}"


def compute_minhash(body_text: str) -> MinHash | None:
    """The MinHash of an entry's text as `TopicFields.body_text` has it; None when it is too short to be compared."""
    text = _NO_TEXT.sub("", body_text)
    shingles = set(_SHINGLES.findall(text))
    if len(text) < _SHORTEST or len(shingles) < _FEWEST:
        return None
    minhash = RMinHash(num_perm=_VALUES, seed=_SEED)
    minhash.update(list(shingles))
    return MinHash(values=tuple(minhash.digest()), shingle_count=len(shingles))


def estimate_containment(part: MinHash, whole: MinHash) -> float:
    """How much of one text is in another, 0 to 1; an estimate, mostly within 0.08.

    Containment and not likeness: an excerpt is wholly in its original, and a post that quotes three reports is in none.
    """
    alike = sum(a == b for a, b in zip(part.values, whole.values, strict=True)) / len(part.values)
    common = alike * (part.shingle_count + whole.shingle_count) / (1 + alike)
    return min(1.0, common / part.shingle_count)


def find_original(copy: TextCopy, others: Iterable[TextCopy]) -> Repost | None:
    """What `copy` is a repost of, among the entries that share a band with it; None when it is nobody's.

    Never of its own source, and only of one that comes before it: by a source that is no archive, then published
    earlier. So of two entries at most one is a repost, in whatever order they came in. Ask again for each of `others`
    when a new entry comes: it may be their original.
    """
    before = sorted(
        (other for other in others if other.source != copy.source and _order(other) < _order(copy)), key=_order
    )
    for other in before:
        found = estimate_containment(copy.minhash, other.minhash)
        if found >= SHARE:
            return Repost(id=copy.id, original_id=other.id, containment=round(found, 2))
    return None


def _order(copy: TextCopy) -> tuple[bool, datetime, str]:
    return copy.archive, copy.published, copy.id

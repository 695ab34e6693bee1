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

from ..model import Entry
from .places import plain
from .wording import simplified

METHOD = f"2.{RMinHash.ALGORITHM_VERSION}"
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
class Sketch:
    """What a text is compared by."""

    values: tuple[int, ...]
    """Unsigned 32-bit, as many as every other sketch has."""
    shingles: int
    """How many different ones the text has."""

    def to_bytes(self) -> bytes:
        """For the store: the number of shingles, then the values, 32 bits each, little-endian."""
        return _PACKED.pack(self.shingles, *self.values)

    @classmethod
    def from_bytes(cls, data: bytes) -> Sketch:
        """The sketch that `to_bytes` wrote. Raises ValueError for anything else."""
        if len(data) != _PACKED.size:
            raise ValueError(f"a sketch has {_PACKED.size} bytes, not {len(data)}")
        shingles, *values = _PACKED.unpack(data)
        return cls(values=tuple(values), shingles=shingles)

    def bands(self) -> tuple[int, ...]:
        """Keys under which to file it and to look for others: 48 bits, unsigned."""
        pairs = _PAIRS.unpack(struct.pack(f"<{2 * _BANDS}I", *self.values[: 2 * _BANDS]))
        # The values of MinHash are evenly spread: to multiply by an odd number, one for each band, mixes them enough.
        return tuple((pair + band) * _MIXER % 2**64 >> 16 for band, pair in enumerate(pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An entry as reposts are judged."""

    id: str
    source: str
    published: datetime
    sketch: Sketch
    archive: bool = False
    """Its source is known to keep other sources' texts, so another source's copy is the original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repost:
    """An entry whose text another source published: that one is shown, and this one's link as `via`."""

    id: str
    original: str
    share: float

    def __str__(self) -> str:
        return f"{self.share:.0%} of the text is in {self.original}"


def sketch(entry: Entry, words: str | None = None) -> Sketch | None:
    """The sketch of an entry's text, or None when it is too short to judge. `words`: as `Places` has them."""
    text = _NO_TEXT.sub("", simplified(plain(entry.html)) if words is None else words)
    shingles = set(_SHINGLES.findall(text))
    if len(text) < _SHORTEST or len(shingles) < _FEWEST:
        return None
    minhash = RMinHash(num_perm=_VALUES, seed=_SEED)
    minhash.update(list(shingles))
    return Sketch(values=tuple(minhash.digest()), shingles=len(shingles))


def share(part: Sketch, whole: Sketch) -> float:
    """How much of one text is in another, 0 to 1; an estimate, mostly within 0.08.

    Containment and not likeness: an excerpt is wholly in its original, and a post that quotes three reports is in none.
    """
    alike = sum(a == b for a, b in zip(part.values, whole.values, strict=True)) / len(part.values)
    common = alike * (part.shingles + whole.shingles) / (1 + alike)
    return min(1.0, common / part.shingles)


def original(copy: Copy, others: Iterable[Copy]) -> Repost | None:
    """What `copy` is a repost of, among the entries that share a band with it; None when it is nobody's.

    Never of its own source, and only of one that comes before it: by a source that is no archive, then published
    earlier. So of two entries at most one is a repost, in whatever order they came in. Ask again for each of `others`
    when a new entry comes: it may be their original.
    """
    before = sorted(
        (other for other in others if other.source != copy.source and _order(other) < _order(copy)), key=_order
    )
    for other in before:
        found = share(copy.sketch, other.sketch)
        if found >= SHARE:
            return Repost(id=copy.id, original=other.id, share=round(found, 2))
    return None


def _order(copy: Copy) -> tuple[bool, datetime, str]:
    return copy.archive, copy.published, copy.id

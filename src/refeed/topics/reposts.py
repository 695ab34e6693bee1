"""Texts -> which of them are the same text published again by another source, and which one is the original. Pure.

MinHash over character shingles: Chinese has no spaces to cut words at, and eight characters in a row are shared by
chance about never. A sketch of 512 bytes stands for a text, whatever its length, and 32 band keys find the texts worth
a comparison: two texts with half of their shingles in common share a key in 9,999 cases of 10,000, with a quarter in
873 of 1,000, and unrelated ones practically never. So one entry costs 32 look-ups, however many are stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from rensa import RMinHash

from ..model import Entry
from .places import plain
from .wording import simplified

METHOD = f"1.{RMinHash.ALGORITHM_VERSION}"
"""Sketches of different methods cannot be compared: store it with them, and make them anew when it changes."""

SHARE = 0.6
"""How much of a text must be in another for it to be a repost. In the archive true reposts lie above, and stories
rewritten from an agency's paragraph by paragraph below."""

_SHINGLE = 8
_SHORTEST = 120
"""Characters below which a text is no evidence: captions, one-line items."""
_VALUES = 128
_ROWS = 2
_BANDS = 32
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
        return b"".join(value.to_bytes(4, "little") for value in (self.shingles, *self.values))

    @classmethod
    def from_bytes(cls, data: bytes) -> Sketch:
        """The sketch that `to_bytes` wrote. Raises ValueError for anything else."""
        if len(data) != 4 * (_VALUES + 1):
            raise ValueError(f"a sketch has {4 * (_VALUES + 1)} bytes, not {len(data)}")
        numbers = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
        return cls(values=tuple(numbers[1:]), shingles=numbers[0])

    def bands(self) -> tuple[int, ...]:
        """Keys under which to file it and to look for others: 64-bit signed, as databases have them."""
        return tuple(
            int.from_bytes(
                blake2b(repr((band, self.values[band * _ROWS : (band + 1) * _ROWS])).encode(), digest_size=8).digest(),
                signed=True,
            )
            for band in range(_BANDS)
        )


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


def sketch(entry: Entry) -> Sketch | None:
    """The sketch of an entry's text, or None when it is too short to judge."""
    text = _NO_TEXT.sub("", simplified(plain(entry.html)))
    if len(text) < _SHORTEST:
        return None
    shingles = {text[at : at + _SHINGLE] for at in range(len(text) - _SHINGLE + 1)}
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

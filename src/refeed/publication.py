"""One publication: what it goes by, in which order and together with what documents are put in place."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .catalogue import Catalogue
from .documents import Documents
from .errors import PublishError
from .model import FORMATS
from .publish import Mark
from .store import FeedState

MANY = 5
"""Feeds that are made at once before it matters which come first."""
_TOGETHER = 8
"""Feeds whose documents wait for the disk together: what one dump changes, and at most some MB."""

CATALOGUE = ""
"""The mark of the documents that list the feeds."""
LISTS = ("opml.xml", "feeds.json")
_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)


@dataclass(slots=True)
class Publication:
    """What one publication goes by, and what becomes of it."""

    catalogue: Catalogue
    documents: Documents
    states: Mapping[str, FeedState]
    before: Mapping[str, Mark]
    """What the documents that are there were made from."""
    wanted: Mapping[str, Mark]
    """What they are to be made from."""
    marks: dict[str, Mark]
    """What those were made from that are as they should be."""
    changed: list[str] = field(default_factory=list)
    troubles: list[PublishError] = field(default_factory=list)

    def raise_troubles(self) -> None:
        """Raise PublishError when some documents could not be written."""
        if self.troubles:
            others = f", and {len(self.troubles) - 1} other feeds" if len(self.troubles) > 1 else ""
            said = f"{self.troubles[0]}{others}; the documents published before stay"
            raise PublishError(said, changed=self.changed) from self.troubles[0]


def names_of(path: str) -> Sequence[str]:
    """A feed's documents, by name."""
    return LISTS if path == CATALOGUE else [f"{path}.{format}" for format in FORMATS]


def ordered(stale: list[str], marks: dict[str, Mark], reads: Mapping[str, float]) -> list[str]:
    """In which order documents are written: what most people read first, by `reads`. Where nobody is known to have
    read anything, and the folder is filled for the first time, `all` comes last: where it is served, everything is."""
    if reads:
        return [*sorted(stale, key=lambda path: -reads.get(path, 0.0)), CATALOGUE]
    first = "all" in stale and "all" not in marks
    return [*(path for path in stale if path != "all" or not first), CATALOGUE, *(["all"] if first else [])]


def grouped(paths: Sequence[str]) -> list[Sequence[str]]:
    """Feeds whose documents are put in place together; the lists of feeds by themselves, so that no feed waits."""
    groups: list[list[str]] = []
    for path in paths:
        if not groups or len(groups[-1]) == _TOGETHER or CATALOGUE in (path, groups[-1][-1]):
            groups.append([])
        groups[-1].append(path)
    return [*groups]


def comparable(old: Mark | None, new: Mark) -> Mark | None:
    """What a feed's archives were made from, when only its entries changed since."""
    return old if old and (old.presentation, old.store) == (new.presentation, new.store) else None


def is_hopeless(error: PublishError) -> bool:
    """Whether what kept one document from being written will keep every other too."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _HOPELESS

"""What servers say of the files that an entry shows -> their types and sizes in the entry. Pure.

Kept in the store beside the entry, so that every machine says the same; it moves no date, for no reader cares.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ..model import Enclosure, Entry, Image

DUE_NOW = datetime(1970, 1, 1, tzinfo=UTC)
"""`next` of what nobody has asked after."""
_PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""After the first try in vain, the second, the third; after the fourth nobody is asked any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMetadata:
    """What is known of one file from asking its server."""

    url: str
    type: str = ""
    """Media type; empty when the server gave none that says anything."""
    length: int = 0
    """In bytes; 0 when it is not known."""
    next: datetime | None = None
    """Not to be asked again before; None when it is not to be asked again at all."""
    tries: int = 0
    """In vain, one after another."""
    error: str = ""
    """Why the last try was in vain, in plain words."""

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be asked after."""
        return self.next is not None and self.next <= now

    @property
    def is_given_up(self) -> bool:
        """Whether nobody will ever know."""
        return self.next is None and bool(self.error)


def retry_later(file: FileMetadata, error: str, now: datetime, *, at_least: timedelta = timedelta(0)) -> FileMetadata:
    """What is known after a try in vain: as much as before, and when to try again, if at all."""
    pause = max(_PAUSES[file.tries], at_least) if file.tries < len(_PAUSES) else None
    return replace(file, tries=file.tries + 1, error=error, next=None if pause is None else now + pause)


def give_up(file: FileMetadata, error: str) -> FileMetadata:
    """What is known after an answer that no later try would better."""
    return replace(file, tries=file.tries + 1, error=error, next=None)


def entry_files(entry: Entry, known: Iterable[FileMetadata]) -> tuple[FileMetadata, ...]:
    """The files whose type and size documents have a place for, each with what is known of it: the lead image, then
    the media files."""
    found = {file.url: file for file in known}
    urls = [entry.image.url] if entry.image else []
    urls += [enclosure.url for enclosure in entry.enclosures]
    return tuple(found.get(url) or FileMetadata(url=url, next=DUE_NOW) for url in dict.fromkeys(urls))


def with_metadata(entry: Entry, known: Iterable[FileMetadata]) -> Entry:
    """The entry with the types and sizes that are known of its files. A size that its dump told stays."""
    found = {file.url: file for file in known if file.type or file.length}
    if not found:
        return entry
    image = entry.image
    return replace(
        entry,
        image=_filled_image(image, found[image.url]) if image and image.url in found else image,
        enclosures=tuple(_filled(one, found[one.url]) if one.url in found else one for one in entry.enclosures),
    )


def _filled_image(image: Image, file: FileMetadata) -> Image:
    return replace(image, type=file.type if file.type.startswith("image/") else "", length=file.length)


def _filled(enclosure: Enclosure, file: FileMetadata) -> Enclosure:
    # The type in the entry is mostly guessed from the end of the URL; the server that gives the file out knows it.
    return replace(enclosure, type=file.type or enclosure.type, length=enclosure.length or file.length)

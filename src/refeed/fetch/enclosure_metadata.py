"""The types and sizes of an entry's files, as their servers give them -> the entry with them. Pure.

They are kept in the store beside the entry, so that every machine publishes the same. They change no date, because no
reader would notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ..model import Entry

DUE_NOW = datetime(1970, 1, 1, tzinfo=UTC)
"""`next` of a file that was never requested."""
_PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""After the first failure, the second, the third. The fourth is the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMetadata:
    """What is known of one file from its server."""

    url: str
    type: str = ""
    """Media type; empty when the server gives none, or one that says nothing."""
    length: int = 0
    """In bytes; 0 when it is not known."""
    next: datetime | None = None
    """Not requested before this time; None when it is not requested again."""
    tries: int = 0
    """Failures in a row."""
    error: str = ""
    """The last failure, in plain words."""

    def is_due(self, now: datetime) -> bool:
        """Whether the file may be requested now."""
        return self.next is not None and self.next <= now

    @property
    def is_given_up(self) -> bool:
        """Whether requests for the file failed and none will follow."""
        return self.next is None and bool(self.error)


def retry_later(file: FileMetadata, error: str, now: datetime, *, at_least: timedelta = timedelta(0)) -> FileMetadata:
    """The metadata after a failure: unchanged, with the next try after a longer pause, if there is a next one."""
    pause = max(_PAUSES[file.tries], at_least) if file.tries < len(_PAUSES) else None
    return replace(file, tries=file.tries + 1, error=error, next=None if pause is None else now + pause)


def give_up(file: FileMetadata, error: str) -> FileMetadata:
    """The metadata after a failure that no later try would change."""
    return replace(file, tries=file.tries + 1, error=error, next=None)


def entry_files(entry: Entry, known: Iterable[FileMetadata]) -> tuple[FileMetadata, ...]:
    """The files whose type and size the documents show, with what is known of each: the lead image, then enclosures."""
    by_url = {file.url: file for file in known}
    urls = [entry.image.url] if entry.image else []
    urls += [enclosure.url for enclosure in entry.enclosures]
    return tuple(by_url.get(url) or FileMetadata(url=url, next=DUE_NOW) for url in dict.fromkeys(urls))


def with_metadata(entry: Entry, known: Iterable[FileMetadata]) -> Entry:
    """The entry with the types and sizes that are known of its files. A size from its dump stays."""
    by_url = {file.url: file for file in known if file.type or file.length}
    if not by_url:
        return entry
    image = entry.image
    if image and (file := by_url.get(image.url)):
        image = replace(image, type=file.type if file.type.startswith("image/") else "", length=file.length)
    enclosures = []
    for enclosure in entry.enclosures:
        if file := by_url.get(enclosure.url):
            # The type in the entry is mostly guessed from the end of the URL. The server knows better.
            enclosure = replace(enclosure, type=file.type or enclosure.type, length=enclosure.length or file.length)
        enclosures.append(enclosure)
    return replace(entry, image=image, enclosures=tuple(enclosures))

"""A processed dump or a stored entry -> the JSON of `explain --json` and `/entry/<uuid>.json`.

The field names are the JSON keys, in this order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ..clock import format_rfc3339
from ..model import Enclosure, Entry, Label, Outcome, Person, Removal

if TYPE_CHECKING:  # heavy imports, which every caller has loaded anyway
    from ..ingest.entry_builder import BuildResult
    from ..store.rows import StoredEntry
    from ..store.serialization import Provenance


class ExplainedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that produced no entry."""

    file: str
    outcome: Outcome
    reason: str | None
    flags: tuple[str, ...] = ()


class ExplainedImage(msgspec.Struct, frozen=True, kw_only=True):
    """An entry's lead image."""

    url: str
    caption: str
    credit: str


class ExplainedEntry(ExplainedFile, frozen=True, kw_only=True):
    """A file and its entry. Times are in RFC 3339 format, in UTC."""

    id: str
    source: str
    link: str
    title: str
    published: str
    updated: str
    language: str
    authors: tuple[str, ...]
    contributors: tuple[Person, ...]
    summary: str
    html: str
    image: ExplainedImage | None
    images: tuple[str, ...]
    enclosures: tuple[Enclosure, ...]
    rights: str
    original: str | None
    tags: tuple[str, ...]
    section: str
    topics: tuple[Label, ...]
    removed: tuple[Removal, ...]


def explain_file(file: str, result: BuildResult) -> ExplainedFile:
    """Explain the result of reading a file. Returns an ExplainedEntry if the file produced an entry."""
    cleaned = result.cleaned
    if cleaned is None:
        return ExplainedFile(file=file, outcome=result.outcome, reason=result.reason)
    head = ExplainedFile(file=file, outcome=result.outcome, reason=result.reason, flags=cleaned.issues)
    return _explain(head, cleaned.entry, result.labels, cleaned.removed)


def explain_stored(stored: StoredEntry, provenance: Provenance, file: str) -> ExplainedEntry:
    """Explain an entry of the store. `file` is the path of its newest dump."""
    flags = tuple(provenance.issues)
    outcome = Outcome.FLAGGED if flags else Outcome.ACCEPTED
    head = ExplainedFile(file=file, outcome=outcome, reason="; ".join(flags) or None, flags=flags)
    return _explain(head, stored.entry, stored.labels, provenance.removed)


def _explain(
    head: ExplainedFile, entry: Entry, labels: tuple[Label, ...], removed: tuple[Removal, ...]
) -> ExplainedEntry:
    image = entry.image
    return ExplainedEntry(
        file=head.file,
        outcome=head.outcome,
        reason=head.reason,
        flags=head.flags,
        id=entry.id,
        source=entry.source,
        link=entry.link,
        title=entry.title,
        published=format_rfc3339(entry.published),
        updated=format_rfc3339(entry.updated),
        language=entry.language,
        authors=entry.authors,
        contributors=entry.contributors,
        summary=entry.summary,
        html=entry.html,
        image=ExplainedImage(url=image.url, caption=image.caption, credit=image.credit) if image else None,
        images=entry.images,
        enclosures=entry.enclosures,
        rights=entry.rights,
        original=entry.original,
        tags=entry.tags,
        section=entry.section,
        topics=labels,
        removed=removed,
    )

"""What became of a dump, and why, for programs: the one shape of `explain --json` and `/entry/<uuid>.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..clock import format_rfc3339
from ..model import Entry, Label, Outcome, Removal

if TYPE_CHECKING:  # whoever has one of these has imported them
    from ..ingest.entry_builder import BuildResult
    from ..store.rows import StoredEntry
    from ..store.serialization import Provenance


def file_to_dict(file: str, made: BuildResult) -> dict[str, Any]:
    """What became of a dump, in that shape."""
    head = {"file": file, "outcome": made.outcome.value, "reason": made.reason}
    if made.cleaned is None:
        return head | {"flags": []}
    cleaned = made.cleaned
    return head | {"flags": list(cleaned.issues)} | _entry(cleaned.entry, made.labels, cleaned.removed)


def entry_to_dict(stored: StoredEntry, notes: Provenance, file: str) -> dict[str, Any]:
    """The same for an entry of the store; `file` is the newest of its dumps."""
    outcome = Outcome.FLAGGED if notes.flags else Outcome.ACCEPTED
    head = {"file": file, "outcome": outcome.value, "reason": "; ".join(notes.flags) or None, "flags": [*notes.flags]}
    return head | _entry(stored.entry, stored.labels, notes.removed)


def ignored_to_dict(file: str, reason: str, outcome: Outcome = Outcome.IGNORED) -> dict[str, Any]:
    """What is said of a file that was never opened, or could not be read."""
    return {"file": file, "outcome": outcome.value, "reason": reason, "flags": []}


def _entry(entry: Entry, labels: tuple[Label, ...], removed: tuple[Removal, ...]) -> dict[str, Any]:
    image = entry.image
    return {
        "id": entry.id,
        "source": entry.source,
        "link": entry.link,
        "title": entry.title,
        "published": format_rfc3339(entry.published),
        "updated": format_rfc3339(entry.updated),
        "language": entry.language,
        "authors": list(entry.authors),
        "contributors": [{"name": person.name, "role": person.role} for person in entry.contributors],
        "summary": entry.summary,
        "html": entry.html,
        "image": {"url": image.url, "caption": image.caption, "credit": image.credit} if image else None,
        "images": list(entry.images),
        "enclosures": [{"url": e.url, "type": e.type, "length": e.length} for e in entry.enclosures],
        "rights": entry.rights,
        "original": entry.original,
        "tags": list(entry.tags),
        "section": entry.section,
        "topics": [{"topic": label.topic, "score": label.score, "reasons": [*label.reasons]} for label in labels],
        "removed": [{"step": piece.step, "text": piece.text} for piece in removed],
    }

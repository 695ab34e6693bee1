"""A dump's or an entry's outcome -> the machine-readable entry of `explain --json` and `/entry/<uuid>.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..clock import format_rfc3339
from ..model import Entry, Label, Outcome, Removal

if TYPE_CHECKING:  # heavy imports that every caller has made already
    from ..ingest.entry_builder import BuildResult
    from ..store.rows import StoredEntry
    from ..store.serialization import Provenance


def file_to_dict(file: str, result: BuildResult) -> dict[str, Any]:
    """A file that was read."""
    head = {"file": file, "outcome": result.outcome.value, "reason": result.reason}
    cleaned = result.cleaned
    if cleaned is None:
        return head | {"flags": []}
    return head | {"flags": list(cleaned.issues)} | _entry_fields(cleaned.entry, result.labels, cleaned.removed)


def entry_to_dict(stored: StoredEntry, provenance: Provenance, file: str) -> dict[str, Any]:
    """An entry of the store; `file` is its newest dump."""
    flags = list(provenance.issues)
    outcome = Outcome.FLAGGED if flags else Outcome.ACCEPTED
    head = {"file": file, "outcome": outcome.value, "reason": "; ".join(flags) or None, "flags": flags}
    return head | _entry_fields(stored.entry, stored.labels, provenance.removed)


def ignored_to_dict(file: str, reason: str, outcome: Outcome = Outcome.IGNORED) -> dict[str, Any]:
    """A file that was not opened, or could not be read."""
    return {"file": file, "outcome": outcome.value, "reason": reason, "flags": []}


def _entry_fields(entry: Entry, labels: tuple[Label, ...], removed: tuple[Removal, ...]) -> dict[str, Any]:
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
        "enclosures": [
            {"url": enclosure.url, "type": enclosure.type, "length": enclosure.length} for enclosure in entry.enclosures
        ],
        "rights": entry.rights,
        "original": entry.original,
        "tags": list(entry.tags),
        "section": entry.section,
        "topics": [{"topic": label.topic, "score": label.score, "reasons": [*label.reasons]} for label in labels],
        "removed": [{"step": removal.step, "text": removal.text} for removal in removed],
    }

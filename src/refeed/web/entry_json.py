"""A processed dump or a stored entry -> the JSON of `explain --json` and `/entry/<uuid>.json`.

The field names are the JSON keys, in this order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..clock import format_rfc3339
from ..model import Entry, Label, Outcome, Removal

if TYPE_CHECKING:  # heavy imports, which every caller has loaded anyway
    from ..ingest.entry_builder import BuildResult
    from ..store.rows import StoredEntry
    from ..store.serialization import Provenance

EntryJson = dict[str, Any]
"""A file and its entry, if it has one, in types that msgspec encodes as JSON."""
_FIELDS = (
    *(
        "id",
        "source",
        "link",
        "title",
        "published",
        "updated",
        "language",
        "authors",
        "contributors",
        "summary",
        "html",
    ),
    *("image", "images", "enclosures", "rights", "original", "tags", "section"),
)
"""The fields of an entry, in the order of the JSON."""


def explain_outcome(file: str, outcome: Outcome, reason: str | None, flags: Sequence[str] = ()) -> EntryJson:
    """Explain a file that produced no entry."""
    return {"file": file, "outcome": outcome, "reason": reason, "flags": flags}


def explain_file(file: str, result: BuildResult) -> EntryJson:
    """Explain the result of reading a file, with its entry if it produced one."""
    cleaned = result.cleaned
    if cleaned is None:
        return explain_outcome(file, result.outcome, result.reason)
    head = explain_outcome(file, result.outcome, result.reason, cleaned.issues)
    return head | _explain(cleaned.entry, result.labels, cleaned.removed)


def explain_stored(stored: StoredEntry, provenance: Provenance, file: str, story: str | None) -> EntryJson:
    """Explain an entry of the store. `file` is the path of its newest dump, and `story` the id of its story."""
    flags = tuple(provenance.issues)
    head = explain_outcome(file, Outcome.FLAGGED if flags else Outcome.ACCEPTED, "; ".join(flags) or None, flags)
    explained = head | _explain(stored.entry, stored.labels, provenance.removed)
    return explained | {"story": story and f"urn:uuid:{story}"}


def _explain(entry: Entry, labels: Sequence[Label], removed: Sequence[Removal]) -> EntryJson:
    image = entry.image
    fields = {name: getattr(entry, name) for name in _FIELDS} | {
        "published": format_rfc3339(entry.published),
        "updated": format_rfc3339(entry.updated),
        "image": {"url": image.url, "caption": image.caption, "credit": image.credit} if image else None,
    }
    return fields | {"topics": labels, "removed": removed}

"""An id, an address or a link -> what the store has about the entry, and why feeds show it or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ..clock import format_rfc3339
from ..config.settings import Settings
from ..dumps.scanner import original_path
from ..ingest.entry_builder import EntryBuilder
from ..store.engine import parse_database_url
from ..store.rows import StoredEntry
from ..store.serialization import Provenance
from ..store.store import Store
from ..store.story_members import get_story_ids
from ..stories.story_explainer import explain_story
from ..topics.fields import extract_body_text
from ..topics.reposts import compute_minhash, estimate_containment
from .shared import find_entry_id


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """What the store has about an entry."""

    stored: StoredEntry
    provenance: Provenance
    dump_path: str
    """The path of the dump that the text is from."""
    story: str | None
    """The id of its story."""
    visibility: tuple[str, ...]
    """Lines of text that say what keeps the entry out of feeds, and what story it belongs to."""


def load_entry(name: str, settings: Settings, builder: EntryBuilder) -> KnownEntry | None:
    """Look an entry up by its id, the address of its page or its link. Does not create a store.

    Raises StoreError while the store does not answer.
    """
    url = parse_database_url(settings.database_url)
    if url.drivername == "sqlite" and not Path(url.database or "").exists():
        return None
    with closing(Store(settings.database_url, read_only=True)) as store:
        id = find_entry_id(store, name, builder)
        known = store.get_entry(id) if id else None
        if id is None or known is None:
            return None
        stored, provenance = known
        copies = store.get_entries([copy.id for copy in store.get_copies(id)])
        dumps = store.get_dumps(id)
        story = get_story_ids(store, [id]).get(id)
        why = tuple(explain_story(store, id))
    return KnownEntry(
        stored=stored,
        provenance=provenance,
        story=story,
        dump_path=original_path(dumps[-1].path) if dumps else "",
        visibility=(*_format_withdrawal(stored), *format_same_text(stored, copies), *why),
    )


def format_same_text(stored: StoredEntry, copies: Iterable[StoredEntry]) -> Iterator[str]:
    """Lines about entries with the same text: how much text they share, and which of the two feeds show."""
    own = compute_minhash(extract_body_text(stored.entry.html))
    for copy in copies:
        entry = copy.entry
        other = compute_minhash(extract_body_text(entry.html))
        if own and other:
            line = f"  same text  {estimate_containment(own, other):.0%} in {entry.link}"
            line += f" ({entry.source}, {format_rfc3339(entry.published)})"
            # A feed that could hold both shows one of them, which links to the other.
            if entry.link in stored.repost_links:
                line += "; feeds that could hold both show this one"
            if stored.entry.link in copy.repost_links:
                line += "; feeds that could hold both show that one"
            yield line


def _format_withdrawal(stored: StoredEntry) -> Iterator[str]:
    """One line if an operator has withdrawn the entry, otherwise none."""
    if stored.withdrawn is not None:
        id = stored.entry.id.removeprefix("urn:uuid:")
        when = format_rfc3339(stored.withdrawn)
        yield f"  withdrawn  {when}: it is in no document; `refeed restore {id}` brings it back"

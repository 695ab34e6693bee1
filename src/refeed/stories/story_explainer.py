"""An entry -> lines that say why it is part of its story, and why similar entries are not."""

from __future__ import annotations

from collections.abc import Iterator

from ..clock import format_rfc3339
from ..store.serialization import from_timestamp
from ..store.store import Store
from ..store.story_index import StoryIndex
from .signatures import common_terms
from .similarity import load_model
from .story_updater import Candidate, StoryBuilder

_NEAR = 5
_TERMS = 12


def explain_story(store: Store, id: str) -> Iterator[str]:
    """Lines about the story of an entry: the report that it was joined to, the nearest that it was not, and why."""
    model = load_model()
    with store.read_transaction() as connection:
        index = StoryIndex(connection)
        row = index.load([id]).get(id)
        candidates = StoryBuilder(index).find_candidates(row) if row else []
    if row is None:
        return
    yield f"  story      {row.story_id}" + (" (its first report)" if row.story_id == id else "")
    shown = sorted(candidates, key=lambda each: each.row.entry_id != row.parent_id)[: _NEAR + bool(row.parent_id)]
    entries = {e.entry.id.removeprefix("urn:uuid:"): e.entry for e in store.get_entries([id, *_ids(shown)])}
    for each in shown:
        other = entries.get(each.row.entry_id)
        if other is None or id not in entries:
            continue
        verdict = "joined to" if each.row.entry_id == row.parent_id else "not to"
        score = f"{each.score:.2f}"
        if verdict == "not to" and each.score >= model.min_score:
            score += "; joined to a better one" if each.is_accepted else f"; {each.story_score:.2f} to its story"
        terms = " ".join(common_terms(entries[id], other)[:_TERMS])
        yield f"  {verdict:<10} {other.title} ({other.source}, {format_rfc3339(from_timestamp(each.row.published))})"
        yield f"             score {score}, {model.min_score} needed; both have: {terms or 'nothing rare'}"


def _ids(candidates: list[Candidate]) -> list[str]:
    return [each.row.entry_id for each in candidates]

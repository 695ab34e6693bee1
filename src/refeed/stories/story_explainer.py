"""An entry -> lines that say why it is part of its story, and why similar entries are not."""

from __future__ import annotations

from collections.abc import Iterator

from ..clock import format_rfc3339
from ..store.serialization import from_timestamp
from ..store.store import Store
from ..store.story_index import StoryIndex
from .signatures import common_terms
from .similarity import load_model
from .story_updater import StoryBuilder

_NEAR = 5
_TERMS = 12


def explain_story(store: Store, id: str) -> Iterator[str]:
    """Lines about the story of an entry: the report that it was joined to, the nearest that it was not, and why."""
    min_score = load_model().min_score
    with store.read_transaction() as connection:
        index = StoryIndex(connection)
        row = index.load([id]).get(id)
        candidates = StoryBuilder(index).find_candidates(row) if row else []
        roots = {id: place.root_id for id, place in index.load_places(each.entry_id for each in candidates).items()}
    if row is None:
        return
    yield f"  story      {row.story_id}" + (" (its first report)" if row.story_id == id else "")
    shown = sorted(candidates, key=lambda each: each.entry_id != row.parent_id)[: _NEAR + bool(row.parent_id)]
    ids = [id, *(each.entry_id for each in shown)]
    entries = {e.entry.id.removeprefix("urn:uuid:"): e.entry for e in store.get_entries(ids)}
    for each in shown:
        other = entries.get(each.entry_id)
        if other is None or id not in entries:
            continue
        is_joined = each.entry_id == row.parent_id and roots[each.entry_id] == row.root_id
        score = f"{each.score / 1000:.2f}"
        if is_joined and each.score < min_score * 1000:
            score += "; two later reports are similar to both"
        if not is_joined and each.score >= min_score * 1000:
            score += "; its story is too old" if each.entry_id == row.parent_id else "; joined to a better one"
        terms = " ".join(common_terms(entries[id], other)[:_TERMS])
        date = format_rfc3339(from_timestamp(each.published))
        yield f"  {'joined to' if is_joined else 'not to':<10} {other.title} ({other.source}, {date})"
        yield f"             score {score}, {min_score} needed; both have: {terms or 'nothing rare'}"

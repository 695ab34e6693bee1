"""Changed entries -> their stories. Stopped at any point, it goes on where it was.

A story is a tree. Each entry is joined to the most similar earlier one, if that is similar enough, and a story's id is
that of its first report. Whether two entries are joined depends on what is stored around the same time, and not on
when it was stored: so that all machines have the same stories, every entry whose neighbours change is looked at again.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from datetime import datetime
from statistics import fmean
from typing import NamedTuple

from ..heartbeat import beat
from ..store import schema
from ..store.change_log import count_changes, get_changes, list_entries, take_changes
from ..store.rows import StoryRow
from ..store.store import Store
from ..store.story_decisions import load_story_decisions
from ..store.story_index import StoryIndex
from ..store.story_members import increase_version
from .signatures import SIGNATURE_VERSION, Signature, make_signature
from .similarity import WEIGHTS, compare, load_model

STORIES_VERSION = f"{SIGNATURE_VERSION} {WEIGHTS}"
"""Changes when entries are compared differently. All stories are then made again."""
_VERSION_KEY = "stories_version"
_BATCH = 100
CANDIDATES = 32
"""Earlier entries that an entry is compared with: those that share most terms with it."""
MAX_AGE = 7 * 24 * 3600
"""Seconds from the first report of a story to its last. What is reported for weeks is many stories."""


class Candidate(NamedTuple):
    """An earlier entry that an entry was compared with."""

    row: StoryRow
    score: float
    """How likely both report the same event, from 0 to 1."""
    story_score: float
    """The average of the two best scores with reports of the candidate's tree: one similar report does not make a story
    of two."""

    @property
    def is_accepted(self) -> bool:
        """Whether the entry may be joined to this one."""
        model = load_model()
        return self.score >= model.min_score and self.story_score >= model.min_story_score


def update_stories(store: Store, now: datetime, limit: int = _BATCH) -> int:
    """Join up to `limit` changed entries to their stories, latest change first; returns how many are left.

    `now` dates the change. Raises StoreError.
    """
    if store.get_meta(_VERSION_KEY) != STORIES_VERSION:
        _start_again(store)
    changes = get_changes(store, schema.story_changes, limit)
    if changes:
        entries = {
            change.id: change.entry.entry
            for change in changes
            if change.entry and change.entry.withdrawn is None and not change.private
        }
        signatures = {id: make_signature(entry) for id, entry in entries.items()}
        with store.write_transaction() as connection:
            current = take_changes(connection, schema.story_changes, changes)
            split, joined = load_story_decisions(connection)
            rows = {
                id: _make_row(id, int(entry.published.timestamp()), b"" if id in split else signatures[id].to_bytes())
                for id, entry in entries.items()
            }
            index = StoryIndex(connection)
            changed = StoryBuilder(index).replace({id: rows.get(id) for id in sorted(current)})
            changed = index.join_trees(joined) or changed
            if changed:
                increase_version(connection, now)
    return count_changes(store, schema.story_changes)


def update_all_stories(store: Store, now: datetime) -> None:
    """Join all changed entries to their stories."""
    while update_stories(store, now):
        beat()


class StoryBuilder:
    """Keeps the trees of entries right while entries come, change and go. One object serves one transaction."""

    def __init__(self, index: StoryIndex) -> None:
        self._index = index
        self._signatures: dict[str, Signature] = {}

    def replace(self, entries: Mapping[str, StoryRow | None]) -> bool:
        """Add, change or remove (None) entries; returns whether a story changed."""
        before = self._index.load(entries)
        removed = {id: row for id, row in before.items() if not _is_same(row, entries[id])}
        added = {id: row for id, row in entries.items() if row and (id not in before or id in removed)}
        if not removed and not added:
            return False
        waiting: set[str] = set()
        for row in removed.values():
            waiting |= self._find_neighbours(row, later=True).keys()
        gone = removed.keys() - added.keys()
        self._index.record_moves(gone)
        self._index.remove_terms((row, self._signature(row).terms) for row in removed.values())
        self._index.delete(gone)
        for id in removed:
            del self._signatures[id]
        # A row keeps its old place until its turn comes, so that it is known whether it changes.
        self._index.write(
            {
                id: before[id]._replace(published=row.published, signature=row.signature) if id in before else row
                for id, row in added.items()
            }
        )
        self._index.add_terms((row, self._signature(row).terms) for row in added.values())
        for row in added.values():
            waiting |= {row.entry_id, *self._find_neighbours(row, later=True)}
        return self._place(waiting - gone) or bool(gone or added.keys() - before.keys())

    def find_candidates(self, row: StoryRow) -> list[Candidate]:
        """The earlier entries that an entry is compared with, best first."""
        found = self._find_neighbours(row, later=False)
        rows = self._index.load(found)
        nearest = sorted(rows.values(), key=lambda other: (-found[other.entry_id], -other.published, other.entry_id))
        first = self._index.load({other.root_id for other in nearest[:CANDIDATES]})
        own = self._signature(row)
        scores = {
            other.entry_id: compare(own, self._signature(other))
            for other in nearest[:CANDIDATES]
            if first[other.root_id].published >= row.published - MAX_AGE
        }
        order = sorted(scores, key=lambda id: (-scores[id], -rows[id].published, id))
        trees: dict[str, list[float]] = {}
        for id in order:
            trees.setdefault(rows[id].root_id, []).append(scores[id])
        return [Candidate(rows[id], scores[id], fmean(trees[rows[id].root_id][:2])) for id in order]

    def _place(self, waiting: Iterable[str]) -> bool:
        """Join entries to their best earlier neighbours, in the order of publication, and all that depends on them."""
        queue = [(row.published, id) for id, row in self._index.load(waiting).items()]
        heapq.heapify(queue)
        queued = {id for _, id in queue}
        placed: dict[str, StoryRow] = {}
        while queue:
            beat()  # a new first report may place hundreds of others again
            _, id = heapq.heappop(queue)
            row = self._index.load([id])[id]
            best = next((each for each in self.find_candidates(row) if each.is_accepted), None)
            root = best.row.root_id if best else id
            new = row._replace(
                parent_id=best.row.entry_id if best else None,
                score=round(best.score * 1000) if best else 0,
                root_id=root,
                story_id=row.story_id if root == row.root_id else root,
            )
            if new.root_id != row.root_id:
                later = self._find_neighbours(row, later=True).keys() - queued
                queued |= later
                for other in self._index.load(later).values():
                    heapq.heappush(queue, (other.published, other.entry_id))
            if new != row:
                placed[id] = new
                self._index.remember(new)
        self._index.write(placed)
        return bool(placed)

    def _find_neighbours(self, row: StoryRow, *, later: bool) -> Mapping[str, int]:
        return self._index.find_neighbours(row, self._signature(row).terms, later=later)

    def _signature(self, row: StoryRow) -> Signature:
        signature = self._signatures.get(row.entry_id)
        if signature is None:
            signature = self._signatures[row.entry_id] = Signature.from_bytes(row.signature, row.published)
        return signature


def _make_row(id: str, published: int, signature: bytes) -> StoryRow:
    return StoryRow(
        entry_id=id, story_id=id, root_id=id, parent_id=None, score=0, published=published, signature=signature
    )


def _is_same(before: StoryRow, after: StoryRow | None) -> bool:
    return after is not None and (before.published, before.signature) == (after.published, after.signature)


def _start_again(store: Store) -> None:
    """Forget all stories, and list all entries. Addresses of stories still lead to the same reports."""
    with store.write_transaction() as connection:
        StoryIndex(connection).clear()
        list_entries(connection, schema.story_changes)
    store.set_meta(_VERSION_KEY, STORIES_VERSION)

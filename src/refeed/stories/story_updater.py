"""Changed entries -> their stories. Stopped at any point, it goes on where it was.

A story is a tree. Each entry is joined to the most similar of its earlier neighbours, if that is similar enough, and a
story's id is that of its first report. Which entries are neighbours depends on what is stored around the same time, and
not on when it was stored: so that all machines have the same stories, every entry that gets or loses a neighbour is
looked at again. Both have a bound (`store.story_index`), however many similar entries come, and in whatever order.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ..heartbeat import beat
from ..store import schema
from ..store.change_log import count_changes, get_changes, list_entries, take_changes
from ..store.rows import Place, StoryRow
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
MAX_AGE = 7 * 24 * 3600
"""Seconds from the first report of a story to its last. What is reported for weeks is many stories."""


class Candidate(NamedTuple):
    """An earlier entry that an entry was compared with. The greatest one is the best."""

    score: int
    """How likely both report the same event, in thousandths."""
    published: int
    entry_id: str


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
        self._min_score = round(load_model().min_score * 1000)
        self._signatures: dict[str, Signature] = {}

    def replace(self, entries: Mapping[str, StoryRow | None]) -> bool:
        """Add, change or remove (None) entries; returns whether a story changed."""
        before = self._index.load(entries)
        removed = {id: row for id, row in before.items() if not _is_same(row, entries[id])}
        added = {id: row for id, row in entries.items() if row and (id not in before or id in removed)}
        if not removed and not added:
            return False
        compared_again = set(added)
        for row in removed.values():
            compared_again |= self._find_neighbours(row, later=True)
        gone = removed.keys() - added.keys()
        self._index.record_moves(gone)
        self._index.remove_terms((row, self._signature(row).terms) for row in removed.values())
        self._index.delete(gone)
        for id in removed:
            del self._signatures[id]
        self._index.write(
            {
                id: before[id]._replace(published=row.published, signature=row.signature) if id in before else row
                for id, row in added.items()
            }
        )
        self._index.add_terms((row, self._signature(row).terms) for row in added.values())
        arrived: dict[str, list[StoryRow]] = {}
        for row in added.values():
            for id in self._find_neighbours(row, later=True):
                arrived.setdefault(id, []).append(row)
        joined: dict[str, Candidate | None] = {}
        for id in compared_again - gone:
            beat()
            joined[id] = self._find_parent(self._index.load([id])[id])
        for id in arrived.keys() - compared_again:
            joined[id] = self._compare_arrived(self._index.load([id])[id], arrived[id])
        moved = [id for id in added.keys() & removed.keys() if added[id].published != removed[id].published]
        return self._settle(joined, moved) or bool(gone or added.keys() - before.keys())

    def find_candidates(self, row: StoryRow) -> list[Candidate]:
        """The earlier entries that an entry is compared with, best first."""
        found = self._index.load(self._find_neighbours(row, later=False))
        return sorted((self._compare(row, other) for other in found.values()), reverse=True)

    def _find_parent(self, row: StoryRow) -> Candidate | None:
        best = next(iter(self.find_candidates(row)), None)
        return best if best and best.score >= self._min_score else None

    def _compare_arrived(self, row: StoryRow, arrived: Sequence[StoryRow]) -> Candidate | None:
        """What `_find_parent` finds, if nothing but these entries has become a neighbour.

        Most look-ups are saved: the parent is still a neighbour, unless another one now stands between the two.
        """
        best = max(self._compare(row, other) for other in arrived)
        parent = row.parent_id and self._index.load([row.parent_id])[row.parent_id]
        if not parent:
            return best if best.score >= self._min_score else None
        current = Candidate(row.score, parent.published, parent.entry_id)
        if best > current:
            return best
        if all((other.published, other.entry_id) < current[1:] for other in arrived):
            return current
        return self._find_parent(row)

    def _settle(self, joined: Mapping[str, Candidate | None], moved: Iterable[str]) -> bool:
        """Join entries to these earlier ones, and give all that hang on them their roots; returns whether one changed.

        Nothing is compared here: a late first report costs one look at each report of its story. The age of a story is
        counted anew if the time of its first report has `moved`.
        """
        places = self._index.load_places(joined)
        self._index.load_places([parent.entry_id for parent in joined.values() if parent])
        changed: dict[str, Place] = {}
        waiting = [*places.values(), *(place for root in moved for place in self._index.load_tree(root))]
        queue = [(place.published, place.entry_id) for place in waiting]
        heapq.heapify(queue)
        while queue:
            _, id = heapq.heappop(queue)
            before = place = self._index.load_places([id])[id]
            if id in joined:
                parent = joined[id]
                place = place._replace(parent_id=parent and parent.entry_id, score=parent.score if parent else 0)
            root = self._find_root(place)
            if root != before.root_id:
                place = place._replace(root_id=root, story_id=root)
                for child in self._index.load_children(before):
                    heapq.heappush(queue, (child.published, child.entry_id))
            if place != before:
                changed[id] = place
                self._index.remember(place)
        self._index.write_places(changed.values())
        return bool(changed)

    def _find_root(self, place: Place) -> str:
        if place.parent_id is None:
            return place.entry_id
        root = self._index.load_places([place.parent_id])[place.parent_id].root_id
        first = self._index.load_places([root])[root]
        return root if first.published >= place.published - MAX_AGE else place.entry_id

    def _find_neighbours(self, row: StoryRow, *, later: bool) -> set[str]:
        return self._index.find_neighbours(row, self._signature(row).terms, later=later)

    def _compare(self, row: StoryRow, earlier: StoryRow) -> Candidate:
        score = compare(self._signature(row), self._signature(earlier))
        return Candidate(round(score * 1000), earlier.published, earlier.entry_id)

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

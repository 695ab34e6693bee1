"""Changed entries -> their stories. Stopped at any point, it goes on where it was.

A story is a tree. Each entry is joined to the most similar of its earlier neighbours if that is similar enough, or else
to one that later reports are similar to, as they are to the entry. A story's id is that of its first report. Which
entries are neighbours depends on what is stored around the same time, and not on when it was stored: so that all
machines have the same stories, every entry that gets or loses a neighbour is looked at again. All of this has a bound
(`store.story_index`), however many similar entries come, and in whatever order.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ..heartbeat import beat
from ..store import schema
from ..store.change_log import count_changes, get_changes, list_entries, take_changes
from ..store.rows import Place, StoryLink, StoryRow
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
_MOST_LINKS = 8
"""Links of an entry: its most similar earlier neighbours."""
_AGREEING = 2
"""Later entries that must be linked with two entries to join them. One of them may mention two events; with two, the
22nd of July 2020 has a precision of .78 and a recall of .74, with one .70 and .84, with none .76 and .66."""
MAX_AGE = 7 * 24 * 3600
"""Seconds from the first report of a story to its last. What is reported for weeks is many stories."""


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
        self._link_score = round(load_model().link_score * 1000)
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
        links_of_gone = self._index.load_links(gone)
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
        linked: dict[str, list[StoryLink]] = {}
        for id in compared_again - gone:
            beat()
            linked[id] = self._find_links(self._index.load([id])[id])
        stored = self._index.load_links(arrived.keys() - compared_again)
        for id, links in stored.items():
            linked[id] = self._add_links(self._index.load([id])[id], links, arrived[id])
        doubtful = self._replace_links(linked) | {link.entry_id for each in links_of_gone.values() for link in each}
        joined = self._find_parents((linked.keys() | doubtful) - gone)
        moved = [id for id in added.keys() & removed.keys() if added[id].published != removed[id].published]
        return self._settle(joined, moved) or bool(gone or added.keys() - before.keys())

    def find_candidates(self, row: StoryRow) -> list[StoryLink]:
        """The earlier entries that an entry is compared with, best first."""
        found = self._index.load(self._find_neighbours(row, later=False))
        return sorted((self._compare(row, other) for other in found.values()), reverse=True)

    def _find_links(self, row: StoryRow) -> list[StoryLink]:
        return [link for link in self.find_candidates(row)[:_MOST_LINKS] if link.score >= self._link_score]

    def _add_links(self, row: StoryRow, links: Sequence[StoryLink], arrived: Sequence[StoryRow]) -> list[StoryLink]:
        """What `_find_links` finds, if it found `links` and nothing but these entries has become a neighbour since.

        Most comparisons are saved: what is linked is still a neighbour, unless another one now stands between the two.
        """
        found = [link for other in arrived if (link := self._compare(row, other)).score >= self._link_score]
        if any((other.published, other.entry_id) > min(link[1:] for link in links) for other in arrived if links):
            near = self._find_neighbours(row, later=False)
            kept = [link for link in links if link.entry_id in near]
            if len(kept) < len(links) == _MOST_LINKS:
                return self._find_links(row)
            links = kept
        return sorted([*links, *found], reverse=True)[:_MOST_LINKS]

    def _replace_links(self, linked: Mapping[str, list[StoryLink]]) -> set[str]:
        """Store the links of entries; returns the entries that those which changed lead to, or have led to."""
        before = self._index.load_links(linked)
        changed = {id: links for id, links in linked.items() if links != before[id]}
        self._index.write_links(changed)
        return {link.entry_id for id, links in changed.items() for link in (*links, *before[id])}

    def _find_parents(self, ids: Iterable[str]) -> dict[str, StoryLink | None]:
        """The earlier entry that each of these entries is joined to."""
        links = self._index.load_links(ids)
        parents = {
            id: next((link for link in each if link.score >= self._min_score), None) for id, each in links.items()
        }
        first = [id for id, parent in parents.items() if parent is None]
        for id, seen_with in self._index.load_seen_with(first).items():
            row = self._index.load([id])[id]
            agreeing: dict[str, list[StoryLink]] = {}
            for link in seen_with:
                if link[1:] < (row.published, id):
                    agreeing.setdefault(link.entry_id, []).append(link)
            ranked = [
                (len(each), sum(link.score for link in each), each[0].published, other)
                for other, each in agreeing.items()
                if len(each) >= _AGREEING
            ]
            near = self._find_neighbours(row, later=False) if ranked else set()
            if best := max((each for each in ranked if each[-1] in near), default=None):
                parents[id] = self._compare(row, self._index.load([best[-1]])[best[-1]])
        return parents

    def _settle(self, joined: Mapping[str, StoryLink | None], moved: Iterable[str]) -> bool:
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

    def _compare(self, row: StoryRow, earlier: StoryRow) -> StoryLink:
        score = compare(self._signature(row), self._signature(earlier))
        return StoryLink(round(score * 1000), earlier.published, earlier.entry_id)

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
    with store.long_transaction() as connection:
        StoryIndex(connection).clear()
        list_entries(connection, schema.story_changes)
    store.set_meta(_VERSION_KEY, STORIES_VERSION)

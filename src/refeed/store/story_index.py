"""The index by which reports of one event are found, in the caller's transaction: terms -> entries of these days.

An entry is a neighbour of another when they share a term, were published within WINDOW of each other, and at most
NEIGHBOURS other entries with the term were published between them. Each of two neighbours therefore finds the other,
whatever else is stored, and a look-up has a bound, however many entries share a term.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select, text, update

from . import schema
from .database import upsert
from .rows import StoryRow

WINDOW = 72 * 3600
"""Seconds between two neighbours."""
NEIGHBOURS = 24
"""Entries on each side that a term finds."""
_PERIOD = 32 * 24 * 3600
"""Seconds in a period. Terms are grouped by the period of publication, so that new entries go into one small part of
the index, however large it is."""
_PERIOD_STEP = 1 << 32
"""Distance between the keys of successive periods. A term has 32 bits."""
_CHUNK = 500

_member, _term = schema.story_members.c, schema.story_terms.c
_LOOK_UP = {
    # The numbers are written into the statement: binding each takes longer than the search.
    False: "SELECT * FROM (SELECT term, published, entry_id FROM story_terms WHERE term = {key} AND published >= {end}"
    " AND (published, entry_id) < (:published, :id) ORDER BY published DESC, entry_id DESC LIMIT {limit}) AS t{number}",
    True: "SELECT * FROM (SELECT term, published, entry_id FROM story_terms WHERE term = {key} AND published <= {end}"
    " AND (published, entry_id) > (:published, :id) ORDER BY published, entry_id LIMIT {limit}) AS t{number}",
}
_DELETE_TERM = delete(schema.story_terms).where(
    _term.term == bindparam("old_term"),
    _term.published == bindparam("old_published"),
    _term.entry_id == bindparam("old_entry"),
)


class StoryIndex:
    """The rows of stories in one transaction. Rows that were read are kept, so one object serves one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[str, StoryRow] = {}

    def load(self, ids: Iterable[str]) -> dict[str, StoryRow]:
        """The rows of entries by id; unknown ids are left out."""
        wanted = list(ids)
        missing = [id for id in wanted if id not in self._rows]
        for start in range(0, len(missing), _CHUNK):
            query = select(schema.story_members).where(_member.entry_id.in_(missing[start : start + _CHUNK]))
            self._rows |= {row.entry_id: StoryRow._make(row) for row in self._connection.execute(query)}
        return {id: self._rows[id] for id in wanted if id in self._rows}

    def find_neighbours(self, row: StoryRow, terms: Sequence[int], *, later: bool) -> Counter[str]:
        """The earlier or the later neighbours of an entry, each with the number of terms that found it."""
        if not terms:
            return Counter()
        last = row.published + (WINDOW if later else -WINDOW)
        periods = {row.published // _PERIOD, last // _PERIOD}
        statement = " UNION ALL ".join(
            _LOOK_UP[later].format(key=period * _PERIOD_STEP + term, end=last, limit=NEIGHBOURS, number=number)
            for number, (term, period) in enumerate((term, period) for term in terms for period in sorted(periods))
        )
        values = {"published": row.published, "id": row.entry_id}
        found: dict[int, list[tuple[int, str]]] = {}
        for key, published, id in self._connection.execute(text(statement), values):
            found.setdefault(key % _PERIOD_STEP, []).append((published, id))
        return Counter(id for each in found.values() for _, id in sorted(each, reverse=not later)[:NEIGHBOURS])

    def write(self, rows: Mapping[str, StoryRow]) -> None:
        """Insert or replace rows."""
        self._rows |= rows
        upsert(self._connection, schema.story_members, [row._asdict() for row in rows.values()])

    def remember(self, row: StoryRow) -> None:
        """Let `load` return this row, which is to be written later."""
        self._rows[row.entry_id] = row

    def delete(self, ids: Iterable[str]) -> None:
        """Delete rows. Their terms are removed before."""
        gone = list(ids)
        for id in gone:
            self._rows.pop(id, None)
        for start in range(0, len(gone), _CHUNK):
            is_gone = _member.entry_id.in_(gone[start : start + _CHUNK])
            self._connection.execute(delete(schema.story_members).where(is_gone))

    def add_terms(self, terms: Iterable[tuple[StoryRow, Sequence[int]]]) -> None:
        """Let entries be found by these terms."""
        rows = [
            {"term": _key(row, term), "published": row.published, "entry_id": row.entry_id}
            for row, each in terms
            for term in each
        ]
        upsert(self._connection, schema.story_terms, rows)

    def remove_terms(self, terms: Iterable[tuple[StoryRow, Sequence[int]]]) -> None:
        """Undo `add_terms`."""
        rows = [
            {"old_term": _key(row, term), "old_published": row.published, "old_entry": row.entry_id}
            for row, each in terms
            for term in each
        ]
        if rows:
            self._connection.execute(_DELETE_TERM, rows)

    def record_moves(self, ids: Iterable[str]) -> None:
        """Note where the addresses lead of entries that leave their stories: to the first report that stays."""
        gone = self.load(ids)
        stories = {row.story_id for row in gone.values()}
        query = select(_member.story_id, _member.entry_id).where(_member.story_id.in_(stories))
        first: dict[str, str] = {}
        for story, id in self._connection.execute(query.order_by(_member.published, _member.entry_id)):
            if id not in gone:
                first.setdefault(story, id)
        moves = [
            {"entry_id": id, "target_id": first[row.story_id]} for id, row in gone.items() if row.story_id in first
        ]
        upsert(self._connection, schema.story_moves, moves)

    def join_trees(self, pairs: Iterable[tuple[str, str]]) -> bool:
        """Make one story of the trees of each pair of entries; returns whether a story changed.

        Trees that no pair joins any more are stories of their own again.
        """
        joined = [pair for pair in pairs if len(self.load(pair)) == 2]
        groups: dict[str, set[str]] = {}
        for a, b in joined:
            one, other = self._rows[a].root_id, self._rows[b].root_id
            group = groups.get(one, {one}) | groups.get(other, {other})
            groups |= dict.fromkeys(group, group)
        is_apart = _member.story_id != _member.root_id
        apart = select(_member.root_id).distinct().where(is_apart)
        stories = {root: root for root in self._connection.execute(apart).scalars()}
        order = {id: (row.published, id) for id, row in self.load(groups).items()}
        stories |= {root: min(group, key=lambda id: order[id]) for root, group in groups.items()}
        changed = False
        for root, story in stories.items():
            is_moved = (_member.root_id == root) & (_member.story_id != story)
            result = self._connection.execute(update(schema.story_members).where(is_moved).values(story_id=story))
            changed = changed or result.rowcount > 0
        if changed:
            self._rows.clear()
        return changed

    def clear(self) -> None:
        """Delete all rows, apart from the moves."""
        self._rows.clear()
        for table in (schema.story_members, schema.story_terms):
            self._connection.execute(delete(table))


def _key(row: StoryRow, term: int) -> int:
    return row.published // _PERIOD * _PERIOD_STEP + term

"""The index by which reports of one event are found, in the caller's transaction: terms -> entries of these days.

An entry is a neighbour of another when they share a term, were published within WINDOW of each other, and at most
NEIGHBOURS other entries with the term were published between them. Each of two neighbours therefore finds the other,
whatever else is stored, and a look-up has a bound, however many entries share a term.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, TextClause, bindparam, delete, select, text, update

from . import schema
from .database import upsert
from .rows import Place, StoryLink, StoryRow

WINDOW = 72 * 3600
"""Seconds between two neighbours."""
NEIGHBOURS = 4
"""Entries on each side that a term finds."""
_PERIOD = 32 * 24 * 3600
"""Seconds in a period. Terms are grouped by the period of publication, so that new entries go into one small part of
the index, however large it is."""
_PERIOD_STEP = 1 << 32
"""Distance between the keys of successive periods. A term has 32 bits."""
_CHUNK = 500

_member, _term, _link = schema.story_members.c, schema.story_terms.c, schema.story_links.c
_PLACE = [schema.story_members.c[name] for name in Place._fields]
_TREE = select(*_PLACE).where(_member.root_id == bindparam("root"))
_CUT_OFF = select(*_PLACE).where(
    _member.root_id == _member.entry_id,
    _member.parent_id.is_not(None),
    _member.parent_id.in_(select(_member.entry_id).where(_member.root_id == bindparam("root")).correlate(None)),
)
"""The roots that would be in the tree if it were not too old."""
_MOVE = (
    update(schema.story_members)
    .where(_member.entry_id == bindparam("moved"))
    .values({name: bindparam(f"new_{name}") for name in ("story_id", "root_id", "parent_id", "score")})
)
_DELETE_TERM = delete(schema.story_terms).where(
    _term.term == bindparam("old_term"),
    _term.published == bindparam("old_published"),
    _term.entry_id == bindparam("old_entry"),
)


_linked, _both = schema.story_links.alias("linked").c, schema.story_links.alias("both").c
_LINKS = (
    select(_link.entry_id, _link.score, _member.published, _link.target_id)
    .join(schema.story_members, _member.entry_id == _link.target_id)
    .order_by(_link.score.desc(), _member.published.desc(), _link.target_id.desc())
)
_SEEN_WITH = (
    select(_linked.target_id, _linked.score, _both.score, _member.published, _both.target_id)
    .join_from(_linked.entry_id.table, _both.entry_id.table, _both.entry_id == _linked.entry_id)
    .join(schema.story_members, _member.entry_id == _both.target_id)
    .where(_both.target_id != _linked.target_id)
)


class StoryIndex:
    """The rows of stories in one transaction. Rows that were read are kept, so one object serves one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[str, StoryRow] = {}
        self._places: dict[str, Place] = {}
        self._trees: dict[str, list[Place]] = {}
        self._children: dict[str, dict[str | None, list[Place]]] = {}

    def load(self, ids: Iterable[str]) -> dict[str, StoryRow]:
        """The rows of entries by id; unknown ids are left out."""
        wanted = list(ids)
        missing = [id for id in wanted if id not in self._rows]
        for start in range(0, len(missing), _CHUNK):
            query = select(schema.story_members).where(_member.entry_id.in_(missing[start : start + _CHUNK]))
            self._rows |= {row.entry_id: StoryRow._make(row) for row in self._connection.execute(query)}
        return {id: self._rows[id] for id in wanted if id in self._rows}

    def find_neighbours(self, row: StoryRow, terms: Sequence[int], *, later: bool) -> set[str]:
        """The earlier or the later neighbours of an entry."""
        if not terms:
            return set()
        last = row.published + (WINDOW if later else -WINDOW)
        keys = [
            period * _PERIOD_STEP + term
            for period in sorted({row.published // _PERIOD, last // _PERIOD})
            for term in terms
        ]
        values: dict[str, object] = {f"key{number}": key for number, key in enumerate(keys)}
        values |= {"published": row.published, "id": row.entry_id, "last": last}
        found: dict[int, list[tuple[int, str]]] = {}
        for key, published, id in self._connection.execute(_look_up(len(keys), later=later), values):
            found.setdefault(key % _PERIOD_STEP, []).append((published, id))
        return {id for each in found.values() for _, id in sorted(each, reverse=not later)[:NEIGHBOURS]}

    def load_links(self, ids: Iterable[str]) -> dict[str, list[StoryLink]]:
        """The links of entries to earlier ones, best first, by id."""
        wanted = list(ids)
        found: dict[str, list[StoryLink]] = {id: [] for id in wanted}
        for start in range(0, len(wanted), _CHUNK):
            query = _LINKS.where(_link.entry_id.in_(wanted[start : start + _CHUNK]))
            for id, *link in self._connection.execute(query):
                found[id].append(StoryLink(*link))
        return found

    def load_seen_with(self, ids: Iterable[str]) -> dict[str, list[StoryLink]]:
        """The other entries that those are linked with which are linked with an entry, by its id.

        Each has the smaller of the two scores, and comes once for each entry that is linked with both.
        """
        wanted = list(ids)
        found: dict[str, list[StoryLink]] = {id: [] for id in wanted}
        for start in range(0, len(wanted), _CHUNK):
            query = _SEEN_WITH.where(_linked.target_id.in_(wanted[start : start + _CHUNK]))
            for id, score, other_score, published, other in self._connection.execute(query):
                found[id].append(StoryLink(min(score, other_score), published, other))
        return found

    def write_links(self, links: Mapping[str, Sequence[StoryLink]]) -> None:
        """Replace the links of these entries."""
        ids = list(links)
        for start in range(0, len(ids), _CHUNK):
            is_replaced = _link.entry_id.in_(ids[start : start + _CHUNK])
            self._connection.execute(delete(schema.story_links).where(is_replaced))
        rows = [
            {"entry_id": id, "target_id": link.entry_id, "score": link.score}
            for id, each in links.items()
            for link in each
        ]
        upsert(self._connection, schema.story_links, rows)

    def load_places(self, ids: Iterable[str]) -> dict[str, Place]:
        """Where entries stand, by id."""
        wanted = list(ids)
        missing = [id for id in wanted if id not in self._places]
        for start in range(0, len(missing), _CHUNK):
            query = select(*_PLACE).where(_member.entry_id.in_(missing[start : start + _CHUNK]))
            self._places |= {row.entry_id: Place._make(row) for row in self._connection.execute(query)}
        return {id: self._places[id] for id in wanted}

    def load_tree(self, root: str) -> list[Place]:
        """The entries of a tree as stored, and those that would be in it if it were not too old."""
        if root not in self._trees:
            found = [
                Place._make(row)
                for query in (_TREE, _CUT_OFF)
                for row in self._connection.execute(query, {"root": root})
            ]
            self._places = {place.entry_id: place for place in found} | self._places
            self._trees[root] = found
        return self._trees[root]

    def load_children(self, place: Place) -> list[Place]:
        """The entries that were joined to one, as stored. The whole tree is read at once."""
        root = place.root_id
        if root not in self._children:
            children = self._children[root] = {}
            for child in self.load_tree(root):
                children.setdefault(child.parent_id, []).append(child)
        return self._children[root].get(place.entry_id, [])

    def remember(self, place: Place) -> None:
        """Let `load_places` return this place, which is to be written later."""
        self._places[place.entry_id] = place

    def write_places(self, places: Iterable[Place]) -> None:
        """Store where entries stand now."""
        if rows := [
            {"moved": place.entry_id, **{f"new_{name}": value for name, value in place._asdict().items()}}
            for place in places
        ]:
            self._connection.execute(_MOVE, rows)
        for known in (self._rows, self._places, self._trees, self._children):
            known.clear()

    def write(self, rows: Mapping[str, StoryRow]) -> None:
        """Insert or replace rows."""
        self._rows |= rows
        upsert(self._connection, schema.story_members, [row._asdict() for row in rows.values()])

    def delete(self, ids: Iterable[str]) -> None:
        """Delete rows, and links to and from them. Their terms are removed before."""
        gone = list(ids)
        for id in gone:
            self._rows.pop(id, None)
        for start in range(0, len(gone), _CHUNK):
            for column in (_member.entry_id, _link.entry_id, _link.target_id):
                is_gone = column.in_(gone[start : start + _CHUNK])
                self._connection.execute(delete(column.table).where(is_gone))

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
        for table in (schema.story_members, schema.story_terms, schema.story_links):
            self._connection.execute(delete(table))


@cache
def _look_up(count: int, *, later: bool) -> TextClause:
    """A statement for so many keys. Each database prepares it once."""
    within, beyond, order = ("<=", ">", "") if later else (">=", "<", "DESC")
    return text(
        " UNION ALL ".join(
            f"SELECT * FROM (SELECT term, published, entry_id FROM story_terms WHERE term = :key{number}"
            f" AND published {within} :last AND (published, entry_id) {beyond} (:published, :id)"
            f" ORDER BY published {order}, entry_id {order} LIMIT {NEIGHBOURS}) AS t{number}"
            for number in range(count)
        )
    )


def _key(row: StoryRow, term: int) -> int:
    return row.published // _PERIOD * _PERIOD_STEP + term

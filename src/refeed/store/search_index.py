"""The rows of the search index, on SQLite (FTS5) and PostgreSQL (tsvector): which entries have which tokens.

    entries --(apply_changes, same transaction)--> search_changes --(write_documents)--> search_documents, search_tokens

`search_changes` lists the entries whose document is missing or outdated. It makes the index safe to kill, to delete and
to leave behind: a document is used only while its entry is not listed. What a token is, and what a document contains,
is decided in `refeed.search`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, ScalarResult, bindparam, delete, func, select, text, tuple_

from ..model import FeedPath
from . import change_log, schema
from .change_log import EntryChange
from .database import upsert
from .rows import FeedMember
from .serialization import compress, decompress, from_timestamp, to_timestamp
from .store import Store

_DAY = 86_400
_PER_DAY = 1 << 20
"""Numbers of documents are given by the day of publication (UTC), so that the newest are found first. Within a day they
are small and dense: FTS5 stores the distances between numbers, and documents of a day share most of their tokens."""
_LAST_NUMBER = 1 << 62
_CHUNK = 500
_ALL = "\ue000"
"""A token of every document, because FTS5 cannot search for documents that only lack a token."""


# Built once: building a statement takes longer than executing it.
_document, _change, _member = schema.search_documents, schema.search_changes, schema.feed_members
_DOCUMENTS = (
    select(_document)
    .outerjoin(_change, _change.c.entry_id == _document.c.entry_id)
    .where(_document.c.docid.in_(bindparam("numbers", expanding=True)), _change.c.entry_id.is_(None))
)
# Times and ids as two lists would be 250,000 look-ups for 500 entries, and SQLite uses no index for pairs alone.
_MEMBERS = select(_member).where(
    _member.c.feed == bindparam("feed"),
    _member.c.published.in_(bindparam("times", expanding=True)),
    tuple_(_member.c.published, _member.c.entry_id).in_(bindparam("places", expanding=True)),
)


class IndexQuery(NamedTuple):
    """What the index looks for: documents that have all tokens of one set of each group, and none of `excluded`."""

    groups: tuple[tuple[frozenset[str], ...], ...]
    excluded: frozenset[str] = frozenset()
    after: datetime | None = None
    before: datetime | None = None


class Position(NamedTuple):
    """A place in a list of entries, newest first: that of an entry."""

    published: datetime
    id: str


class FoundDocument(NamedTuple):
    """An entry as the index knows it."""

    position: Position
    compressed: bytes

    @property
    def content(self) -> bytes:
        """What `write_documents` was given."""
        return decompress(self.compressed)


def log_all_entries(store: Store) -> None:
    """List all entries, and empty the index. `write_documents` then builds it again."""
    with store.long_transaction() as connection:
        connection.execute(delete(schema.search_documents))
        statement = "INSERT INTO search_tokens(search_tokens) VALUES ('delete-all')"
        if connection.dialect.name == "postgresql":
            statement = "DELETE FROM search_tokens"
        connection.execute(text(statement))
        change_log.list_entries(connection, _change)


def count_changes(store: Store) -> int:
    """The number of listed entries."""
    return change_log.count_changes(store, _change)


def has_changes_beyond(store: Store, count: int) -> bool:
    """Whether more entries than these are listed."""
    with store.read_transaction() as connection:
        return connection.execute(select(_change.c.entry_id).offset(count).limit(1)).first() is not None


def get_changes(store: Store, limit: int) -> list[EntryChange]:
    """Listed entries, latest change first."""
    return change_log.get_changes(store, _change, limit)


def write_documents(
    store: Store,
    changes: Sequence[EntryChange],
    contents: Mapping[str, bytes],
    make_tokens: Callable[[bytes], Collection[str]],
) -> None:
    """Write the documents of listed entries, and take them off the list unless they have changed again.

    An entry without content gets no document. `make_tokens` gives the tokens of a document from its content.
    """
    document = schema.search_documents.c
    with store.write_transaction() as connection:
        current = change_log.take_changes(connection, _change, changes)
        old = connection.execute(select(schema.search_documents).where(document.entry_id.in_(current))).all()
        _delete_tokens(connection, {row.docid: make_tokens(decompress(row.content)) for row in old})
        connection.execute(delete(schema.search_documents).where(document.entry_id.in_(current)))
        added: dict[int, tuple[str, int, bytes]] = {}
        for item in changes:
            if item.id in current and item.id in contents and item.entry is not None:
                published = to_timestamp(item.entry.entry.published)
                added[_free_number(connection, published, added)] = item.id, published, contents[item.id]
        upsert(
            connection,
            schema.search_documents,
            [
                {"docid": docid, "entry_id": id, "published": published, "content": compress(content)}
                for docid, (id, published, content) in added.items()
            ],
        )
        _insert_tokens(connection, {docid: make_tokens(content) for docid, (_, _, content) in added.items()})


def find_documents(
    store: Store,
    query: IndexQuery,
    limit: int,
    *,
    older_than: Position | None = None,
    below: int | None = None,
) -> tuple[list[FoundDocument], int | None]:
    """Documents with the tokens of a query, newest first, also of entries that are not shown now.

    Returns all such documents of the newest days that have `limit` of them, and a number: pass it as `below` to go on
    with older ones. It is None when there are none. Documents of listed entries are left out.
    """
    first = _first_number(to_timestamp(query.after)) if query.after else -_LAST_NUMBER
    end = _first_number(to_timestamp(query.before) + _DAY - 1) if query.before else _LAST_NUMBER
    if older_than is not None:
        end = min(end, _first_number(to_timestamp(older_than.published) + _DAY))
    if below is not None:
        end = min(end, below)
    with store.read_transaction() as connection:
        numbers, following = _find_days(connection, query, first, end, limit)
        found: list[FoundDocument] = []
        for start in range(0, len(numbers), _CHUNK):
            for row in connection.execute(_DOCUMENTS, {"numbers": numbers[start : start + _CHUNK]}):
                position = Position(from_timestamp(row.published), row.entry_id)
                if older_than is None or position < older_than:
                    found.append(FoundDocument(position, row.content))
    return sorted(found, reverse=True), following


def _find_days(
    connection: Connection, query: IndexQuery, first: int, end: int, limit: int
) -> tuple[list[int], int | None]:
    """The highest numbers of documents from `first` to below `end`, highest first: all of the days that have `limit` of
    them, because numbers are in no order within a day. Also the first number of the last day if there may be more."""
    if connection.dialect.name == "postgresql":
        newest = _select_numbers(connection, query, first, end, limit).all()
        if len(newest) < limit:
            return list(newest), None
        day = newest[-1] // _PER_DAY * _PER_DAY
        return [*newest, *_select_numbers(connection, query, max(first, day), newest[-1], None)], day
    # FTS5 finds them in this order, one by one. A second query for the rest of the day would take as long as the first.
    found: list[int] = []
    with closing(_select_numbers(connection, query, first, end, None)) as numbers:
        for number in numbers:
            if len(found) >= limit and number // _PER_DAY != found[limit - 1] // _PER_DAY:
                break
            found.append(number)
    return found, found[limit - 1] // _PER_DAY * _PER_DAY if len(found) >= limit else None


def _select_numbers(
    connection: Connection, query: IndexQuery, first: int, end: int, limit: int | None
) -> ScalarResult[int]:
    if connection.dialect.name == "postgresql":
        tokens, number, is_match = _to_tsquery(query), "docid", "tokens @@ CAST(:tokens AS tsquery)"
    else:
        tokens, number, is_match = _to_fts5(query), "rowid", "search_tokens MATCH :tokens"
    statement = f"SELECT {number} FROM search_tokens WHERE {is_match} AND {number} >= :first AND {number} < :end"
    statement += f" ORDER BY {number} DESC"
    values = {"tokens": tokens, "first": first, "end": end}
    if limit is not None:
        statement += " LIMIT :limit"
        values["limit"] = limit
    return connection.execute(text(statement), values).scalars()


def get_members(store: Store, feed: FeedPath, positions: Sequence[Position]) -> dict[str, FeedMember]:
    """Those entries that a feed shows now, by id."""
    members: dict[str, FeedMember] = {}
    with store.read_transaction() as connection:
        for start in range(0, len(positions), _CHUNK):
            places = [(to_timestamp(published), id) for published, id in positions[start : start + _CHUNK]]
            values = {"feed": str(feed), "times": list({published for published, _ in places}), "places": places}
            for row in connection.execute(_MEMBERS, values):
                members[row.entry_id] = FeedMember(
                    id=row.entry_id, published=from_timestamp(row.published), size_estimate=row.size_estimate
                )
    return members


def _first_number(published: int) -> int:
    return published // _DAY * _PER_DAY


def _free_number(connection: Connection, published: int, added: Collection[int]) -> int:
    """The next number of the day, above those in the database and in `added`."""
    first, document = _first_number(published), schema.search_documents.c
    query = select(func.max(document.docid)).where(document.docid >= first, document.docid < first + _PER_DAY)
    last = connection.execute(query).scalar()
    return max(first - 1 if last is None else last, *(n for n in added if first <= n < first + _PER_DAY), first - 1) + 1


def _insert_tokens(connection: Connection, tokens: Mapping[int, Collection[str]]) -> None:
    if not tokens:
        return
    if connection.dialect.name == "postgresql":
        statement = (
            "INSERT INTO search_tokens (docid, tokens) VALUES (:docid, array_to_tsvector(CAST(:tokens AS text[])))"
        )
        rows = [{"docid": docid, "tokens": [*names, _ALL]} for docid, names in tokens.items()]
    else:
        statement = "INSERT INTO search_tokens (rowid, tokens) VALUES (:docid, :tokens)"
        rows = [{"docid": docid, "tokens": " ".join({*names, _ALL})} for docid, names in tokens.items()]
    connection.execute(text(statement), rows)


def _delete_tokens(connection: Connection, tokens: Mapping[int, Collection[str]]) -> None:
    if not tokens:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("DELETE FROM search_tokens WHERE docid = ANY(:docids)"), {"docids": list(tokens)})
        return
    # FTS5 keeps no copy of what it indexed, and is told what to forget.
    statement = "INSERT INTO search_tokens (search_tokens, rowid, tokens) VALUES ('delete', :docid, :tokens)"
    rows = [{"docid": docid, "tokens": " ".join({*names, _ALL})} for docid, names in tokens.items()]
    connection.execute(text(statement), rows)


def _to_fts5(query: IndexQuery) -> str:
    excluded = "".join(f' NOT "{token}"' for token in sorted(query.excluded))
    groups = _join_groups(query, " AND ", " OR ", '"')
    return f"({groups}){excluded}"


def _to_tsquery(query: IndexQuery) -> str:
    excluded = "".join(f" & !'{token}'" for token in sorted(query.excluded))
    return _join_groups(query, " & ", " | ", "'") + excluded


def _join_groups(query: IndexQuery, conjunction: str, disjunction: str, quote: str) -> str:
    """The groups of a query in the operators of a database. Tokens contain no quotation mark."""

    def all_of(tokens: Iterable[str]) -> str:
        return "(" + conjunction.join(f"{quote}{token}{quote}" for token in sorted(tokens)) + ")"

    groups = query.groups or ((frozenset({_ALL}),),)
    return conjunction.join("(" + disjunction.join(map(all_of, group)) + ")" for group in groups)

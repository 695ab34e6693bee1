"""Dumps whose links no rule knows -> the ids of their entries, from all dumps that share a link or a guid.

- The dumps of one guid are one entry, whatever their links. Spellings of a guid, such as http and https, are one guid:
  that of the earliest dump.
- The first guid of a link has the id made from the link. First is the guid whose dump of that link has the earliest
  time. The id of a guid whose link changes is that of its first link.
- Further guids of the link have the id made from source and guid.
- A dump without a guid belongs to the first guid of its link.

The ids follow from the set of dumps. When a dump with an early time arrives late, dumps that are stored may therefore
move to another entry. Where an earlier version of the program made an id from the link, that id is the link's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, or_, select, update

from ..model import Identity
from . import schema

_dump = schema.dumps.c
_order = (_dump.dump_time, _dump.digest)
_FIRST_AT_LINK = (
    select(_dump.dump_time, _dump.digest, _dump.link_id, _dump.guid_id, _dump.entry_id)
    .where(_dump.link_id == bindparam("link"), _dump.guid_id.is_not(None))
    .order_by(*_order)
    .limit(1)
)


class NewDump(NamedTuple):
    """A dump that is not stored yet, and what its entry's id follows from. Ids are bare UUIDs."""

    dump_time: int
    digest: bytes
    link_id: str
    guid_id: str
    """Empty for a dump without a guid."""
    other_guid_ids: frozenset[str]
    """Ids of other spellings of the guid."""
    former_ids: tuple[str, ...]

    @classmethod
    def from_identity(cls, dump_time: int, digest: bytes, identity: Identity) -> NewDump:
        """The dump with this identity."""
        link_id, guid_id, *others = (
            id.removeprefix("urn:uuid:")
            for id in (identity.link_id, identity.guid_id, *identity.other_guid_ids, *identity.former_ids)
        )
        count = len(identity.other_guid_ids)
        return cls(dump_time, digest, link_id, guid_id, frozenset(others[:count]), tuple(others[count:]))


class MovedDump(NamedTuple):
    """A stored dump that belongs to another entry now."""

    old_entry: str
    new_entry: str
    outcome: str
    first_seen: int


class _Claim(NamedTuple):
    """A dump by which a guid has a link. Claims are compared by the time of the dump."""

    dump_time: int
    digest: bytes
    link_id: str
    guid_id: str
    entry_id: str
    """Empty if the dump is not stored."""


def find_former_links(connection: Connection, new: Sequence[NewDump]) -> list[NewDump]:
    """The dumps, each with the id that an earlier version made from its link where the store has such an id."""
    former = {id for dump in new for id in dump.former_ids}
    query = select(_link_id).where(_is_at_link(list(former))).distinct()
    known = set(connection.execute(query).scalars()) if former else set()
    return [dump._replace(link_id=next(filter(known.__contains__, dump.former_ids), dump.link_id)) for dump in new]


def unite_spellings(connection: Connection, new: Sequence[NewDump]) -> tuple[list[NewDump], list[_Claim]]:
    """The dumps with one id for all spellings of a guid, that of its earliest dump, and what stored dumps claim.

    Stored dumps get the same id of their guid.
    """
    spellings = {
        id: dump.other_guid_ids | {dump.guid_id}
        for dump in new
        if dump.other_guid_ids
        for id in (dump.guid_id, *dump.other_guid_ids)
    }
    if not spellings:
        return list(new), []
    stored = _load_first_claims(connection, spellings)
    claims = [*stored, *(_Claim(*dump[:4], entry_id="") for dump in new if dump.guid_id in spellings)]
    first: dict[frozenset[str], _Claim] = {}
    for claim in sorted(claims):
        first.setdefault(spellings[claim.guid_id], claim)
    guids = {id: first[spellings[id]].guid_id for id in spellings if spellings[id] in first}
    for claim in stored:
        if (guid := guids[claim.guid_id]) != claim.guid_id:
            connection.execute(update(schema.dumps).where(_dump.guid_id == claim.guid_id).values(guid_id=guid))
    return (
        [dump._replace(guid_id=guids.get(dump.guid_id, dump.guid_id)) for dump in new],
        [claim._replace(guid_id=guids[claim.guid_id]) for claim in stored],
    )


def resolve_identities(
    connection: Connection, new: Sequence[NewDump], stored_claims: Sequence[_Claim] = ()
) -> tuple[dict[bytes, str], list[MovedDump]]:
    """Decide which entries new dumps belong to, and move stored dumps that they affect to other entries.

    Returns the entry ids by digest, and the stored dumps that moved.
    """
    links = {dump.link_id for dump in new}
    claims = [*stored_claims, *(_Claim(*dump[:4], entry_id="") for dump in new if dump.guid_id)]
    stored_firsts = (connection.execute(_FIRST_AT_LINK, {"link": link}).first() for link in links)
    claims += [_Claim._make(row) for row in stored_firsts if row]
    first_at_link = _earliest(claims, "link_id")
    claims += _load_first_claims(connection, {claim.guid_id for claim in claims})
    first_of_guid = _earliest(claims, "guid_id")
    query = select(_link_id, _dump.entry_id).where(_dump.guid_id.is_(None), _is_at_link(list(links))).distinct()
    without_guid = connection.execute(query).all()

    entries: dict[str, str] = {}
    for guid, claim in first_of_guid.items():
        if claim.link_id not in links:  # nothing about this link has changed
            entries[guid] = claim.entry_id
        else:
            is_first = first_at_link[claim.link_id].guid_id == guid
            entries[guid] = claim.link_id if is_first else guid
    by_link = {link: entries[first_at_link[link].guid_id] if link in first_at_link else link for link in links}
    changes = [
        (claim.entry_id, entries[claim.guid_id], _belongs_to(claim, links)) for claim in claims if claim.entry_id
    ]
    changes += [
        (entry_id, by_link[link], and_(_dump.guid_id.is_(None), _dump.entry_id == entry_id, _is_at_link([link])))
        for link, entry_id in without_guid
    ]
    moved = _move_dumps(connection, [change for change in changes if change[0] != change[1]])
    return {dump.digest: entries[dump.guid_id] if dump.guid_id else by_link[dump.link_id] for dump in new}, moved


def _earliest(claims: Iterable[_Claim], key: str) -> dict[str, _Claim]:
    first: dict[str, _Claim] = {}
    for claim in sorted(claims):
        first.setdefault(getattr(claim, key), claim)
    return first


def _load_first_claims(connection: Connection, guids: Iterable[str]) -> list[_Claim]:
    """The earliest stored dump of each guid."""
    number = func.row_number().over(partition_by=_dump.guid_id, order_by=_order).label("number")
    columns = (_dump.dump_time, _dump.digest, _dump.link_id, _dump.guid_id, _dump.entry_id)
    ranked = select(*columns, number).where(_dump.guid_id.in_(list(guids))).subquery()
    query = select(*(ranked.c[column.name] for column in columns)).where(ranked.c.number == 1)
    return [_Claim._make(row) for row in connection.execute(query)]


# Dumps of earlier versions, and those of known hosts, have no `link_id`.
_link_id = func.coalesce(_dump.link_id, _dump.entry_id).label("link_id")


def _is_at_link(link_ids: Sequence[str]) -> Any:
    return or_(_dump.link_id.in_(link_ids), and_(_dump.link_id.is_(None), _dump.entry_id.in_(link_ids)))


def _belongs_to(claim: _Claim, links: Collection[str]) -> Any:
    """The dumps of a guid, and those without a guid that follow it: at links that are not decided now."""
    follows = and_(_dump.guid_id.is_(None), func.coalesce(_dump.link_id, _dump.entry_id).not_in(list(links)))
    return and_(_dump.entry_id == claim.entry_id, or_(_dump.guid_id == claim.guid_id, follows))


def _move_dumps(connection: Connection, changes: Iterable[tuple[str, str, Any]]) -> list[MovedDump]:
    """Write the entries of the dumps that meet each condition. All are found before any is moved."""
    facts = select(_dump.digest, _dump.outcome, _dump.first_seen)
    found = [(old, new, connection.execute(facts.where(condition)).all()) for old, new, condition in changes]
    for _, entry_id, dumps in found:
        values = {"entry_id": entry_id, "link_id": func.coalesce(_dump.link_id, _dump.entry_id)}
        is_moved = _dump.digest.in_([dump.digest for dump in dumps])
        connection.execute(update(schema.dumps).where(is_moved).values(values))
    moved = {
        dump.digest: MovedDump(old, new, dump.outcome, dump.first_seen) for old, new, dumps in found for dump in dumps
    }
    return list(moved.values())  # one claim may be found by its link and by its guid

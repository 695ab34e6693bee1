"""Dumps whose links no rule knows -> the ids of their entries, from all dumps that share a link or a guid.

- The dumps of one guid are one entry, whatever their links.
- The first guid of a link has the id made from the link. First is the guid whose dump of that link has the earliest
  time. The id of a guid whose link changes is that of its first link.
- Further guids of the link have the id made from source and guid.
- A dump without a guid belongs to the first guid of its link.

The ids follow from the set of dumps. When a dump with an early time arrives late, dumps that are stored may therefore
move to another entry. An id that an earlier version of the program made from a link stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    former_id: str

    @classmethod
    def from_identity(cls, dump_time: int, digest: bytes, identity: Identity) -> NewDump:
        """The dump with this identity."""
        ids = (identity.link_id, identity.guid_id, identity.former_id)
        return cls(dump_time, digest, *(id.removeprefix("urn:uuid:") for id in ids))


class _Claim(NamedTuple):
    """A dump by which a guid has a link. Claims are compared by the time of the dump."""

    dump_time: int
    digest: bytes
    link_id: str
    guid_id: str
    entry_id: str
    """Empty if the dump is not stored."""


def resolve_identities(
    connection: Connection, new: Sequence[NewDump]
) -> tuple[dict[bytes, str], list[tuple[str, str]]]:
    """Decide which entries new dumps belong to, and move stored dumps that they affect to other entries.

    Returns the entry ids by digest, and the moves: (old entry, new entry).
    """
    links = {dump.link_id: dump.former_id for dump in new}
    claims = [_Claim(*dump[:4], entry_id="") for dump in new if dump.guid_id]
    stored_firsts = (connection.execute(_FIRST_AT_LINK, {"link": link}).first() for link in links)
    claims += [_Claim._make(row) for row in stored_firsts if row]
    first_at_link = _earliest(claims, "link_id")
    claims += _load_first_claims(connection, {claim.guid_id for claim in claims})
    first_of_guid = _earliest(claims, "guid_id")
    kept, without_guid = _load_without_guid(connection, links)

    entries: dict[str, str] = {}
    for guid, claim in first_of_guid.items():
        if claim.link_id not in links:  # nothing about this link has changed
            entries[guid] = claim.entry_id
        else:
            is_first = first_at_link[claim.link_id].guid_id == guid
            entries[guid] = kept.get(claim.link_id, claim.link_id) if is_first else guid
    by_link = {
        link: entries[first_at_link[link].guid_id] if link in first_at_link else kept.get(link, link) for link in links
    }
    changes = [
        (claim.entry_id, entries[claim.guid_id], _belongs_to(claim, links)) for claim in claims if claim.entry_id
    ]
    changes += [
        (entry_id, by_link[link], _is_without_guid([link, links[link]])) for link, entry_id in without_guid.items()
    ]
    changes = [change for change in changes if change[0] != change[1]]
    _move_dumps(connection, changes)
    return {dump.digest: entries[dump.guid_id] if dump.guid_id else by_link[dump.link_id] for dump in new}, [
        (old, new_id) for old, new_id, _ in changes
    ]


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


def _load_without_guid(connection: Connection, links: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the ids that earlier versions gave to links, and the entries of stored dumps without a guid; by link."""
    link_of = {former: link for link, former in links.items() if former} | {link: link for link in links}
    link_id = func.coalesce(_dump.link_id, _dump.entry_id).label("link_id")
    query = select(link_id, _dump.entry_id).where(_is_without_guid(list(link_of))).distinct()
    rows = connection.execute(query).all()
    kept = {link_of[row.link_id]: row.link_id for row in rows if link_of[row.link_id] != row.link_id}
    return kept, {link_of[row.link_id]: row.entry_id for row in rows}


def _is_without_guid(link_ids: Sequence[str]) -> Any:
    """Dumps of links without a guid. Dumps of earlier versions, and those of known hosts, have no `link_id`."""
    is_at_link = or_(_dump.link_id.in_(link_ids), and_(_dump.link_id.is_(None), _dump.entry_id.in_(link_ids)))
    return and_(_dump.guid_id.is_(None), is_at_link)


def _belongs_to(claim: _Claim, links: Mapping[str, str]) -> Any:
    """The dumps of a guid, and those without a guid that follow it: at links that are not decided now."""
    decided = [id for pair in links.items() for id in pair]
    follows = and_(_dump.guid_id.is_(None), func.coalesce(_dump.link_id, _dump.entry_id).not_in(decided))
    return and_(_dump.entry_id == claim.entry_id, or_(_dump.guid_id == claim.guid_id, follows))


def _move_dumps(connection: Connection, changes: Iterable[tuple[str, str, Any]]) -> None:
    """Write the entries of the dumps that meet each condition. All are found before any is moved."""
    found = [
        (list(connection.execute(select(_dump.digest).where(condition)).scalars()), entry_id)
        for _, entry_id, condition in changes
    ]
    for digests, entry_id in found:
        values = {"entry_id": entry_id, "link_id": func.coalesce(_dump.link_id, _dump.entry_id)}
        connection.execute(update(schema.dumps).where(_dump.digest.in_(digests)).values(values))

"""Entries that a source keeps no longer -> gone, with their dumps and their places in feeds and archives."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select

from . import schema as t
from .apply import apply_changes
from .membership import OutcomeCounters
from .repost_links import OriginalFinder
from .serialization import to_timestamp
from .store import Store

_BATCH = 500


def delete_expired(
    store: Store,
    source: str,
    now: datetime,
    *,
    entries: int = 0,
    before: datetime | None = None,
    find_original: OriginalFinder | None,
) -> frozenset[str] | None:
    """Give up some of a source's entries beyond its newest so many, and of those published before an instant.

    Returns the feeds that changed, or None when there was nothing to give up. What is known of the files stays, so that
    they are not read again. A text that another source has too is shown as that one's from now on.
    """
    e = t.entries.c
    newest = select(e.id).where(e.source == source).order_by(e.published.desc(), e.id.desc()).limit(entries)
    over = [e.id.not_in(newest)] if entries else []
    old = [e.published < to_timestamp(before)] if before else []
    if not over and not old:
        return None
    with store.write_transaction() as connection:
        query = select(t.entries).where(e.source == source, or_(*over, *old)).limit(_BATCH)
        rows = {row.id: dict(row._mapping) for row in connection.execute(query)}
        if not rows:
            return None
        # Withdrawn first, which moves all that depends on them; then gone.
        feeds = apply_changes(
            connection, rows, {id: row | {"withdrawn": 0} for id, row in rows.items()}, now, find_original
        )
        tallies = OutcomeCounters(connection)
        tallies.remove_entries(source, rows)
        tallies.flush()
        for table, column in (
            (t.minhash_bands, t.minhash_bands.c.entry),
            (t.dumps, t.dumps.c.entry),
            (t.entries, e.id),
        ):
            connection.execute(delete(table).where(column.in_(list(rows))))
    return feeds

"""How many dumps came out how: counted as they are recorded. To count them anew takes longer the more there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, func, select, tuple_

from . import schema as t
from .places import upsert

FILES = ""
"""Stands for a source in the count of files, whose source may not be known; no source is called so."""


class Tallies:
    """Collects what is to be counted, inside one transaction, and writes it at once with `flush`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._counts: Counter[tuple[str, str]] = Counter()
        self._seen: dict[tuple[str, str], int] = {}

    def file(self, old: str | None, new: str | None) -> None:
        """A file that came out one way comes out another; None where it was not known, or is so no longer."""
        for outcome, step in ((old, -1), (new, 1)):
            if outcome is not None:
                self._counts[FILES, outcome] += step

    def dump(self, source: str, outcome: str, seen: int) -> None:
        """A dump of an entry of this source is there now; `seen` is when it was first seen."""
        self._counts[source, outcome] += 1
        self._seen[source, outcome] = max(seen, self._seen.get((source, outcome), 0))

    def move(self, moves: Mapping[str, tuple[str, str]]) -> None:
        """Entries, by id, with all dumps that they have, are of another source: (old, new)."""
        for entry, outcome, count, seen in self._dumps(moves):
            old, new = moves[entry]
            self._counts[old, outcome] -= count
            self._counts[new, outcome] += count
            self._seen[new, outcome] = max(seen, self._seen.get((new, outcome), 0))

    def forget(self, source: str, entries: Iterable[str]) -> None:
        """Entries of a source are about to go, with all dumps that they have."""
        for _, outcome, count, _ in self._dumps(entries):
            self._counts[source, outcome] -= count

    def flush(self) -> None:
        """Write what was collected."""
        table = t.tallies.c
        keys = sorted(key for key in self._counts if self._counts[key] or key in self._seen)
        if not keys:
            return
        query = select(t.tallies).where(tuple_(table.source, table.outcome).in_(keys))
        before = {(row.source, row.outcome): row for row in self._connection.execute(query)}
        rows = []
        for source, outcome in keys:
            old = before.get((source, outcome))
            dumps = self._counts[source, outcome] + (old.dumps if old else 0)
            seen = max(self._seen.get((source, outcome), 0), old.seen if old else 0)
            rows.append({"source": source, "outcome": outcome, "dumps": dumps, "seen": seen})
        upsert(self._connection, t.tallies, rows)

    def _dumps(self, entries: Iterable[str]) -> list[tuple[str, str, int, int]]:
        ids = list(entries)
        if not ids:
            return []
        o = t.originals.c
        query = select(o.entry, o.outcome, func.count(), func.max(o.seen)).where(o.entry.in_(ids))
        return [tuple(row) for row in self._connection.execute(query.group_by(o.entry, o.outcome))]

"""What is stored -> what new rules and topics make of it, a batch at a time, in the background. Moves no date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from .makers import Makers
from .model import Dump
from .store import Store, keep, relabel, revise
from .store.packing import pack_labels

BATCH = 256


class Refresher:
    """Brings entries up to date with the rules and topics of a maker."""

    def __init__(self, store: Store, makers: Makers, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._makers = makers
        self._clock = clock

    def step(self) -> frozenset[str] | None:
        """Bring one batch up to date; the feeds that changed by it, or None when all is."""
        maker = self._makers.maker
        if ids := self._store.outdated(rules=maker.rules, limit=BATCH):
            return self._clean(ids)
        if ids := self._store.outdated(topics=maker.labelling, limit=BATCH):
            return self._label(ids)
        return None

    def _clean(self, ids: list[str]) -> frozenset[str]:
        """Make entries again from the dumps that give their texts. Their ids stay, whatever the rules say now."""
        originals = self._store.newest_originals(ids)
        dumps = [Dump(path=o.path, folder=o.folder, data=o.data, seen=o.seen) for o in originals.values()]
        packed = zip(originals, self._makers.pack(dumps), strict=True)
        rows = [replace(result.row, id=id) for id, result in packed if result.row is not None]
        feeds = revise(self._store, rows, self._clock(), self._makers.maker.judge)
        made = {row.id for row in rows}
        keep(self._store, [id for id in ids if id not in made], self._makers.maker.rules, self._clock())
        return feeds

    def _label(self, ids: list[str]) -> frozenset[str]:
        maker = self._makers.maker
        found = self._store.entries(ids)
        labels = {s.entry.id.removeprefix("urn:uuid:"): pack_labels(maker.matcher.labels(s.entry)) for s in found}
        return relabel(self._store, labels, maker.labelling, self._clock())

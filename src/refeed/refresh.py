"""What is stored -> what new rules and topics make of it, a batch at a time, in the background. Moves no date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from .makers import Makers
from .making import Maker
from .model import Dump
from .packing import pack_labels
from .store import Store, hide, keep, relabel, revise
from .topics import Matcher

BATCH = 256


class Refresher:
    """Brings entries up to date with the rules and topics of a maker."""

    def __init__(self, store: Store, makers: Makers, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._makers = makers
        self._clock = clock
        self._hiding = self._hide()

    def step(self) -> frozenset[str] | None:
        """Bring one batch up to date; the feeds that changed by it, or None when all is."""
        if (feeds := next(self._hiding, None)) is not None:
            return feeds
        maker = self._makers.maker
        if ids := self._store.outdated(rules=maker.rules, limit=BATCH):
            return self._clean(ids)
        if ids := self._store.outdated(topics=maker.labelling, limit=BATCH):
            return self._label(ids)
        self._store.note(_LABELLED, msgspec.json.encode(_versions(maker)).decode())
        return None

    def _hide(self) -> Iterator[frozenset[str]]:
        """Take entries of sources that have become private out of every feed but their own; put the others back."""
        maker = self._makers.maker
        before = set(msgspec.json.decode(self._store.state(_HIDDEN) or "[]", type=list[str]))
        if before == maker.private:
            return
        for source in sorted(before ^ maker.private):
            yield from hide(self._store, source, self._clock(), maker.judge, hidden=source in maker.private)
        self._store.note(_HIDDEN, msgspec.json.encode(sorted(maker.private)).decode())

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
        """Label entries by the topics that are new or changed; the labels of all others stay."""
        maker = self._makers.maker
        changed = self._changed()
        matcher = Matcher([topic for topic in maker.topics if topic.id in changed])
        order = {topic.id: place for place, topic in enumerate(maker.topics)}
        labels = {}
        for stored in self._store.entries(ids):
            kept = [label for label in stored.labels if label.topic in order and label.topic not in changed]
            found = sorted((*kept, *matcher.labels(stored.entry)), key=lambda label: order[label.topic])
            labels[stored.entry.id.removeprefix("urn:uuid:")] = pack_labels(tuple(found))
        return relabel(self._store, labels, maker.labelling, self._clock())

    def _changed(self) -> set[str]:
        """Topics whose rules are not those that everything stored was last labelled with.

        They are struck from that record first: labelling may be interrupted, and the rules change again meanwhile.
        """
        versions = _versions(self._makers.maker)
        before = msgspec.json.decode(self._store.state(_LABELLED) or "{}", type=dict[str, str])
        same = {topic: version for topic, version in before.items() if versions.get(topic) == version}
        self._store.note(_LABELLED, msgspec.json.encode(same).decode())
        return versions.keys() - same.keys()


_LABELLED = "labelled"
"""The fact in the store that says which version of each topic everything stored was last labelled with."""

_HIDDEN = "hidden"
"""The fact in the store that says of which sources everything stored is hidden."""


def _versions(maker: Maker) -> dict[str, str]:
    return {topic.id: maker.matcher.version(topic.id) for topic in maker.topics}

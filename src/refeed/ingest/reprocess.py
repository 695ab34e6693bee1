"""What is stored -> what new rules and topics make of it, a batch at a time, in the background. Moves no date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from ..model import Dump, FeedPath
from ..store.entry_writes import mark_current, relabel_entries, replace_entries, set_private
from ..store.serialization import encode_labels
from ..store.store import Store
from ..topics.matcher import TopicMatcher
from .entry_builder import EntryBuilder
from .entry_pool import EntryPool

_BATCH = 256


class Reprocessor:
    """Brings entries up to date with the rules and topics of a maker, `batch` of them in a step."""

    def __init__(self, store: Store, makers: EntryPool, clock: Callable[[], datetime], batch: int = _BATCH) -> None:
        self._store = store
        self._makers = makers
        self._clock = clock
        self._batch = batch
        self._hiding = self._hide()

    def step(self) -> frozenset[FeedPath] | None:
        """Bring one batch up to date; the feeds that changed by it, or None when all is."""
        if (feeds := next(self._hiding, None)) is not None:
            return feeds
        maker = self._makers.builder
        if ids := self._store.get_outdated_ids(rules_version=maker.rules_version, limit=self._batch):
            return self._clean(ids)
        if ids := self._store.get_outdated_ids(topics_version=maker.topics_version, limit=self._batch):
            return self._label(ids)
        self._store.set_meta(_LABELLED, msgspec.json.encode(_versions(maker)).decode())
        return None

    def _hide(self) -> Iterator[frozenset[FeedPath]]:
        """Take entries of sources that have become private out of every feed but their own; put the others back."""
        maker = self._makers.builder
        before = set(msgspec.json.decode(self._store.get_meta(_HIDDEN) or "[]", type=list[str]))
        if before == maker.private_sources:
            return
        for source in sorted(before ^ maker.private_sources):
            yield from set_private(
                self._store, source, self._clock(), maker.find_repost_original, private=source in maker.private_sources
            )
        self._store.set_meta(_HIDDEN, msgspec.json.encode(sorted(maker.private_sources)).decode())

    def _clean(self, ids: list[str]) -> frozenset[FeedPath]:
        """Make entries again from the dumps that give their texts. Their ids stay, whatever the rules say now."""
        originals = self._store.get_newest_dumps(ids)
        dumps = [Dump(path=o.path, folder=o.folder, data=o.data, first_seen=o.first_seen) for o in originals.values()]
        packed = zip(originals, self._makers.map(dumps), strict=True)
        rows = [replace(result.row, id=id) for id, result in packed if result.row is not None]
        feeds = replace_entries(self._store, rows, self._clock(), self._makers.builder.find_repost_original)
        made = {row.id for row in rows}
        mark_current(
            self._store, [id for id in ids if id not in made], self._makers.builder.rules_version, self._clock()
        )
        return feeds

    def _label(self, ids: list[str]) -> frozenset[FeedPath]:
        """Label entries by the topics that are new or changed; the labels of all others stay."""
        maker = self._makers.builder
        changed = self._changed()
        matcher = TopicMatcher([topic for topic in maker.topics if topic.id in changed])
        order = {topic.id: place for place, topic in enumerate(maker.topics)}
        labels = {}
        for stored in self._store.get_entries(ids):
            kept = [label for label in stored.labels if label.topic in order and label.topic not in changed]
            found = sorted((*kept, *matcher.label(stored.entry)), key=lambda label: order[label.topic])
            labels[stored.entry.id.removeprefix("urn:uuid:")] = encode_labels(tuple(found))
        return relabel_entries(self._store, labels, maker.topics_version, self._clock())

    def _changed(self) -> set[str]:
        """Topics whose rules are not those that everything stored was last labelled with.

        They are struck from that record first: labelling may be interrupted, and the rules change again meanwhile.
        """
        versions = _versions(self._makers.builder)
        before = msgspec.json.decode(self._store.get_meta(_LABELLED) or "{}", type=dict[str, str])
        same = {topic: version for topic, version in before.items() if versions.get(topic) == version}
        self._store.set_meta(_LABELLED, msgspec.json.encode(same).decode())
        return versions.keys() - same.keys()


_LABELLED = "labelled"
"""The fact in the store that says which version of each topic everything stored was last labelled with."""

_HIDDEN = "hidden"
"""The fact in the store that says of which sources everything stored is hidden."""


def _versions(maker: EntryBuilder) -> dict[str, str]:
    return {topic.id: maker.matcher.version(topic.id) for topic in maker.topics}

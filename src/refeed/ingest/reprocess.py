"""Stored entries -> the same entries under new rules and topics, in batches, in the background. Keeps all dates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from ..model import Dump, FeedPath
from ..store.entry_updates import mark_current, relabel_entries, replace_entries, set_private
from ..store.serialization import encode_json
from ..store.store import Store
from ..topics.matcher import TopicMatcher
from .entry_pool import EntryPool

_BATCH = 256
_LABELLED_KEY = "labelled"
"""Key in the store of the version of each topic that all entries are labelled with."""
_PRIVATE_KEY = "hidden"
"""Key in the store of the sources whose entries are all marked as private; `hidden` is the former word for it."""


class Reprocessor:
    """Brings entries up to date with the rules and topics of a builder, up to `batch` entries in each step."""

    def __init__(self, store: Store, pool: EntryPool, clock: Callable[[], datetime], batch: int = _BATCH) -> None:
        self._store = store
        self._pool = pool
        self._builder = pool.builder
        self._clock = clock
        self._batch = batch
        self._private_steps = self._update_private()

    def step(self) -> frozenset[FeedPath] | None:
        """Bring one batch up to date; returns the feeds that changed, or None when everything is up to date."""
        if (feeds := next(self._private_steps, None)) is not None:
            return feeds
        if ids := self._store.get_outdated_ids(rules_version=self._builder.rules_version, limit=self._batch):
            return self._clean(ids)
        if ids := self._store.get_outdated_ids(topics_version=self._builder.topics_version, limit=self._batch):
            return self._label(ids)
        self._store.set_meta(_LABELLED_KEY, msgspec.json.encode(self._builder.matcher.versions).decode())
        return None

    def _update_private(self) -> Iterator[frozenset[FeedPath]]:
        """Mark the entries of sources that became private, so that only their source's feed has them; unmark others."""
        private = self._builder.private_sources
        before = set(msgspec.json.decode(self._store.get_meta(_PRIVATE_KEY) or "[]", type=list[str]))
        if before == private:
            return
        for source in sorted(before ^ private):
            yield from set_private(
                self._store, source, self._clock(), self._builder.find_repost_original, private=source in private
            )
        self._store.set_meta(_PRIVATE_KEY, msgspec.json.encode(sorted(private)).decode())

    def _clean(self, ids: list[str]) -> frozenset[FeedPath]:
        """Build entries again from their newest dumps. Entries keep their ids, even if new rules give other ids."""
        stored = self._store.get_newest_dumps(ids)
        dumps = [
            Dump(path=row.path, folder=row.folder, data=row.data, first_seen=row.first_seen) for row in stored.values()
        ]
        results = zip(stored, self._pool.map(dumps), strict=True)
        rows = [result.row.with_id(id) for id, result in results if result.row is not None]
        feeds = replace_entries(self._store, rows, self._clock(), self._builder.find_repost_original)
        rebuilt = {row.id for row in rows}
        kept = [id for id in ids if id not in rebuilt]
        mark_current(self._store, kept, self._builder.rules_version, self._clock())
        return feeds

    def _label(self, ids: list[str]) -> frozenset[FeedPath]:
        """Label entries with the topics that are new or changed. Labels of unchanged topics stay."""
        changed = self._changed_topics()
        matcher = TopicMatcher([topic for topic in self._builder.topics if topic.id in changed])
        order = {topic.id: index for index, topic in enumerate(self._builder.topics)}
        labels = {}
        for stored in self._store.get_entries(ids):
            kept = [label for label in stored.labels if label.topic in order and label.topic not in changed]
            merged = sorted((*kept, *matcher.label(stored.entry)), key=lambda label: order[label.topic])
            searches = self._builder.named_searches.label(stored.entry, merged)
            labels[stored.entry.id.removeprefix("urn:uuid:")] = encode_json((*merged, *searches))
        return relabel_entries(self._store, labels, self._builder.topics_version, self._clock())

    def _changed_topics(self) -> set[str]:
        """Topics whose rules differ from those that all entries are labelled with.

        Their versions are removed from the store first, because labelling may be interrupted and the rules may change
        before it continues.
        """
        versions = self._builder.matcher.versions
        before = msgspec.json.decode(self._store.get_meta(_LABELLED_KEY) or "{}", type=dict[str, str])
        same = {topic: version for topic, version in before.items() if versions.get(topic) == version}
        self._store.set_meta(_LABELLED_KEY, msgspec.json.encode(same).decode())
        return versions.keys() - same.keys()

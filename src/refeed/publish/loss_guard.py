"""Published documents, store -> the entries that readers would lose, in words. Nothing is published over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from ..config.settings import Settings
from ..model import FeedPath
from ..store.rows import FeedState
from ..store.store import Store
from .output_dir import OutputDir

_KEY = "losses"
"""Key in `meta`: `waiting` while readers would lose entries, then `accepted` until everything is published. A copy
of the store from an earlier time has neither."""
_LATEST = 50
"""Feeds that are always compared once after a start: an earlier copy may have counted up to the same version since, and
lacks entries of the feeds that were published last."""


class _Item(msgspec.Struct):
    id: str


class _Document(msgspec.Struct):
    """What is read of a JSON Feed."""

    items: list[_Item]


class LossGuard:
    """Compares published documents with a store that did not publish them: another one, or an earlier copy of it.

    Documents of this store may have lost entries by a withdrawal or by retention.
    """

    def __init__(self, settings: Settings, store: Store, output_dir: OutputDir) -> None:
        self._limited = {FeedPath("source", rule.id) for rule in settings.sources if rule.keep.entries or rule.keep.age}
        self._store = store
        self._output_dir = output_dir
        self._is_compared = False
        """Whether the latest feeds were compared since the start."""

    def find_losses(self, states: Mapping[FeedPath, FeedState], identity: str) -> list[str]:
        """The feeds of which the store lacks published entries. Remembers them: until all are there, or accepted, every
        feed is compared, however many entries come meanwhile. Raises StoreError."""
        is_waiting = self._store.get_meta(_KEY) == "waiting"
        losses = list(self._compare(states, identity, every_feed=is_waiting))
        if losses and not is_waiting:
            self._store.set_meta(_KEY, "waiting")
        self._is_compared = not losses
        return losses

    def check(self, states: Mapping[FeedPath, FeedState], identity: str) -> list[str]:
        """The losses that nobody has accepted."""
        return [] if self._store.get_meta(_KEY) == "accepted" else self.find_losses(states, identity)

    def accept(self) -> None:
        """Let the next publication replace documents although readers lose entries. Raises StoreError."""
        self._store.set_meta(_KEY, "accepted")

    def all_published(self) -> None:
        """All documents are of this store now."""
        if self._store.get_meta(_KEY):
            self._store.set_meta(_KEY, "")

    def _compare(self, states: Mapping[FeedPath, FeedState], identity: str, *, every_feed: bool) -> Iterator[str]:
        manifests = self._output_dir.read_manifests()
        paths = sorted(path for path in manifests if path is not None and path.kind in ("all", "source"))
        latest = sorted(paths, key=lambda path: manifests[path].version)[-_LATEST:] if not self._is_compared else ()
        suspects = set(paths if every_feed else latest)
        for path in paths:
            manifest, state = manifests[path], states.get(path)
            entries = state.entries if state else 0
            if manifest.store != identity or manifest.version > (state.version if state else 0):
                suspects.add(path)
                if manifest.entries > entries:
                    yield f"the store has {entries} entries of {path}, and {manifest.entries} are published"
                    continue
            if path in suspects and (missing := self._count_missing(path)):
                yield f"the store lacks {missing} of the entries of {path} that are published"

    def _count_missing(self, path: FeedPath) -> int:
        """How many entries of a source's subscription document the store has never had. It knows withdrawn ones."""
        if path.kind != "source" or path in self._limited or not (data := self._output_dir.read(f"{path}.json")):
            return 0
        ids = [item.id.removeprefix("urn:uuid:") for item in msgspec.json.decode(data, type=_Document).items]
        return len(set(ids) - self._store.get_revisions(ids).keys())

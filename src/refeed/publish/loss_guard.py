"""Published documents, store -> the entries that readers would lose, in words. Nothing is published over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from ..config.settings import Settings
from ..model import FeedPath
from ..store.rows import FeedState
from ..store.store import Store
from .output_dir import FeedManifest, OutputDir

_KEY = "losses"
"""Key in `meta`: `waiting` while readers would lose entries, then `accepted` until everything is published. A copy
of the store from an earlier time has neither."""


class _Item(msgspec.Struct):
    id: str


class _Document(msgspec.Struct):
    """What is read of a JSON Feed."""

    items: list[_Item]


class LossGuard:
    """Compares published documents with a store that did not publish them: another one, or an earlier copy of it.

    Documents of this store may have lost entries by a withdrawal or by retention, and an entry of a source without a
    rule may have got another id.
    """

    def __init__(self, settings: Settings, store: Store, output_dir: OutputDir) -> None:
        self._limited = {FeedPath("source", rule.id) for rule in settings.sources if rule.keep.entries or rule.keep.age}
        self._store = store
        self._output_dir = output_dir

    def find_losses(self, states: Mapping[FeedPath, FeedState] | None = None) -> list[str]:
        """The feeds of which the store lacks published entries. `states` are those of the store, if they are known.

        Called before a process changes the store, because an earlier copy soon counts up to the same versions again.
        Losses are remembered: until all entries are there, or accepted, every feed is compared. Raises StoreError.
        """
        manifests = {path: each for path, each in self._output_dir.read_manifests().items() if path is not None}
        if not manifests:
            return []
        if states is None:
            states = {state.path: state for state in self._store.get_feed_states()}
        is_waiting = self._store.get_meta(_KEY) == "waiting"
        losses = list(self._compare(manifests, states, every_feed=is_waiting))
        if losses and not is_waiting:
            self._store.set_meta(_KEY, "waiting")
        return losses

    def check(self, states: Mapping[FeedPath, FeedState]) -> list[str]:
        """The losses that nobody has accepted."""
        return [] if self._store.get_meta(_KEY) == "accepted" else self.find_losses(states)

    def accept(self) -> None:
        """Let the next publication replace documents although readers lose entries. Raises StoreError."""
        self._store.set_meta(_KEY, "accepted")

    def all_published(self) -> None:
        """All documents are of this store now."""
        if self._store.get_meta(_KEY):
            self._store.set_meta(_KEY, "")

    def _compare(
        self, manifests: Mapping[FeedPath, FeedManifest], states: Mapping[FeedPath, FeedState], *, every_feed: bool
    ) -> Iterator[str]:
        identity = self._store.identity
        for path in sorted(path for path in manifests if path.kind in ("all", "source")):
            manifest, state = manifests[path], states.get(path)
            entries = state.entries if state else 0
            is_foreign = manifest.store != identity or manifest.version > (state.version if state else 0)
            if is_foreign and manifest.entries > entries:
                yield f"the store has {entries} entries of {path}, and {manifest.entries} are published"
            elif (is_foreign or every_feed) and (missing := self._count_missing(path)):
                yield f"the store lacks {missing} of the entries of {path} that are published"

    def _count_missing(self, path: FeedPath) -> int:
        """How many entries of a source's subscription document the store has never had. It knows withdrawn ones."""
        if path.kind != "source" or path in self._limited or not (data := self._output_dir.read(f"{path}.json")):
            return 0
        ids = [item.id.removeprefix("urn:uuid:") for item in msgspec.json.decode(data, type=_Document).items]
        return len(set(ids) - self._store.get_revisions(ids).keys())

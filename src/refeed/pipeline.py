"""The program read top to bottom: dumps/ -> store -> feeds/."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from . import render
from .clock import now
from .config import Settings
from .dumps import Found
from .ingest import Ingester, Tally
from .makers import Makers
from .making import Maker
from .model import FORMATS
from .outward import dump_folders
from .publish import Folder
from .publisher import COMPLETE, Publisher
from .refresh import Refresher
from .reseed import reseed
from .store import Store, forget

_RESEED = "reseed"
"""The fact of how far that is: what was begun and broken off is begun anew, and records nothing twice."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """The stations and movers that one configuration asks for."""

    settings: Settings
    clock: Callable[[], datetime]
    store: Store
    folder: Folder
    makers: Makers
    ingester: Ingester
    publisher: Publisher
    refresher: Refresher

    @classmethod
    def open(cls, settings: Settings, *, processes: int = 1, clock: Callable[[], datetime] = now) -> Program:
        """Open the store, its schema brought up to date, and build everything once. Raises StoreError."""
        store = Store(settings.database_url)
        store.migrate()
        makers = Makers(Maker.of(settings), processes)
        folder = Folder(settings.feeds_folder)
        return cls(
            settings=settings,
            clock=clock,
            store=store,
            folder=folder,
            makers=makers,
            ingester=Ingester(store, makers, clock),
            publisher=Publisher(settings, store, folder),
            refresher=Refresher(store, makers, clock),
        )

    def ingest(
        self,
        files: Sequence[Found] | None = None,
        *,
        again: bool = False,
        progress: Callable[[int, int], object] = lambda _done, _of: None,
    ) -> Tally:
        """Take what is new in the dump folders, or the files given, and publish it. `progress` hears how many of how
        many files are done."""
        found, known = self.ingester.scan(dump_folders(self.settings)) if files is None else (files, 0)
        total = Tally(counts=Counter(unchanged=known))
        for tally in self.ingester.take(found, again=again):
            total += tally
            progress(total.files, len(found))
        while self.refresher.step() is not None:
            pass
        self.retain()
        if files is None:
            self.complete()
        self.publisher.publish()
        return total

    def retain(self) -> frozenset[str]:
        """Give up what sources keep no longer; the feeds that changed by it."""
        changed: frozenset[str] = frozenset()
        moment = self.clock()
        for rule in (rule for rule in self.settings.sources if rule.keep.entries or rule.keep.age):
            before = moment - rule.keep.age if rule.keep.age else None
            while (
                feeds := forget(
                    self.store,
                    rule.id,
                    moment,
                    entries=rule.keep.entries,
                    before=before,
                    judge=self.makers.maker.judge,
                )
            ) is not None:
                changed |= feeds
        return changed

    def reseed(self) -> int:
        """Fill an empty store from our own published feeds, where `site.reseed` names them; how many entries came.

        Raises FetchError.
        """
        wanted = self.store.state(_RESEED) == "begun" or not self.store.ids(limit=1)
        if not self.settings.site.reseed or not wanted:
            return 0
        self.store.note(_RESEED, "begun")
        count = reseed(self.settings, self.store, self.makers.maker, self.clock)
        self.store.note(_RESEED, "done")
        return count

    def complete(self) -> None:
        """Note that all that the dump folders hold is in the store by now."""
        if not self.is_complete():
            self.store.note(COMPLETE, "yes")

    def is_complete(self) -> bool:
        """Whether the store holds, or once held, all that the dump folders do."""
        return self.store.state(COMPLETE) is not None

    def check(self, name: str) -> list[str]:
        """What a strict parser and our own checks find wrong in a published document; nothing when it is well."""
        kinds: dict[str, render.Kind] = {"opml.xml": "opml", "feeds.json": "catalogue"}
        kinds |= {f".{format}": format for format in FORMATS}
        kind = next(kind for end, kind in kinds.items() if name.endswith(end))
        data = self.folder.read(name)
        return ["it is damaged, or not ours"] if data is None else render.check(data, kind)

    def close(self) -> None:
        """Give everything back."""
        self.makers.close()
        self.store.close()

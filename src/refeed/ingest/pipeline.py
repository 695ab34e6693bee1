"""The program read top to bottom: dumps/ -> store -> feeds/."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..clock import utc_now
from ..config.settings import Settings
from ..dumps.scanner import FoundFile
from ..fetch.factory import dump_dirs
from ..model import FORMATS, FeedPath
from ..publish.output_dir import OutputDir
from ..publish.publisher import COMPLETE_KEY, Publisher
from ..render.feed_validator import DocumentKind, validate_document
from ..store.entry_writes import delete_expired
from ..store.store import Store
from .entry_builder import EntryBuilder
from .entry_pool import EntryPool
from .ingester import Ingester, IngestResult
from .reprocess import Reprocessor
from .restore_from_feeds import restore_entries

_RESEED = "reseed"
"""The fact of how far that is: what was begun and broken off is begun anew, and records nothing twice."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """The stations and movers that one configuration asks for."""

    settings: Settings
    clock: Callable[[], datetime]
    store: Store
    output_dir: OutputDir
    pool: EntryPool
    ingester: Ingester
    publisher: Publisher
    reprocessor: Reprocessor

    @classmethod
    def open(cls, settings: Settings, *, processes: int = 1, clock: Callable[[], datetime] = utc_now) -> Pipeline:
        """Open the store, its schema brought up to date, and build everything once. Raises StoreError."""
        store = Store(settings.database_url)
        store.migrate()
        makers = EntryPool(EntryBuilder.from_settings(settings), processes)
        folder = OutputDir(settings.feeds_dir)
        return cls(
            settings=settings,
            clock=clock,
            store=store,
            output_dir=folder,
            pool=makers,
            ingester=Ingester(store, makers, clock),
            publisher=Publisher(settings, store, folder),
            reprocessor=Reprocessor(store, makers, clock),
        )

    def ingest(
        self,
        files: Sequence[FoundFile] | None = None,
        *,
        force: bool = False,
        progress: Callable[[int, int], object] = lambda _done, _of: None,
    ) -> IngestResult:
        """Take what is new in the dump folders, or the files given, and publish it. `progress` hears how many of how
        many files are done."""
        found, known = self.ingester.scan(dump_dirs(self.settings)) if files is None else (files, 0)
        total = IngestResult(counts=Counter(unchanged=known))
        for tally in self.ingester.ingest(found, force=force):
            total += tally
            progress(total.files, len(found))
        while self.reprocessor.step() is not None:
            pass
        self.apply_retention()
        if files is None:
            self.mark_complete()
        self.publisher.publish()
        return total

    def apply_retention(self) -> frozenset[FeedPath]:
        """Give up what sources keep no longer; the feeds that changed by it."""
        changed: frozenset[FeedPath] = frozenset()
        moment = self.clock()
        for rule in (rule for rule in self.settings.sources if rule.keep.entries or rule.keep.age):
            before = moment - rule.keep.age if rule.keep.age else None
            while (
                feeds := delete_expired(
                    self.store,
                    rule.id,
                    moment,
                    entries=rule.keep.entries,
                    before=before,
                    find_original=self.pool.builder.find_repost_original,
                )
            ) is not None:
                changed |= feeds
        return changed

    def restore_from_feeds(self) -> int:
        """Fill an empty store from our own published feeds, where `site.reseed` names them; how many entries came.

        Raises FetchError.
        """
        wanted = self.store.get_meta(_RESEED) == "begun" or not self.store.get_entry_ids(limit=1)
        if not self.settings.site.restore_from or not wanted:
            return 0
        self.store.set_meta(_RESEED, "begun")
        count = restore_entries(self.settings, self.store, self.pool.builder, self.clock)
        self.store.set_meta(_RESEED, "done")
        return count

    def mark_complete(self) -> None:
        """Note that all that the dump folders hold is in the store by now."""
        if not self.is_complete():
            self.store.set_meta(COMPLETE_KEY, "yes")

    def is_complete(self) -> bool:
        """Whether the store holds, or once held, all that the dump folders do."""
        return self.store.get_meta(COMPLETE_KEY) is not None

    def validate_document(self, name: str) -> list[str]:
        """What a strict parser and our own checks find wrong in a published document; nothing when it is well."""
        kinds: dict[str, DocumentKind] = {"opml.xml": "opml", "feeds.json": "feeds.json"}
        kinds |= {f".{format}": format for format in FORMATS}
        kind = next(kind for end, kind in kinds.items() if name.endswith(end))
        data = self.output_dir.read(name)
        return ["it is damaged, or not ours"] if data is None else validate_document(data, kind)

    def close(self) -> None:
        """Give everything back."""
        self.pool.close()
        self.store.close()

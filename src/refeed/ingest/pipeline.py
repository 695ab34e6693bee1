"""The whole program, top to bottom: dumps/ -> store -> feeds/. Also retention, and restoring from published feeds."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..clock import utc_now
from ..config.settings import Settings
from ..dumps.scanner import FoundFile, inspect_file
from ..dumps.writer import write_dumps
from ..errors import FileVanishedError, IgnoredError, QuarantineError, RefeedError
from ..feeds.accepted_config import accept_settings
from ..feeds.registry import build_registry
from ..fetch.upstreams import dump_dirs, fetch_dirs, limited_checkouts
from ..model import FeedPath, Source
from ..publish.loss_guard import LossGuard
from ..publish.output_dir import OutputDir
from ..publish.publisher import COMPLETE_KEY, Publisher
from ..store.entry_updates import delete_expired, recover_withdrawals
from ..store.inbox import Inbox, make_inbox
from ..store.store import Store
from ..stories.digest_closing import close_next
from .entry_builder import EntryBuilder
from .entry_pool import EntryPool
from .ingester import Ingester, IngestResult
from .reprocess import Reprocessor
from .restore_from_feeds import restore_store

_log = logging.getLogger(__name__)

_SITE_KEYS = {"base_url": "base_url", "title": "site_title", "author": "site_author"}
"""Keys of `site`, and the keys in the store of their values that the service was last started with."""
_RESTORE_KEY = "reseed"
"""Key in the store of `begun` or `done`; `reseed` is the former word for restoring. An interrupted restore
starts over, and records nothing twice."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """The parts of the program, built from one configuration."""

    settings: Settings
    clock: Callable[[], datetime]
    store: Store
    inbox: Inbox
    output_dir: OutputDir
    pool: EntryPool
    ingester: Ingester
    publisher: Publisher
    reprocessor: Reprocessor

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        processes: int = 1,
        clock: Callable[[], datetime] = utc_now,
        serves: bool = False,
        exports: bool = False,
    ) -> Pipeline:
        """Open the store, migrate its schema, and build everything once.

        The leader `serves`: documents have its `site.base_url`, `site.title` and `site.author`, and the store remembers
        them. Standbys and other commands publish with those in the store, because they may run without the service's
        environment. What is written for another host (`exports`) keeps its own.

        Raises StoreError, and ConfigError if readers would lose a feed with these settings.
        """
        store = Store(settings.database_url)
        try:
            store.migrate()
            LossGuard(settings, store, OutputDir.from_settings(settings)).find_losses()
            builder = EntryBuilder.from_settings(settings)
            recover_withdrawals(store, clock(), builder.find_repost_original)
            accept_settings(settings, store)
            settings = settings if exports else _settle_site(settings, store, serves=serves)
        except RefeedError:
            store.close()
            raise
        pool = EntryPool(builder, processes, Path(settings.var_dir) / "in-work")
        output_dir = OutputDir.from_settings(settings)
        return cls(
            settings=settings,
            clock=clock,
            store=store,
            inbox=make_inbox(store),
            output_dir=output_dir,
            pool=pool,
            ingester=Ingester(store, pool, clock, limited_checkouts(settings)),
            publisher=Publisher(settings, store, output_dir),
            reprocessor=Reprocessor(store, pool, clock),
        )

    def ingest(
        self,
        files: Sequence[FoundFile] | None = None,
        *,
        force: bool = False,
        progress: Callable[[int, int], object] = lambda _done, _total: None,
    ) -> IngestResult:
        """Ingest what has changed in the dump folders, or `files`, and publish it.

        `progress` is called with the number of files that are done, and the number of all files.
        """
        if files is None:
            self.take_pushed()
        changed, unchanged = self.ingester.scan(dump_dirs(self.settings)) if files is None else (files, 0)
        total = IngestResult(counts=Counter(unchanged=unchanged))
        for result in self.ingester.ingest(changed, force=force):
            total += result
            progress(total.files, len(changed))
        total += self.ingester.finish_slow(wait=True)
        while self.reprocessor.step() is not None:
            pass
        self.apply_retention()
        self.mark_complete()  # named files, too: a person has chosen what is to be published
        if files is None:
            self.take_pushed()
        self.publisher.publish()
        return total

    def take_pushed(self) -> list[FoundFile]:
        """Write pushed dumps into the dump folder; returns those that are still to be ingested.

        A dump leaves the inbox once the store has it, so that none is lost or ingested twice, whatever is killed.
        Raises OSError or StoreError.
        """
        items = self.inbox.list_items()
        if not items:
            return []
        root = fetch_dirs(self.settings).dumps
        paths = {item: root / item.folder / item.name for item in items}
        write_dumps(root, self.inbox.read([item for item, path in paths.items() if not path.exists()]))
        found, done = {}, []
        for item, path in paths.items():
            try:
                found[item] = inspect_file(path, root, self.settings.limits.all_suffixes)
            except (IgnoredError, FileVanishedError, QuarantineError) as error:
                _log.warning("pushed dump not ingested: %s: %s", path, error, extra={"file": str(path)})
                done.append(item)
        recorded = self.ingester.find_recorded(list(found.values()))
        done += [item for item, file in found.items() if file in recorded]
        if done:
            self.inbox.remove(done)
        return [file for file in found.values() if file not in recorded]

    def apply_retention(self) -> frozenset[FeedPath]:
        """Apply retention: delete entries that `keep` of their source excludes. Returns the feeds that changed."""
        changed: frozenset[FeedPath] = frozenset()
        now = self.clock()
        for rule in self.settings.sources:
            if not (rule.keep.entries or rule.keep.age):
                continue
            before = now - rule.keep.age if rule.keep.age else None
            while True:
                feeds = delete_expired(
                    self.store,
                    rule.id,
                    now,
                    entries=rule.keep.entries,
                    before=before,
                    find_original=self.pool.builder.find_repost_original,
                )
                if feeds is None:
                    break
                changed |= feeds
        return changed

    def close_digests(self) -> bool:
        """Close the digests of one feed that somebody reads, if they are due; returns whether any were."""

        def load_sources() -> Mapping[str, Source]:
            return build_registry(self.settings, self.store.get_sources()).sources

        return close_next(self.store, self.settings, load_sources, self.clock())

    def restore_from_feeds(self) -> int:
        """Fill an empty store from our own published feeds, if `site.restore_from` is set.

        Returns the number of restored entries. Raises FetchError.
        """
        is_due = self.store.get_meta(_RESTORE_KEY) == "begun" or not self.store.get_entry_ids(limit=1)
        if not self.settings.site.restore_from or not is_due:
            return 0
        self.store.set_meta(_RESTORE_KEY, "begun")
        count = restore_store(self.settings, self.store, self.pool.builder, self.clock)
        self.store.set_meta(_RESTORE_KEY, "done")
        return count

    def give_up_restore(self) -> None:
        """Do without the published feeds from now on."""
        self.store.set_meta(_RESTORE_KEY, "done")

    def is_outdated(self) -> bool:
        """Whether the leader has recorded other values of `site` since this was opened. Raises StoreError."""
        site = self.settings.site
        return any(self.store.get_meta(name) not in (None, getattr(site, key)) for key, name in _SITE_KEYS.items())

    def mark_complete(self) -> None:
        """Remember that the store holds everything in the dump folders."""
        if not self.is_complete():
            self.store.set_meta(COMPLETE_KEY, "yes")

    def is_complete(self) -> bool:
        """Whether the store holds, or once held, everything in the dump folders."""
        return self.store.get_meta(COMPLETE_KEY) is not None

    def close(self) -> None:
        """Release processes, connections and files."""
        self.pool.close()
        self.store.close()


def _settle_site(settings: Settings, store: Store, *, serves: bool) -> Settings:
    """The settings with what documents say about the site. The first program that opens a store records its address,
    and the leader everything."""
    used: dict[str, Any] = {}
    for key, name in _SITE_KEYS.items():
        own, recorded = getattr(settings.site, key), store.get_meta(name)
        if serves or (recorded is None and key == "base_url"):
            store.set_meta(name, own)
        elif recorded is not None and recorded != own:
            used[key] = recorded
            if own != settings.default_base_url:
                what = "BASE_URL" if key == "base_url" else f"site.{key}"
                hint = "restart the service with it to change that"
                fields = {"key": what}
                _log.warning(
                    "%s %s is not used: the service publishes as %s; %s", what, own, recorded, hint, extra=fields
                )
    return replace(settings, site=replace(settings.site, **used))

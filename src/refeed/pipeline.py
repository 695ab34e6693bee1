"""The program read top to bottom: dumps/ -> store -> feeds/."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from . import render
from .archives import Limits
from .catalogue import Catalogue, make_catalogue
from .config import Settings
from .documents import Documents
from .dumps import Found
from .ingest import Ingester, Tally
from .makers import Makers
from .making import Maker
from .model import FORMATS, FeedFacts
from .outward import dump_folders
from .publish import Document, Folder, Mark
from .refresh import Refresher
from .store import FeedState, Store

EDITION = 1
"""Raise it when rendering changes: every document is then rendered anew."""


def now() -> datetime:
    """The clock, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, kw_only=True)
class Program:
    """The stations and movers that one configuration asks for."""

    settings: Settings
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
            store=store,
            folder=folder,
            makers=makers,
            ingester=Ingester(store, makers, clock),
            publisher=Publisher(settings, store, folder),
            refresher=Refresher(store, makers, clock),
        )

    def ingest(self, files: Sequence[Found] | None = None, *, again: bool = False) -> Tally:
        """Take what is new in the dump folders, or the files given, and publish it."""
        found = self.ingester.scan(dump_folders(self.settings)) if files is None else files
        total = Tally()
        for tally in self.ingester.take(found, again=again):
            total += tally
        while self.refresher.step() is not None:
            pass
        self.publisher.publish()
        return total

    def close(self) -> None:
        """Give everything back."""
        self.makers.close()
        self.store.close()


class Publisher:
    """Keeps feeds/ as the store says, by the version of each feed: what is up to date costs nothing."""

    def __init__(self, settings: Settings, store: Store, folder: Folder) -> None:
        self._settings = settings
        self._store = store
        self._folder = folder
        self._limits = Limits(settings.feeds.entries, settings.feeds.bytes)

    def publish(self, *, everything: bool = False) -> list[str]:
        """Render what is stale, or everything; returns the documents whose bytes changed. Raises PublishError."""
        catalogue = make_catalogue(self._settings, self._store.sources())
        states = {state.path: state for state in self._store.feeds()}
        documents = Documents(self._store, catalogue, self._limits)
        changed: list[str] = []
        with self._folder.lock():
            self._folder.tidy()
            marks = {} if everything else self._folder.marks()
            wanted = {path: self._mark(catalogue, path, states.get(path)) for path in catalogue.feeds}
            stale = [path for path in wanted if marks.get(path) != wanted[path] or not self._complete(path)]
            for path in stale:
                changed += self._publish(documents, path, states.get(path), marks.get(path))
            changed += self._publish_catalogue(catalogue, states)
            self._drop_foreign(catalogue)
            if stale or marks.keys() != wanted.keys():
                self._folder.mark(wanted)
        return changed

    def archive(self, path: str, name: str) -> bool:
        """Render one archive of a feed in every format, because somebody asked; False when there is none."""
        catalogue = make_catalogue(self._settings, self._store.sources())
        if path not in catalogue.feeds:
            return False
        with self._folder.lock():
            documents = Documents(self._store, catalogue, self._limits)
            feed = documents.archive(path, name)
            if feed is None:
                return False
            months = {month.month: month.changed for month in self._store.months(path)}
            place = f"{path}/archive/{name}"
            self._folder.write(
                {
                    f"{place}.{format}": Document(data=documents.render(feed, format), changed=months[name[:7]])
                    for format in FORMATS
                }
            )
        return True

    def _publish(self, documents: Documents, path: str, state: FeedState | None, before: Mark | None) -> list[str]:
        feed = documents.subscription(path)
        changed = state.changed if state else feed.updated
        written = self._folder.write(
            {f"{path}.{format}": Document(data=documents.render(feed, format), changed=changed) for format in FORMATS}
        )
        self._drop_archives(path, before)
        return written

    def _publish_catalogue(self, catalogue: Catalogue, states: dict[str, FeedState]) -> list[str]:
        facts = []
        for path, info in catalogue.feeds.items():
            state = states.get(path)
            newest = self._store.newest(path, 1)
            facts.append(
                FeedFacts(
                    info=info,
                    entries=state.entries if state else 0,
                    updated=newest[0].published if newest else None,
                )
            )
        changed = max((state.changed for state in states.values()), default=datetime(1970, 1, 1, tzinfo=UTC))
        return self._folder.write(
            {
                "opml.xml": Document(data=render.opml(catalogue.site, list(catalogue.feeds.values())), changed=changed),
                "feeds.json": Document(data=render.catalogue(catalogue.site, facts), changed=changed),
            }
        )

    def _mark(self, catalogue: Catalogue, path: str, state: FeedState | None) -> Mark:
        presentation = catalogue.presentation(path, EDITION, self._limits)
        return Mark(version=state.version if state else 0, presentation=presentation)

    def _complete(self, path: str) -> bool:
        return all(self._folder.has(f"{path}.{format}") for format in FORMATS)

    def _drop_archives(self, path: str, before: Mark | None) -> None:
        """Archives that may be out of date: of the months that changed, and of those beside them, which link there."""
        months = [month.month for month in self._store.months(path)]
        changed = {month.month for month in self._store.months(path, before.version if before else -1)}
        places = {index for index, month in enumerate(months) if month in changed}
        stale = {months[i] for place in places for i in (place - 1, place, place + 1) if 0 <= i < len(months)}
        names = self._folder.names(f"{path}/archive")
        self._folder.remove([name for name in names if name.rpartition("/")[2][:7] in stale])

    def _drop_foreign(self, catalogue: Catalogue) -> None:
        """Documents of feeds that there are no longer, and what else somebody put among ours."""
        known = {f"{path}.{format}" for path in catalogue.feeds for format in FORMATS} | {"opml.xml", "feeds.json"}
        foreign = [
            name
            for name in self._folder.names()
            if name not in known and name.partition("/archive/")[0] not in catalogue.feeds
        ]
        self._folder.remove(foreign)

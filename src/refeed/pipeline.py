"""The program read top to bottom: dumps/ -> store -> feeds/."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from . import render
from .archives import Limits
from .catalogue import Catalogue, make_catalogue
from .config import Settings
from .documents import Documents
from .dumps import Found
from .errors import PublishError
from .ingest import Ingester, Tally
from .makers import Makers
from .making import Maker
from .measures import timed
from .model import FORMATS, FeedFacts, Source
from .outward import dump_folders
from .publish import Document, Folder, Mark
from .readership import remembered
from .refresh import Refresher
from .reseed import reseed
from .store import FeedState, MonthState, Store, forget

COMPLETE = "complete"
"""The fact in the store that everything was ingested once. Until then a new store publishes nothing over what an older
one, which was lost, has published: the old documents hold more."""
_RESEED = "reseed"
"""The fact of how far that is: what was begun and broken off is begun anew, and records nothing twice."""
EDITION = 1
"""Raise it when rendering changes: every document is then rendered anew."""


def now() -> datetime:
    """The clock, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


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
        found = self.ingester.scan(dump_folders(self.settings)) if files is None else files
        total = Tally()
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
        for rule in self.settings.sources:
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


class Publisher:
    """Keeps feeds/ as the store says, by the version of each feed: what is up to date costs nothing."""

    def __init__(self, settings: Settings, store: Store, folder: Folder) -> None:
        self._settings = settings
        self._store = store
        self._folder = folder
        self._limits = Limits(settings.feeds.entries, settings.feeds.bytes)
        self._made: tuple[list[Source], Catalogue, dict[str, str], Documents] | None = None
        self._newest: dict[str, tuple[int, datetime | None]] = {}
        self._tidied = False

    def publish(self, *, everything: bool = False) -> list[str]:
        """Render what is stale, damaged or missing, or everything; returns the documents whose bytes changed.

        Raises PublishError when some could not be written: all others are in place, and the old ones stay.
        """
        with timed("publish"):
            return self._publish_stale(everything=everything)

    def _publish_stale(self, *, everything: bool) -> list[str]:
        with self._store.moment():
            catalogue, presentations, documents = self._catalogue()
            states = {state.path: state for state in self._store.feeds()}
            identity = self._store.identity
        states |= {path: states[view.feed] for path, view in catalogue.views.items() if view.feed in states}
        changed: list[str] = []
        troubles: list[PublishError] = []
        with self._folder.lock():
            self._folder.tidy()
            before = self._folder.marks()
            if self._waits(before, identity):
                return []
            wanted = {
                path: Mark(
                    version=states[path].version if path in states else 0, presentation=presentation, store=identity
                )
                for path, presentation in presentations.items()
            }
            damaged = set(self._folder.damaged(before))
            marks = {path: mark for path, mark in before.items() if path in wanted.keys() - damaged}
            stale = [path for path, mark in wanted.items() if everything or not mark.same(marks.get(path))]
            for path in _ordered(stale, before, remembered(self._store) if len(stale) > _MANY else {}):
                try:
                    if path == _CATALOGUE:
                        changed += self._publish_catalogue(catalogue, states)
                        marks[path] = Mark(version=0, presentation="", digests=self._digests(_LISTS))
                    else:
                        last = _comparable(before.get(path), wanted[path])
                        changed += self._publish(documents, path, states.get(path), last)
                        digests = self._digests(f"{path}.{format}" for format in FORMATS)
                        marks[path] = replace(wanted[path], digests=digests)
                except PublishError as error:
                    marks.pop(path, None)
                    troubles.append(error)
                    if _hopeless(error):
                        break
            if everything or not self._tidied or wanted.keys() | {_CATALOGUE} != before.keys():
                self._folder.remove(self._foreign(catalogue.feeds))
                self._tidied = True
            if marks != before:
                self._folder.mark(marks)
        if troubles:
            others = f", and {len(troubles) - 1} other feeds" if len(troubles) > 1 else ""
            said = f"{troubles[0]}{others}; the documents published before stay"
            raise PublishError(said, changed=changed) from troubles[0]
        return changed

    def damaged(self, *, foreign: bool = False) -> bool:
        """Whether a document is missing, or is not what was published. By `stat` alone while nobody touched them.

        `foreign` looks through the whole folder, archives and all, for documents that are not ours.
        """
        marks = self._folder.marks()
        if foreign and self._foreign(marks.keys()):
            self._tidied = False
            return True
        return not marks or bool(self._folder.damaged(marks))

    def archive(self, path: str, name: str) -> bool:
        """Render one archive of a feed in every format, because somebody asked; False when there is none."""
        with self._store.moment():
            catalogue, _, documents = self._catalogue()
        if path not in catalogue.feeds:
            return False
        with self._folder.lock():
            with self._store.moment():
                feed = documents.archive(path, name)
                months = {month.month: month.changed for month in self._store.months(path)}
            if feed is None:
                return False
            place = f"{path}/archive/{name}"
            self._folder.write(
                {
                    f"{place}.{format}": Document(data=documents.render(feed, format), changed=months[name[:7]])
                    for format in FORMATS
                }
            )
        return True

    def catalogue(self) -> Catalogue:
        """Every feed there is now."""
        return make_catalogue(self._settings, self._store.sources())

    def archives(self, path: str) -> list[str]:
        """Render all archives of a feed that are not there yet; returns their names, oldest first."""
        names = list(Documents(self._store, self.catalogue(), self._limits).archives(path))
        for name in names:
            if any(self._folder.digest(f"{path}/archive/{name}.{format}") is None for format in FORMATS):
                self.archive(path, name)
        return names

    def _publish(self, documents: Documents, path: str, state: FeedState | None, before: Mark | None) -> list[str]:
        with self._store.moment():
            feed = documents.subscription(path)
            months = self._store.months(path)
        changed = state.changed if state else feed.updated
        written = self._folder.write(
            {f"{path}.{format}": Document(data=documents.render(feed, format), changed=changed) for format in FORMATS}
        )
        self._drop_archives(path, months, before)
        return written

    def _catalogue(self) -> tuple[Catalogue, dict[str, str], Documents]:
        """The catalogue, what each feed's documents depend on besides entries, and what makes them: made again only
        when the store has got another source."""
        sources = self._store.sources()
        if self._made is None or self._made[0] != sources:
            catalogue = make_catalogue(self._settings, sources)
            presentations = {path: catalogue.presentation(path, EDITION, self._limits) for path in catalogue.feeds}
            self._made = sources, catalogue, presentations, Documents(self._store, catalogue, self._limits)
        return self._made[1:]

    def _waits(self, marks: dict[str, Mark], identity: str) -> bool:
        """Whether the documents here come from a store that was lost, and this one does not hold as much yet."""
        other = any(mark.store != identity for path, mark in marks.items() if path != _CATALOGUE)
        return other and self._store.state(COMPLETE) is None

    def _digests(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self._folder.digest(name) or "" for name in names}

    def _publish_catalogue(self, catalogue: Catalogue, states: dict[str, FeedState]) -> list[str]:
        facts = []
        for path, info in catalogue.listed.items():
            state = states.get(path)
            view = catalogue.views.get(path)
            updated = self._updated(view.feed if view else path, state)
            facts.append(
                FeedFacts(
                    info=info,
                    entries=None if view else state.entries if state else 0,
                    updated=updated,
                )
            )
        changed = max((state.changed for state in states.values()), default=datetime(1970, 1, 1, tzinfo=UTC))
        return self._folder.write(
            {
                "opml.xml": Document(
                    data=render.opml(catalogue.site, list(catalogue.listed.values())), changed=changed
                ),
                "feeds.json": Document(data=render.catalogue(catalogue.site, facts), changed=changed),
            }
        )

    def _updated(self, path: str, state: FeedState | None) -> datetime | None:
        """When a feed's newest entry was published; asked anew only for feeds that changed."""
        version = state.version if state else 0
        known = self._newest.get(path)
        if known is None or known[0] != version:
            newest = self._store.newest(path, 1)
            known = self._newest[path] = version, newest[0].published if newest else None
        return known[1]

    def _drop_archives(self, path: str, states: list[MonthState], before: Mark | None) -> None:
        """Archives that may be out of date: of the months that changed, and of those beside them, which link there.

        All of them, without a mark from `before` to tell which months those are.
        """
        months = [month.month for month in states]
        last = before.version if before else -1
        changed = {month.month for month in states if month.version > last}
        places = {index for index, month in enumerate(months) if month in changed}
        stale = {months[i] for place in places for i in (place - 1, place, place + 1) if 0 <= i < len(months)}
        names = self._folder.names(f"{path}/archive")
        gone = {name: name.rpartition("/")[2][:7] for name in names}
        self._folder.remove([name for name, month in gone.items() if month in stale or month not in months])

    def _foreign(self, feeds: Collection[str]) -> list[str]:
        """Documents of feeds that there are no longer, and what else somebody put among ours."""
        known = {f"{path}.{format}" for path in feeds for format in FORMATS} | set(_LISTS)
        names = self._folder.names()
        return [name for name in names if name not in known and name.partition("/archive/")[0] not in feeds]


_CATALOGUE = ""
"""The mark of the documents that list the feeds."""
_LISTS = ("opml.xml", "feeds.json")
_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)
"""Where one document met these, the next one will."""


_MANY = 5
"""Feeds that are made at once before it matters which come first."""


def _ordered(stale: list[str], marks: dict[str, Mark], reads: Mapping[str, float]) -> list[str]:
    """In which order documents are written: what most people read first, by `reads`. Where nobody is known to have
    read anything, and the folder is filled for the first time, `all` comes last: where it is served, everything is."""
    if reads:
        return [*sorted(stale, key=lambda path: -reads.get(path, 0.0)), _CATALOGUE]
    first = "all" in stale and "all" not in marks
    return [*(path for path in stale if path != "all" or not first), _CATALOGUE, *(["all"] if first else [])]


def _comparable(old: Mark | None, new: Mark) -> Mark | None:
    """What a feed's archives were made from, when only its entries changed since."""
    return old if old and (old.presentation, old.store) == (new.presentation, new.store) else None


def _hopeless(error: PublishError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _HOPELESS

"""store -> feeds/: which documents are stale, and in which order they are made anew."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from . import render
from .archives import Budget
from .catalogue import Catalogue, make_catalogue
from .config import Settings
from .documents import Documents
from .errors import PublishError
from .measures import timed
from .model import FORMATS, FeedFacts, Source
from .publication import CATALOGUE, LISTS, MANY, Publication, comparable, grouped, is_hopeless, names_of, ordered
from .publish import Document, Folder, Mark
from .readership import remembered
from .store import FeedState, MonthState, Store

COMPLETE = "complete"
"""The fact in the store that everything was ingested once. Until then a new store publishes nothing over what an older
one, which was lost, has published: the old documents hold more."""
EDITION = 2
"""Raise it when rendering changes: every document is then rendered anew."""


class Publisher:
    """Keeps feeds/ as the store says, by the version of each feed: what is up to date costs nothing."""

    def __init__(self, settings: Settings, store: Store, folder: Folder) -> None:
        self._settings = settings
        self._store = store
        self._folder = folder
        self._budget = Budget(settings.feeds.entries, settings.feeds.bytes)
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
        with self._folder.lock():
            self._folder.tidy()
            before = self._folder.marks()
            if self._waits(before, identity):
                return []
            wanted = {
                path: Mark(version=_version(states.get(path)), presentation=presentation, store=identity)
                for path, presentation in presentations.items()
            }
            damaged = set(self._folder.damaged(before))
            marks = {path: mark for path, mark in before.items() if path in wanted.keys() - damaged}
            stale = [path for path, mark in wanted.items() if everything or not mark.same(marks.get(path))]
            paths = ordered(stale, before, remembered(self._store) if len(stale) > MANY else {})
            wanted[CATALOGUE] = Mark(version=0, presentation="")
            publication = Publication(catalogue, documents, states, before, wanted, marks)
            self._put_all(paths, publication)
            if everything or not self._tidied or wanted.keys() != before.keys():
                self._folder.remove(self._foreign(catalogue.feeds))
                self._tidied = True
            if publication.marks != before:
                self._folder.mark(publication.marks)
        publication.raise_troubles()
        return publication.changed

    def _put_all(self, paths: Sequence[str], publication: Publication) -> None:
        """Put the documents of feeds in place, group by group; what cannot be written stops nothing else."""
        waiting = deque(grouped(paths))
        while waiting:
            group = waiting.popleft()
            try:
                self._put_group(group, publication)
            except PublishError as error:
                for path in group:
                    publication.marks.pop(path, None)
                if len(group) > 1 and not is_hopeless(error):
                    # One of them cannot be written: each by itself, it stops no other.
                    waiting.extendleft((path,) for path in reversed(group))
                    continue
                publication.troubles.append(error)
                if is_hopeless(error):
                    return

    def _put_group(self, paths: Sequence[str], publication: Publication) -> None:
        written, months = self._put(paths, publication)
        for path in paths:
            before, wanted = publication.before.get(path), publication.wanted[path]
            self._drop_archives(path, months.get(path, []), comparable(before, wanted))
            publication.marks[path] = replace(wanted, digests=self._digests(names_of(path)))
        publication.changed += written

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
        return self._catalogue()[0]

    def archives(self, path: str) -> list[str]:
        """Render all archives of a feed that are not there yet; returns their names, oldest first."""
        _, _, documents = self._catalogue()
        names = list(documents.archives(path))
        for name in names:
            if any(self._folder.digest(f"{path}/archive/{name}.{format}") is None for format in FORMATS):
                self.archive(path, name)
        return names

    def _put(self, paths: Sequence[str], publication: Publication) -> tuple[list[str], dict[str, list[MonthState]]]:
        """Put the documents of some feeds in place, with one wait for the disk: those whose bytes changed, and the
        months of each feed at that moment."""
        catalogue, documents, states = publication.catalogue, publication.documents, publication.states
        made: dict[str, Document] = {}
        months: dict[str, list[MonthState]] = {}
        with self._store.moment():
            for path in paths:
                if path == CATALOGUE:
                    made |= self._lists(catalogue, states)
                    continue
                months[path] = self._store.months(path)
                feed = documents.subscription(path, months[path])
                state = states.get(path)
                if path not in catalogue.views:
                    newest = feed.entries[0].entry.published if feed.entries else None
                    self._newest[path] = _version(state), newest
                changed = state.changed if state else feed.updated
                for format in FORMATS:
                    made[f"{path}.{format}"] = Document(data=documents.render(feed, format), changed=changed)
        return self._folder.write(made), months

    def _lists(self, catalogue: Catalogue, states: Mapping[str, FeedState]) -> dict[str, Document]:
        """The documents that list the feeds."""
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
        opml = render.opml(catalogue.site, list(catalogue.listed.values()))
        listing = render.catalogue(catalogue.site, facts)
        return {
            "opml.xml": Document(data=opml, changed=changed),
            "feeds.json": Document(data=listing, changed=changed),
        }

    def _updated(self, path: str, state: FeedState | None) -> datetime | None:
        """When a feed's newest entry was published; asked only for feeds that changed and were not made just now."""
        version = _version(state)
        known = self._newest.get(path)
        if known is None or known[0] != version:
            newest = self._store.newest(path, 1)
            known = self._newest[path] = version, newest[0].published if newest else None
        return known[1]

    def _catalogue(self) -> tuple[Catalogue, dict[str, str], Documents]:
        """The catalogue, what each feed's documents depend on besides entries, and what makes them: made again only
        when the store has got another source."""
        sources = self._store.sources()
        if self._made is None or self._made[0] != sources:
            catalogue = make_catalogue(self._settings, sources)
            presentations = {path: catalogue.presentation(path, EDITION, self._budget) for path in catalogue.feeds}
            self._made = sources, catalogue, presentations, Documents(self._store, catalogue, self._budget)
        return self._made[1:]

    def _waits(self, marks: dict[str, Mark], identity: str) -> bool:
        """Whether the documents here come from a store that was lost, and this one does not hold as much yet."""
        other = any(mark.store != identity for path, mark in marks.items() if path != CATALOGUE)
        return other and self._store.state(COMPLETE) is None

    def _digests(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self._folder.digest(name) or "" for name in names}

    def _drop_archives(self, path: str, states: list[MonthState], before: Mark | None) -> None:
        """Archives that may be out of date: of the months that changed, and of those beside them, which link there.

        All of them, without a mark from `before` to tell which months those are.
        """
        if path == CATALOGUE:
            return
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
        known = {f"{path}.{format}" for path in feeds for format in FORMATS} | set(LISTS)
        names = self._folder.names()
        return [name for name in names if name not in known and name.partition("/archive/")[0] not in feeds]


def _version(state: FeedState | None) -> int:
    """A feed's version; 0 before it has its first entry."""
    return state.version if state else 0

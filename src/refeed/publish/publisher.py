"""store -> feeds/: which documents are stale, and in which order they are made anew."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ..config.settings import Settings
from ..errors import PublishError
from ..feeds.feed_builder import FeedBuilder
from ..feeds.pagination import DocumentBudget
from ..feeds.registry import FeedRegistry, build_registry
from ..metrics import observe_duration
from ..model import ALL_FEED, FORMATS, FeedPath, ListedFeed, Source
from ..render.feeds_json import render_feeds_json
from ..render.opml import render_opml
from ..store.rows import FeedState, MonthState
from ..store.store import Store
from .output_dir import FeedManifest, OutputDir, RenderedDocument
from .popularity import load_popularity

# One publication: what it goes by, in which order and together with what documents are put in place.

PRIORITY_THRESHOLD = 5
"""Feeds that are made at once before it matters which come first."""
_TOGETHER = 8
"""Feeds whose documents wait for the disk together: what one dump changes, and at most some MB."""

LISTING_DOCUMENTS = ("opml.xml", "feeds.json")
_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)


@dataclass(slots=True)
class PublishRun:
    """What one publication goes by, and what becomes of it. Manifests are by feed; None names the lists of feeds."""

    registry: FeedRegistry
    feed_builder: FeedBuilder
    states: Mapping[FeedPath, FeedState]
    previous: Mapping[FeedPath | None, FeedManifest]
    """What the documents that are there were made from."""
    wanted: Mapping[FeedPath | None, FeedManifest]
    """What they are to be made from."""
    current: dict[FeedPath | None, FeedManifest]
    """What those were made from that are as they should be."""
    changed: list[str] = field(default_factory=list)
    problems: list[PublishError] = field(default_factory=list)

    def raise_problems(self) -> None:
        """Raise PublishError when some documents could not be written."""
        if self.problems:
            others = f", and {len(self.problems) - 1} other feeds" if len(self.problems) > 1 else ""
            said = f"{self.problems[0]}{others}; the documents published before stay"
            raise PublishError(said, changed=self.changed) from self.problems[0]


def document_names(path: FeedPath | None) -> Sequence[str]:
    """A feed's documents, by name."""
    return LISTING_DOCUMENTS if path is None else [f"{path}.{format}" for format in FORMATS]


def order_by_popularity(
    stale: Sequence[FeedPath], marks: Mapping[FeedPath | None, FeedManifest], reads: Mapping[str, float]
) -> list[FeedPath | None]:
    """In which order documents are written: what most people read first, by `reads`. Where nobody is known to have
    read anything, and the folder is filled for the first time, `all` comes last: where it is served, everything is."""
    if reads:
        return [*sorted(stale, key=lambda path: -reads.get(str(path), 0.0)), None]
    first = ALL_FEED in stale and ALL_FEED not in marks
    return [*(path for path in stale if path != ALL_FEED or not first), None, *([ALL_FEED] if first else [])]


def group_feeds(paths: Sequence[FeedPath | None]) -> list[Sequence[FeedPath | None]]:
    """Feeds whose documents are put in place together; the lists of feeds by themselves, so that no feed waits."""
    groups: list[list[FeedPath | None]] = []
    for path in paths:
        if not groups or len(groups[-1]) == _TOGETHER or None in (path, groups[-1][-1]):
            groups.append([])
        groups[-1].append(path)
    return [*groups]


def comparable_manifest(old: FeedManifest | None, new: FeedManifest) -> FeedManifest | None:
    """What a feed's archives were made from, when only its entries changed since."""
    return old if old and (old.presentation, old.store) == (new.presentation, new.store) else None


def affects_every_document(error: PublishError) -> bool:
    """Whether what kept one document from being written will keep every other too."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _HOPELESS


COMPLETE_KEY = "complete"
"""The fact in the store that everything was ingested once. Until then a new store publishes nothing over what an older
one, which was lost, has published: the old documents hold more."""
RENDERING_VERSION = 2
"""Raise it when rendering changes: every document is then rendered anew."""


class Publisher:
    """Keeps feeds/ as the store says, by the version of each feed: what is up to date costs nothing."""

    def __init__(self, settings: Settings, store: Store, folder: OutputDir) -> None:
        self._settings = settings
        self._store = store
        self._folder = folder
        self._budget = DocumentBudget(settings.feeds.entries, settings.feeds.bytes)
        self._made: tuple[list[Source], FeedRegistry, dict[FeedPath, str], FeedBuilder] | None = None
        self._newest: dict[FeedPath, tuple[int, datetime | None]] = {}
        self._tidied = False

    def publish(self, *, everything: bool = False) -> list[str]:
        """Render what is stale, damaged or missing, or everything; returns the documents whose bytes changed.

        Raises PublishError when some could not be written: all others are in place, and the old ones stay.
        """
        with observe_duration("publish"):
            return self._publish_stale(everything=everything)

    def _publish_stale(self, *, everything: bool) -> list[str]:
        with self._store.snapshot():
            catalogue, presentations, documents = self._catalogue()
            states = {state.path: state for state in self._store.get_feed_states()}
            identity = self._store.identity
        states |= {path: states[view.feed] for path, view in catalogue.filtered.items() if view.feed in states}
        with self._folder.lock():
            self._folder.remove_partial_writes()
            before = self._folder.read_manifests()
            if self._waits(before, identity):
                return []
            wanted: dict[FeedPath | None, FeedManifest] = {
                path: FeedManifest(version=_version(states.get(path)), presentation=presentation, store=identity)
                for path, presentation in presentations.items()
            }
            damaged = set(self._folder.find_damaged(before))
            marks = {path: mark for path, mark in before.items() if path in wanted.keys() - damaged}
            stale = [
                path for path, mark in wanted.items() if path and (everything or not mark.matches(marks.get(path)))
            ]
            paths = order_by_popularity(
                stale, before, load_popularity(self._store) if len(stale) > PRIORITY_THRESHOLD else {}
            )
            wanted[None] = FeedManifest(version=0, presentation="")
            publication = PublishRun(catalogue, documents, states, before, wanted, marks)
            self._put_all(paths, publication)
            if everything or not self._tidied or wanted.keys() != before.keys():
                self._folder.remove(self._foreign(catalogue.feeds))
                self._tidied = True
            if publication.current != before:
                self._folder.write_manifests(publication.current)
        publication.raise_problems()
        return publication.changed

    def _put_all(self, paths: Sequence[FeedPath | None], publication: PublishRun) -> None:
        """Put the documents of feeds in place, group by group; what cannot be written stops nothing else."""
        waiting = deque(group_feeds(paths))
        while waiting:
            group = waiting.popleft()
            try:
                self._put_group(group, publication)
            except PublishError as error:
                for path in group:
                    publication.current.pop(path, None)
                if len(group) > 1 and not affects_every_document(error):
                    # One of them cannot be written: each by itself, it stops no other.
                    waiting.extendleft((path,) for path in reversed(group))
                    continue
                publication.problems.append(error)
                if affects_every_document(error):
                    return

    def _put_group(self, paths: Sequence[FeedPath | None], publication: PublishRun) -> None:
        written, months = self._put(paths, publication)
        for path in paths:
            before, wanted = publication.previous.get(path), publication.wanted[path]
            self._drop_archives(path, months.get(path, []) if path else [], comparable_manifest(before, wanted))
            publication.current[path] = replace(wanted, digests=self._digests(document_names(path)))
        publication.changed += written

    def has_damage(self, *, check_foreign: bool = False) -> bool:
        """Whether a document is missing, or is not what was published. By `stat` alone while nobody touched them.

        `foreign` looks through the whole folder, archives and all, for documents that are not ours.
        """
        marks = self._folder.read_manifests()
        if check_foreign and self._foreign(marks.keys()):
            self._tidied = False
            return True
        return not marks or bool(self._folder.find_damaged(marks))

    def render_archive(self, path: FeedPath, name: str) -> bool:
        """Render one archive of a feed in every format, because somebody asked; False when there is none."""
        with self._store.snapshot():
            catalogue, _, documents = self._catalogue()
        if path not in catalogue.feeds:
            return False
        with self._folder.lock():
            with self._store.snapshot():
                feed = documents.build_archive(path, name)
                months = {month.month: month.changed for month in self._store.get_months(path)}
            if feed is None:
                return False
            place = f"{path}/archive/{name}"
            self._folder.write(
                {
                    f"{place}.{format}": RenderedDocument(
                        data=documents.render(feed, format), last_modified=months[name[:7]]
                    )
                    for format in FORMATS
                }
            )
        return True

    def registry(self) -> FeedRegistry:
        """Every feed there is now."""
        return self._catalogue()[0]

    def render_archives(self, path: FeedPath) -> list[str]:
        """Render all archives of a feed that are not there yet; returns their names, oldest first."""
        _, _, documents = self._catalogue()
        names = list(documents.list_archives(path))
        for name in names:
            if any(self._folder.document_digest(f"{path}/archive/{name}.{format}") is None for format in FORMATS):
                self.render_archive(path, name)
        return names

    def _put(
        self, paths: Sequence[FeedPath | None], publication: PublishRun
    ) -> tuple[list[str], dict[FeedPath, list[MonthState]]]:
        """Put the documents of some feeds in place, with one wait for the disk: those whose bytes changed, and the
        months of each feed at that moment."""
        catalogue, documents, states = publication.registry, publication.feed_builder, publication.states
        made: dict[str, RenderedDocument] = {}
        months: dict[FeedPath, list[MonthState]] = {}
        with self._store.snapshot():
            for path in paths:
                if path is None:
                    made |= self._lists(catalogue, states)
                    continue
                months[path] = self._store.get_months(path)
                feed = documents.build_subscription(path, months[path])
                state = states.get(path)
                if path not in catalogue.filtered:
                    newest = feed.entries[0].entry.published if feed.entries else None
                    self._newest[path] = _version(state), newest
                changed = state.changed if state else feed.updated
                for format in FORMATS:
                    made[f"{path}.{format}"] = RenderedDocument(
                        data=documents.render(feed, format), last_modified=changed
                    )
        return self._folder.write(made), months

    def _lists(self, catalogue: FeedRegistry, states: Mapping[FeedPath, FeedState]) -> dict[str, RenderedDocument]:
        """The documents that list the feeds."""
        facts = []
        for path, info in catalogue.public_feeds.items():
            state = states.get(path)
            view = catalogue.filtered.get(path)
            updated = self._updated(view.feed if view else path, state)
            facts.append(
                ListedFeed(
                    info=info,
                    entries=None if view else state.entries if state else 0,
                    updated=updated,
                )
            )
        changed = max((state.changed for state in states.values()), default=datetime(1970, 1, 1, tzinfo=UTC))
        opml = render_opml(catalogue.site, list(catalogue.public_feeds.values()))
        listing = render_feeds_json(catalogue.site, facts)
        return {
            "opml.xml": RenderedDocument(data=opml, last_modified=changed),
            "feeds.json": RenderedDocument(data=listing, last_modified=changed),
        }

    def _updated(self, path: FeedPath, state: FeedState | None) -> datetime | None:
        """When a feed's newest entry was published; asked only for feeds that changed and were not made just now."""
        version = _version(state)
        known = self._newest.get(path)
        if known is None or known[0] != version:
            newest = self._store.get_newest(path, 1)
            known = self._newest[path] = version, newest[0].published if newest else None
        return known[1]

    def _catalogue(self) -> tuple[FeedRegistry, dict[FeedPath, str], FeedBuilder]:
        """The catalogue, what each feed's documents depend on besides entries, and what makes them: made again only
        when the store has got another source."""
        sources = self._store.get_sources()
        if self._made is None or self._made[0] != sources:
            catalogue = build_registry(self._settings, sources)
            presentations = {
                path: catalogue.presentation_digest(path, RENDERING_VERSION, self._budget) for path in catalogue.feeds
            }
            self._made = sources, catalogue, presentations, FeedBuilder(self._store, catalogue, self._budget)
        return self._made[1:]

    def _waits(self, marks: dict[FeedPath | None, FeedManifest], identity: str) -> bool:
        """Whether the documents here come from a store that was lost, and this one does not hold as much yet."""
        other = any(mark.store != identity for path, mark in marks.items() if path is not None)
        return other and self._store.get_meta(COMPLETE_KEY) is None

    def _digests(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self._folder.document_digest(name) or "" for name in names}

    def _drop_archives(self, path: FeedPath | None, states: list[MonthState], before: FeedManifest | None) -> None:
        """Archives that may be out of date: of the months that changed, and of those beside them, which link there.

        All of them, without a mark from `before` to tell which months those are.
        """
        if path is None:
            return
        months = [month.month for month in states]
        last = before.version if before else -1
        changed = {month.month for month in states if month.version > last}
        places = {index for index, month in enumerate(months) if month in changed}
        stale = {months[i] for place in places for i in (place - 1, place, place + 1) if 0 <= i < len(months)}
        names = self._folder.list_documents(f"{path}/archive")
        gone = {name: name.rpartition("/")[2][:7] for name in names}
        self._folder.remove([name for name, month in gone.items() if month in stale or month not in months])

    def _foreign(self, feeds: Collection[FeedPath | None]) -> list[str]:
        """Documents of feeds that there are no longer, and what else somebody put among ours."""
        known = {str(path) for path in feeds if path}
        documents = {f"{path}.{format}" for path in known for format in FORMATS} | set(LISTING_DOCUMENTS)
        names = self._folder.list_documents()
        return [name for name in names if name not in documents and name.partition("/archive/")[0] not in known]


def _version(state: FeedState | None) -> int:
    """A feed's version; 0 before it has its first entry."""
    return state.version if state else 0

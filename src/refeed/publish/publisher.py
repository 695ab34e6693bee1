"""Store -> feeds/ and var/private/: decides which documents are stale, and renders and writes those.

A feed's documents are up to date when their manifest has the version that the store counts for the feed, and the
current presentation, a digest of everything that documents contain besides entries.
"""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ..config.settings import Settings
from ..errors import PublishError
from ..feeds.feed_builder import FeedBuilder
from ..feeds.pagination import DocumentBudget
from ..feeds.registry import FeedRegistry, build_registry
from ..heartbeat import beat
from ..metrics import observe_duration
from ..model import ALL_FEED, FORMATS, FeedPath, Source
from ..render.formats import RENDERERS
from ..store.change_propagation import REVISION_KEY
from ..store.rows import FeedState, MonthState
from ..store.store import Store
from .feed_lists import FeedLists, digest_lists
from .loss_guard import LossGuard
from .output_dir import FeedManifest, OutputDir, RenderedDocument
from .popularity import load_popularity

COMPLETE_KEY = "complete"
"""Key in `meta`, set once everything has been ingested. Until then a new store does not overwrite the documents of a
lost store, which contain more entries, and only full documents are published: no entry of theirs is still to come."""
RENDERING_VERSION = 4
"""Increase it when rendering changes, so that all documents are rendered again."""
_LOOK_SHARE = 500
"""A look at all documents that takes longer than `_CHEAP_SECONDS` is repeated after this multiple of its duration: an
idle service with thousands of feeds uses a fifth of a percent of a core for it."""
_LISTS_SHARE = 20
"""The same for the documents that list all feeds, which change with every entry."""
_CHEAP_SECONDS = 0.02
_LONGEST_PAUSE = 60.0
_FOREIGN_LOOK_SHARE, _LONGEST_FOREIGN_PAUSE = 2000, 600.0
"""The same for a look for documents that do not belong there: they harm no reader, and damaged ones are not served."""
_GROUP_SIZE = 8
"""Number of feeds whose documents are synced to disk together: those that one dump changes, at most a few MB."""
_LISTS = ("opml.xml", "feeds.json")
"""The documents that list all feeds. Their manifest has the key None; those of feeds have the feed's path."""
_ERRORS_OF_EVERY_FILE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)


@dataclass(slots=True)
class _Preparation:
    """What all documents depend on. It changes only with the sources in the store."""

    sources: list[Source]
    registry: FeedRegistry
    presentations: dict[FeedPath, str]
    """`FeedManifest.presentation` of each feed."""
    lists_presentation: str
    """The same of the documents that list all feeds."""
    feed_builder: FeedBuilder
    _expected: dict[FeedPath, tuple[FeedState | None, FeedManifest]] = field(default_factory=dict)

    def expect(self, path: FeedPath, state: FeedState | None, store: str) -> FeedManifest:
        """The manifest that the documents of a feed must have. Only those of feeds that changed are made."""
        known = self._expected.get(path)
        if known is None or known[0] is not state:
            manifest = FeedManifest(
                version=_feed_version(state),
                presentation=self.presentations[path],
                store=store,
                entries=state.entries if state else 0,
            )
            known = self._expected[path] = state, manifest
        return known[1]


@dataclass(slots=True, kw_only=True)
class _PublishRun:
    """The inputs and the results of one publication."""

    registry: FeedRegistry
    feed_builder: FeedBuilder
    states: Mapping[FeedPath, FeedState]
    previous: Mapping[FeedPath | None, FeedManifest]
    """Manifests of the existing documents."""
    expected: Mapping[FeedPath | None, FeedManifest]
    """Manifests that all documents must have."""
    current: dict[FeedPath | None, FeedManifest]
    """The manifests of documents that are up to date."""
    changed: list[str] = field(default_factory=list)
    problems: list[PublishError] = field(default_factory=list)


class Publisher:
    """Keeps feeds/ up to date with the store. Documents that are up to date are not rendered."""

    def __init__(self, settings: Settings, store: Store, output_dir: OutputDir) -> None:
        self._settings = settings
        self._store = store
        self._output_dir = output_dir
        self.loss_guard = LossGuard(settings, store, output_dir)
        self._budget = DocumentBudget(settings.feeds.entries, settings.feeds.bytes)
        self._preparation: _Preparation | None = None
        self._lists = FeedLists(store)
        self._states: dict[FeedPath, FeedState] = {}
        """The counters of all feeds in the store with the identity `_states_of`, as of the last publication."""
        self._states_of = ""
        self._damaged: set[FeedPath | None] | None = None
        """Feeds with damaged documents that the last look found; None before the first one."""
        self._damage_look = _CostlyStep(_LOOK_SHARE)
        self._foreign_look = _CostlyStep(_FOREIGN_LOOK_SHARE, _LONGEST_FOREIGN_PAUSE)
        self._lists_step = _CostlyStep(_LISTS_SHARE)
        self.deferred_seconds: float | None = None
        """Seconds after which the lists of feeds, which the last publication left as they were, are to be published."""
        self._is_clean = False
        """Whether foreign documents have been removed since the start."""

    @observe_duration("publish")
    def publish(self, *, everything: bool = False, incremental: bool = False) -> list[str]:
        """Render stale, damaged and missing documents, or `everything`; returns the documents whose bytes changed.

        `incremental` is for a process that calls `has_damage` from time to time: documents are not looked at again, and
        those that list all feeds may wait (`deferred_seconds`) if they take long.
        Raises PublishError when some could not be written. Their old versions stay.
        """
        with self._output_dir.lock():
            # Read with the lock held: while this process waits for it, another one may publish a later state.
            with self._store.snapshot():
                preparation = self._prepare()
                identity = self._store.identity
                states = self._read_states(identity)
            registry, feed_builder = preparation.registry, preparation.feed_builder
            scans = {path: rule for path in registry.filtered if (rule := registry.find_scan(path))}
            states = states | {path: states[rule.feed] for path, rule in scans.items() if rule.feed in states}
            self._output_dir.remove_partial_writes()
            if not self._is_clean:
                self._output_dir.tidy()
            previous = self._output_dir.read_manifests()
            is_other_store = any(manifest.store != identity for path, manifest in previous.items() if path is not None)
            is_complete = self._store.get_meta(COMPLETE_KEY) is not None
            if is_other_store and not is_complete:
                return []
            if losses := self.loss_guard.check(states):
                more = f" (and {len(losses) - 1} more feeds)" if len(losses) > 1 else ""
                hint = "bring the missing dumps or store back, or run `refeed recover --accept`"
                raise PublishError(f"{losses[0]}{more}; nothing is published over them: {hint}")
            expected: dict[FeedPath | None, FeedManifest] = {
                path: preparation.expect(path, states.get(path), identity) for path in preparation.presentations
            }
            version = max((state.version for state in states.values()), default=0)
            expected[None] = FeedManifest(version=version, presentation=preparation.lists_presentation, store=identity)
            if self._damaged is None or not incremental:
                self._damaged = set(self._output_dir.find_damaged(previous))
            intact = expected.keys() - self._damaged
            current = {path: manifest for path, manifest in previous.items() if path in intact}
            stale = [
                path
                for path in preparation.presentations
                if everything or not expected[path].matches(current.get(path))
            ]
            lists_are_stale = everything or not expected[None].matches(current.get(None))
            self.deferred_seconds = None
            if lists_are_stale and incremental and None in current:
                self.deferred_seconds = self._lists_step.seconds_to_wait()
            waiting = self._sort_by_priority(stale, previous)
            if not lists_are_stale or self.deferred_seconds:
                waiting.remove(None)
            if not is_complete:
                waiting = [path for path in waiting if path and feed_builder.is_full(path)]
            run = _PublishRun(
                registry=registry,
                feed_builder=feed_builder,
                states=states,
                previous=previous,
                expected=expected,
                current=current,
            )
            self._publish_groups(_group_feeds(waiting), run)
            self._damaged = set()
            if everything or not self._is_clean or expected.keys() != previous.keys():
                self._output_dir.remove(self._find_foreign(registry.feeds))
                self._is_clean = True
            if run.current != previous:
                self._output_dir.write_manifests(run.current)
        if run.problems:
            others = f", and {len(run.problems) - 1} other feeds" if len(run.problems) > 1 else ""
            message = f"{run.problems[0]}{others}; the documents published before stay"
            raise PublishError(message, changed=run.changed) from run.problems[0]
        if is_complete:
            self.loss_guard.all_published()
        return run.changed

    def has_damage(self, *, check_foreign: bool = False) -> bool:
        """Whether a document is missing or differs from what was published. Unchanged files cost one `stat` each.

        `check_foreign` also searches the whole folder, including archives, for documents that are not ours.
        """
        manifests = self._output_dir.read_manifests()
        if check_foreign and not self._foreign_look.seconds_to_wait():
            with self._foreign_look.measured():
                if self._find_foreign(manifests.keys()):
                    self._is_clean = False
                    return True
        if not self._damage_look.seconds_to_wait():
            with self._damage_look.measured():
                self._damaged = set(self._output_dir.find_damaged(manifests))
        return not manifests or bool(self._damaged)

    def _read_states(self, identity: str) -> dict[FeedPath, FeedState]:
        """The counters of all feeds. Only those that changed since the last call are read."""
        if identity != self._states_of:
            self._states, self._states_of = {}, identity
        last = max((state.version for state in self._states.values()), default=-1)
        if last > int(self._store.get_meta(REVISION_KEY) or 0):
            self._states, last = {}, -1  # an older copy of the store took its place
        self._states |= {state.path: state for state in self._store.get_feed_states(after=last)}
        return self._states

    def render_archive(self, path: FeedPath, name: str) -> bool:
        """Render one archive of a feed in every format; False for an unknown name.

        Raises StoreError, PublishError.
        """
        if self._store.get_meta(COMPLETE_KEY) is None:
            raise PublishError(f"{path}: dumps of this archive may still be to come")
        with self._store.snapshot():
            preparation = self._prepare()
        if path not in preparation.registry.feeds:
            return False
        with self._output_dir.lock():
            with self._store.snapshot():
                feed = preparation.feed_builder.build_archive(path, name)
                changed = {state.month: state.changed for state in self._store.get_months(path)}
            if feed is None:
                return False
            documents = {}
            for format in FORMATS:
                data = RENDERERS[format](feed)
                documents[f"{path}/archive/{name}.{format}"] = RenderedDocument(
                    data=data, last_modified=changed[name[:7]]
                )
            self._output_dir.write(documents)
        return True

    def render_archives(self, path: FeedPath) -> list[str]:
        """Render the missing archives of a feed; returns the names of all its archives, oldest first."""
        names = list(self._prepare().feed_builder.list_archives(path))
        for name in names:
            if any(self._output_dir.document_digest(f"{path}/archive/{name}.{format}") is None for format in FORMATS):
                self.render_archive(path, name)
        return names

    def registry(self) -> FeedRegistry:
        """The current registry of all feeds. Raises StoreError."""
        return self._prepare().registry

    def _sort_by_priority(
        self, stale: Sequence[FeedPath], previous: Mapping[FeedPath | None, FeedManifest]
    ) -> list[FeedPath | None]:
        """Sort feeds in the order of writing, with the lists of feeds (None): the most popular feeds come first.

        Of the few feeds that one dump changes, that of its source comes first: it is the one that most people wait for.
        If popularity is unknown and the folder is filled for the first time, `all` comes last: when it is served, all
        other feeds are there, too.
        """
        popularity = load_popularity(self._store) if len(stale) > 1 else {}
        is_first = ALL_FEED in stale and ALL_FEED not in previous
        are_few = len(stale) <= _GROUP_SIZE and not is_first
        if popularity or are_few:
            order = sorted(stale, key=lambda path: -popularity.get(str(path), 0.0))
            return [*sorted(order, key=lambda path: are_few and path.kind != "source"), None]
        return [*(path for path in stale if path != ALL_FEED or not is_first), None, *([ALL_FEED] if is_first else [])]

    def _publish_groups(self, groups: Sequence[Sequence[FeedPath | None]], run: _PublishRun) -> None:
        """Write the documents of feeds in groups. A failed document stops the others only if all would fail."""
        waiting = deque(groups)
        while waiting:
            beat()
            group = waiting.popleft()
            try:
                self._publish_group(group, run)
            except PublishError as error:
                for path in group:
                    run.current.pop(path, None)
                affects_all = isinstance(error.__cause__, OSError) and error.__cause__.errno in _ERRORS_OF_EVERY_FILE
                if len(group) > 1 and not affects_all:
                    # Perhaps only one of them cannot be written: each feed is tried separately.
                    waiting.extendleft((path,) for path in reversed(group))
                    continue
                run.problems.append(error)
                if affects_all:
                    return

    def _publish_group(self, paths: Sequence[FeedPath | None], run: _PublishRun) -> None:
        """Render and write the documents of some feeds, and sync them to disk together."""
        documents: dict[str, RenderedDocument] = {}
        months: dict[FeedPath, list[MonthState]] = {}
        with self._store.snapshot():
            for path in paths:
                beat()
                if path is None:
                    with self._lists_step.measured():
                        documents |= self._lists.render(run.registry, run.states)
                    continue
                months[path] = self._store.get_months(path)
                feed = run.feed_builder.build_subscription(path, months[path])
                state = run.states.get(path)
                if run.registry.find_scan(path) is None:
                    newest = feed.entries[0].entry.published if feed.entries else None
                    self._lists.set_newest(path, _feed_version(state), newest)
                for format in FORMATS:
                    data = RENDERERS[format](feed)
                    last_modified = state.changed if state else feed.updated
                    documents[f"{path}.{format}"] = RenderedDocument(data=data, last_modified=last_modified)
        run.changed += self._output_dir.write(documents)
        for path in paths:
            expected = run.expected[path]
            names = _LISTS if path is None else [f"{path}.{format}" for format in FORMATS]
            if path is not None:
                self._remove_stale_archives(path, months[path], run.previous.get(path), expected)
            digests = {name: self._output_dir.document_digest(name) or "" for name in names}
            run.current[path] = replace(expected, digests=digests)

    def _remove_stale_archives(
        self, path: FeedPath, states: Sequence[MonthState], previous: FeedManifest | None, expected: FeedManifest
    ) -> None:
        """Remove the archives of changed months, and of the months next to them, whose archives link to these.

        Archives are rendered again on request. All are removed when the presentation or the store has changed.
        """
        last_version = -1
        if previous and (previous.presentation, previous.store) == (expected.presentation, expected.store):
            last_version = previous.version
        months = [state.month for state in states]
        changed = [index for index, state in enumerate(states) if state.version > last_version]
        stale = {months[i] for index in changed for i in (index - 1, index, index + 1) if 0 <= i < len(months)}
        archives = {name: name.rpartition("/")[2][:7] for name in self._output_dir.list_documents(f"{path}/archive")}
        self._output_dir.remove([name for name, month in archives.items() if month in stale or month not in months])

    def _prepare(self) -> _Preparation:
        sources = self._store.get_sources()
        if self._preparation is None or self._preparation.sources != sources:
            registry = build_registry(self._settings, sources)
            presentations = registry.presentation_digests(RENDERING_VERSION, self._budget)
            feed_builder = FeedBuilder(self._store, registry, self._budget)
            lists_presentation = digest_lists(registry, RENDERING_VERSION)
            self._preparation = _Preparation(sources, registry, presentations, lists_presentation, feed_builder)
        return self._preparation

    def _find_foreign(self, feeds: Collection[FeedPath | None]) -> list[str]:
        """Documents in the folder that belong neither to these feeds nor to the lists of feeds."""
        known = {str(path) for path in feeds if path}
        documents = {f"{path}.{format}" for path in known for format in FORMATS} | set(_LISTS)
        names = self._output_dir.list_documents()
        return [name for name in names if name not in documents and name.partition("/archive/")[0] not in known]


class _CostlyStep:
    """A step that may take long: it is not repeated before a multiple of its duration has passed."""

    def __init__(self, factor: int, longest: float = _LONGEST_PAUSE) -> None:
        """`factor` gives the pause by the duration, of `longest` seconds at most."""
        self._factor, self._longest = factor, longest
        self._next = 0.0

    def seconds_to_wait(self) -> float:
        """Seconds until the step may run again."""
        return max(0.0, self._next - time.monotonic())

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Run the step."""
        start = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - start
            pause = min(seconds * self._factor, self._longest) if seconds > _CHEAP_SECONDS else 0
            self._next = time.monotonic() + pause


def _group_feeds(paths: Sequence[FeedPath | None]) -> list[Sequence[FeedPath | None]]:
    """Divide feeds into groups that are written together. The lists of feeds are a group by themselves, and so are the
    sources before other feeds."""
    groups: list[list[FeedPath | None]] = []
    for path in paths:
        last = groups[-1][-1] if groups else None
        follows_source = last is not None and last.kind == "source" and path is not None and path.kind != "source"
        if last is None or path is None or len(groups[-1]) == _GROUP_SIZE or follows_source:
            groups.append([])
        groups[-1].append(path)
    return [*groups]


def _feed_version(state: FeedState | None) -> int:
    """A feed's version; 0 for a feed without a first entry."""
    return state.version if state else 0

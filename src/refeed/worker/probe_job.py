"""What the newest entries show, and where sources live -> questions outwards; the answers -> the store, in a turn.

Asked in a thread of its own, because servers take their time; recorded by the movers' own, which alone writes entries.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from ..fetch.enclosure_metadata import DUE_NOW, FileMetadata, entry_files
from ..fetch.enclosure_probe import find_icon, probe_files
from ..ingest.pipeline import Pipeline
from ..model import FeedPath
from ..store.entry_writes import update_enclosures, update_icons
from .file_events import FileEvents

if TYPE_CHECKING:
    from ..fetch.session import HttpSession

_ICONS = 4
"""Sites that are asked for their icon in one round, one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    files: dict[str, list[FileMetadata]] = field(default_factory=dict)
    """By the entry that shows them."""
    icons: dict[str, FileMetadata] = field(default_factory=dict)
    """By source."""


class EnclosureProbe:
    """Asks after the files of the entries that subscribers have before them: older ones keep the bytes they have."""

    def __init__(self, program: Pipeline, hints: FileEvents) -> None:
        self._program = program
        self._hints = hints
        self._stopped = threading.Event()
        self._seen: dict[FeedPath, tuple[int, dict[str, tuple[FileMetadata, ...]]]] = {}
        self._heard: _Heard | None = None
        self._facts: dict[str, Any] = {}

    def status_fields(self) -> dict[str, Any]:
        """What `status` shows of it."""
        return self._facts

    def stop(self) -> None:
        """Ask nobody else."""
        self._stopped.set()

    def probe(self, session: HttpSession) -> None:
        """One round: ask once after everything that is due. Does nothing while the last round is not recorded."""
        if self._heard is not None:
            return
        now = self._program.clock()
        try:
            entries = self._shown()
            icons = list(islice(self._icons(now), _ICONS))
        except StoreError:  # the movers meet the same, and say so
            return
        self._facts = {"enrichment": _counted(file for known in entries.values() for file in known)}
        due = {file.url: file for known in entries.values() for file in known if file.is_due(now)}
        heard = _Heard(
            files=_by_entry(entries, probe_files(due.values(), session, now, stopped=self._stopped.is_set)),
            icons={id: find_icon(known, link, session, now) for id, known, link in icons if not self._stopped.is_set()},
        )
        if heard != _Heard():
            self._heard = heard
            self._hints.wake()

    def save_results(self) -> frozenset[FeedPath]:
        """Keep what was heard; the feeds that change by it. Raises StoreError, and nothing that was heard is lost."""
        heard = self._heard
        if heard is None:
            return frozenset()
        store, now = self._program.store, self._program.clock()
        feeds = update_enclosures(store, heard.files, now) | update_icons(store, heard.icons, now)
        self._seen = {}  # a try in vain moves no version
        self._heard = None
        return feeds

    def _shown(self) -> dict[str, tuple[FileMetadata, ...]]:
        """Files by entry, for the entries in sources' subscription documents; looked up again for feeds that moved."""
        store, most = self._program.store, self._program.settings.feeds.entries
        for feed in store.get_feed_states():
            if feed.path.kind != "source" or self._seen.get(feed.path, (-1,))[0] == feed.version:
                continue
            newest = store.get_entries([member.id for member in store.get_newest(feed.path, most)])
            known = {one.entry.id.removeprefix("urn:uuid:"): entry_files(one.entry, one.media) for one in newest}
            self._seen[feed.path] = feed.version, known
        return {id: known for _, entries in self._seen.values() for id, known in entries.items() if known}

    def _icons(self, now: datetime) -> Iterator[tuple[str, FileMetadata, str]]:
        """Sources whose site is to be asked for its icon: id, what is known, and where the site is."""
        store = self._program.store
        stored, found = {source.id for source in store.get_sources()}, store.get_icons()
        given = {rule.id for rule in self._program.settings.sources if rule.icon}
        for id, source in sorted(self._program.publisher.registry().sources.items()):
            known = found.get(id, FileMetadata(url="", next=DUE_NOW))
            if id in stored - given and source.link and known.is_due(now):
                yield id, known, source.link


def _by_entry(entries: dict[str, tuple[FileMetadata, ...]], heard: list[FileMetadata]) -> dict[str, list[FileMetadata]]:
    answers = {file.url: file for file in heard}
    found: dict[str, list[FileMetadata]] = defaultdict(list)
    for id, known in entries.items():
        for file in known:
            if file.url in answers:
                found[id].append(answers[file.url])
    return dict(found)


def _counted(known: Iterator[FileMetadata]) -> dict[str, Any]:
    """How many files are known, still to be asked after, and given up, with one reason."""
    counts: Counter[str] = Counter(known=0, waiting=0, given_up=0)
    error = ""
    for file in known:
        counts["given_up" if file.is_given_up else "waiting" if file.next is not None else "known"] += 1
        error = f"{file.url[:200]}: {file.error}" if file.error else error
    return {**counts, "error": error or None}

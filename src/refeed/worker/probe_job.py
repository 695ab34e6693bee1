"""The job that probes: enclosures of the newest entries, and icons of sources -> their metadata in the store.

To probe a file is to ask its server for its media type and size; `fetch.enclosure_metadata` has the requests. The job
runs if the setting `fetch.enrich` is on, and `refeed status` shows it as `enrichment`.

Requests are sent in a background thread, because servers are slow. The leader's thread saves the results, because only
that thread writes entries.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..fetch.enclosure_metadata import DUE_NOW, FileMetadata, entry_files, find_icon, probe_files
from ..ingest.pipeline import Pipeline
from ..ingest.status_file import ProbeStatus
from ..model import FeedPath
from ..store.entry_updates import update_enclosures, update_icons
from .events import EventQueue, Job

if TYPE_CHECKING:
    from ..fetch.session import HttpSession

_MAX_ICONS = 4
"""Maximum number of sites that are searched for an icon in one round, one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Results:
    files: dict[str, list[FileMetadata]] = field(default_factory=dict)
    """Results by entry id."""
    icons: dict[str, FileMetadata] = field(default_factory=dict)
    """Results by source id."""


class EnclosureProbe:
    """Probes the files of entries in subscription documents. Files of older entries are not probed."""

    def __init__(self, pipeline: Pipeline, events: EventQueue) -> None:
        self._pipeline = pipeline
        self._events = events
        self._stopped = threading.Event()
        self._known: dict[FeedPath, tuple[int, dict[str, tuple[FileMetadata, ...]]]] = {}
        """For each feed: its version, and the files of its newest entries by entry id."""
        self._results: _Results | None = None
        self.status: ProbeStatus | None = None
        """What `refeed status` shows about this job; None before the first round."""

    def stop(self) -> None:
        """Send no more requests."""
        self._stopped.set()

    def probe(self, session: HttpSession) -> None:
        """Run one round: request everything that is due. Does nothing until the last results are saved."""
        if self._results is not None:
            return
        now = self._pipeline.clock()
        try:
            files = self._files_by_entry()
            icons = list(islice(self._iter_due_icons(now), _MAX_ICONS))
        except StoreError:  # the leader gets the same error and reports it
            return
        self.status = _summarize(file for known in files.values() for file in known)
        due = {file.url: file for known in files.values() for file in known if file.is_due(now)}
        probed = {file.url: file for file in probe_files(due.values(), session, now, stopped=self._stopped.is_set)}
        by_entry: dict[str, list[FileMetadata]] = defaultdict(list)
        for id, known in files.items():
            for file in known:
                if file.url in probed:
                    by_entry[id].append(probed[file.url])
        found_icons = {}
        for id, icon, link in icons:
            if not self._stopped.is_set():
                found_icons[id] = find_icon(icon, link, session, now)
        if by_entry or found_icons:
            self._results = _Results(files=dict(by_entry), icons=found_icons)
            self._events.put(Job.SAVE_PROBED)

    def save_results(self) -> frozenset[FeedPath]:
        """Save the results of the last round; returns the feeds that changed.

        Raises StoreError; the results are then kept for the next call.
        """
        results = self._results
        if results is None:
            return frozenset()
        store, now = self._pipeline.store, self._pipeline.clock()
        feeds = update_enclosures(store, results.files, now) | update_icons(store, results.icons, now)
        self._known = {}  # a failed probe changes no feed version, so all files are read again
        self._results = None
        return feeds

    def _files_by_entry(self) -> Mapping[str, tuple[FileMetadata, ...]]:
        """Files by entry id, for all entries in subscription documents of sources. Reads only changed feeds again."""
        store, limit = self._pipeline.store, self._pipeline.settings.feeds.entries
        for feed in store.get_feed_states():
            if feed.path.kind != "source" or self._known.get(feed.path, (-1,))[0] == feed.version:
                continue
            newest = store.get_entries([member.id for member in store.get_newest(feed.path, limit)])
            files = {each.entry.id.removeprefix("urn:uuid:"): entry_files(each.entry, each.media) for each in newest}
            self._known[feed.path] = feed.version, files
        return {id: known for _, files in self._known.values() for id, known in files.items() if known}

    def _iter_due_icons(self, now: datetime) -> Iterator[tuple[str, FileMetadata, str]]:
        """Sources whose icon is due to be looked up: id, what is known about the icon, and the link of the site."""
        store = self._pipeline.store
        stored, icons = {source.id for source in store.get_sources()}, store.get_icons()
        configured = {rule.id for rule in self._pipeline.settings.sources if rule.icon}
        for id, source in sorted(self._pipeline.publisher.registry().sources.items()):
            icon = icons.get(id, FileMetadata(url="", next=DUE_NOW))
            if id in stored - configured and source.link and icon.is_due(now):
                yield id, icon, source.link


def _summarize(files: Iterable[FileMetadata]) -> ProbeStatus:
    """How many files are known, still to be probed, and given up, with the last error."""
    status: ProbeStatus = {"known": 0, "waiting": 0, "given_up": 0, "error": None}
    for file in files:
        status["given_up" if file.is_given_up else "waiting" if file.next is not None else "known"] += 1
        if file.error:
            status["error"] = f"{file.url[:200]}: {file.error}"
    return status

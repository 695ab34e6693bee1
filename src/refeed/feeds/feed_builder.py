"""One feed, one format, one archive or none -> the bytes of that document, from what is stored. Reads no clock."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ..config.filter_rules import MAX_FILTERED_ENTRIES, FeedFilter
from ..model import Feed, FeedEntry, FeedInfo, FeedPath, Format, Site, Tombstone
from ..render import formats
from ..store.rows import FeedMember, MonthState, StoredEntry
from ..store.store import Store
from . import entry_filter, pagination
from .pagination import ArchivePage, DocumentBudget, PlannedEntry
from .registry import FeedRegistry, title_labels

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""`updated` of a feed that never had an entry."""
_BATCH = 50
"""Entries that a view unpacks at a time: most views find what they want among the first."""
_REACH = 10
"""How many times as many entries are looked at where no source may have more than its share."""
_KEPT = 1000
"""Entries kept unpacked from one rendering to the next: a few MB, and most of what a new dump's feeds need."""


class FeedBuilder:
    """Makes documents. Two of them over the same store give the same bytes."""

    def __init__(self, store: Store, catalogue: FeedRegistry, budget: DocumentBudget) -> None:
        self._store = store
        self._catalogue = catalogue
        self._budget = budget
        self._entries: OrderedDict[str, StoredEntry] = OrderedDict()
        self._counts: dict[tuple[FeedPath, str], tuple[int, int]] = {}
        """By feed and month: version, and how many chunks there were in it."""

    def build_subscription(self, path: FeedPath, months: Sequence[MonthState] | None = None) -> Feed:
        """A feed as its subscribers get it: the newest entries within the budgets. `months`: its own, if at hand."""
        if path in self._catalogue.filtered:
            named = self._catalogue.filtered[path]
            return self.build_filtered(named.feed, named, _NEVER, self._catalogue.feeds[path])
        members = self._newest(path)
        members = members[
            : pagination.count_subscription_entries((member.size_estimate for member in members), self._budget)
        ]
        months = self._store.get_months(path) if months is None else months
        return self._feed(path, members, self._names(path, months[:2]), None)

    def _newest(self, path: FeedPath) -> list[FeedMember]:
        """A feed's newest entries, no source having more of them than its share where the feed sets one."""
        most, share = self._budget.entries, self._catalogue.source_shares.get(path, 1.0)
        if share >= 1:
            return self._store.get_newest(path, most)
        members = self._store.get_newest(path, most * _REACH)
        sources = self._store.get_entry_sources([member.id for member in members])
        room = Counter[str]()
        chosen = []
        for member in members:
            source = sources[member.id]
            room[source] += 1
            if room[source] <= math.ceil(share * most):
                chosen.append(member)
        return chosen[:most]

    def build_archive(self, path: FeedPath, name: str) -> Feed | None:
        """One archive of a feed (RFC 5005), or None when there is none of that name."""
        months = self._store.get_months(path)
        place = next((place for place, month in enumerate(months) if month.month == name[:7]), None)
        if place is None:
            return None
        # The newest of these months gives no name to its last chunk; two newer ones keep the next month's first.
        names = self._names(path, months[max(0, place - 2) : place + 2])
        if name not in names:
            return None
        members = {member.id: member for member in self._store.get_month(path, name[:7])}
        chunk = next(chunk for chunk in self._chunks(name[:7], list(members.values())) if chunk.name == name)
        return self._feed(path, [members[id] for id in reversed(chunk.ids)], names, name)

    def build_filtered(self, path: FeedPath, view: FeedFilter, now: datetime, info: FeedInfo) -> Feed:
        """A feed's newest entries, or a named view's, as a view shows them; under the name of `info`.

        It has no archives: those hold everything.
        """
        members = self._store.get_newest(path, entry_filter.MAX_SCANNED)
        most = min(view.limit, MAX_FILTERED_ENTRIES) if view.limit else self._budget.entries
        named = self.build_subscription(path).entries if path in self._catalogue.filtered else None
        entries = self._lazily(members, mixed=info.mixed) if named is None else iter(named)
        chosen = entry_filter.EntryFilter(view, now).select(entries, most)
        shown = [entry_filter.apply_presentation(entry, view) for entry in chosen]
        shown = shown[
            : pagination.count_subscription_entries(
                (pagination.estimate_size(s.entry) for s in shown), self._budget._replace(entries=most)
            )
        ]
        newest = members[0].published if members else _NEVER
        language = (
            entry_filter.script_language(view.opencc)
            if view.opencc and info.language.startswith("zh")
            else info.language
        )
        title, subtitle = (entry_filter.convert_script(text, view.opencc) for text in (info.title, info.subtitle))
        return Feed(
            site=self._site(info),
            info=replace(info, title=title, subtitle=subtitle, language=language),
            updated=max((s.entry.updated for s in shown), default=newest),
            entries=tuple(shown),
        )

    def list_archives(self, path: FeedPath) -> tuple[str, ...]:
        """Names of all archives of a feed, oldest first."""
        return self._names(path, self._store.get_months(path))

    def render(self, feed: Feed, format: Format) -> bytes:
        """A document's bytes."""
        return formats.RENDERERS[format](feed)

    def _names(self, path: FeedPath, months: Sequence[MonthState]) -> tuple[str, ...]:
        return pagination.name_archives((month.month, self._count(path, month)) for month in months)

    def _count(self, path: FeedPath, month: MonthState) -> int:
        version, count = self._counts.get((path, month.month), (-1, 0))
        if version != month.version:
            count = pagination.count_pages(self._store.get_size_estimates(path, month.month), self._budget)
            self._counts[path, month.month] = month.version, count
        return count

    def _chunks(self, month: str, members: Sequence[FeedMember]) -> tuple[ArchivePage, ...]:
        return pagination.paginate_month(
            month, (PlannedEntry(m.id, m.published, m.size_estimate) for m in members), self._budget
        )

    def _feed(self, path: FeedPath, members: list[FeedMember], names: tuple[str, ...], archive: str | None) -> Feed:
        info = self._catalogue.feeds[path]
        entries = tuple(self._shown(stored, member, mixed=info.mixed) for stored, member in self._unpacked(members))
        previous, following = pagination.adjacent_archives(archive, names)
        tombstones = self._tombstones(path, mixed=info.mixed) if archive is None else ()
        moments = [shown.entry.updated for shown in entries] + [tombstone.when for tombstone in tombstones]
        return Feed(
            site=self._site(info),
            info=info,
            updated=max(moments, default=_NEVER),
            entries=entries,
            tombstones=tombstones,
            archive=archive,
            previous=previous,
            next=following,
        )

    def _site(self, info: FeedInfo) -> Site:
        """Us, without hubs where none is told of changes: of private feeds, and of views that somebody made up."""
        site = self._catalogue.site
        return replace(site, hubs=()) if info.private or info.query else site

    def _lazily(self, members: list[FeedMember], *, mixed: bool) -> Iterator[FeedEntry]:
        for start in range(0, len(members), _BATCH):
            for stored, member in self._unpacked(members[start : start + _BATCH]):
                yield self._shown(stored, member, mixed=mixed)

    def _unpacked(self, members: list[FeedMember]) -> list[tuple[StoredEntry, FeedMember]]:
        revisions = self._store.get_revisions([member.id for member in members])
        kept = {
            id for id, revision in revisions.items() if id in self._entries and self._entries[id].revision == revision
        }
        missing = [member.id for member in members if member.id not in kept]
        fresh = {stored.entry.id.removeprefix("urn:uuid:"): stored for stored in self._store.get_entries(missing)}
        found = [(fresh.get(member.id) or self._entries[member.id], member) for member in members]
        for id in kept:
            self._entries.move_to_end(id)
        self._entries |= fresh
        while len(self._entries) > _KEPT:
            self._entries.popitem(last=False)
        return found

    def _shown(self, stored: StoredEntry, member: FeedMember, *, mixed: bool) -> FeedEntry:
        return FeedEntry(
            entry=stored.entry,
            source=self._catalogue.sources.get(stored.entry.source) if mixed else None,
            labels=title_labels(self._catalogue, [label.topic for label in stored.labels]),
            repost_links=stored.repost_links,
            summary_only=pagination.is_oversized(member.size_estimate, self._budget),
        )

    def _tombstones(self, path: FeedPath, *, mixed: bool) -> tuple[Tombstone, ...]:
        return tuple(
            Tombstone(id=f"urn:uuid:{id}", when=when, source=self._catalogue.sources.get(source) if mixed else None)
            for id, source, when in self._store.get_withdrawn(path, self._budget.entries)
        )

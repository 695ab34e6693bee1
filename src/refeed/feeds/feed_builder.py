"""A feed and its entries in the store -> the content of its subscription document or archive. Reads no clock."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cachetools import LRUCache

from ..config.filter_rules import MAX_FILTERED_ENTRIES, FeedFilter, FilteredFeedRule
from ..config.search_query import SearchQuery, parse_query
from ..model import Feed, FeedEntry, FeedInfo, FeedPath, Tombstone
from ..page_languages import translate
from ..search.searcher import search
from ..store.rows import FeedMember, MonthState, StoredEntry
from ..store.search_index import Position
from ..store.store import Store
from .cached_images import link_cached_images
from .entry_filter import MAX_FOUND, MAX_SCANNED, EntryFilter, apply_presentation, convert_script, script_language
from .pagination import (
    DocumentBudget,
    PlannedEntry,
    adjacent_archives,
    count_subscription_entries,
    estimate_size,
    is_oversized,
    name_archives,
    paginate_month,
    split_pages,
)
from .registry import FeedRegistry

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""`updated` of a feed that never had an entry."""
_BATCH = 50
"""Entries that a filter loads at a time. Most filters need only the first batch."""
_SHARE_FACTOR = 10
"""Factor on the number of entries that are examined when a feed limits the share of each source."""
_CACHED_ENTRIES = 1000
"""Decoded entries that stay in memory between renderings: a few MB, and most of the entries that the feeds of a new
dump need."""


def _convert_info(info: FeedInfo, rule: FeedFilter) -> FeedInfo:
    """A feed's title, subtitle and language in the script of a filter."""
    is_converted = rule.opencc and info.language.startswith("zh")
    return replace(
        info,
        title=convert_script(info.title, rule.opencc),
        subtitle=convert_script(info.subtitle, rule.opencc),
        language=script_language(rule.opencc) if is_converted else info.language,
    )


def _complete_language(info: FeedInfo, entries: Sequence[FeedEntry], default: str) -> FeedInfo:
    """Give a feed without a language that of most of its entries."""
    if info.language:
        return info
    languages = Counter(shown.entry.language for shown in entries)
    return replace(info, language=max(languages, key=lambda tag: (languages[tag], tag), default=default))


class _FoundMembers:
    """Iterates over the members of a feed that a search finds, in batches, newest first."""

    def __init__(self, store: Store, query: SearchQuery, feed: FeedPath) -> None:
        self._store, self._query, self._feed = store, query, feed
        self.complete = True

    def __iter__(self) -> Iterator[list[FeedMember]]:
        place: Position | None = None
        while True:
            result = search(self._store, self._query, self._feed, limit=_BATCH, older_than=place)
            self.complete = self.complete and result.complete
            yield result.members
            place = result.next
            if place is None:
                return


class FeedBuilder:
    """Builds feeds. Two builders with the same store give identical documents."""

    def __init__(self, store: Store, registry: FeedRegistry, budget: DocumentBudget) -> None:
        self._store = store
        self._registry = registry
        self._budget = budget
        self._entries: LRUCache[str, StoredEntry] = LRUCache(_CACHED_ENTRIES)
        self._pages: dict[tuple[FeedPath, str], tuple[int, int]] = {}
        """Version and number of pages of each month, by feed and month."""

    def build_subscription(self, path: FeedPath, months: Sequence[MonthState] | None = None) -> Feed:
        """The subscription document of a feed: its newest entries within the budget. Pass its `months` if loaded."""
        if rule := self._registry.find_scan(path):
            return self.build_filtered(rule.feed, rule, _NEVER, self._registry.feeds[path])
        members = self._get_newest(path)
        members = members[: count_subscription_entries((member.size_estimate for member in members), self._budget)]
        months = self._store.get_months(path) if months is None else months
        return self._build_document(path, members, self.list_archives(path, months[:2]), None)

    def is_full(self, path: FeedPath) -> bool:
        """Whether the subscription document of a feed has as many entries, or bytes, as it may have."""
        rule = self._registry.filtered.get(path)
        limit = rule.limit if rule and rule.limit else self._budget.entries
        if self._registry.find_scan(path):
            return len(self.build_subscription(path).entries) >= limit
        members = self._get_newest(path)
        count = count_subscription_entries((member.size_estimate for member in members), self._budget)
        return count >= limit or count < len(members)

    def build_archive(self, path: FeedPath, name: str) -> Feed | None:
        """One archive of a feed (RFC 5005), or None for an unknown name."""
        months = self._store.get_months(path)
        index = next((index for index, month in enumerate(months) if month.month == name[:7]), None)
        if index is None:
            return None
        # `list_archives` leaves out the last page of the newest month that it gets. Two newer months are passed as
        # well, so that the first archive of the following month is included.
        names = self.list_archives(path, months[max(0, index - 2) : index + 2])
        if name not in names:
            return None
        members = {member.id: member for member in self._store.get_month(path, name[:7])}
        planned = (PlannedEntry(m.id, m.published, m.size_estimate) for m in members.values())
        page = next(page for page in paginate_month(name[:7], planned, self._budget) if page.name == name)
        return self._build_document(path, [members[id] for id in reversed(page.ids)], names, name)

    def build_filtered(self, path: FeedPath, rule: FeedFilter, now: datetime, info: FeedInfo) -> Feed:
        """The newest entries of a feed, selected and presented by `rule`, with the title and address of `info`.

        `path` may be a filtered feed. The result has no archives: the archives of the feed contain all entries. Its
        subtitle says so when not all entries of the feed were examined. Raises QueryError for a wrong `rule.q`.
        """
        limit = min(rule.limit, MAX_FILTERED_ENTRIES) if rule.limit else self._budget.entries
        selection = EntryFilter(rule, now)
        if rule.q:
            query = parse_query(rule.q)
            if not isinstance(rule, FilteredFeedRule):
                # A request must not tell which entries a private topic has.
                query = query.limited_to(self._registry.topics)
            found = _FoundMembers(self._store, query, self._unfiltered(path))
            entries = self._refilter(path, self._iter_batches(found, mixed=info.mixed))
            shown = selection.select(entries, limit, MAX_FOUND)
            is_complete = selection.complete and found.complete
        else:
            newest = self._store.get_newest(path, MAX_SCANNED + 1)
            if self._registry.find_scan(path):
                entries = iter(self.build_subscription(path).entries)
            else:
                entries = self._present(path, self._iter_entries(newest, mixed=info.mixed))
            shown = selection.select(entries, limit)
            is_complete = selection.complete
        sizes = (estimate_size(feed_entry.entry) for feed_entry in shown)
        shown = shown[: count_subscription_entries(sizes, self._budget._replace(entries=limit))]
        newest_member = self._store.get_newest(path, 1)
        info = _complete_language(info, shown, self._registry.site.language)
        note = "" if is_complete else translate("Older entries were not examined.", info.language)
        subtitle = f"{info.subtitle} {note}".strip() if note else info.subtitle
        return Feed(
            site=replace(self._registry.site, hubs=()) if info.private or info.query else self._registry.site,
            info=_convert_info(replace(info, subtitle=subtitle), rule),
            updated=max(
                (feed_entry.entry.updated for feed_entry in shown),
                default=newest_member[0].published if newest_member else _NEVER,
            ),
            entries=tuple(shown),
        )

    def _unfiltered(self, path: FeedPath) -> FeedPath:
        rule = self._registry.filtered.get(path)
        return rule.feed if rule else path

    def _refilter(self, path: FeedPath, entries: Iterator[FeedEntry]) -> Iterator[FeedEntry]:
        """The entries that a filtered feed shows, of those of the feed that it filters."""
        rule = self._registry.filtered.get(path)
        if rule is None:
            return entries
        base = EntryFilter(rule, _NEVER)
        return (apply_presentation(entry, rule) for entry in entries if base.matches(entry))

    def _present(self, path: FeedPath, entries: Iterator[FeedEntry]) -> Iterator[FeedEntry]:
        """The entries of a named search as its rule presents them; those of other feeds as they are."""
        rule = self._registry.filtered.get(path)
        return (apply_presentation(entry, rule) for entry in entries) if rule else entries

    def _iter_batches(self, batches: Iterable[list[FeedMember]], *, mixed: bool) -> Iterator[FeedEntry]:
        for members in batches:
            yield from self._iter_entries(members, mixed=mixed)

    def list_archives(self, path: FeedPath, months: Sequence[MonthState] | None = None) -> tuple[str, ...]:
        """Names of a feed's archives, oldest first; with `months` (successive ones), only the archives of these."""
        counts = []
        for month in self._store.get_months(path) if months is None else months:
            version, count = self._pages.get((path, month.month), (-1, 0))
            if version != month.version:
                count = len(split_pages(self._store.get_size_estimates(path, month.month), self._budget))
                self._pages[path, month.month] = month.version, count
            counts.append((month.month, count))
        return name_archives(counts)

    def _get_newest(self, path: FeedPath) -> list[FeedMember]:
        """A feed's newest entries. If the feed limits each source's share, no source has more entries than that."""
        rule = self._registry.filtered.get(path)
        limit = rule.limit if rule and rule.limit else self._budget.entries
        share = self._registry.source_shares.get(path, 1.0)
        if share >= 1:
            return self._store.get_newest(path, limit)
        members = self._store.get_newest(path, limit * _SHARE_FACTOR)
        sources = self._store.get_entry_sources([member.id for member in members])
        counts = Counter[str]()
        chosen = []
        for member in members:
            source = sources[member.id]
            counts[source] += 1
            if counts[source] <= math.ceil(share * limit):
                chosen.append(member)
        return chosen[:limit]

    def _build_document(
        self, path: FeedPath, members: list[FeedMember], names: tuple[str, ...], archive: str | None
    ) -> Feed:
        """Build a document with these entries: the archive named `archive`, or the subscription document (None).

        `names` are the feed's archives, oldest first, which the document may link to.
        """
        info = self._registry.feeds[path]
        entries = tuple(self._present(path, self._iter_entries(members, mixed=info.mixed, batch=len(members) or 1)))
        info = _complete_language(info, entries, self._registry.site.language)
        tombstones: tuple[Tombstone, ...] = ()
        if archive is None:
            tombstones = tuple(
                Tombstone(
                    id=f"urn:uuid:{id}", when=when, source=self._registry.sources.get(source) if info.mixed else None
                )
                for id, source, when in self._store.get_withdrawn(path, self._budget.entries)
            )
        previous, following = adjacent_archives(archive, names)
        changes = [feed_entry.entry.updated for feed_entry in entries] + [tombstone.when for tombstone in tombstones]
        return Feed(
            # A private feed names no hub, because hubs must not learn of its changes.
            site=replace(self._registry.site, hubs=()) if info.private else self._registry.site,
            info=_convert_info(info, rule) if (rule := self._registry.filtered.get(path)) else info,
            updated=max(changes, default=_NEVER),
            entries=entries,
            tombstones=tombstones,
            archive=archive,
            previous=previous,
            next=following,
        )

    def _iter_entries(self, members: list[FeedMember], *, mixed: bool, batch: int = _BATCH) -> Iterator[FeedEntry]:
        titles = self._registry.topics
        for start in range(0, len(members), batch):
            part = members[start : start + batch]
            entries = self._load_entries([member.id for member in part])
            for member in part:
                stored = entries[member.id]
                source = self._registry.sources.get(stored.entry.source)
                yield FeedEntry(
                    entry=link_cached_images(stored.entry, self._registry),
                    source=source if mixed else None,
                    publisher=(source.title if source else "") or stored.entry.source,
                    labels=tuple(
                        (label.topic, titles[label.topic]) for label in stored.labels if label.topic in titles
                    ),
                    repost_links=stored.repost_links,
                    summary_only=is_oversized(member.size_estimate, self._budget),
                )

    def _load_entries(self, ids: list[str]) -> dict[str, StoredEntry]:
        """Load entries by id. Only entries that changed since the last call are read and decoded."""
        revisions = self._store.get_revisions(ids)
        cached = {id: self._entries[id] for id in ids if id in self._entries}
        changed = [id for id in ids if id not in cached or cached[id].revision != revisions.get(id)]
        loaded = {stored.entry.id.removeprefix("urn:uuid:"): stored for stored in self._store.get_entries(changed)}
        self._entries.update(loaded)
        return cached | loaded

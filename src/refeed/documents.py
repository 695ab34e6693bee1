"""One feed, one format, one archive or none -> the bytes of that document, from what is stored. Reads no clock."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from . import archives, render, views
from .archives import Budget, Chunk, Row
from .catalogue import Catalogue, labels
from .model import Feed, FeedEntry, FeedInfo, Format, Site, Tombstone
from .rules import MOST, View
from .store import Member, MonthState, Store, Stored

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""`updated` of a feed that never had an entry."""
_BATCH = 50
"""Entries that a view unpacks at a time: most views find what they want among the first."""
_REACH = 10
"""How many times as many entries are looked at where no source may have more than its share."""
_KEPT = 1000
"""Entries kept unpacked from one rendering to the next: a few MB, and most of what a new dump's feeds need."""


class Documents:
    """Makes documents. Two of them over the same store give the same bytes."""

    def __init__(self, store: Store, catalogue: Catalogue, budget: Budget) -> None:
        self._store = store
        self._catalogue = catalogue
        self._budget = budget
        self._entries: OrderedDict[str, Stored] = OrderedDict()
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}
        """By feed and month: version, and how many chunks there were in it."""

    def subscription(self, path: str, months: Sequence[MonthState] | None = None) -> Feed:
        """A feed as its subscribers get it: the newest entries within the budgets. `months`: its own, if at hand."""
        if path in self._catalogue.views:
            named = self._catalogue.views[path]
            return self.view(named.feed, named, _NEVER, self._catalogue.feeds[path])
        members = self._newest(path)
        members = members[: archives.window((member.weight for member in members), self._budget)]
        months = self._store.months(path) if months is None else months
        return self._feed(path, members, self._names(path, months[:2]), None)

    def _newest(self, path: str) -> list[Member]:
        """A feed's newest entries, no source having more of them than its share where the feed sets one."""
        most, share = self._budget.entries, self._catalogue.shares.get(path, 1.0)
        if share >= 1:
            return self._store.newest(path, most)
        members = self._store.newest(path, most * _REACH)
        sources = self._store.sources_of([member.id for member in members])
        room = Counter[str]()
        chosen = []
        for member in members:
            source = sources[member.id]
            room[source] += 1
            if room[source] <= math.ceil(share * most):
                chosen.append(member)
        return chosen[:most]

    def archive(self, path: str, name: str) -> Feed | None:
        """One archive of a feed (RFC 5005), or None when there is none of that name."""
        months = self._store.months(path)
        place = next((place for place, month in enumerate(months) if month.month == name[:7]), None)
        if place is None:
            return None
        # The newest of these months gives no name to its last chunk; two newer ones keep the next month's first.
        names = self._names(path, months[max(0, place - 2) : place + 2])
        if name not in names:
            return None
        members = {member.id: member for member in self._store.month(path, name[:7])}
        chunk = next(chunk for chunk in self._chunks(name[:7], list(members.values())) if chunk.name == name)
        return self._feed(path, [members[id] for id in reversed(chunk.ids)], names, name)

    def view(self, path: str, view: View, now: datetime, info: FeedInfo) -> Feed:
        """A feed's newest entries, or a named view's, as a view shows them; under the name of `info`.

        It has no archives: those hold everything.
        """
        members = self._store.newest(path, views.SCANNED)
        most = min(view.limit, MOST) if view.limit else self._budget.entries
        named = self.subscription(path).entries if path in self._catalogue.views else None
        entries = self._lazily(members, mixed=info.mixed) if named is None else iter(named)
        chosen = views.Selection(view, now).choose(entries, most)
        shown = [views.show(entry, view) for entry in chosen]
        shown = shown[: archives.window((archives.weight(s.entry) for s in shown), self._budget._replace(entries=most))]
        newest = members[0].published if members else _NEVER
        language = views.script(view.opencc) if view.opencc and info.language.startswith("zh") else info.language
        title, subtitle = (views.convert(text, view.opencc) for text in (info.title, info.subtitle))
        return Feed(
            site=self._site(info),
            info=replace(info, title=title, subtitle=subtitle, language=language),
            updated=max((s.entry.updated for s in shown), default=newest),
            entries=tuple(shown),
        )

    def archives(self, path: str) -> tuple[str, ...]:
        """Names of all archives of a feed, oldest first."""
        return self._names(path, self._store.months(path))

    def render(self, feed: Feed, format: Format) -> bytes:
        """A document's bytes."""
        return render.RENDERERS[format](feed)

    def _names(self, path: str, months: Sequence[MonthState]) -> tuple[str, ...]:
        return archives.archives((month.month, self._count(path, month)) for month in months)

    def _count(self, path: str, month: MonthState) -> int:
        version, count = self._counts.get((path, month.month), (-1, 0))
        if version != month.version:
            count = archives.count(self._store.weights(path, month.month), self._budget)
            self._counts[path, month.month] = month.version, count
        return count

    def _chunks(self, month: str, members: Sequence[Member]) -> tuple[Chunk, ...]:
        return archives.chunks(month, (Row(m.id, m.published, m.weight) for m in members), self._budget)

    def _feed(self, path: str, members: list[Member], names: tuple[str, ...], archive: str | None) -> Feed:
        info = self._catalogue.feeds[path]
        entries = tuple(self._shown(stored, member, mixed=info.mixed) for stored, member in self._unpacked(members))
        previous, following = archives.neighbours(archive, names)
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

    def _lazily(self, members: list[Member], *, mixed: bool) -> Iterator[FeedEntry]:
        for start in range(0, len(members), _BATCH):
            for stored, member in self._unpacked(members[start : start + _BATCH]):
                yield self._shown(stored, member, mixed=mixed)

    def _unpacked(self, members: list[Member]) -> list[tuple[Stored, Member]]:
        revisions = self._store.revisions([member.id for member in members])
        kept = {
            id for id, revision in revisions.items() if id in self._entries and self._entries[id].revision == revision
        }
        missing = [member.id for member in members if member.id not in kept]
        fresh = {stored.entry.id.removeprefix("urn:uuid:"): stored for stored in self._store.entries(missing)}
        found = [(fresh.get(member.id) or self._entries[member.id], member) for member in members]
        for id in kept:
            self._entries.move_to_end(id)
        self._entries |= fresh
        while len(self._entries) > _KEPT:
            self._entries.popitem(last=False)
        return found

    def _shown(self, stored: Stored, member: Member, *, mixed: bool) -> FeedEntry:
        return FeedEntry(
            entry=stored.entry,
            source=self._catalogue.sources.get(stored.entry.source) if mixed else None,
            labels=labels(self._catalogue, [label.topic for label in stored.labels]),
            via=stored.via,
            brief=archives.is_enormous(member.weight, self._budget),
        )

    def _tombstones(self, path: str, *, mixed: bool) -> tuple[Tombstone, ...]:
        return tuple(
            Tombstone(id=f"urn:uuid:{id}", when=when, source=self._catalogue.sources.get(source) if mixed else None)
            for id, source, when in self._store.withdrawn(path, self._budget.entries)
        )

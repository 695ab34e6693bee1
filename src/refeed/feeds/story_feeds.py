"""Stories in the store -> a feed with one entry for each. Reads no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from uuid import NAMESPACE_URL, uuid5

from ..clean.sanitize import sanitize
from ..clean.text import visible_text
from ..model import Entry, Feed, FeedEntry, FeedInfo, FeedPath, Format
from ..page_languages import translate
from ..render.common import percent_encode_url
from ..render.formats import RENDERERS
from ..store.rows import StoredEntry
from ..store.store import Store
from ..store.story_members import StoryMember, get_story_members, list_stories
from ..stories.story_texts import MOST_REPORTS, find_clearest
from .digest_feeds import DerivedDocument
from .pagination import DocumentBudget, count_subscription_entries, estimate_size, is_oversized
from .registry import FeedRegistry

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class StoryFeeds:
    """Makes feeds of stories. Two builders with the same store make identical ones. Methods raise StoreError."""

    def __init__(self, store: Store, registry: FeedRegistry, budget: DocumentBudget) -> None:
        self._store = store
        self._registry = registry
        self._budget = budget

    def render_feed(self, feed: FeedPath, format: Format) -> DerivedDocument:
        """The stories with the newest reports in the feed. A story has all its public reports, in the feed or not."""
        base, site = self._registry.feeds[feed], self._registry.site
        title = f"{base.title} · {translate('Stories', site.language)}"
        info = replace(base, path=FeedPath(feed.kind, feed.slug, "stories"), title=title, mixed=True)
        ids = [position.story_id for position in list_stories(self._store, feed, self._budget.entries)]
        members = get_story_members(self._store, ids)
        entries = {
            stored.entry.id.removeprefix("urn:uuid:"): stored
            for stored in self._store.get_entries(
                [member.entry_id for id in ids for member in members.get(id, ())[:MOST_REPORTS]]
            )
        }
        shown = []
        for id in ids:
            reports = [entries[member.entry_id] for member in members.get(id, ()) if member.entry_id in entries]
            if reports:
                shown.append(self._make_entry(info, id, reports, members[id]))
        count = count_subscription_entries((estimate_size(item.entry) for item in shown), self._budget)
        updated = max((item.entry.updated for item in shown[:count]), default=_NEVER)
        document = Feed(
            # Hubs are not told of stories.
            site=replace(site, hubs=()),
            info=info,
            updated=updated,
            entries=tuple(shown[:count]),
        )
        return DerivedDocument(RENDERERS[format](document), updated)

    def _make_entry(
        self, info: FeedInfo, id: str, reports: Sequence[StoredEntry], members: Sequence[StoryMember]
    ) -> FeedEntry:
        site, titles = self._registry.site, self._registry.topics
        texts = [stored.entry for stored in reports]
        fullest = max(texts, key=lambda entry: (len(visible_text(entry.html)), entry.id))
        clearest = texts[find_clearest([entry.title for entry in texts])]
        is_single = len(texts) == 1
        joined: dict[str, datetime] = {}
        for member in members:  # by time
            joined.setdefault(member.source, member.published)
        html = "" if is_oversized(estimate_size(fullest), self._budget) else fullest.html
        if not is_single or not html:
            html += self._list_reports(texts, more=len(members) - len(texts))
        has_page = not (is_single or info.private)
        entry = replace(
            fullest,
            id=f"urn:uuid:{uuid5(NAMESPACE_URL, f'{site.id}:story/{id}')}",
            link=f"{site.base_url}/story/{id}" if has_page else clearest.link,
            title=clearest.title,
            summary=clearest.summary,
            published=texts[0].published,
            updated=max(joined.values()),
            html=sanitize(html),
            authors=fullest.authors if is_single else (),
            contributors=fullest.contributors if is_single else (),
        )
        names = [self._name(source) for source in joined]
        topics = {
            label.topic: titles[label.topic] for each in reports for label in each.labels if label.topic in titles
        }
        return FeedEntry(
            entry=entry,
            source=self._registry.sources.get(fullest.source) if is_single else None,
            publisher=", ".join(names),
            labels=tuple(sorted(topics.items())),
        )

    def _list_reports(self, entries: Sequence[Entry], *, more: int) -> str:
        """Reports, each with source, title, link and lead; and how many more there are."""
        language = self._registry.site.language
        parts = [f"<h2>{escape(translate('Reports', language))}</h2>"]
        for entry in entries:
            link = escape(percent_encode_url(entry.link))
            lead = f"<p>{escape(entry.summary, quote=False)}</p>" if entry.summary.strip() else ""
            title, name = escape(entry.title or entry.link, quote=False), escape(self._name(entry.source), quote=False)
            parts.append(f'<h3><a href="{link}">{title}</a></h3><p>{name}</p>{lead}')
        if more > 0:
            parts.append(f"<p>{escape(translate('and %(count)s more', language) % {'count': more})}</p>")
        return "\n".join(parts)

    def _name(self, source: str) -> str:
        known = self._registry.sources.get(source)
        return known.title if known else source

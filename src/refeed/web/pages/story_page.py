"""A story, or the largest ones of the last day -> what pages show of them. Reports of private sources are in none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response as WerkzeugResponse

from ...clean.text import visible_text
from ...model import ALL_FEED
from ...store.store import Store
from ...store.story_members import (
    get_other_members,
    get_story_ids,
    get_story_members,
    list_stories_between,
    resolve_story,
)
from ...stories.story_texts import MOST_REPORTS, SentencePair, compare_sentences, find_clearest
from ..responses import moved_page_response, page_response
from .site_model import EntryListItem, SiteSnapshot, SiteSnapshots, make_list_item, shorten
from .template_context import TemplateContext

_DAY = timedelta(hours=24)
_LARGEST = 5
"""Stories on the home page."""
_SENTENCES = 6
_COMPARED_REPORTS = 8
"""Reports whose sentences are compared: the time grows with the square of their number."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class StorySummary(NamedTuple):
    """A story in a list."""

    id: str
    title: str
    language: str
    sources: tuple[str, ...]
    """Ids of the sources, by time."""


@dataclass(frozen=True, slots=True)
class StoryPage:
    """Answers requests for the pages of stories."""

    store: Store
    snapshots: SiteSnapshots
    context: TemplateContext

    def register(self, blueprint: Blueprint) -> None:
        """Add the route."""
        blueprint.add_url_rule("/story/<id>", "story", self.story)

    def story(self, id: str) -> WerkzeugResponse:
        """Who reported what and when, and how the same sentence is told elsewhere. A former id is answered by 301."""
        snapshot = self.snapshots.current()
        story = resolve_story(self.store, id) if _UUID.fullmatch(id) else None
        if story is None:
            abort(404)
        if story != id:
            return moved_page_response(self.context.path_to(f"/story/{story}"))
        members = get_story_members(self.store, [story]).get(story, [])
        entries = [
            stored.entry
            for stored in self.store.get_entries([member.entry_id for member in members[:MOST_REPORTS]])
            if stored.withdrawn is None and snapshot.is_public(stored.entry.source)
        ]
        if not entries:
            abort(404)
        reports = [make_list_item(entry, snapshot) for entry in entries]
        clearest = reports[find_clearest([entry.title for entry in entries])]
        pairs: list[SentencePair] = compare_sentences(
            [visible_text(entry.html) for entry in entries[:_COMPARED_REPORTS]], _SENTENCES
        )
        html = render_template(
            "story.html",
            site_snapshot=snapshot,
            id=story,
            clearest=clearest,
            more=max(0, len(members) - MOST_REPORTS),
            reports=list(zip(reports, [entry.link for entry in entries], strict=True)),
            sources=len({member.source for member in members if snapshot.is_public(member.source)}),
            pairs=[(reports[pair.first], pair.first_text, reports[pair.second], pair.second_text) for pair in pairs],
            description=shorten(clearest.summary, 200),
        )
        return page_response(html)


def find_story(store: Store, snapshot: SiteSnapshot, entry_id: str) -> tuple[str, list[EntryListItem]]:
    """The story of an entry, and its other reports; an empty list for an entry that only one source has."""
    story = get_story_ids(store, [entry_id]).get(entry_id, "")
    others = get_other_members(store, story, entry_id, MOST_REPORTS) if story else []
    stored = store.get_entries(others)
    return story, [
        make_list_item(each.entry, snapshot)
        for each in stored
        if each.withdrawn is None and snapshot.is_public(each.entry.source)
    ]


def find_largest(store: Store, snapshot: SiteSnapshot) -> list[StorySummary]:
    """Of the stories with a report in the day before the newest entry, those that most sources report."""
    newest = snapshot.summary(ALL_FEED).newest
    if not newest:
        return []
    end = newest[0].published + timedelta(seconds=1)
    found = list_stories_between(store, ALL_FEED, end - _DAY, end)
    largest = []
    for id, reports in get_story_members(store, found).items():
        sources = tuple(dict.fromkeys(report.source for report in reports if snapshot.is_public(report.source)))
        if len(sources) > 1:
            title = reports[find_clearest([report.title for report in reports])]
            name = snapshot.source_name(title.source)
            largest.append(StorySummary(id=id, title=title.title, language=name.language, sources=sources))
    return sorted(largest, key=lambda story: (-len(story.sources), story.id))[:_LARGEST]

"""`refeed stories`: show a story and why its reports are one; split entries off; join what was told apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

import click

from ..clock import format_rfc3339, utc_now
from ..config.settings import Settings
from ..errors import RefeedError
from ..ingest.pipeline import Pipeline
from ..store.database import Database
from ..store.story_decisions import forget_story_decisions, join_entries, split_entries
from ..store.story_members import get_story_members, resolve_story
from ..stories.story_explainer import explain_story
from ..stories.story_updater import update_all_stories
from .main import pass_settings
from .output import echo
from .shared import find_entry_id, publish_changes


@click.group("stories")
def stories_group() -> None:
    """Show stories, and correct which reports are one story."""


@stories_group.command("show")
@click.argument("entry")
@pass_settings
def show_command(settings: Settings, entry: str) -> None:
    """Show the story of ENTRY (an id, or a link), and why each report is part of it."""
    with closing(Pipeline.open(settings)) as pipeline:
        store = pipeline.store
        update_all_stories(store, utc_now())
        [id] = _find_entries(pipeline, [entry])
        story = resolve_story(store, id)
        if story is None:
            raise RefeedError(f"{entry!r} is in no story: it is private or withdrawn")
        for member in get_story_members(store, [story])[story]:
            echo(f"{format_rfc3339(member.published)} {member.source} {member.title}", f"    {member.entry_id}")
        echo(*explain_story(store, id))


@stories_group.command("split")
@click.argument("entries", nargs=-1, required=True)
@pass_settings
def split_command(settings: Settings, entries: Sequence[str]) -> None:
    """Take ENTRIES (ids or links) out of their stories, for ever: each is a story of its own."""
    _decide(settings, entries, split_entries)


@stories_group.command("join")
@click.argument("entries", nargs=-1, required=True)
@pass_settings
def join_command(settings: Settings, entries: Sequence[str]) -> None:
    """Make one story, for ever, of the stories of ENTRIES (ids or links)."""
    if len(entries) < 2:
        raise click.UsageError("name two or more entries")
    _decide(settings, entries, join_entries)


@stories_group.command("reset")
@click.argument("entries", nargs=-1, required=True)
@pass_settings
def reset_command(settings: Settings, entries: Sequence[str]) -> None:
    """Forget what `split` and `join` decided about ENTRIES (ids or links)."""
    _decide(settings, entries, forget_story_decisions)


def _decide(settings: Settings, names: Sequence[str], decide: Callable[[Database, Sequence[str]], None]) -> None:
    with closing(Pipeline.open(settings)) as pipeline:
        decide(pipeline.store, _find_entries(pipeline, names))
        update_all_stories(pipeline.store, utc_now())
        publish_changes(pipeline)


def _find_entries(pipeline: Pipeline, names: Sequence[str]) -> list[str]:
    """The ids of stored entries. Raises RefeedError when one is unknown: nothing is decided then."""
    ids = [find_entry_id(pipeline.store, name, pipeline.pool.builder) for name in names]
    if unknown := [name for name, id in zip(names, ids, strict=True) if id is None]:
        raise RefeedError(f"{unknown[0]!r}: no stored entry has this id or link")
    return [id for id in ids if id]

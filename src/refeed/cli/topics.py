"""`refeed topics try`: what a changed configuration would do to the topics of stored entries. Publishes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import click

from ..config.load import load_settings
from ..config.settings import Settings
from ..model import Entry
from ..store.store import Store
from ..topics.dry_run import compare_topics, format_topic_changes
from ..topics.matcher import TopicMatcher
from .main import pass_settings
from .output import echo


@click.group("topics")
def topics_group() -> None:
    """Try changes to topics."""


@topics_group.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@pass_settings
def try_command(settings: Settings, file: str) -> None:
    """Show which entries the configuration in FILE would add to each topic or remove from it. Publishes nothing."""
    changed = load_settings(os.environ, file)
    with closing(Store(settings.database_url)) as store:
        store.migrate()
        changes = compare_topics(TopicMatcher(settings.topics), TopicMatcher(changed.topics), _iter_entries(store))
    echo(*format_topic_changes(changes))


def _iter_entries(store: Store) -> Iterator[Entry]:
    last = ""
    while ids := store.get_entry_ids(last):
        for stored in store.get_entries(ids):
            yield stored.entry
        last = ids[-1]

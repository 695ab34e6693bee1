"""`refeed topics try`: what a changed configuration would do to the topics of stored entries. Publishes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import click
import msgspec

from ..config.load import load_settings
from ..config.settings import Settings
from ..config.topic_rules import TopicRule
from ..config.validation import DataError, suggest, validate
from ..model import Entry
from ..store.store import Store
from ..topics.dry_run import compare_topics, format_topic_changes
from ..topics.matcher import TopicMatcher
from .main import pass_settings
from .output import echo

NEW_TOPIC = "new-topic"
"""The id that a topic has while it is tried."""


@click.group("topics")
def topics_group() -> None:
    """Try changes to topics."""


@topics_group.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False), required=False)
@click.option("--words", help="Words of a new topic, or further words of --topic, separated by commas.")
@click.option("--exclude", default="", help="The same for words to exclude.")
@click.option("--topic", default=NEW_TOPIC, help="A topic that these words are added to.")
@pass_settings
def try_command(settings: Settings, file: str | None, words: str | None, exclude: str, topic: str) -> None:
    """Show which entries the configuration in FILE, or other words, would add to each topic or remove from it.

    Publishes nothing, and changes no file.
    """
    if bool(file) == bool(words or exclude):
        raise click.UsageError("give either a changed configuration, FILE.yaml, or --words")
    changed = load_settings(os.environ, file).topics if file else _change_words(settings, topic, words or "", exclude)
    with closing(Store(settings.database_url)) as store:
        store.migrate()
        changes = compare_topics(TopicMatcher(settings.topics), TopicMatcher(changed), _iter_entries(store))
    echo(*format_topic_changes(changes))


def _change_words(settings: Settings, topic: str, words: str, exclude: str) -> tuple[TopicRule, ...]:
    """The topics with further words of one of them, or with a new one."""
    known = {rule.id: msgspec.to_builtins(rule) for rule in settings.topics}
    if topic not in known and topic != NEW_TOPIC:
        raise click.UsageError(f"--topic: unknown topic {topic!r}{suggest(topic, known)}")
    data = known.setdefault(topic, {"id": topic})
    for key, text in (("words", words), ("exclude", exclude)):
        data[key] = [*data.get(key, ()), *filter(None, map(str.strip, text.split(",")))]
    try:
        changed = validate(TopicRule, data)
    except DataError as error:
        raise click.UsageError(str(error)) from error
    rules = {rule.id: rule for rule in settings.topics} | {topic: changed}
    return tuple(rules.values())


def _iter_entries(store: Store) -> Iterator[Entry]:
    last = ""
    while ids := store.get_entry_ids(last):
        for stored in store.get_entries(ids):
            yield stored.entry
        last = ids[-1]

"""`refeed withdraw`, `restore`, `topics try`: what an operator changes about entries and topics."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import click

from ..clock import utc_now
from ..config.load import load_settings
from ..config.settings import Settings
from ..ingest.pipeline import Pipeline
from ..model import Entry
from ..store.entry_writes import restore_entries, withdraw_entries
from ..store.store import Store
from ..topics.dry_run import compare_topics, format_topic_changes
from ..topics.matcher import TopicMatcher
from .shared import find_entry_id


@click.command("withdraw")
@click.argument("entries", nargs=-1, required=True)
@click.pass_obj
def withdraw_(settings: Callable[[], Settings], entries: Sequence[str]) -> None:
    """Take ENTRIES (ids or links) out of every document; feeds keep a tombstone (RFC 6721)."""
    _change(settings(), entries, withdraw_entries)


@click.command("restore")
@click.argument("entries", nargs=-1, required=True)
@click.pass_obj
def restore_(settings: Callable[[], Settings], entries: Sequence[str]) -> None:
    """Undo `withdraw`."""
    _change(settings(), entries, restore_entries)


@click.group()
def topics() -> None:
    """Try changes to topics."""


@topics.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.pass_obj
def try_(settings: Callable[[], Settings], file: str) -> None:
    """Say what would come into each topic and go out of it with the configuration in FILE. Publishes nothing."""
    chosen = settings()
    with closing(Store(chosen.database_url)) as store:
        store.migrate()
        changes = compare_topics(
            TopicMatcher(chosen.topics), TopicMatcher(load_settings(os.environ, file).topics), _entries(store)
        )
    click.echo("\n".join(format_topic_changes(changes)))


def _entries(store: Store) -> Iterator[Entry]:
    after = ""
    while ids := store.get_entry_ids(after):
        for stored in store.get_entries(ids):
            yield stored.entry
        after = ids[-1]


def _change(settings: Settings, entries: Sequence[str], change: Callable[..., frozenset[str]]) -> None:
    """Change entries in the store and publish. Works beside a running ingester: the store has one writer at a time."""
    with closing(Pipeline.open(settings)) as program:
        maker = program.pool.builder
        found = {entry: find_entry_id(program.store, entry, maker) for entry in entries}
        unknown = [entry for entry, id in found.items() if id is None]
        for entry in unknown:
            click.echo(f"{entry!r}: no entry of that id or link is stored", err=True)
        feeds = change(program.store, [id for id in found.values() if id], utc_now(), maker.find_repost_original)
        program.publisher.publish()
    click.echo(f"{len(feeds)} feeds changed")
    sys.exit(1 if unknown else 0)

"""`refeed withdraw`, `restore`: take entries out of every document, and put them back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing

import click

from ..clock import utc_now
from ..config.settings import Settings
from ..ingest.pipeline import Pipeline
from ..model import FeedPath
from ..store.entry_updates import restore_entries, withdraw_entries
from .main import pass_settings
from .output import echo
from .shared import find_entry_id, publish_changes


@click.command("withdraw")
@click.argument("entries", nargs=-1, required=True)
@pass_settings
def withdraw_command(settings: Settings, entries: Sequence[str]) -> None:
    """Take ENTRIES (ids or links) out of every document; feeds keep a tombstone (RFC 6721)."""
    _change_and_publish(settings, entries, withdraw_entries)


@click.command("restore")
@click.argument("entries", nargs=-1, required=True)
@pass_settings
def restore_command(settings: Settings, entries: Sequence[str]) -> None:
    """Undo `withdraw`."""
    _change_and_publish(settings, entries, restore_entries)


def _change_and_publish(settings: Settings, names: Sequence[str], change: Callable[..., frozenset[FeedPath]]) -> None:
    """Change entries in the store, then publish. A leader may run meanwhile: the store has one writer at a time."""
    with closing(Pipeline.open(settings)) as pipeline:
        builder = pipeline.pool.builder
        ids = {name: find_entry_id(pipeline.store, name, builder) for name in names}
        unknown = [name for name, id in ids.items() if id is None]
        for name in unknown:
            echo(f"{name!r}: no stored entry has this id or link", err=True)
        feeds = change(pipeline.store, [id for id in ids.values() if id], utc_now(), builder.find_repost_original)
        echo(f"{len(feeds)} feeds changed")
        publish_changes(pipeline)
    sys.exit(1 if unknown else 0)

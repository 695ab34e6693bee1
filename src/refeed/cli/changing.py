"""`refeed withdraw`, `restore`, `topics try`: what an operator changes about entries and topics."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import click

from ..clock import now
from ..config import Settings, load
from ..model import Entry
from ..pipeline import Program
from ..store import Store, restore, withdraw
from ..topics import Matcher
from ..topics.trial import compare, lines
from .shared import stored_id


@click.command("withdraw")
@click.argument("entries", nargs=-1, required=True)
@click.pass_obj
def withdraw_(settings: Callable[[], Settings], entries: Sequence[str]) -> None:
    """Take ENTRIES (ids or links) out of every document; feeds keep a tombstone (RFC 6721)."""
    _change(settings(), entries, withdraw)


@click.command("restore")
@click.argument("entries", nargs=-1, required=True)
@click.pass_obj
def restore_(settings: Callable[[], Settings], entries: Sequence[str]) -> None:
    """Undo `withdraw`."""
    _change(settings(), entries, restore)


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
        changes = compare(Matcher(chosen.topics), Matcher(load(os.environ, file).topics), _entries(store))
    click.echo("\n".join(lines(changes)))


def _entries(store: Store) -> Iterator[Entry]:
    after = ""
    while ids := store.ids(after):
        for stored in store.entries(ids):
            yield stored.entry
        after = ids[-1]


def _change(settings: Settings, entries: Sequence[str], change: Callable[..., frozenset[str]]) -> None:
    """Change entries in the store and publish. Works beside a running ingester: the store has one writer at a time."""
    with closing(Program.open(settings)) as program:
        maker = program.makers.maker
        found = {entry: stored_id(program.store, entry, maker) for entry in entries}
        unknown = [entry for entry, id in found.items() if id is None]
        for entry in unknown:
            click.echo(f"{entry!r}: no entry of that id or link is stored", err=True)
        feeds = change(program.store, [id for id in found.values() if id], now(), maker.judge)
        program.publisher.publish()
    click.echo(f"{len(feeds)} feeds changed")
    sys.exit(1 if unknown else 0)

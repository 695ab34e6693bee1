"""`refeed migrate`, `copy-store`: the store itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import click

from ..config.settings import Settings
from ..errors import StoreError
from ..store.copy_store import copy_store
from ..store.store import Store
from ..worker.leader_lock import make_leader_locks
from .shared import show_progress


@click.command("migrate")
@click.pass_obj
def migrate_(settings: Callable[[], Settings]) -> None:
    """Bring the store's schema up to date, waiting a moment for a store that is not there yet: a release phase."""
    with closing(Store(settings().database_url)) as store:
        version = _patiently(store.migrate)
        click.echo(f"{store.display_name}: schema version {version}")


@click.command("copy-store")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.pass_obj
def copy_store_(settings: Callable[[], Settings], source: str, target: str) -> None:
    """Copy the store FROM one database TO an empty one (URLs, or paths of SQLite files): all of it, or nothing."""
    chosen = settings()
    urls = [url if "://" in url else f"sqlite:///{Path(url).absolute()}" for url in (source, target)]
    with ExitStack() as held:
        old = held.enter_context(closing(Store(urls[0], read_only=True)))
        new = held.enter_context(closing(Store(urls[1])))
        for lock in make_leader_locks(chosen, urls):
            held.enter_context(lock)
        copied = copy_store(old, new, lambda table, rows: show_progress(f"{table}: {rows} rows"))
    show_progress()
    for one in copied:
        click.echo(f"{one.table:<12}{one.rows:>12} rows, verified {one.checksum}")
    click.echo(f"{new.display_name} is now the same store; set DATABASE_URL to it")


def _patiently(act: Callable[[], int]) -> int:
    """Act, for up to 15 s: a database that a platform has just made takes its time. Raises StoreError."""
    for pause in (1, 2, 4, 8):
        try:
            return act()
        except StoreError as error:
            click.echo(f"{error}; trying again in {pause} s", err=True)
            time.sleep(pause)
    return act()

"""`migrate` updates the schema of the store, `copy-store` copies it to a different database, `backup` to a file."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from pathlib import Path

import click

from ..config.settings import Settings
from ..errors import StoreError
from ..store.copy_store import copy_store
from ..store.leader_lock import make_leader_lock
from ..store.sqlite_recovery import backup_sqlite
from ..store.store import Store
from .main import pass_settings
from .output import echo
from .shared import show_progress

_RETRY_PAUSES = (1, 2, 4, 8)
"""Seconds between attempts: a database that a platform has just created may need some time."""


@click.command("migrate")
@pass_settings
def migrate_command(settings: Settings) -> None:
    """Bring the store's schema up to date (a release command). Retries for 15 s while the store does not answer."""
    with closing(Store(settings.database_url)) as store:
        for pause in _RETRY_PAUSES:
            try:
                version = store.migrate()
                break
            except StoreError as error:
                echo(f"{error}; retrying in {pause} s", err=True)
                time.sleep(pause)
        else:
            version = store.migrate()
        echo(f"{store.display_name}: schema version {version}")


@click.command("copy-store")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy_store_command(source: str, target: str) -> None:
    """Copy the store FROM one database TO an empty one (URLs, or paths of SQLite files): all of it, or nothing."""
    urls = [url if "://" in url else f"sqlite:///{Path(url).absolute()}" for url in (source, target)]
    with ExitStack() as stack:
        old = stack.enter_context(closing(Store(urls[0], read_only=True)))
        new = stack.enter_context(closing(Store(urls[1])))
        for url in sorted(set(urls)):
            stack.enter_context(make_leader_lock(url))
        copied = copy_store(old, new, lambda table, rows: show_progress(f"{table}: {rows} rows"))
    show_progress()
    for table in copied:
        echo(f"{table.table:<12}{table.rows:>12} rows, verified {table.checksum}")
    echo(f"{new.display_name} is now the same store; set DATABASE_URL to it")


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False))
@pass_settings
def backup_command(settings: Settings, file: str) -> None:
    """Copy the SQLite store to FILE while refeed runs. FILE put in the place of the store restores it."""
    backup_sqlite(settings.database_url, Path(file))
    echo(f"{file}: {Path(file).stat().st_size} bytes, verified")

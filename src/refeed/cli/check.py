"""`refeed check`: config.yaml, the source rules and the topics -> every error, with its place."""

from __future__ import annotations

import os
from contextlib import closing, suppress

import click

from ..config.settings import Settings
from ..feeds.accepted_config import accept_settings, check_settings
from ..ingest.entry_builder import EntryBuilder
from ..store.store import Store
from .main import pass_settings
from .output import echo


@click.command("check")
@click.option("--accept", is_flag=True, help="Accept that feeds which readers have are gone, or that site.id changes.")
@pass_settings
def check_command(settings: Settings, accept: bool) -> None:
    """Check config.yaml, the source rules and the topics; print every error with its place."""
    EntryBuilder.from_settings(settings).warm_up()  # compiles every selector and pattern
    if accept:
        with closing(Store(settings.database_url)) as store:
            store.migrate()
            losses = accept_settings(settings, store, with_losses=True)
        for loss in losses:
            echo(f"accepted: {loss}")
        with suppress(OSError):  # a read-only file: a running process reads it again at SIGHUP
            os.utime(settings.config_file)
    else:
        check_settings(settings)
    echo(f"{settings.config_file}: no errors (sources: {len(settings.sources)}, topics: {len(settings.topics)})")

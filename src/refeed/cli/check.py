"""`refeed check`: config.yaml, the source rules and the topics -> every error, with its place."""

from __future__ import annotations

from collections.abc import Callable

import click

from ..config.settings import Settings
from ..ingest.entry_builder import EntryBuilder


@click.command("check")
@click.pass_obj
def check_command(load: Callable[[], Settings]) -> None:
    """Check config.yaml, the source rules and the topics; print every error with its place."""
    settings = load()
    EntryBuilder.from_settings(settings).warm_up()  # compiles every selector and pattern
    click.echo(f"{settings.config_file}: {len(settings.sources)} sources, {len(settings.topics)} topics, no errors")

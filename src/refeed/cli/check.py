"""`refeed check`: config.yaml, the source rules and the topics -> every error, with its place."""

from __future__ import annotations

import click

from ..config.settings import Settings
from ..ingest.entry_builder import EntryBuilder
from .main import pass_settings


@click.command("check")
@pass_settings
def check_command(settings: Settings) -> None:
    """Check config.yaml, the source rules and the topics; print every error with its place."""
    EntryBuilder.from_settings(settings).warm_up()  # compiles every selector and pattern
    click.echo(f"{settings.config_file}: {len(settings.sources)} sources, {len(settings.topics)} topics, no errors")

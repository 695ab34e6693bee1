"""`refeed recover`: what a new or older store lacks of the published documents."""

from __future__ import annotations

import sys
from contextlib import closing

import click

from ..config.settings import Settings
from ..ingest.pipeline import Pipeline
from .main import pass_settings
from .output import echo
from .shared import publish_changes


@click.command("recover")
@click.option("--accept", is_flag=True, help="Publish although readers lose these entries.")
@pass_settings
def recover_command(settings: Settings, accept: bool) -> None:
    """Show the feeds of which the store lacks published entries. Nothing is published over them."""
    with closing(Pipeline.open(settings)) as pipeline:
        losses = pipeline.publisher.loss_guard.find_losses()
        for loss in losses:
            echo(loss, err=not accept)
        if losses and not accept:
            echo("bring the missing dumps or store back, or run `refeed recover --accept`", err=True)
            sys.exit(1)
        if losses:
            pipeline.publisher.loss_guard.accept()
        publish_changes(pipeline)

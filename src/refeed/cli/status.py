"""`refeed status`: sources, counts, freshness, and quarantined files with their reasons."""

from __future__ import annotations

import click
import msgspec

from ..clock import utc_now
from ..config.settings import Settings
from ..web.service_status import collect_status, format_status
from .main import pass_settings


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_settings
def status_command(settings: Settings, as_json: bool) -> None:
    """Show sources, counts, freshness, and quarantined files with their reasons."""
    status = collect_status(settings, utc_now())
    click.echo(msgspec.json.encode(status).decode() if as_json else "\n".join(format_status(status)))

"""`refeed status`: sources, counts, freshness, and quarantined files with their reasons."""

from __future__ import annotations

from collections.abc import Callable

import click
import msgspec

from ..clock import utc_now
from ..config.settings import Settings
from ..web.service_status import collect_status, format_status


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def status_command(load: Callable[[], Settings], as_json: bool) -> None:
    """Show sources, counts, freshness, and quarantined files with their reasons."""
    status = collect_status(load(), utc_now())
    click.echo(msgspec.json.encode(status).decode() if as_json else "\n".join(format_status(status)))

"""`refeed status`: sources, counts, freshness, and quarantined files with their reasons; or only what is wrong."""

from __future__ import annotations

import sys

import click

from ..clock import utc_now
from ..config.settings import Settings
from ..feeds.registry import build_registry
from ..model import FORMATS
from ..publish.output_dir import OutputDir
from ..terminal import encode_json
from ..web.service_status import collect_status, format_status
from .main import pass_settings
from .output import echo


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--check", is_flag=True, help="Print only what is wrong, and exit with 1 if something is.")
@pass_settings
def status_command(settings: Settings, as_json: bool, check: bool) -> None:
    """Show sources, counts, freshness, and quarantined files with their reasons."""
    status = collect_status(settings, utc_now(), brief=check)
    if check:
        from ..web.service_metrics import find_faults

        output_dir = OutputDir.from_settings(settings)
        documents = [f"{path}.{format}" for path in build_registry(settings).feeds for format in FORMATS]
        missing = sum(1 for name in documents if output_dir.document_digest(name) is None)
        faults = find_faults(status, missing)
        echo(*faults, err=True)
        sys.exit(1 if faults else 0)
    echo(*([encode_json(status)] if as_json else format_status(status)))

"""`refeed publish`: regenerate documents, read them back, export the site for a static host."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from xml.parsers import expat

import click

from ..config.settings import Settings
from ..ingest.pipeline import Pipeline
from ..store.store import Store
from .main import pass_settings
from .output import echo
from .shared import publish_changes, show_progress


@click.command("publish")
@click.option("--all", "everything", is_flag=True, help="Render every document again.")
@click.option(
    "--check", "checks", is_flag=True, help="Then read every document back with strict parsers; print a line for each."
)
@click.option("--static", type=click.Path(file_okay=False), help="Write the whole site to a folder for a static host.")
@pass_settings
def publish_command(settings: Settings, everything: bool, checks: bool, static: str | None) -> None:
    """Regenerate the documents that are stale."""
    with closing(Pipeline.open(settings, exports=static is not None)) as pipeline:
        if static is None:
            publish_changes(pipeline, everything=everything)
        else:
            _export(settings, pipeline.store, Path(static))
    if checks:
        errors = {name: _find_error(pipeline.output_dir.read(name)) for name in pipeline.output_dir.list_documents()}
        for name, error in errors.items():
            echo(f"{name}: {error or 'ok'}")
        sys.exit(1 if any(errors.values()) else 0)


def _find_error(document: bytes | None) -> str:
    """Why a document cannot be served or parsed; empty when a strict parser accepts it."""
    if document is None:
        return "damaged, or not written by refeed"
    try:
        if document.startswith(b"{"):
            json.loads(document.decode())
        else:
            expat.ParserCreate().Parse(document, True)
    except (expat.ExpatError, ValueError) as error:
        return f"not well-formed: {error}"
    return ""


def _export(settings: Settings, store: Store, folder: Path) -> None:
    from ..web.static_export import export_static_site  # loads Flask, which publishing does not need

    exported = export_static_site(settings, store, folder, lambda pages: show_progress(f"{pages} pages"))
    show_progress()
    echo(f"{folder}: {exported.documents} documents and {exported.pages} files of pages")
    if settings.site.base_url == settings.default_base_url:
        echo("BASE_URL is not set: the exported feeds name an address of this machine", err=True)

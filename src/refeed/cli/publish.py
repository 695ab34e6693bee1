"""`refeed publish`: regenerate documents, read them back, export the site for a static host."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click

from ..config.settings import Settings
from ..ingest.pipeline import Pipeline
from ..model import FORMATS
from ..render.feed_validator import DocumentKind, validate_document
from .shared import show_progress


@click.command("publish")
@click.option("--all", "everything", is_flag=True, help="Render every document again.")
@click.option(
    "--check", "checks", is_flag=True, help="Then read every document back with strict parsers; print a line for each."
)
@click.option("--static", type=click.Path(file_okay=False), help="Write the whole site to a folder for a static host.")
@click.pass_obj
def publish_command(load: Callable[[], Settings], everything: bool, checks: bool, static: str | None) -> None:
    """Regenerate the documents that are stale."""
    settings = load()
    with closing(Pipeline.open(settings)) as pipeline:
        changed = pipeline.publisher.publish(everything=everything)
        click.echo(f"{len(changed)} documents changed")
        if static is not None:
            _export(settings, pipeline, Path(static))
    if checks:
        has_problems = False
        for name in pipeline.output_dir.list_documents():
            problems = _validate(name, pipeline.output_dir.read(name))
            has_problems = has_problems or bool(problems)
            click.echo(f"{name}: {'; '.join(problems) or 'ok'}")
        sys.exit(1 if has_problems else 0)


def _validate(name: str, document: bytes | None) -> list[str]:
    """The problems that strict parsers and our own checks find in a published document."""
    kinds: dict[str, DocumentKind] = {"opml.xml": "opml", "feeds.json": "feeds.json"}
    kinds |= {f".{format}": format for format in FORMATS}
    kind = next(kind for end, kind in kinds.items() if name.endswith(end))
    return ["damaged, or not written by refeed"] if document is None else validate_document(document, kind)


def _export(settings: Settings, pipeline: Pipeline, folder: Path) -> None:
    from ..web.static_export import export_static_site  # loads Flask, which publishing does not need

    exported = export_static_site(settings, pipeline, folder, lambda pages: show_progress(f"{pages} pages"))
    show_progress()
    click.echo(f"{folder}: {exported.documents} documents and {exported.pages} files of pages")
    if "//127.0.0.1" in settings.site.base_url:
        click.echo("BASE_URL is not set: the exported feeds name an address of this machine", err=True)

"""`refeed ingest`, `publish`, `fetch`: the movers, once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import click

from ..clock import format_rfc3339, utc_now
from ..config.settings import Settings
from ..dumps.scanner import FoundFile, inspect_file, scan_folder
from ..errors import FetchError, RefeedError
from ..fetch import factory
from ..fetch.poller import fetch_all
from ..ingest.ingester import RETRY_KEY
from ..ingest.pipeline import Pipeline
from ..model import Outcome
from ..store.rows import decode_path
from ..store.store import Store
from ..worker.leader_lock import make_leader_lock
from .shared import TerminalProgress, find_dump_root, open_as_leader, show_progress


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True))
@click.option("--retry", is_flag=True, help="Try what is quarantined once more.")
@click.pass_obj
def ingest(settings: Callable[[], Settings], paths: Sequence[str], retry: bool) -> None:
    """Ingest the dump folders (or PATHS) once, and publish."""
    chosen = settings()
    if retry and not paths and _ask_to_retry(chosen):
        return
    if not paths:
        _tell_missing(chosen)
    with open_as_leader(chosen) as program:
        if retry:
            program.ingester.retry_quarantined()
        try:
            program.restore_from_feeds()
        except FetchError as error:
            click.echo(f"{error}; dumps are ingested all the same", err=True)
        files, refused = _named(paths, chosen) if paths else (None, False)
        with TerminalProgress() as progress:
            tally = program.ingest(files, progress=progress)
        counts = tally.counts
        names = ("new", "changed", "unchanged", "flagged", "quarantined")
        click.echo(", ".join(f"{counts[name]} {name}" for name in names))
        if counts["quarantined"]:
            _tell_quarantined(program.store, files)
        sys.exit(1 if counts["quarantined"] or refused else 0)


def _tell_missing(settings: Settings) -> None:
    """Which dump folders are not there. That is no failure: what fills them may come later."""
    for folder in settings.dumps.folders:
        if not Path(folder).is_dir():
            click.echo(f"{folder}: no such folder; no dumps are taken from it", err=True)


def _tell_quarantined(store: Store, files: Sequence[FoundFile] | None) -> None:
    """What is quarantined, and why: all of it, or of these files."""
    asked = None if files is None else {decode_path(os.fsencode(file.path)) for file in files}
    for doubt in store.get_file_issues():
        if doubt.outcome is Outcome.QUARANTINED and (asked is None or doubt.path in asked):
            click.echo(f"quarantined: {doubt.path}: {doubt.reason}", err=True)


@click.command()
@click.option("--all", "everything", is_flag=True, help="Render everything anew.")
@click.option("--check", "checked", is_flag=True, help="Then read every document back by strict parsers; a line each.")
@click.option("--static", type=click.Path(file_okay=False), help="Write the whole site to a folder for a static host.")
@click.pass_obj
def publish(settings: Callable[[], Settings], everything: bool, checked: bool, static: str | None) -> None:
    """Regenerate the documents that are stale."""
    chosen = settings()
    with closing(Pipeline.open(chosen)) as program:
        changed = program.publisher.publish(everything=everything)
        click.echo(f"{len(changed)} documents changed")
        if static is not None:
            _export(chosen, program, Path(static))
    if checked:
        sys.exit(0 if _all_well(program) else 1)


def _all_well(program: Pipeline) -> bool:
    """Read every document back and say a line about each."""
    well = True
    for name in program.output_dir.list_documents():
        faults = program.validate_document(name)
        well = well and not faults
        click.echo(f"{name}: {'; '.join(faults) or 'well'}")
    return well


def _export(settings: Settings, program: Pipeline, folder: Path) -> None:
    from ..web.static_export import export_static_site

    done = export_static_site(settings, program, folder, lambda pages: show_progress(f"{pages} pages"))
    show_progress()
    click.echo(f"{folder}: {done.documents} documents and {done.pages} files of pages")
    if "//127.0.0.1" in settings.site.base_url:
        click.echo("BASE_URL is not set: feeds name themselves by an address of this machine", err=True)


@click.command("fetch")
@click.pass_obj
def fetch_(settings: Callable[[], Settings]) -> None:
    """Poll the upstreams once and write their dumps; those that are not due are left alone."""
    chosen = settings()
    failed = False
    for done in fetch_all(chosen.upstreams, factory.open_session(chosen), factory.fetch_dirs(chosen), utc_now()):
        trouble = f": {done.state.error}" if done.state.error else ""
        failed = failed or bool(trouble)
        due = format_rfc3339(done.state.next) if done.state.next else "later"
        count = f"{len(done.paths)} dump{'' if len(done.paths) == 1 else 's'}"
        what = count if done.requested else f"not due before {due}"
        for line in (f"{what}{trouble}", *done.state.notes):
            click.echo(f"{done.upstream.address}: {line}", err=bool(trouble))
    if not chosen.upstreams:
        click.echo(f"{chosen.config_file}: no upstreams are configured")
    sys.exit(1 if failed else 0)


def _ask_to_retry(settings: Settings) -> bool:
    """Have the process that ingests already try again what is quarantined; False when there is none."""
    lock = make_leader_lock(settings)
    if lock.acquire():
        lock.release()
        return False
    with closing(Store(settings.database_url)) as store:
        store.set_meta(RETRY_KEY, utc_now().isoformat())
    click.echo(f"{lock.holder()} ingests; it tries what is quarantined once more within seconds")
    return True


def _named(paths: Sequence[str], settings: Settings) -> tuple[list[FoundFile], bool]:
    """The dumps that are named, alone or by their folder, as a scan finds them; whether anything named is none."""
    suffixes = settings.limits.suffixes
    found: list[FoundFile] = []
    refused = False
    for path in paths:
        folder = path if Path(path).is_dir() else None
        for file in [each.path for each in scan_folder(path, suffixes)] if folder else [path]:
            try:
                found.append(inspect_file(file, find_dump_root(file, settings, folder), suffixes))
            except RefeedError as error:
                click.echo(f"refused: {file}: {error}", err=True)
                refused = True
    return found, refused

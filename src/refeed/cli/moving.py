"""`refeed ingest`, `publish`, `fetch`: the movers, once."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import dumps, outward
from ..accounts import rfc3339
from ..clock import now
from ..config import Settings
from ..dumps import Found
from ..election import ingest_lock
from ..errors import FetchError, RefeedError
from ..fetch import fetch_all
from ..ingest import RETRY
from ..model import Outcome
from ..pipeline import Program
from ..store import Store
from .shared import root_of, say_how_far, writing

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar


class _Progress:
    """A bar with the rate and the time left, on a terminal; nothing anywhere else."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._bar: ProgressBar[str] | None = None

    def __enter__(self) -> _Progress:
        return self

    def __call__(self, done: int, of: int) -> None:
        if self._bar is None:
            if not sys.stderr.isatty():
                return
            self._bar = click.progressbar(
                length=of, show_pos=True, item_show_func=lambda rate: rate or "", file=sys.stderr
            )
            self._bar.render_progress()
        rate = done / (time.monotonic() - self._began)
        self._bar.update(done - self._bar.pos, f"{rate:.0f} dumps/s")

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()


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
        _say_missing(chosen)
    with writing(chosen) as program:
        if retry:
            program.ingester.retry()
        try:
            program.reseed()
        except FetchError as error:
            click.echo(f"{error}; dumps are ingested all the same", err=True)
        files, refused = _named(paths, chosen) if paths else (None, False)
        with _Progress() as progress:
            tally = program.ingest(files, progress=progress)
        counts = tally.counts
        names = ("new", "changed", "unchanged", "flagged", "quarantined")
        click.echo(", ".join(f"{counts[name]} {name}" for name in names))
        if counts["quarantined"]:
            _say_quarantined(program.store, files)
        sys.exit(1 if counts["quarantined"] or refused else 0)


@click.command()
@click.option("--all", "everything", is_flag=True, help="Render everything anew.")
@click.option("--check", "checked", is_flag=True, help="Then read every document back by strict parsers; a line each.")
@click.option("--static", type=click.Path(file_okay=False), help="Write the whole site to a folder for a static host.")
@click.pass_obj
def publish(settings: Callable[[], Settings], everything: bool, checked: bool, static: str | None) -> None:
    """Regenerate the documents that are stale."""
    chosen = settings()
    program = Program.open(chosen)
    try:
        changed = program.publisher.publish(everything=everything)
        click.echo(f"{len(changed)} documents changed")
        if static is not None:
            _export(chosen, program, Path(static))
    finally:
        program.close()
    if checked:
        wrong = 0
        for name in program.folder.names():
            faults = program.check(name)
            wrong += bool(faults)
            click.echo(f"{name}: {'; '.join(faults) or 'well'}")
        sys.exit(1 if wrong else 0)


def _export(settings: Settings, program: Program, folder: Path) -> None:
    from ..web.exporting import export

    done = export(settings, program, folder, lambda pages: say_how_far(f"{pages} pages"))
    say_how_far()
    click.echo(f"{folder}: {done.documents} documents and {done.pages} files of pages")
    if "//127.0.0.1" in settings.site.base_url:
        click.echo("BASE_URL is not set: feeds name themselves by an address of this machine", err=True)


@click.command("fetch")
@click.pass_obj
def fetch_(settings: Callable[[], Settings]) -> None:
    """Poll the upstreams once and write their dumps; those that are not due are left alone."""
    chosen = settings()
    failed = False
    for done in fetch_all(chosen.upstreams, outward.session(chosen), outward.places(chosen), now()):
        trouble = f": {done.state.error}" if done.state.error else ""
        failed = failed or bool(trouble)
        due = rfc3339(done.state.next) if done.state.next else "later"
        count = f"{len(done.paths)} dump{'' if len(done.paths) == 1 else 's'}"
        what = count if done.asked else f"not due before {due}"
        for line in (f"{what}{trouble}", *done.state.notes):
            click.echo(f"{done.upstream.address}: {line}", err=bool(trouble))
    if not chosen.upstreams:
        click.echo(f"{chosen.file}: no upstreams are configured")
    sys.exit(1 if failed else 0)


def _ask_to_retry(settings: Settings) -> bool:
    """Have the process that ingests already try again what is quarantined; False when there is none."""
    lock = ingest_lock(settings)
    if lock.acquire():
        lock.release()
        return False
    store = Store(settings.database_url)
    try:
        store.note(RETRY, now().isoformat())
    finally:
        store.close()
    click.echo(f"{lock.holder()} ingests; it tries what is quarantined once more within seconds")
    return True


def _say_missing(settings: Settings) -> None:
    """Which dump folders are not there. That is no failure: what fills them may come later."""
    for folder in settings.dumps.folders:
        if not Path(folder).is_dir():
            click.echo(f"{folder}: no such folder; no dumps are taken from it", err=True)


def _say_quarantined(store: Store, files: Sequence[Found] | None) -> None:
    """What is quarantined, and why: all of it, or of these files."""
    asked = None if files is None else {os.fsencode(file.path).decode("utf-8", "backslashreplace") for file in files}
    for doubt in store.doubts():
        if doubt.outcome is Outcome.QUARANTINED and (asked is None or doubt.path in asked):
            click.echo(f"quarantined: {doubt.path}: {doubt.reason}", err=True)


def _named(paths: Sequence[str], settings: Settings) -> tuple[list[Found], bool]:
    """The dumps that are named, alone or by their folder, as a scan finds them; whether anything named is none."""
    suffixes = settings.limits.suffixes
    found: list[Found] = []
    refused = False
    for path in paths:
        folder = path if Path(path).is_dir() else None
        for file in [each.path for each in dumps.scan(path, suffixes)] if folder else [path]:
            try:
                found.append(dumps.look(file, root_of(file, settings, folder), suffixes))
            except RefeedError as error:
                click.echo(f"refused: {file}: {error}", err=True)
                refused = True
    return found, refused

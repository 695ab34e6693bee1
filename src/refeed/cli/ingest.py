"""`refeed ingest`: the dump folders, or named files -> store and feeds, once."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..clock import utc_now
from ..config.settings import Settings
from ..dumps.scanner import FoundFile, inspect_file, scan_folder
from ..errors import FetchError, RefeedError
from ..ingest.ingester import RETRY_KEY
from ..ingest.pipeline import Pipeline
from ..model import Outcome
from ..store.serialization import decode_path
from ..store.store import Store
from ..worker.leader_lock import make_leader_lock
from .shared import find_dump_root

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar  # what click.progressbar returns has no public name


@click.command("ingest")
@click.argument("paths", nargs=-1, type=click.Path(exists=True))
@click.option("--retry", is_flag=True, help="Try quarantined dumps again.")
@click.pass_obj
def ingest_command(load: Callable[[], Settings], paths: Sequence[str], retry: bool) -> None:
    """Ingest the dump folders (or PATHS) once, and publish."""
    settings = load()
    if retry and not paths and _ask_leader_to_retry(settings):
        return
    if not paths:
        for folder in settings.dumps.folders:
            if not Path(folder).is_dir():  # not an error: the folder may appear later
                click.echo(f"{folder}: folder not found, skipped", err=True)
    processes = os.cpu_count() or 1
    with make_leader_lock(settings), closing(Pipeline.open(settings, processes=processes)) as pipeline:
        if retry:
            pipeline.ingester.retry_quarantined()
        try:
            pipeline.restore_from_feeds()
        except FetchError as error:
            click.echo(f"{error}; ingesting dumps anyway", err=True)
        files, has_refused = _find_files(paths, settings) if paths else (None, False)
        with _TerminalProgress() as progress:
            counts = pipeline.ingest(files, progress=progress).counts
        names = ("new", "changed", "unchanged", "flagged", "quarantined")
        click.echo(", ".join(f"{counts[name]} {name}" for name in names))
        if counts["quarantined"]:
            _print_quarantined(pipeline.store, files)
        sys.exit(1 if counts["quarantined"] or has_refused else 0)


def _ask_leader_to_retry(settings: Settings) -> bool:
    """Ask a running leader to retry quarantined dumps. Returns False if there is no leader."""
    lock = make_leader_lock(settings)
    if lock.acquire():
        lock.release()
        return False
    with closing(Store(settings.database_url)) as store:
        store.set_meta(RETRY_KEY, utc_now().isoformat())
    click.echo(f"{lock.holder()} is the leader; it retries quarantined dumps within seconds")
    return True


def _find_files(paths: Sequence[str], settings: Settings) -> tuple[list[FoundFile], bool]:
    """The dumps that `paths` name, as a scan would find them, and whether any path was refused."""
    suffixes = settings.limits.suffixes
    found: list[FoundFile] = []
    has_refused = False
    for path in paths:
        folder = path if Path(path).is_dir() else None
        for file in [each.path for each in scan_folder(path, suffixes)] if folder else [path]:
            try:
                found.append(inspect_file(file, find_dump_root(file, settings, folder), suffixes))
            except RefeedError as error:
                click.echo(f"refused: {file}: {error}", err=True)
                has_refused = True
    return found, has_refused


def _print_quarantined(store: Store, files: Sequence[FoundFile] | None) -> None:
    """Print what is quarantined and why: all of it, or only `files`."""
    paths = None if files is None else {decode_path(os.fsencode(file.path)) for file in files}
    for issue in store.get_file_issues():
        if issue.outcome is Outcome.QUARANTINED and (paths is None or issue.path in paths):
            click.echo(f"quarantined: {issue.path}: {issue.reason}", err=True)


class _TerminalProgress:
    """A progress bar with the rate and the time left. Shows nothing if standard error is not a terminal."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._bar: ProgressBar[str] | None = None

    def __enter__(self) -> _TerminalProgress:
        return self

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if not sys.stderr.isatty():
                return
            self._bar = click.progressbar(
                length=total, show_pos=True, item_show_func=lambda rate: rate or "", file=sys.stderr
            )
            self._bar.render_progress()
        rate = done / (time.monotonic() - self._started)
        self._bar.update(done - self._bar.pos, f"{rate:.0f} dumps/s")

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

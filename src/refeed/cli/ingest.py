"""`refeed ingest`: the dump folders, or named files -> store and feeds, once."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import click

from ..clock import utc_now
from ..config.settings import Settings
from ..dumps.scanner import FoundFile, display_path, inspect_file, scan_folder
from ..errors import FetchError, RefeedError
from ..ingest.ingester import RETRY_KEY
from ..ingest.pipeline import Pipeline
from ..model import Outcome
from ..store.leader_lock import make_leader_lock
from ..store.store import Store
from ..store.story_members import get_stories_state
from ..stories.story_updater import update_stories
from .main import pass_settings
from .output import echo
from .shared import find_dump_root


@click.command("ingest")
@click.argument("paths", nargs=-1, type=click.Path(exists=True))
@click.option("--retry", is_flag=True, help="Try quarantined dumps again.")
@pass_settings
def ingest_command(settings: Settings, paths: Sequence[str], retry: bool) -> None:
    """Ingest the dump folders (or PATHS) once, and publish."""
    if retry and not paths and _ask_leader_to_retry(settings):
        return
    if not paths:
        for folder in settings.dumps.folders:
            if not Path(folder).is_dir():  # not an error: the folder may appear later
                echo(f"{folder}: folder not found, skipped", err=True)
    processes = os.cpu_count() or 1
    with make_leader_lock(settings.database_url), closing(Pipeline.open(settings, processes=processes)) as pipeline:
        if retry:
            pipeline.ingester.retry_quarantined()
        try:
            pipeline.restore_from_feeds()
        except FetchError as error:
            echo(f"{error}; ingesting dumps anyway", err=True)
        files, has_refused = _find_files(paths, settings) if paths else (None, False)
        with _show_progress("dumps") as progress:
            counts = pipeline.ingest(files, progress=progress).counts
        names = ("new", "changed", "unchanged", "flagged", "quarantined")
        echo(", ".join(f"{counts[name]} {name}" for name in names))
        if counts["quarantined"]:
            _print_quarantined(pipeline.store, files)
        with _show_progress("entries joined to stories") as progress:
            pending = get_stories_state(pipeline.store).pending
            while left := update_stories(pipeline.store, utc_now()):
                progress(pending - left, pending)
        sys.exit(1 if counts["quarantined"] or has_refused else 0)


def _ask_leader_to_retry(settings: Settings) -> bool:
    """Ask a running leader to retry quarantined dumps. Returns False if there is no leader."""
    lock = make_leader_lock(settings.database_url)
    if lock.acquire():
        lock.release()
        return False
    with closing(Store(settings.database_url)) as store:
        store.set_meta(RETRY_KEY, utc_now().isoformat())
    echo(f"{lock.holder()} is the leader; it retries quarantined dumps within seconds")
    return True


def _find_files(paths: Sequence[str], settings: Settings) -> tuple[list[FoundFile], bool]:
    """The dumps that `paths` name, as a scan would find them, and whether any path was refused."""
    suffixes = settings.limits.all_suffixes
    found: list[FoundFile] = []
    has_refused = False
    for path in paths:
        folder = path if Path(path).is_dir() else None
        for file in [each.path for each in scan_folder(path, suffixes)] if folder else [path]:
            try:
                found.append(inspect_file(file, find_dump_root(file, settings, folder), suffixes))
            except RefeedError as error:
                echo(f"refused: {display_path(file)}: {error}", err=True)
                has_refused = True
    return found, has_refused


def _print_quarantined(store: Store, files: Sequence[FoundFile] | None) -> None:
    """Print what is quarantined and why: all of it, or only `files`."""
    paths = None if files is None else {file.path for file in files}
    for issue in store.get_file_issues():
        if issue.outcome is Outcome.QUARANTINED and (paths is None or issue.path in paths):
            echo(f"quarantined: {display_path(issue.path)}: {issue.reason}", err=True)


@contextmanager
def _show_progress(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with the rate and the time left, if standard error is a terminal."""
    started = time.monotonic()
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1, show_pos=True, item_show_func=str, file=sys.stderr, hidden=hidden) as bar:

        def update(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos, f"{done / (time.monotonic() - started):.0f} {unit}/s")

        yield update

"""What several commands need: a pipeline that leads, how people name files and entries, progress on a terminal."""

from __future__ import annotations

import os
import re
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..clock import utc_now
from ..config.settings import Settings
from ..errors import QuarantineError
from ..fetch.upstreams import dump_dirs
from ..ingest.entry_builder import EntryBuilder
from ..ingest.pipeline import Pipeline
from ..model import Dump
from ..store.store import Store
from ..worker.leader_lock import make_leader_lock

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar  # what click.progressbar returns has no public name


_ID = re.compile(r"(?:urn:uuid:|https?://\S+/entry/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:[.?#].*)?", re.I)


@contextmanager
def open_as_leader(settings: Settings) -> Iterator[Pipeline]:
    """Open the pipeline as the leader, with a pool process for each processor. Raises LockedError beside another."""
    with make_leader_lock(settings), closing(Pipeline.open(settings, processes=os.cpu_count() or 1)) as pipeline:
        yield pipeline


def find_dump_root(path: str, settings: Settings, default: str | None = None) -> Path:
    """The dump folder that holds a file, as the settings spell it, so that a file has one name in the store.

    For a file outside of all dump folders: `default`, or the folder of the file.
    """
    file = Path(os.path.abspath(path))  # noqa: PTH100  which resolves `..`, and `absolute` does not
    roots = (root for root in dump_dirs(settings) if file.is_relative_to(os.path.abspath(root)))  # noqa: PTH100
    return Path(next(roots, os.path.abspath(default) if default else file.parent))  # noqa: PTH100


def find_entry_id(store: Store, name: str, builder: EntryBuilder) -> str | None:
    """The id of the stored entry that `name` means: an id, the address of its page, or its link. None when unknown."""
    candidates = [match[1].lower()] if (match := _ID.fullmatch(name)) else _ids_of_link(name, builder)
    return next((id for id in candidates if store.get_entry(id) is not None), None)


def _ids_of_link(link: str, builder: EntryBuilder) -> Iterator[str]:
    """Ids that a link may have: of the link as it is, then of its canonical form."""
    if not link.startswith(("http://", "https://")):
        return
    yield str(uuid.uuid5(uuid.NAMESPACE_URL, link))
    with suppress(QuarantineError):
        dump = Dump(path="", folder="", data=f"<!--0-->\n[-]({link})\n------\n".encode(), first_seen=utc_now())
        yield builder.derive_entry_id(dump).removeprefix("urn:uuid:")


class TerminalProgress:
    """A progress bar with the rate and the time left. Shows nothing where standard error is not a terminal."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._bar: ProgressBar[str] | None = None

    def __enter__(self) -> TerminalProgress:
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


def show_progress(text: str = "") -> None:
    """Replace the progress line on a terminal; without a text, end it. Does nothing elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r{text} " if text else "", nl=not text, err=True)

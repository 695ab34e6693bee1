"""What several commands need: the one process that ingests, and how people name a file or an entry."""

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
from ..fetch.factory import dump_dirs
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
    """The program, as the one process that ingests. Raises LockedError when another does."""
    with make_leader_lock(settings), closing(Pipeline.open(settings, processes=os.cpu_count() or 1)) as program:
        yield program


def find_dump_root(path: str, settings: Settings, otherwise: str | None = None) -> Path:
    """The dump folder that a file lies in, as the settings spell it, so that a file has one name in the store; for one
    that lies elsewhere `otherwise`, or its own folder."""
    here = Path(os.path.abspath(path))  # noqa: PTH100  which takes `..` out, and `absolute` does not
    roots = (root for root in dump_dirs(settings) if here.is_relative_to(os.path.abspath(root)))  # noqa: PTH100
    return Path(next(roots, os.path.abspath(otherwise) if otherwise else here.parent))  # noqa: PTH100


def find_entry_id(store: Store, entry: str, maker: EntryBuilder) -> str | None:
    """The id that the store knows an entry by, from an id, an address of its page, or its link; None for nothing."""
    candidates = [match[1].lower()] if (match := _ID.fullmatch(entry)) else _of_link(entry, maker)
    return next((id for id in candidates if store.get_entry(id) is not None), None)


def _of_link(link: str, maker: EntryBuilder) -> Iterator[str]:
    """As entries are identified: first by the link as it stands, then by what never changes in it."""
    if not link.startswith(("http://", "https://")):
        return
    yield str(uuid.uuid5(uuid.NAMESPACE_URL, link))
    with suppress(QuarantineError):
        dump = Dump(path="", folder="", data=f"<!--0-->\n[-]({link})\n------\n".encode(), first_seen=utc_now())
        yield maker.derive_entry_id(dump).removeprefix("urn:uuid:")


# How far something long has come -> the terminal, if there is one.


class TerminalProgress:
    """A bar with the rate and the time left, on a terminal; nothing anywhere else."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._bar: ProgressBar[str] | None = None

    def __enter__(self) -> TerminalProgress:
        return self

    def __call__(self, done: int, of: int) -> None:
        """So many dumps are done, of so many."""
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


def show_progress(text: str = "") -> None:
    """Over what was said before, on a terminal; nothing anywhere else. Without a text, that is the end of it."""
    if sys.stderr.isatty():
        click.echo(f"\r{text} " if text else "", nl=not text, err=True)

"""How far an ingest has come -> a bar on the terminal, if there is one."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar  # what click.progressbar returns has no public name


class Progress:
    """A bar with the rate and the time left, on a terminal; nothing anywhere else."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._bar: ProgressBar[str] | None = None

    def __enter__(self) -> Progress:
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

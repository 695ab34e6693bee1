"""How far something long has come -> the terminal, if there is one."""

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


def say_how_far(text: str = "") -> None:
    """Over what was said before, on a terminal; nothing anywhere else. Without a text, that is the end of it."""
    if sys.stderr.isatty():
        click.echo(f"\r{text} " if text else "", nl=not text, err=True)

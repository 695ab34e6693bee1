"""Lines -> standard output or standard error, without what would control a terminal. Commands print through it."""

from __future__ import annotations

import click

from ..terminal import escape_unprintable


def echo(*lines: str, err: bool = False) -> None:
    """Print each text on a line of its own."""
    for line in lines:
        click.echo(escape_unprintable(line), err=err)

"""`refeed serve`: the web server, and the worker beside it."""

from __future__ import annotations

from collections.abc import Callable

import click

from ..config.settings import Settings


@click.command("serve")
@click.option("--no-worker", is_flag=True, help="Serve only; another process ingests and publishes.")
@click.option("--no-watch", is_flag=True, hidden=True, help="The former name of --no-worker.")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.pass_obj
def serve_command(load: Callable[[], Settings], no_worker: bool, no_watch: bool, host: str) -> None:
    """Run the web server, and the worker beside it unless --no-worker."""
    from .supervisor import run_server  # loads granian

    run_server(load(), load, with_worker=not (no_worker or no_watch), host=host)

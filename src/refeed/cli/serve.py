"""`refeed serve`, `refeed watch`: the two processes of the service."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import click

from ..config.settings import Settings

_GRACE = 7.0
"""Seconds that the movers have to end in after SIGTERM; platforms kill after ten."""
_NICE = 5
"""Beside a web server on the same machine, polls come first."""


@click.command()
@click.option("--no-watch", is_flag=True, help="Serve only; another process ingests.")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.pass_obj
def serve(settings: Callable[[], Settings], no_watch: bool, host: str) -> None:
    """Web server, and the movers unless --no-watch."""
    from .supervisor import run_server as run

    run(settings(), settings, with_worker=not no_watch, host=host)


@click.command()
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input closes.")
@click.pass_obj
def watch(settings: Callable[[], Settings], with_parent: bool) -> None:
    """The movers alone: ingest what lands in the dump folders, and publish it."""
    from ..parent_watchdog import end_with_parent
    from ..worker.worker import Worker

    movers = Worker(settings(), settings, preferred=not with_parent)

    def stop(_number: int, _frame: FrameType | None) -> None:
        # A database or a disk that hangs keeps nobody from ending: to be killed at any instant does no harm.
        guard = threading.Timer(_GRACE, os._exit, (0,))
        guard.daemon = True
        guard.start()
        movers.stop()

    def reload(_number: int, _frame: FrameType | None) -> None:
        movers.reload()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)
    if with_parent:
        os.nice(_NICE)
        end_with_parent(os.getppid(), pipe=0)
    movers.run()

"""`refeed worker`: the process that ingests and publishes. SIGTERM and SIGINT end it, SIGHUP reloads config.yaml."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import click

from ..config.settings import Settings
from ..feeds.accepted_config import check_settings

_SHUTDOWN_SECONDS = 7.0
"""How long the worker may take to end after SIGTERM; platforms kill after ten seconds."""
_NICENESS = 5
"""Niceness of a worker that `refeed serve` starts: web requests come first."""


@click.command("worker")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input closes.")
@click.pass_obj
def worker_command(load: Callable[[], Settings], with_parent: bool) -> None:
    """Run the worker alone: ingest what lands in the dump folders, and publish it."""
    from ..parent_watchdog import end_with_parent
    from ..worker.worker import Worker

    worker = Worker(load(), lambda: check_settings(load()), preferred=not with_parent)

    def stop(_number: int, _frame: FrameType | None) -> None:
        # A database or a disk that hangs must not keep the process alive. A kill at any moment does no harm.
        killer = threading.Timer(_SHUTDOWN_SECONDS, os._exit, (0,))
        killer.daemon = True
        killer.start()
        worker.stop()

    def reload(_number: int, _frame: FrameType | None) -> None:
        worker.reload()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)
    if with_parent:
        os.nice(_NICENESS)
        end_with_parent(os.getppid(), pipe=0)
    worker.run()

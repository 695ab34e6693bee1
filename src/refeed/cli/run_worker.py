"""`refeed worker`: the process that ingests and publishes, and the one that watches it. SIGTERM and SIGINT end both,
SIGHUP reloads config.yaml."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import click

from ..config.settings import Settings
from ..feeds.accepted_config import check_settings
from ..init_process import leave_init
from .worker_supervisor import WorkerSupervisor

_SHUTDOWN_SECONDS = 7.0
"""How long the worker may take to end after SIGTERM; platforms kill after ten seconds."""
_NICENESS = 5
"""Niceness of a worker that `refeed serve` starts: web requests come first."""


@click.command("worker")
@click.option("--supervised", is_flag=True, hidden=True, help="Give signs of life, and end when standard input closes.")
@click.option("--beside-web", is_flag=True, hidden=True, help="Give way to web processes and to dedicated workers.")
@click.pass_obj
def worker_command(load: Callable[[], Settings], supervised: bool, beside_web: bool) -> None:
    """Run the worker alone: ingest what lands in the dump folders, and publish it."""
    settings = load()
    if supervised:
        _run_worker(settings, load, beside_web=beside_web)
    else:
        leave_init()
        supervisor = WorkerSupervisor()
        _handle_signals(supervisor.request_stop, supervisor.reload)
        supervisor.start()
        while supervisor.is_alive():
            # Without a timeout, a signal that the kernel delivers to another thread would wait for the next one.
            supervisor.join(1)


def _run_worker(settings: Settings, load: Callable[[], Settings], *, beside_web: bool) -> None:
    from ..heartbeat import send_signs
    from ..parent_watchdog import end_with_parent
    from ..worker.worker import Worker

    worker = Worker(settings, lambda: check_settings(load()), preferred=not beside_web)

    def stop() -> None:
        # A database or a disk that hangs must not keep the process alive. A kill at any moment does no harm.
        killer = threading.Timer(_SHUTDOWN_SECONDS, os._exit, (0,))
        killer.daemon = True
        killer.start()
        worker.stop()

    _handle_signals(stop, worker.reload)
    if beside_web:
        os.nice(_NICENESS)
    end_with_parent(os.getppid(), pipe=0)
    send_signs(0)
    worker.run()


def _handle_signals(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    def handle(number: int, _frame: FrameType | None) -> None:
        (reload if number == signal.SIGHUP else stop)()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, handle)

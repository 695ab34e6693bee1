"""`refeed serve`: the web server, and the worker as a separate process, so that ingesting does not slow requests.

A worker that exits is started again; web processes restart when config.yaml changes.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from granian.constants import HTTPModes, Interfaces

from ..config.load import ReloadableSettings
from ..config.settings import Settings
from ..errors import ConfigError
from ..metrics import share_metrics
from ..web.server import GranianServer, run_web_process

if TYPE_CHECKING:
    from ..web.server import RequestDispatcher

_log = logging.getLogger("refeed.serve")

_CONFIG_POLL_SECONDS = 2.0
_WORKER_SHUTDOWN_SECONDS = 8.0
"""How long the worker may take to end; platforms kill ten seconds after SIGTERM."""
_WEB_SHUTDOWN_SECONDS = 7
"""How long requests in flight may take after SIGTERM."""
_FIRST_RESTART_PAUSE, _LONGEST_RESTART_PAUSE = 1.0, 30.0


@click.command("serve")
@click.option("--no-worker", is_flag=True, help="Serve only; another process ingests and publishes.")
@click.option("--no-watch", is_flag=True, hidden=True, help="The former name of --no-worker.")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.pass_obj
def serve_command(load: Callable[[], Settings], no_worker: bool, no_watch: bool, host: str) -> None:
    """Run the web server, and the worker unless --no-worker is given. SIGTERM ends both; requests in flight finish."""
    settings = load()
    with_worker = not (no_worker or no_watch)
    Path(settings.feeds_dir).mkdir(parents=True, exist_ok=True)
    share_metrics(Path(settings.var_dir) / "metrics" / str(settings.port))
    worker = WorkerSupervisor()
    if with_worker:
        worker.start()
    factory = WebAppFactory(settings)
    server = GranianServer(
        "refeed",
        address=host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_concurrency,
        http=HTTPModes.http1,
        websockets=False,
        # One thread answers document requests and hands over slower ones. A request body is read in another thread.
        blocking_threads=2 if settings.push_token else 1,
        respawn_failed_workers=True,  # without it, one killed web process ends the whole server
        workers_kill_timeout=_WEB_SHUTDOWN_SECONDS,
        log_access=False,  # addresses of private feeds are secrets
    )
    server.on_stop = worker.request_stop
    watcher = _ConfigWatcher(factory, load)
    server.on_reload(watcher.reload_if_changed)
    watcher.start()
    _log.info("serving on http://%s:%s", host, settings.port, extra={"host": host, "port": settings.port})
    gc.collect()
    gc.freeze()  # a collection in a forked web process would copy all pages of memory: 5 MB each
    try:
        server.serve(spawn_target=run_web_process, target_loader=factory, wrap_loader=False)
    finally:
        watcher.stop()
        if with_worker:
            worker.stop()


class WorkerSupervisor(threading.Thread):
    """Keeps `refeed worker` running. The worker ends by itself when this process dies: its standard input closes."""

    def __init__(self) -> None:
        super().__init__(name="worker-supervisor", daemon=True)
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def request_stop(self) -> None:
        """Ask the worker to end; returns at once."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Ask the worker to end and wait for it; kill it when it takes too long."""
        self.request_stop()
        self.join(_WORKER_SHUTDOWN_SECONDS)
        if self._process is not None:
            self._process.kill()
        self.join()

    def run(self) -> None:
        """Start the worker, and restart it whenever it exits, until `request_stop` is called."""
        pause = _FIRST_RESTART_PAUSE
        while not self._stopping.is_set():
            started = time.monotonic()
            # Popen may return late. It waits until the pipe to the starting child closes, and a web process that was
            # forked at that moment holds a copy of the pipe until it ends.
            with subprocess.Popen(
                [sys.executable, "-m", "refeed", "worker", "--with-parent"], stdin=subprocess.PIPE
            ) as self._process:
                if self._stopping.is_set():  # request_stop came before `_process` was set
                    self._process.terminate()
                status = self._process.wait()
            if self._stopping.is_set():
                return
            has_run_well = time.monotonic() - started > 60
            pause = _FIRST_RESTART_PAUSE if has_run_well else min(pause * 2, _LONGEST_RESTART_PAUSE)
            fields = {"status": status, "seconds": pause}
            _log.error("worker exited (status %s); restarting in %.0f s", status, pause, extra=fields)
            self._stopping.wait(pause)


@dataclass(slots=True)
class WebAppFactory:
    """Creates the application of a web process from the last valid settings, even if config.yaml is invalid now.

    It is called in the web process. It may be pickled to get there.
    """

    settings: Settings

    def __call__(self) -> RequestDispatcher:
        from ..web.server import create_dispatcher  # the server itself does not need it

        return create_dispatcher(self.settings)


class _ConfigWatcher(threading.Thread):
    """Restarts the web processes when config.yaml changes and is valid."""

    def __init__(self, factory: WebAppFactory, load: Callable[[], Settings]) -> None:
        super().__init__(name="config-watcher", daemon=True)
        self._factory = factory
        self._current = ReloadableSettings(factory.settings, load)
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def reload_if_changed(self) -> bool:
        """Read config.yaml if it has changed. Returns whether web processes would now start with different settings."""
        try:
            has_changed = self._current.reload_if_changed()
        except ConfigError as error:
            fields = {"file": self._current.settings.config_file, "count": len(error.errors)}
            _log.error("config reload failed; keeping previous settings: %s", error.errors[0], extra=fields)
            return False
        self._factory.settings = self._current.settings
        return has_changed

    def run(self) -> None:
        while not self._stopping.wait(_CONFIG_POLL_SECONDS):
            if self.reload_if_changed():
                os.kill(os.getpid(), signal.SIGHUP)  # granian starts new web processes, then ends the old ones

"""`refeed serve`: the web server, and the worker as a separate process, so that ingesting does not slow requests.

Both are watched, and started again with a pause when they exit; web processes restart when config.yaml changes.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import click
from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from ..config.load import ReloadableSettings
from ..config.settings import Settings
from ..errors import ConfigError
from ..feeds.accepted_config import check_settings
from ..ingest.status_file import STATE_STARTING, STATUS_FILE_NAME, StatusFile
from ..init_process import leave_init
from ..logs import configure_logging
from ..parent_watchdog import end_with_parent
from ..web.rate_limit import MAX_PUSHES, MAX_RUNNING, MAX_WAITING
from .listen_address import claim_address
from .output import echo
from .worker_supervisor import FIRST_PAUSE, WorkerSupervisor, restart_pause

_log = logging.getLogger("refeed.serve")

_CONFIG_POLL_SECONDS = 2.0
_WEB_SHUTDOWN_SECONDS = 7
"""How long requests in flight may take after SIGTERM."""

_THREADS = MAX_RUNNING + MAX_WAITING + MAX_PUSHES + 2
"""The threads of a web process. Two more than slow requests and pushes can hold answer requests for documents."""
_MAX_CONNECTIONS = 4096
"""The most connections of a web process. Further ones wait in the backlog until others close or time out."""
_IDLE_MILLISECONDS = 5_000
"""How long a connection may take to send a request's headers, from its start or from its previous response."""
_MAX_HEADER_BYTES = 32_768
"""The largest request headers. nginx accepts as much."""
_NO_LOG_HANDLERS: dict[str, Any] = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {}, "granian.access": {}},
}
"""Sends granian's log to our handlers, in the configured format. By default it writes text to standard output."""


@click.command("serve")
@click.option("--no-worker", is_flag=True, help="Serve only; another process ingests and publishes.")
@click.option("--no-watch", is_flag=True, hidden=True, help="The former name of --no-worker.")
@click.option("--host", help="IP address to listen on (else HOST, else 0.0.0.0 if PORT is set, else 127.0.0.1).")
@click.pass_obj
def serve_command(load: Callable[[], Settings], no_worker: bool, no_watch: bool, host: str | None) -> None:
    """Run the web server, and the worker unless --no-worker is given. SIGTERM ends both; requests in flight finish."""
    settings = load()
    leave_init()
    host = host or settings.host
    with claim_address(host, settings.port) as claim:
        _serve(settings, load, host, claim, with_worker=not (no_worker or no_watch))


def _serve(
    settings: Settings, load: Callable[[], Settings], host: str, claim: socket.socket, *, with_worker: bool
) -> None:
    for folder in (settings.feeds_dir, settings.var_dir):
        _warn_if_unwritable(Path(folder))
    from ..web import app  # noqa: F401 -- for the web processes that are forked

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until granian handles it
    worker = WorkerSupervisor("--beside-web")
    if with_worker:
        # Pages say so until the worker has opened the store, which takes two seconds.
        StatusFile(Path(settings.var_dir) / STATUS_FILE_NAME).write({"state": STATE_STARTING})
        worker.start()
    watcher = ConfigWatcher(WebAppFactory(settings), lambda: check_settings(load()))
    watcher.start()
    _log.info("serving on http://%s:%s", host, settings.port, extra={"host": host, "port": settings.port})
    gc.collect()
    gc.freeze()  # a collection in a forked web process would copy all pages of memory: 5 MB each

    def release() -> None:
        claim.close()  # the next server may start while requests in flight are answered
        worker.request_stop()

    try:
        WebSupervisor(host, watcher, release).run()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):  # a second one must not change the exit status
            signal.signal(number, signal.SIG_IGN)
        watcher.stop()
        if with_worker:
            worker.stop()


def _warn_if_unwritable(folder: Path) -> None:
    """Serving needs no writable folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        _log.warning(
            "%s: not writable (%s); serving what is there", folder, error.strerror, extra={"folder": str(folder)}
        )


@dataclass(slots=True)
class WebAppFactory:
    """Creates the application of a web process from the last valid settings, even if config.yaml is invalid now.

    It is called in the web process. It may be pickled to get there.
    """

    settings: Settings
    server: int = field(default_factory=os.getpid)
    """The process that starts the web process. It may be gone before the web process can look for its parent."""

    def __call__(self) -> Flask:
        from ..web.app import create_app

        if os.getpid() != self.server:
            end_with_parent(self.server)
        configure_logging(self.settings.log_format)
        app = create_app(self.settings)
        gc.collect()
        gc.freeze()  # a collection that visits these permanent objects would block requests for 60 ms
        return app


@dataclass(slots=True)
class WebSupervisor:
    """Runs granian until a signal ends it. granian replaces a web process that dies, and exits when several do so in
    a row; then it is started again."""

    host: str
    watcher: ConfigWatcher
    on_stop: Callable[[], None]
    """Called when a signal asks for the end, before requests in flight are answered."""
    announced: bool = False

    def run(self) -> None:
        """Serve. Returns when a signal has ended the server."""
        stopping = threading.Event()
        pause = FIRST_PAUSE / 2
        while not stopping.is_set():
            server, started = self._create_server(), time.monotonic()
            server.on_startup(lambda: self._announce_signals(stopping))
            server.on_startup(self._announce_address)
            server.on_reload(self.watcher.reload_if_changed)
            try:
                server.serve(target_loader=self.watcher.factory, wrap_loader=False)
                return
            except SystemExit as error:
                if stopping.is_set():  # a web process got the signal first
                    return
                reason = f"status {error.code}"
            except OSError as error:  # no memory or no process for a new web process
                reason = str(error)
                with suppress(SystemExit):
                    server.shutdown()
            pause = restart_pause(started, pause)
            fields = {"error": reason, "seconds": pause}
            _log.error("web server exited (%s); restarting in %.0f s", reason, pause, extra=fields)
            stopping.wait(pause)

    def _announce_address(self) -> None:
        """Tell a person where to go, once."""
        settings = self.watcher.factory.settings
        if not self.announced and settings.log_format == "text":
            echo(f"Open {settings.site.base_url}/")
        self.announced = True

    def _create_server(self) -> Any:  # Granian has different types with and without a GIL
        settings = self.watcher.factory.settings
        # Most of its threads only wait.
        logging.getLogger("_granian").addFilter(lambda record: "Python threads" not in record.msg)
        return Granian(
            "app:app",
            address=self.host,
            port=settings.port,
            interface=Interfaces.WSGI,
            workers=settings.web_concurrency,
            http=HTTPModes.http1,
            websockets=False,
            blocking_threads=_THREADS,
            backlog=_MAX_CONNECTIONS,
            backpressure=_raise_file_limit(),
            http1_settings=HTTP1Settings(header_read_timeout=_IDLE_MILLISECONDS, max_buffer_size=_MAX_HEADER_BYTES),
            respawn_failed_workers=True,  # without it, one killed web process ends the whole server
            workers_kill_timeout=_WEB_SHUTDOWN_SECONDS,
            log_dictconfig=_NO_LOG_HANDLERS,
            log_access=False,  # addresses of private feeds are secrets
        )

    def _announce_signals(self, stopping: threading.Event) -> None:
        """Let granian's signal handlers run after `on_stop`."""
        for number in (signal.SIGTERM, signal.SIGINT):
            stop_granian: Any = signal.getsignal(number)

            def stop(number: int, frame: FrameType | None, stop_granian: Any = stop_granian) -> None:
                stopping.set()
                self.on_stop()
                stop_granian(number, frame)

            signal.signal(number, stop)


def _raise_file_limit() -> int:
    """Allow as many open files as connections need. Returns the number of connections that the limit leaves."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MAX_CONNECTIONS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return min(_MAX_CONNECTIONS, allowed // 2)


class ConfigWatcher(threading.Thread):
    """Restarts the web processes when config.yaml changes and is valid."""

    def __init__(self, factory: WebAppFactory, load: Callable[[], Settings]) -> None:
        super().__init__(name="config-watcher", daemon=True)
        self.factory = factory
        self._current = ReloadableSettings(factory.settings, load)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()

    def reload_if_changed(self) -> bool:
        """Read config.yaml if it has changed. Returns whether web processes would now start with different settings."""
        try:
            has_changed = self._current.reload_if_changed()
        except ConfigError as error:
            fields = {"file": self._current.settings.config_file, "count": len(error.errors)}
            _log.error("config reload failed; keeping previous settings: %s", error.errors[0], extra=fields)
            return False
        self.factory.settings = self._current.settings
        return has_changed

    def run(self) -> None:
        """Look for changes, and ask granian to start new web processes and then to end the old ones."""
        while not self._stopping.wait(_CONFIG_POLL_SECONDS):
            if self.reload_if_changed():
                os.kill(os.getpid(), signal.SIGHUP)

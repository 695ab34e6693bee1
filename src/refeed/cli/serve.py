"""`refeed serve`: the web server, and the worker as a separate process, so that ingesting does not slow requests.

Both are watched, and started again with a pause when they exit; web processes restart when config.yaml changes.
"""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
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
from ..logs import configure_logging
from ..metrics import share_metrics
from ..parent_watchdog import end_with_parent
from ..web.rate_limit import MAX_PUSHES, MAX_RUNNING, MAX_WAITING

_log = logging.getLogger("refeed.serve")

_CONFIG_POLL_SECONDS = 2.0
_WORKER_SHUTDOWN_SECONDS = 8.0
"""How long the worker may take to end; platforms kill ten seconds after SIGTERM."""
_WEB_SHUTDOWN_SECONDS = 7
"""How long requests in flight may take after SIGTERM."""
_FIRST_RESTART_PAUSE, _LONGEST_RESTART_PAUSE = 1.0, 30.0

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
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.pass_obj
def serve_command(load: Callable[[], Settings], no_worker: bool, no_watch: bool, host: str) -> None:
    """Run the web server, and the worker unless --no-worker is given. SIGTERM ends both; requests in flight finish."""
    settings = load()
    check_can_listen(host, settings.port)
    with_worker = not (no_worker or no_watch)
    Path(settings.feeds_dir).mkdir(parents=True, exist_ok=True)
    share_metrics(Path(settings.var_dir) / "metrics" / str(settings.port))
    from ..web import app  # noqa: F401 -- for the web processes that are forked; its metrics are shared from now on

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until granian handles it
    worker = WorkerSupervisor()
    if with_worker:
        worker.start()
    watcher = ConfigWatcher(WebAppFactory(settings), lambda: check_settings(load()))
    watcher.start()
    _log.info("serving on http://%s:%s", host, settings.port, extra={"host": host, "port": settings.port})
    gc.collect()
    gc.freeze()  # a collection in a forked web process would copy all pages of memory: 5 MB each
    try:
        WebSupervisor(host, watcher, worker.request_stop).run()
    finally:
        watcher.stop()
        if with_worker:
            worker.stop()


def check_can_listen(host: str, port: int) -> None:
    """Raises ConfigError if the server cannot listen on the address, with one line instead of granian's hundred."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        hint = "use 127.0.0.1 for this machine only, or 0.0.0.0 for all"
        raise ConfigError(f"--host: must be an IP address, got {host!r}; {hint}") from None
    with socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET) as probe:
        for option in (
            socket.SO_REUSEADDR,
            socket.SO_REUSEPORT,
        ):  # as granian binds: a stopping server may hold the port
            probe.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            problem = f"cannot listen on {host} port {port}: {error.strerror}"
            raise ConfigError(f"{problem}; PORT sets another port, --host another address") from error


def _restart_pause(ran_since: float, previous: float) -> float:
    """Seconds until a process that exited is started again: doubled each time, unless it has run for a minute."""
    has_run_well = time.monotonic() - ran_since > 60
    return _FIRST_RESTART_PAUSE if has_run_well else min(previous * 2, _LONGEST_RESTART_PAUSE)


@dataclass(slots=True)
class WebAppFactory:
    """Creates the application of a web process from the last valid settings, even if config.yaml is invalid now.

    It is called in the web process. It may be pickled to get there.
    """

    settings: Settings

    def __call__(self) -> Flask:
        from ..web.app import create_app  # prometheus-client decides at import whether metrics are shared

        end_with_parent(os.getppid())
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

    def run(self) -> None:
        """Serve. Returns when a signal has ended the server."""
        stopping = threading.Event()
        pause = _FIRST_RESTART_PAUSE / 2
        while not stopping.is_set():
            server, started = self._create_server(), time.monotonic()
            server.on_startup(lambda: self._announce_signals(stopping))
            server.on_reload(self.watcher.reload_if_changed)
            try:
                server.serve(target_loader=self.watcher.factory, wrap_loader=False)
                return
            except SystemExit as error:
                if stopping.is_set():  # a web process got the signal first
                    return
                pause = _restart_pause(started, pause)
                fields = {"status": error.code, "seconds": pause}
                _log.error("web server exited (status %s); restarting in %.0f s", error.code, pause, extra=fields)
                stopping.wait(pause)

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
        pause = _FIRST_RESTART_PAUSE / 2
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
            pause = _restart_pause(started, pause)
            fields = {"status": status, "seconds": pause}
            _log.error("worker exited (status %s); restarting in %.0f s", status, pause, extra=fields)
            self._stopping.wait(pause)


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

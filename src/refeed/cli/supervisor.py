"""`refeed serve`: the web server, and the movers in a process of their own, so that ingesting never slows a poll."""

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

from granian.constants import HTTPModes, Interfaces

from ..config.reload import ReloadableSettings
from ..config.settings import Settings
from ..errors import ConfigError
from ..metrics import share_metrics
from ..web.server import GranianServer, run_web_process

if TYPE_CHECKING:
    from ..web.server import RequestDispatcher

_log = logging.getLogger("refeed.cli.supervisor")

_LOOK = 2.0
"""Seconds between looks at config.yaml."""
_GRACE = 8.0
"""Seconds that the movers get to end; platforms kill ten seconds after they ask."""
_GRACE_OF_WORKERS = 7
"""The same for requests that are being answered."""


class WorkerSupervisor:
    """Keeps `refeed watch` running. It ends by itself when this process dies, because its standard input closes."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name="movers", daemon=True)

    def start(self) -> None:
        self._keeper.start()

    def request_stop(self) -> None:
        """Ask it to end; returns at once."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.request_stop()
        self._keeper.join(_GRACE)
        if self._process is not None:
            self._process.kill()
        self._keeper.join()

    def _keep(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            started = time.monotonic()
            # Returns late when a web process is forked meanwhile: that one holds a copy of the pipe by which
            # Popen learns that the child runs, until it ends.
            with subprocess.Popen(
                [sys.executable, "-m", "refeed", "watch", "--with-parent"], stdin=subprocess.PIPE
            ) as self._process:
                if self._stopping.is_set():  # and nobody knew yet whom to tell
                    self._process.terminate()
                code = self._process.wait()
            if self._stopping.is_set():
                return
            pause = 1.0 if time.monotonic() - started > 60 else min(pause * 2, 30)
            _log.error("the movers ended with status %s; starting them again in %.0f s", code, pause)
            self._stopping.wait(pause)


@dataclass(slots=True)
class WebAppFactory:
    """What a web process begins with, whenever it begins: the last settings without a mistake, and not whatever
    config.yaml has become since. Called in that process; may be pickled on the way there."""

    settings: Settings

    def __call__(self) -> RequestDispatcher:
        from ..web.server import create_dispatcher  # which its server has no use for

        return create_dispatcher(self.settings)


class _Renewing:
    """Has the web processes begin anew when config.yaml says something else, and only when it has no mistakes."""

    def __init__(self, web: WebAppFactory, load: Callable[[], Settings]) -> None:
        self._web = web
        self._configuration = ReloadableSettings(web.settings, load)
        self._stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep, name="configuration", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def look(self) -> bool:
        """Read config.yaml if it has changed; whether web processes would begin with other settings now."""
        try:
            changed = self._configuration.reload_if_changed()
        except ConfigError as error:
            _log.error("the web goes on with the settings before: %s", error.errors[0])
            return False
        self._web.settings = self._configuration.settings
        return changed

    def _keep(self) -> None:
        while not self._stopping.wait(_LOOK):
            if self.look():
                os.kill(os.getpid(), signal.SIGHUP)  # granian: new workers first, then the old ones end


def run_server(settings: Settings, load: Callable[[], Settings], *, with_worker: bool, host: str) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are finished. `load` reads the settings anew."""
    Path(settings.feeds_dir).mkdir(parents=True, exist_ok=True)
    share_metrics(Path(settings.var_dir) / "metrics" / str(settings.port))
    movers = WorkerSupervisor()
    if with_worker:
        movers.start()
    web = WebAppFactory(settings)
    server = GranianServer(
        "refeed",
        address=host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_concurrency,
        http=HTTPModes.http1,
        websockets=False,
        # One answers polls, and hands over what takes longer; but a body has to be read in a thread of granian's.
        blocking_threads=2 if settings.push_token else 1,
        respawn_failed_workers=True,  # without it, one worker killed ends the whole server
        workers_kill_timeout=_GRACE_OF_WORKERS,
        log_access=False,  # addresses of private feeds are secrets
    )
    server.on_stop = movers.request_stop
    renewing = _Renewing(web, load)
    server.on_reload(renewing.look)
    renewing.start()
    _log.info("serving on http://%s:%s", host, settings.port)
    gc.collect()
    gc.freeze()  # a collection in a web process, a fork, would make its own copy of every page of ours: 5 MB
    try:
        server.serve(spawn_target=run_web_process, target_loader=web, wrap_loader=False)
    finally:
        renewing.stop()
        if with_worker:
            movers.stop()

"""`refeed worker` as a child process: started again when it ends, and when it gives no sign of life."""

from __future__ import annotations

import logging
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from ..heartbeat import SILENCE_SECONDS

_log = logging.getLogger("refeed.serve")

_SHUTDOWN_SECONDS = 8.0
"""How long the worker may take to end; platforms kill ten seconds after SIGTERM."""
FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_POLL_SECONDS = 1.0
_LONGEST_SILENCE = 600.0
"""Seconds for which a worker may be silent after others were killed at their start: a starved machine starts no faster
the next time."""
_CLOSED_PAUSE = 0.02


class WorkerSupervisor(threading.Thread):
    """Keeps a worker running. The worker ends by itself when this process dies: its standard input closes.

    Standard input is also the way of its signs of life back to this process.
    """

    def __init__(self, *options: str, command: Sequence[str] = (), silence: float = SILENCE_SECONDS) -> None:
        """`options` of `refeed worker`, or another `command`. After `silence` seconds without a sign it hangs."""
        super().__init__(name="worker-supervisor", daemon=True)
        self._command = command or (sys.executable, "-m", "refeed", "worker", "--supervised", *options)
        self._silence = silence
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def request_stop(self) -> None:
        """Ask the worker to end; returns at once."""
        self._stopping.set()
        self._send(signal.SIGTERM)

    def reload(self) -> None:
        """Ask the worker to read config.yaml again."""
        self._send(signal.SIGHUP)

    def stop(self) -> None:
        """Ask the worker to end and wait for it. It is killed when it takes too long."""
        self.request_stop()
        self.join()

    def run(self) -> None:
        """Start the worker, and restart it whenever it exits or hangs, until `request_stop` is called."""
        pause, silence = FIRST_PAUSE / 2, self._silence
        while not self._stopping.is_set():
            started = time.monotonic()
            ours, theirs = socket.socketpair()
            with ours:
                # Popen may return late. It waits until the pipe to the starting child closes, and a web process that
                # was forked at that moment holds a copy of the pipe until it ends.
                with theirs:
                    self._process = subprocess.Popen(self._command, stdin=theirs.fileno())
                if self._stopping.is_set():  # request_stop came before `_process` was set
                    self._process.terminate()
                status, is_silent = self._wait(self._process, ours, silence)
            if self._stopping.is_set():
                return
            has_started = not is_silent or time.monotonic() - started > 2 * silence
            silence = self._silence if has_started else min(2 * silence, _LONGEST_SILENCE)
            pause = restart_pause(started, pause)
            fields = {"status": status, "seconds": pause}
            _log.error("worker exited (status %s); restarting in %.0f s", status, pause, extra=fields)
            self._stopping.wait(pause)

    def _wait(self, process: subprocess.Popen[bytes], signs: socket.socket, limit: float) -> tuple[int, bool]:
        """Wait for the worker's end, and kill it if it hangs; returns its exit status, and whether it was killed.

        Only time that passes while this process runs itself counts: both may have been stopped.
        """
        silent = ending = 0.0
        is_silent = False
        while (status := process.poll()) is None:
            start = time.monotonic()
            is_sign = bool(select.select([signs], [], [], _POLL_SECONDS)[0]) and _receive(signs)
            if is_sign is None:  # its end is closed, most likely because it has ended
                time.sleep(_CLOSED_PAUSE)
            waited = min(time.monotonic() - start, 2 * _POLL_SECONDS)
            if self._stopping.is_set():
                ending += waited
            else:
                silent = 0.0 if is_sign else silent + waited
            if silent > limit:
                is_silent = True
                fields = {"pid": process.pid, "seconds": round(silent)}
                _log.error("worker (process %d) gave no sign for %.0f s; killing it", process.pid, silent, extra=fields)
            if silent > limit or ending > _SHUTDOWN_SECONDS:
                process.kill()
                silent = ending = 0.0
        return status, is_silent

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


def _receive(signs: socket.socket) -> bool | None:
    """Whether there are signs of life; None if the other end is closed."""
    try:
        return True if signs.recv(4096) else None
    except OSError:
        return None


def restart_pause(ran_since: float, previous: float) -> float:
    """Seconds until a process that exited is started again: doubled each time, unless it has run for a minute."""
    has_run_well = time.monotonic() - ran_since > 60
    return FIRST_PAUSE if has_run_well else min(previous * 2, _LONGEST_PAUSE)

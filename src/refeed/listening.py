"""granian, ending without cutting a request: no new connection, what waits is taken in, what is kept open is given up
with its next answer, then the workers stop.

By itself each granian worker listens on a socket of its own and closes it when it stops, and the kernel resets the
connections that wait in it: under load one request in a few restarts. Here the workers share one socket that belongs to
their parent, so that nothing is lost when a worker dies either.
"""

from __future__ import annotations

import ctypes
import ipaddress
import os
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from granian import Granian
from granian.server import mp

from .errors import ConfigError

LAST_ANSWERS = signal.SIGWINCH
"""Tells a worker that from now on every answer closes its connection. By default the signal does nothing, so that it
does no harm to one that is not ready for it."""

_ATTACH_FILTER = 26  # SO_ATTACH_FILTER, which Python's socket module does not name
_NO_NEW_CONNECTIONS = b"".join(
    struct.pack("=HBBI", code, jump, otherwise, value)
    for code, jump, otherwise, value in (
        (0x30, 0, 0, 13),  # load the flags of the TCP header
        (0x45, 0, 1, 0x02),  # SYN?
        (0x06, 0, 0, 0),  # then drop the packet: the client tries again in a second, and finds the next server
        (0x06, 0, 0, 0xFFFFFFFF),
    )
)
_SETTLED = 0.25
"""Seconds in which connections that were being made are complete, and those that waited are accepted."""
_AWAY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
    b"Retry-After: 2\r\nConnection: close\r\nContent-Length: 38\r\n\r\nThis server is restarting. Ask again.\n"
)


_NO_LOG_OF_ITS_OWN: dict[str, Any] = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {}, "granian.access": {}},
}
"""What granian says goes where everything goes, in the shape that was asked for; by itself it writes to standard
output, as text."""


class Server(Granian):  # type: ignore[misc, valid-type]
    """granian with one socket for all its workers, and an end in order. Overrides methods that granian has for
    systems without SO_REUSEPORT (seen in 2.6 to 2.8)."""

    leaving: Callable[[], None] = staticmethod(lambda: None)
    """Called as soon as the end begins."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, log_dictconfig=_NO_LOG_OF_ITS_OWN, **named)

    def _init_shared_socket(self) -> None:
        check_free(self.bind_addr, self.bind_port)
        super()._init_shared_socket()
        if self._sso is None:  # type: ignore[has-type]
            self._shd = self._ssp.build()  # type: ignore[has-type]
            self._sfd = self._shd.get_fd()
            self._ssp = None
            listening = socket.socket(fileno=self._sfd)
            listening.set_inheritable(True)
            self._sso = listening

    def _drop_shared_socket(self) -> None:
        self.leaving()
        refuse_new_connections(self._sso)
        for worker in self.wrks:
            with suppress(OSError):
                os.kill(worker._id(), LAST_ANSWERS)
        time.sleep(_SETTLED)
        turn_away(self._sso)
        super()._drop_shared_socket()

    def signal_handler_interrupt(self, *arguments: Any, **named: Any) -> None:
        # Workers that got the same signal, as a whole process group does when somebody types Ctrl-C, have not failed.
        for worker in self.wrks:
            worker.interrupt_by_parent = True
        super().signal_handler_interrupt(*arguments, **named)

    def _stop_workers(self) -> None:
        super()._stop_workers()
        if self.interrupt_signal:  # the same, where a worker was faster
            self.interrupt_children.clear()


def check_free(host: str, port: int) -> None:
    """Raises ConfigError where nobody may listen: granian would say so with a hundred lines of what it was doing."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        what = "write one such as 127.0.0.1 for this machine alone, or 0.0.0.0 for everybody"
        raise ConfigError(f"--host: {host!r} is no IP address; {what}") from None
    with socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET) as probe:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):  # as granian binds: beside a server that is ending
            probe.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            what = f"cannot listen on {host} port {port}: {error.strerror}"
            raise ConfigError(f"{what}; PORT names another port, --host another address") from error


def begin(worker: int, name: str | None, load: Callable[[], Callable[..., None]], *rest: Any) -> None:
    """A worker process that calls what `load` gives as granian itself is called, with where the answer goes: granian's
    own wrapper around a WSGI application wants the answer back before it takes the next request."""
    mp._wsgi_call_wrap = lambda application, *_: application  # type: ignore[attr-defined]
    Granian._spawn_wsgi_worker(worker, name, load, *rest)


def refuse_new_connections(listening: socket.socket) -> None:
    """Let nobody connect any more, and keep who is connected. Does nothing where the kernel has no such filter."""
    program = ctypes.create_string_buffer(_NO_NEW_CONNECTIONS)
    head = struct.pack("HP", len(_NO_NEW_CONNECTIONS) // 8, ctypes.addressof(program))
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, head)


def turn_away(listening: socket.socket) -> None:
    """Tell those whom no worker took in (all had stopped already) that they should come back."""
    listening.setblocking(False)
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(0.5)
            connection.recv(65536)
            connection.sendall(_AWAY)

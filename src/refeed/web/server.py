"""granian, ending without cutting a request: no new connection, what waits is taken in, what is kept open is given up
with its next answer, then the workers stop.

By itself each granian worker listens on a socket of its own and closes it when it stops, and the kernel resets the
connections that wait in it: under load one request in a few restarts. Here the workers share one socket that belongs to
their parent, so that nothing is lost when a worker dies either.
"""

from __future__ import annotations

import ctypes
import ipaddress
import logging
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from granian import Granian
from granian.server import mp

from ..errors import ConfigError
from .document_middleware import RawResponse
from .document_response import SECURITY_HEADERS, Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


import gc
import multiprocessing
from types import FrameType
from typing import TYPE_CHECKING

from ..config.settings import Settings
from ..logs import configure_logging
from ..parent_watchdog import end_with_parent
from .document_middleware import Wiring, wire_middleware

if TYPE_CHECKING:
    from flask import Flask

    from .filtered_feeds import FilteredFeeds


CLOSE_CONNECTIONS_SIGNAL = signal.SIGWINCH
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


class GranianServer(Granian):  # type: ignore[misc, valid-type]
    """granian with one socket for all its workers, and an end in order. Overrides methods that granian has for
    systems without SO_REUSEPORT (seen in 2.6 to 2.8)."""

    on_stop: Callable[[], None] = staticmethod(lambda: None)
    """Called as soon as the end begins."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, log_dictconfig=_NO_LOG_OF_ITS_OWN, **named)

    def _init_shared_socket(self) -> None:
        check_can_listen(self.bind_addr, self.bind_port)
        super()._init_shared_socket()
        if self._sso is None:  # type: ignore[has-type]
            self._shd = self._ssp.build()  # type: ignore[has-type]
            self._sfd = self._shd.get_fd()
            self._ssp = None
            listening = socket.socket(fileno=self._sfd)
            listening.set_inheritable(True)
            self._sso = listening

    def _drop_shared_socket(self) -> None:
        self.on_stop()
        refuse_new_connections(self._sso)
        for worker in self.wrks:
            with suppress(OSError):
                os.kill(worker._id(), CLOSE_CONNECTIONS_SIGNAL)
        time.sleep(_SETTLED)
        reject_pending_connections(self._sso)
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


def check_can_listen(host: str, port: int) -> None:
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


def run_web_process(worker: int, name: str | None, load: Callable[[], Callable[..., None]], *rest: Any) -> None:
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


def reject_pending_connections(listening: socket.socket) -> None:
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


# Requests as granian hands them over -> answers: polls at once, in its one thread; all else in threads of ours. So
# nothing that takes long, a page, a view, a store that hangs, keeps a poll waiting; and where several threads would
# take requests, Python's lock passes from one to the next for each of them, which costs more than the answer.

_log = logging.getLogger("refeed.web")

_THREADS = 4
"""Up to three wait for archives and views to be made (`turns`), and one is left for pages."""
_WAITING = 64
"""Requests that wait for one of them at most: those beyond are told to come back."""
PUSH_PATH = "/dumps"
"""The path that dumps are pushed to."""
_UPLOAD = 60.0
"""Seconds that a body may take; 5 MB need 0.7 Mbit/s then."""
_LAST = ("Connection", "close")


class ResponseChannel(Protocol):
    """Where the answer to one request goes: granian's, from any thread, at any time, once."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer."""


class RequestDispatcher:
    """What granian (2.6 to 2.8) calls for each request, with that part of a WSGI environment which is its own."""

    def __init__(
        self, at_once: Callable[[WSGIEnvironment], RawResponse | None], app: WSGIApplication, *, upload_path: str = ""
    ) -> None:
        """`at_once` answers what takes no time, and `app` all else. `uploads` is the one path where bodies are read."""
        self._at_once = at_once
        self._app = app
        self._uploads = upload_path
        self._uploading: threading.Thread | None = None
        self._changing = threading.Lock()
        self._waiting: SimpleQueue[tuple[ResponseChannel, WSGIEnvironment]] = SimpleQueue()
        self._last = False
        for number in range(_THREADS):
            threading.Thread(target=self._work, name=f"answers-{number}", daemon=True).start()

    def close_connections(self) -> None:
        """Have every answer from now on close its connection. Safe in a signal handler.

        That is not for an application to say, by PEP 3333; but granian closes without a word, and a client that keeps
        its connection may be sending its next request just then.
        """
        self._last = True

    def __call__(self, exchange: ResponseChannel, environ: WSGIEnvironment) -> None:
        """Answer, now or soon."""
        told = self._at_once(environ)
        if told is not None:
            self._send(exchange, told)
        elif environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == self._uploads:
            self._take_in(exchange, environ)
        elif self._waiting.qsize() < _WAITING:
            self._waiting.put((exchange, environ))
        else:
            exchange.response_bytes(503, _BUSY_HEADERS, _BUSY)

    def _take_in(self, exchange: ResponseChannel, environ: WSGIEnvironment) -> None:
        """Answer a request whose body is read.

        granian lets it be read only until we return: afterwards it is empty. So this waits for the answer, in one of
        granian's threads; one request at a time and not for ever, so that slow ones keep no poll waiting.
        """
        upload = threading.Thread(target=self._upload, args=(exchange, environ), name="upload", daemon=True)
        with self._changing:
            busy, self._uploading = self._uploading, self._uploading or upload
        if busy is not None:
            exchange.response_bytes(503, _BUSY_HEADERS, _BUSY)
            return
        upload.start()
        upload.join(_UPLOAD)
        self._over(upload)

    def _upload(self, exchange: ResponseChannel, environ: WSGIEnvironment) -> None:
        told = self._made(environ)
        self._over(threading.current_thread())  # before whoever is answered sends the next
        self._send(exchange, told)

    def _over(self, upload: threading.Thread) -> None:
        with self._changing:
            if self._uploading is upload:
                self._uploading = None

    def _work(self) -> None:
        while True:
            exchange, environ = self._waiting.get()
            self._send(exchange, self._made(environ))

    def _send(self, exchange: ResponseChannel, told: RawResponse) -> None:
        exchange.response_bytes(told.status, [*told.headers, _LAST] if self._last else told.headers, told.data)

    def _made(self, environ: WSGIEnvironment) -> RawResponse:
        try:
            return self._run(_EVERY | environ)
        except Exception:  # noqa: BLE001 -- the one place for it: Flask answers its own errors
            _log.exception("a request failed")  # and which one it was may be nobody's business
            return RawResponse(500, _FAILED_HEADERS, _FAILED)

    def _run(self, environ: WSGIEnvironment) -> RawResponse:
        status, headers = 500, _FAILED_HEADERS

        def start(line: str, given: Headers, _failure: Any = None) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = int(line[:3]), given
            return _no_writer

        body = self._app(environ, start)
        try:
            return RawResponse(status, headers, b"".join(body))
        finally:
            if hasattr(body, "close"):
                body.close()


def _no_writer(data: bytes) -> None:
    """What PEP 3333 keeps for programs older than itself."""
    raise NotImplementedError


def _plain(text: str, *more: tuple[str, str]) -> tuple[bytes, Headers]:
    data = text.encode()
    about = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(data)))]
    return data, [*about, ("Cache-Control", "no-store"), *SECURITY_HEADERS, *more]


_BUSY, _BUSY_HEADERS = _plain("Much is being asked just now. Ask again in a moment.\n", ("Retry-After", "5"))
_FAILED, _FAILED_HEADERS = _plain("Something went wrong here; it has been written down.\n")
_EVERY: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}
"""What a WSGI environment holds beside the request."""


# The application as one worker of `refeed serve` has it: once the end begins, every answer closes its connection.


def create_dispatcher(settings: Settings) -> RequestDispatcher:
    """The application, listening for the signal that its server is about to end, and ending with it."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        end_with_parent(server.pid)
    configure_logging(settings.log_format)
    front = wire_middleware(settings, _assemble).middleware
    dispatch = RequestDispatcher(front.respond_from_memory, front, upload_path=PUSH_PATH if settings.push_token else "")

    def begin(_number: int, _frame: FrameType | None) -> None:
        dispatch.close_connections()

    signal.signal(CLOSE_CONNECTIONS_SIGNAL, begin)
    gc.collect()
    gc.freeze()  # it lives as long as the process, and a collection that looks through it stops every answer: 60 ms
    return dispatch


def _assemble(opened: Wiring) -> tuple[Flask, FilteredFeeds]:
    from .app import create_flask_app  # and with it Flask

    made = create_flask_app(opened)
    gc.freeze()
    return made

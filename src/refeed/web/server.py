"""Settings -> a granian server that serves the application and stops without interrupting a request.

Stopping takes four steps. The server refuses new connections; it accepts the waiting ones; each connection closes with
its next response; the web processes end. By default each granian worker listens on its own socket. When the worker
closes it, the kernel resets the connections that wait there: under load, one request in a few restarts. Here all web
processes share one socket of their parent. So no connection is lost when a web process dies, either.

One thread answers the requests for what is in memory. Slower requests go to other threads, so that a page, a filtered
feed or a store that hangs does not delay a document. Documents are answered without a change of thread, because
passing the GIL from thread to thread costs more than the response.
"""

from __future__ import annotations

import ctypes
import gc
import ipaddress
import logging
import multiprocessing
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
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from granian import Granian
from granian.server import mp

from ..config.settings import Settings
from ..errors import ConfigError
from ..logs import configure_logging
from ..parent_watchdog import end_with_parent
from .document_cache import SECURITY_HEADERS, Headers
from .document_middleware import CreatedApp, RawResponse, Wiring, wire_middleware
from .url_map import PUSH_PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_log = logging.getLogger("refeed.web")

CLOSE_CONNECTIONS_SIGNAL = signal.SIGWINCH
"""Makes a web process close each connection with its next response. The signal is ignored by default, so it does not
harm a process that has no handler yet."""

_SO_ATTACH_FILTER = 26  # not in Python's socket module
_DROP_SYN_FILTER = b"".join(
    struct.pack("=HBBI", code, jump_true, jump_false, value)
    for code, jump_true, jump_false, value in (
        (0x30, 0, 0, 13),  # load the flags of the TCP header
        (0x45, 0, 1, 0x02),  # SYN?
        (0x06, 0, 0, 0),  # then drop the packet: the client retries after a second and reaches the next server
        (0x06, 0, 0, 0xFFFFFFFF),  # otherwise keep the packet
    )
)
_DRAIN_SECONDS = 0.25
"""Time in which handshakes complete and waiting connections are accepted."""
_RESTARTING_RESPONSE = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
    b"Retry-After: 2\r\nConnection: close\r\nContent-Length: 38\r\n\r\nServer restarting. Retry in a moment.\n"
)
_NO_LOG_HANDLERS: dict[str, Any] = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {}, "granian.access": {}},
}
"""Sends granian's log to our handlers, in the configured format. By default it writes text to standard output."""

_THREADS = 4
"""The number of threads for slow requests. `ConcurrencyLimit` may block three of them; one is left for pages."""
_MAX_QUEUED = 64
"""The most requests that wait for these threads. Further ones are answered 503."""
_UPLOAD_SECONDS = 60.0
"""Time to receive a request body. 5 MB need 0.7 Mbit/s."""
_CLOSE_HEADER = ("Connection", "close")


class GranianServer(Granian):  # type: ignore[misc, valid-type]
    """granian with one socket for all web processes and a graceful stop.

    It overrides methods that granian 2.6 to 2.8 has for systems without SO_REUSEPORT.
    """

    on_stop: Callable[[], None] = staticmethod(lambda: None)
    """Called when stopping begins."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, log_dictconfig=_NO_LOG_HANDLERS, **options)

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
        time.sleep(_DRAIN_SECONDS)
        reject_pending_connections(self._sso)
        super()._drop_shared_socket()

    def signal_handler_interrupt(self, *arguments: Any, **options: Any) -> None:
        # Ctrl-C signals the whole process group, so workers that end because of it have not failed.
        for worker in self.wrks:
            worker.interrupt_by_parent = True
        super().signal_handler_interrupt(*arguments, **options)

    def _stop_workers(self) -> None:
        super()._stop_workers()
        if self.interrupt_signal:  # for workers that ended before the handler ran
            self.interrupt_children.clear()


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
        ):  # as granian binds, so that a stopping server may still hold the port
            probe.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            problem = f"cannot listen on {host} port {port}: {error.strerror}"
            raise ConfigError(f"{problem}; PORT sets another port, --host another address") from error


def refuse_new_connections(listening: socket.socket) -> None:
    """Refuse new connections and keep the existing ones. Does nothing on systems other than Linux."""
    program = ctypes.create_string_buffer(_DROP_SYN_FILTER)
    head = struct.pack("HP", len(_DROP_SYN_FILTER) // 8, ctypes.addressof(program))
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, head)


def reject_pending_connections(listening: socket.socket) -> None:
    """Answer 503 to connections that are still waiting after all web processes have stopped accepting."""
    listening.setblocking(False)
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(0.5)
            connection.recv(65536)
            connection.sendall(_RESTARTING_RESPONSE)


def run_web_process(worker: int, name: str | None, load: Callable[[], Callable[..., None]], *rest: Any) -> None:
    """Run a web process. It is granian's `spawn_target`.

    The dispatcher that `load` returns is called directly with the response channel, because granian's own WSGI wrapper
    would need the response before it takes the next request.
    """
    mp._wsgi_call_wrap = lambda application, *_: application  # type: ignore[attr-defined]
    Granian._spawn_wsgi_worker(worker, name, load, *rest)


def create_dispatcher(settings: Settings) -> RequestDispatcher:
    """Create the dispatcher of a web process. The process closes its connections on CLOSE_CONNECTIONS_SIGNAL, and ends
    when its server ends."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        end_with_parent(server.pid)
    configure_logging(settings.log_format)
    middleware = wire_middleware(settings, _create_flask_app).middleware
    upload_path = PUSH_PATH if settings.push_token else ""
    dispatcher = RequestDispatcher(middleware.respond_from_memory, middleware, upload_path=upload_path)

    def close_connections(_number: int, _frame: FrameType | None) -> None:
        dispatcher.close_connections()

    signal.signal(CLOSE_CONNECTIONS_SIGNAL, close_connections)
    gc.collect()
    gc.freeze()  # a collection that visits these permanent objects would block requests for 60 ms
    return dispatcher


def _create_flask_app(wiring: Wiring) -> CreatedApp:
    from .app import create_flask_app  # imports Flask

    created = create_flask_app(wiring)
    gc.freeze()
    return created


class ResponseChannel(Protocol):
    """granian's side of one request. It takes one response, from any thread."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Send the response."""


class RequestDispatcher:
    """The callable that granian (2.6 to 2.8) calls for each request, with the request's part of a WSGI environment."""

    def __init__(
        self,
        respond_from_memory: Callable[[WSGIEnvironment], RawResponse | None],
        app: WSGIApplication,
        *,
        upload_path: str = "",
    ) -> None:
        """`respond_from_memory` answers fast requests, `app` all others. Bodies are read only at `upload_path`."""
        self._respond_from_memory = respond_from_memory
        self._app = app
        self._upload_path = upload_path
        self._upload: threading.Thread | None = None
        self._upload_lock = threading.Lock()
        self._queue: SimpleQueue[tuple[ResponseChannel, WSGIEnvironment]] = SimpleQueue()
        self._closing = False
        for number in range(_THREADS):
            threading.Thread(target=self._run_queue, name=f"requests-{number}", daemon=True).start()

    def close_connections(self) -> None:
        """From now on, close each connection with its next response. Safe to call in a signal handler.

        PEP 3333 leaves the Connection header to the server. But granian closes connections without announcing it, and a
        client that keeps one open may be sending its next request at that moment.
        """
        self._closing = True

    def __call__(self, channel: ResponseChannel, environ: WSGIEnvironment) -> None:
        """Answer the request now if possible, otherwise queue it."""
        response = self._respond_from_memory(environ)
        if response is not None:
            self._send(channel, response)
        elif environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == self._upload_path:
            self._receive_upload(channel, environ)
        elif self._queue.qsize() < _MAX_QUEUED:
            self._queue.put((channel, environ))
        else:
            self._send(channel, _TOO_MANY_REQUESTS)

    def _receive_upload(self, channel: ResponseChannel, environ: WSGIEnvironment) -> None:
        """Answer a request with a body.

        granian allows reading the body only until this method returns. So it waits for the response, in a thread of
        granian. It accepts one upload at a time, for a limited time, so that slow uploads do not delay other requests.
        """
        upload = threading.Thread(target=self._answer_upload, args=(channel, environ), name="upload", daemon=True)
        with self._upload_lock:
            running, self._upload = self._upload, self._upload or upload
        if running is not None:
            self._send(channel, _TOO_MANY_REQUESTS)
            return
        upload.start()
        upload.join(_UPLOAD_SECONDS)
        self._end_upload(upload)

    def _answer_upload(self, channel: ResponseChannel, environ: WSGIEnvironment) -> None:
        response = self._respond(environ)
        self._end_upload(threading.current_thread())  # before the client can send its next upload
        self._send(channel, response)

    def _end_upload(self, upload: threading.Thread) -> None:
        with self._upload_lock:
            if self._upload is upload:
                self._upload = None

    def _run_queue(self) -> None:
        while True:
            channel, environ = self._queue.get()
            self._send(channel, self._respond(environ))

    def _send(self, channel: ResponseChannel, response: RawResponse) -> None:
        headers = [*response.headers, _CLOSE_HEADER] if self._closing else response.headers
        channel.response_bytes(response.status, headers, response.data)

    def _respond(self, environ: WSGIEnvironment) -> RawResponse:
        try:
            return self._call_app(_ENVIRON | environ)
        except Exception:  # noqa: BLE001 -- the only place for it: Flask answers its own errors
            # The path is not logged, because it may be that of a private feed.
            _log.exception("request failed", extra={"method": environ.get("REQUEST_METHOD")})
            return _INTERNAL_ERROR

    def _call_app(self, environ: WSGIEnvironment) -> RawResponse:
        status, headers = _INTERNAL_ERROR.status, _INTERNAL_ERROR.headers

        def start_response(line: str, given: Headers, _exc_info: Any = None) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = int(line[:3]), given
            return _unsupported_write

        body = self._app(environ, start_response)
        try:
            return RawResponse(status, headers, b"".join(body))
        finally:
            if hasattr(body, "close"):
                body.close()


def _unsupported_write(data: bytes) -> None:
    """The `write` callable, which PEP 3333 keeps for old applications. Flask does not use it."""
    raise NotImplementedError


def _text_response(status: int, text: str, *extra_headers: tuple[str, str]) -> RawResponse:
    data = text.encode()
    content = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(data)))]
    return RawResponse(status, [*content, ("Cache-Control", "no-store"), *SECURITY_HEADERS, *extra_headers], data)


_TOO_MANY_REQUESTS = _text_response(503, "Too many requests. Retry in a few seconds.\n", ("Retry-After", "5"))
_INTERNAL_ERROR = _text_response(500, "Internal server error.\n")
_ENVIRON: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}
"""The values of the WSGI environment that are the same for every request."""

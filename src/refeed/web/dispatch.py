"""Requests as granian hands them over -> answers: polls at once, in its one thread; all else in threads of ours.

So nothing that takes long, a page, a view, a store that hangs, keeps a poll waiting; and where several threads would
take requests, Python's lock passes from one to the next for each of them, which costs more than the answer.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from .front import Told
from .manners import SAFETY
from .ready import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_log = logging.getLogger("refeed.web")

_THREADS = 4
"""Up to three wait for archives and views to be made (`turns`), and one is left for pages."""
_WAITING = 64
"""Requests that wait for one of them at most: those beyond are told to come back."""
PUSH = "/dumps"
"""The path that dumps are pushed to."""
_UPLOAD = 60.0
"""Seconds that a body may take; 5 MB need 0.7 Mbit/s then."""
_LAST = ("Connection", "close")


class Exchange(Protocol):
    """Where the answer to one request goes: granian's, from any thread, at any time, once."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer."""


class Dispatch:
    """What granian (2.6 to 2.8) calls for each request, with that part of a WSGI environment which is its own."""

    def __init__(
        self, at_once: Callable[[WSGIEnvironment], Told | None], app: WSGIApplication, *, uploads: str = ""
    ) -> None:
        """`at_once` answers what takes no time, and `app` all else. `uploads` is the one path where bodies are read."""
        self._at_once = at_once
        self._app = app
        self._uploads = uploads
        self._uploading: threading.Thread | None = None
        self._changing = threading.Lock()
        self._waiting: SimpleQueue[tuple[Exchange, WSGIEnvironment]] = SimpleQueue()
        self._last = False
        for number in range(_THREADS):
            threading.Thread(target=self._work, name=f"answers-{number}", daemon=True).start()

    def end(self) -> None:
        """Have every answer from now on close its connection. Safe in a signal handler.

        That is not for an application to say, by PEP 3333; but granian closes without a word, and a client that keeps
        its connection may be sending its next request just then.
        """
        self._last = True

    def __call__(self, exchange: Exchange, environ: WSGIEnvironment) -> None:
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

    def _take_in(self, exchange: Exchange, environ: WSGIEnvironment) -> None:
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

    def _upload(self, exchange: Exchange, environ: WSGIEnvironment) -> None:
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

    def _send(self, exchange: Exchange, told: Told) -> None:
        exchange.response_bytes(told.status, [*told.headers, _LAST] if self._last else told.headers, told.data)

    def _made(self, environ: WSGIEnvironment) -> Told:
        try:
            return self._run(_EVERY | environ)
        except Exception:  # noqa: BLE001 -- the one place for it: Flask answers its own errors
            _log.exception("a request failed")  # and which one it was may be nobody's business
            return Told(500, _FAILED_HEADERS, _FAILED)

    def _run(self, environ: WSGIEnvironment) -> Told:
        status, headers = 500, _FAILED_HEADERS

        def start(line: str, given: Headers, _failure: Any = None) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = int(line[:3]), given
            return _no_writer

        body = self._app(environ, start)
        try:
            return Told(status, headers, b"".join(body))
        finally:
            if hasattr(body, "close"):
                body.close()


def _no_writer(data: bytes) -> None:
    """What PEP 3333 keeps for programs older than itself."""
    raise NotImplementedError


def _plain(text: str, *more: tuple[str, str]) -> tuple[bytes, Headers]:
    data = text.encode()
    about = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(data)))]
    return data, [*about, ("Cache-Control", "no-store"), *SAFETY, *more]


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

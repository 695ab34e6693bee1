"""One prepared request -> one response, over a connection that the guard allowed and within limits of size and time.

The transport under the session: http.client on a socket of our own, because there the address that was checked is the
one connected to, and the clock can cut the connection whatever it is doing.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from io import BytesIO
from typing import Any

import certifi
import urllib3
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.util import parse_url

from ..errors import FetchError
from .guard import AddressGuard

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLimits:
    """What one exchange may cost, beside its time."""

    connect: float
    """Seconds, for each address that is tried."""
    bytes: int
    """Of a body, decoded."""


class GuardedAdapter(HTTPAdapter):
    """A requests adapter that knows one way out. It has no pool, takes no proxy, follows nothing.

    `timeout` of a request is the instant of `time.monotonic` at which it has to be over.
    """

    def __init__(self, guard: AddressGuard, bounds: TransportLimits, authorities: str | None = None) -> None:
        super().__init__()
        self._guard = guard
        self._bounds = bounds
        # Not from the environment (SSL_CERT_FILE, REQUESTS_CA_BUNDLE): what is trusted is said here.
        self._tls = ssl.create_default_context(cafile=authorities or certifi.where())

    def send(self, request: PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> Response:
        """Ask, and read the whole answer. Raises FetchError, whose text says what went wrong and how far it came."""
        deadline = float(timeout)
        host, port, addresses = self._guard.resolve(str(request.url))
        try:
            with _connected(host, port, addresses, self._bounds.connect, deadline) as connection:
                connection.begin(self._tls if str(request.url).startswith("https:") else None)
                raw = connection.ask(request, self._bounds.bytes)
        except ssl.SSLCertVerificationError as error:
            raise FetchError(f"{host} shows a certificate that is not valid: {error.verify_message}") from error
        except (OSError, HTTPException, ValueError, zlib.error) as error:
            if time.monotonic() >= deadline:
                raise FetchError(f"{host} was too slow: the time for one request was used up") from error
            raise FetchError(f"{host} broke off: {_words(error)}") from error
        return self.build_response(request, raw)


class _Connection:
    """A connected socket, and the HTTP spoken over it."""

    def __init__(self, host: str, port: int, sock: socket.socket, deadline: float) -> None:
        self.sock = sock
        self._host = host
        self._port = port
        self._deadline = deadline

    def begin(self, tls: ssl.SSLContext | None) -> None:
        """Shake hands, where the URL asks for TLS."""
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=self._host.rstrip("."))

    def ask(self, request: PreparedRequest, limit: int) -> urllib3.HTTPResponse:
        """Send a request and read the whole answer, of at most `limit` bytes when decoded."""
        client = http.client.HTTPConnection(self._host, self._port)
        client.sock = self.sock
        target = parse_url(str(request.url)).request_uri
        headers = {**request.headers, "Host": self._host_header(), "Connection": "close"}
        body = request.body if isinstance(request.body, str | bytes) else None
        client.request(str(request.method), target, body=body, headers=headers)
        answer = client.getresponse()
        content = b"".join(self._body(answer, limit)) if request.method != "HEAD" else b""
        return urllib3.HTTPResponse(
            body=BytesIO(content),
            headers=urllib3.HTTPHeaderDict(_still_true(answer, request)),
            status=answer.status,
            reason=answer.reason,
            preload_content=False,
            request_method=request.method,
            request_url=request.url,
        )

    def _host_header(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return host if self._port in (80, 443) else f"{host}:{self._port}"

    def _body(self, answer: http.client.HTTPResponse, limit: int) -> Iterator[bytes]:
        decoder = _decoder(answer.headers.get("Content-Encoding", ""))
        raw = decoded = 0
        while chunk := answer.read(_CHUNK):
            raw += len(chunk)
            # One byte more than is allowed is enough to know; a bomb never gets to unfold.
            piece = decoder.decompress(chunk, limit + 1 - decoded) if decoder else chunk
            decoded += len(piece)
            if max(raw, decoded) > limit:
                raise FetchError(f"{self._host} sends more than {limit:,} bytes; stopped reading there")
            yield piece
        # http.client takes an early end for the end when it reads piece by piece.
        if answer.length or time.monotonic() >= self._deadline or (raw and decoder and not decoder.eof):
            raise HTTPException(f"the answer ended early, after {raw:,} bytes")


def _still_true(answer: http.client.HTTPResponse, request: PreparedRequest) -> list[tuple[str, str]]:
    """The answer's headers without those that do not describe a body that is whole and decoded.

    After HEAD the length tells something new, but only if it is the length of the thing itself.
    """
    spent = {"content-encoding", "transfer-encoding"}
    if request.method != "HEAD" or answer.headers.get("Content-Encoding"):
        spent.add("content-length")
    return [(name, value) for name, value in answer.getheaders() if name.lower() not in spent]


@contextmanager
def _connected(host: str, port: int, addresses: list[str], seconds: float, deadline: float) -> Iterator[_Connection]:
    sock = _connect(host, port, addresses, seconds, deadline)
    # A socket's own timeout starts again with every byte. This one cuts the line when the time is up, in whatever
    # state: a handshake, a header, a body of one byte a second. A duplicate, because TLS takes the socket over.
    cut = sock.dup()
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, (cut,))
    timer.daemon = True
    timer.start()
    connection = _Connection(host, port, sock, deadline)
    try:
        yield connection
    finally:
        timer.cancel()
        connection.sock.close()
        cut.close()


def _connect(host: str, port: int, addresses: list[str], seconds: float, deadline: float) -> socket.socket:
    failure: OSError | None = None
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            sock = socket.create_connection((address, port), timeout=min(seconds, left))
        except OSError as error:
            failure = error
            continue
        sock.settimeout(max(0.1, deadline - time.monotonic()))
        return sock
    raise FetchError(f"{host} does not answer on port {port}: {_words(failure) if failure else 'no time left'}")


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # closed by then, which is what was wanted
        sock.shutdown(socket.SHUT_RDWR)


def _decoder(encoding: str) -> zlib._Decompress | None:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: told apart by its first bytes
    raise FetchError(f"the answer comes in the encoding {encoding[:40]!r}, which was not asked for")


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())[:200]

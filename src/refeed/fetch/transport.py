"""One prepared request -> one response, over a connection that the guard permits, within limits of size and time.

`HttpSession` uses it as its adapter and follows redirects itself. The adapter opens the socket and passes it to
http.client. So it connects to the address that was checked, and a timer can cut the connection in any state.
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
from .guard import AddressGuard, ResolvedHost

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLimits:
    """Limits of one request, apart from its deadline."""

    connect: float
    """Seconds to connect to one address."""
    bytes: int
    """Maximum size of the body, both as sent and decoded."""


class GuardedAdapter(HTTPAdapter):
    """A requests adapter without connection pool, proxies or redirects.

    The `timeout` of a request is its deadline, on the clock of `time.monotonic`.
    """

    def __init__(self, guard: AddressGuard, limits: TransportLimits, ca_file: str | None = None) -> None:
        super().__init__()
        self._guard = guard
        self._limits = limits
        # Only this file decides which certificates are trusted. SSL_CERT_FILE and REQUESTS_CA_BUNDLE have no effect.
        self._tls = ssl.create_default_context(cafile=ca_file or certifi.where())

    def send(self, request: PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> Response:
        """Send the request and read the whole response. Raises FetchError."""
        deadline = float(timeout)
        target = self._guard.resolve(str(request.url))
        host = target.host
        try:
            with _open_connection(target, self._limits.connect, deadline) as connection:
                if str(request.url).startswith("https:"):
                    connection.sock = self._tls.wrap_socket(connection.sock, server_hostname=host.rstrip("."))
                raw = connection.send(request, self._limits.bytes)
        except ssl.SSLCertVerificationError as error:
            raise FetchError(f"the certificate of {host} is not valid: {error.verify_message}") from error
        except (OSError, HTTPException, ValueError, zlib.error) as error:
            if time.monotonic() >= deadline:
                raise FetchError(f"{host} was too slow: the time limit of one request was reached") from error
            raise FetchError(f"the connection to {host} failed: {_describe_error(error)}") from error
        return self.build_response(request, raw)


class _Connection:
    """HTTP over one connected socket."""

    def __init__(self, target: ResolvedHost, sock: socket.socket, deadline: float) -> None:
        self.sock = sock
        self._host = target.host
        self._port = target.port
        self._deadline = deadline

    def send(self, request: PreparedRequest, limit: int) -> urllib3.HTTPResponse:
        """Send a request and read the whole response. Raises FetchError if its body exceeds `limit` bytes."""
        client = http.client.HTTPConnection(self._host, self._port)
        client.sock = self.sock
        host = f"[{self._host}]" if ":" in self._host else self._host
        headers = {
            **request.headers,
            "Host": host if self._port in (80, 443) else f"{host}:{self._port}",
            "Connection": "close",
        }
        body = request.body if isinstance(request.body, str | bytes) else None
        client.request(str(request.method), parse_url(str(request.url)).request_uri, body=body, headers=headers)
        response = client.getresponse()
        content = b"".join(self._read_body(response, limit)) if request.method != "HEAD" else b""
        return urllib3.HTTPResponse(
            body=BytesIO(content),
            headers=urllib3.HTTPHeaderDict(_headers_of_decoded(response, request)),
            status=response.status,
            reason=response.reason,
            preload_content=False,
            request_method=request.method,
            request_url=request.url,
        )

    def _read_body(self, response: http.client.HTTPResponse, limit: int) -> Iterator[bytes]:
        decoder = _decoder(response.headers.get("Content-Encoding", ""))
        raw = decoded = 0
        while chunk := response.read(_CHUNK):
            raw += len(chunk)
            # Decoding stops one byte after the limit, so that a decompression bomb is never expanded.
            piece = decoder.decompress(chunk, limit + 1 - decoded) if decoder else chunk
            decoded += len(piece)
            if max(raw, decoded) > limit:
                raise FetchError(f"{self._host} sends more than {limit:,} bytes, the limit of one response")
            yield piece
        # http.client does not notice a body that is too short when the body is read in pieces.
        if response.length or time.monotonic() >= self._deadline or (raw and decoder and not decoder.eof):
            raise HTTPException(f"the response ended early, after {raw:,} bytes")


def _headers_of_decoded(response: http.client.HTTPResponse, request: PreparedRequest) -> list[tuple[str, str]]:
    """The response's headers, without those that describe the encoded body.

    A HEAD response keeps its Content-Length, unless that is the length of an encoded body.
    """
    dropped = {"content-encoding", "transfer-encoding"}
    if request.method != "HEAD" or response.headers.get("Content-Encoding"):
        dropped.add("content-length")
    return [(name, value) for name, value in response.getheaders() if name.lower() not in dropped]


@contextmanager
def _open_connection(target: ResolvedHost, seconds: float, deadline: float) -> Iterator[_Connection]:
    """A connection that is cut at the deadline. `seconds` limits connecting to each address. Raises FetchError."""
    sock = _connect(target, seconds, deadline)
    # A socket's own timeout starts again with every byte. This timer cuts the connection at the deadline in any state:
    # a handshake, a header, a body of one byte a second. It uses a duplicate, because TLS takes over the socket.
    duplicate = sock.dup()
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), _shut_down, (duplicate,))
    timer.daemon = True
    timer.start()
    connection = _Connection(target, sock, deadline)
    try:
        yield connection
    finally:
        timer.cancel()
        connection.sock.close()
        duplicate.close()


def _connect(target: ResolvedHost, seconds: float, deadline: float) -> socket.socket:
    failure: OSError | None = None
    for address in target.addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            sock = socket.create_connection((address, target.port), timeout=min(seconds, left))
        except OSError as error:
            failure = error
            continue
        sock.settimeout(max(0.1, deadline - time.monotonic()))
        return sock
    reason = _describe_error(failure) if failure else "no time left"
    raise FetchError(f"cannot connect to {target.host} on port {target.port}: {reason}")


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already
        sock.shutdown(socket.SHUT_RDWR)


def _decoder(encoding: str) -> zlib._Decompress | None:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: the format is detected from the first bytes
    raise FetchError(f"unexpected Content-Encoding {encoding[:40]!r}")


def _describe_error(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())[:200]

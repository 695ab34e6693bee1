"""One prepared request -> one response, over a connection that the guard permits, within limits of size and time.

`HttpSession` uses it as its adapter and follows redirects itself.
"""

from __future__ import annotations

import gzip
import http.client
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import certifi
import urllib3
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import parse_url

from ..errors import FetchError
from .guard import AddressGuard, ResolvedHost

_CHUNK = 64 * 1024
_GZIP = b"\x1f\x8b"
_UNREADABLE = ("br", "zstd")
"""Content-Encodings that are never requested. Other values are usually not encodings at all, such as `utf-8`."""
_TEXT = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]{0,200}[<{\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLimits:
    """Limits of one request, apart from its deadline."""

    connect: float
    """Seconds to connect to one address."""
    bytes: int
    """Maximum size of the body, both as sent and decoded."""


class GuardedAdapter(HTTPAdapter):
    """A requests adapter without kept connections, proxies or redirects.

    The `timeout` of a request is its deadline, on the clock of `time.monotonic`.
    """

    def __init__(
        self,
        guard: AddressGuard,
        limits: TransportLimits,
        ca_file: str | None = None,
        credentials: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """`credentials`: a header by URL or by origin. It is added here, so that no cache and no other host sees it."""
        super().__init__()
        self._credentials = credentials or {}
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
            with self._connect(target, str(request.url).startswith("https:"), deadline) as connection:
                raw = self._exchange(connection, request, target, deadline)
        except (
            OSError,
            EOFError,
            http.client.HTTPException,
            urllib3.exceptions.HTTPError,
            ValueError,
            zlib.error,
        ) as error:
            if time.monotonic() >= deadline:
                raise FetchError(f"{host} was too slow: the time limit of one request was reached") from error
            raise FetchError(f"the connection to {host} failed: {_describe_error(error)}") from error
        return self.build_response(request, raw)

    def _open(self, address: str, target: ResolvedHost, is_https: bool, seconds: float) -> HTTPConnection:
        seconds = max(0.1, seconds)
        if not is_https:
            return HTTPConnection(address, target.port, timeout=seconds)
        # The certificate is checked against the name, although the connection is to an address.
        name = target.host.rstrip(".")
        return HTTPSConnection(address, target.port, timeout=seconds, ssl_context=self._tls, server_hostname=name)

    @contextmanager
    def _connect(self, target: ResolvedHost, is_https: bool, deadline: float) -> Iterator[HTTPConnection]:
        """A connection to the first address that answers. It is cut at the deadline. Raises FetchError."""
        failure: Exception = TimeoutError()
        for address in target.addresses:
            connection = self._open(address, target, is_https, min(self._limits.connect, deadline - time.monotonic()))
            try:
                connection.connect()
                break
            except ssl.SSLCertVerificationError as error:
                raise FetchError(f"the certificate of {target.host} is not valid: {error.verify_message}") from error
            except (OSError, urllib3.exceptions.HTTPError) as error:
                connection.close()
                failure = error
        else:
            reason = _describe_error(failure)
            raise FetchError(f"cannot connect to {target.host} on port {target.port}: {reason}") from failure
        # A socket's own timeout starts again with every byte. This timer cuts the connection at the deadline in any
        # state: a header, a body of one byte a second.
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), _shut_down, (connection.sock,))
        timer.daemon = True
        timer.start()
        try:
            yield connection
        finally:
            timer.cancel()
            connection.close()

    def _exchange(
        self, connection: HTTPConnection, request: PreparedRequest, target: ResolvedHost, deadline: float
    ) -> urllib3.HTTPResponse:
        """Send a request and read the whole response, decoded."""
        connection.sock.settimeout(max(0.1, deadline - time.monotonic()))  # of each read; the timer ends them all
        host = f"[{target.host}]" if ":" in target.host else target.host
        headers = {
            **{name: str(value) for name, value in request.headers.items()},
            "Host": host if target.port in (80, 443) else f"{host}:{target.port}",
            "Connection": "close",
        }
        url = parse_url(str(request.url))
        secret = self._credentials.get(str(request.url)) or self._credentials.get(f"{url.scheme}://{url.netloc}")
        headers |= dict([secret] if secret else [])
        body = request.body if isinstance(request.body, str | bytes) else None
        connection.request(
            str(request.method),
            url.request_uri,
            body=body,
            headers=headers,
            preload_content=False,
            decode_content=False,
        )
        response = connection.getresponse()
        limit = self._limits.bytes
        content = b"".join(_read_body(response, limit))
        if time.monotonic() >= deadline:
            raise TimeoutError  # it was cut, which looks like the end of a body without Content-Length
        encoding = response.headers.pop("Content-Encoding", "").strip().lower()
        content = _decode_content(content, encoding, limit)
        if len(content) > limit:
            raise FetchError(f"{target.host} sends more than {limit:,} bytes, the limit of one response")
        response.headers.discard("Transfer-Encoding")
        if request.method != "HEAD" or encoding:
            response.headers.discard("Content-Length")
        return urllib3.HTTPResponse(
            body=BytesIO(content),
            headers=response.headers,
            status=response.status,
            reason=response.reason,
            preload_content=False,
            request_method=request.method,
            request_url=request.url,
        )


def _read_body(response: urllib3.BaseHTTPResponse, limit: int) -> Iterator[bytes]:
    """The body as it is sent, and at most a chunk more than the limit."""
    size = 0
    while size <= limit and (chunk := response.read(_CHUNK)):
        size += len(chunk)
        yield chunk


def _decode_content(content: bytes, encoding: str, limit: int) -> bytes:
    """The body without its compression, and at most a byte more than the limit. The bytes are believed, not the header.

    Raises FetchError, EOFError, OSError and zlib.error.
    """
    for _ in range(2):  # some servers compress what is compressed
        if content.startswith(_GZIP):
            content = b"".join(_gunzip(content, limit))
    if encoding == "deflate" and not _TEXT.match(content):
        try:
            return zlib.decompressobj().decompress(content, limit + 1)
        except zlib.error:  # raw deflate (RFC 1951), as some servers understand the name
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, limit + 1)
    if encoding in _UNREADABLE and not _TEXT.match(content):
        raise FetchError(f"unexpected Content-Encoding {encoding!r}")
    return content


def _gunzip(content: bytes, limit: int) -> Iterator[bytes]:
    """All members of a gzip file. What follows them and is no member is ignored."""
    file, size = gzip.GzipFile(fileobj=BytesIO(content)), 0
    try:
        while size <= limit and (chunk := file.read1(min(_CHUNK, limit + 1 - size))):
            size += len(chunk)
            yield chunk
    except gzip.BadGzipFile as error:
        if not size or "Not a gzipped file" not in str(error):
            raise


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not that of a TLS socket, which another thread is reading


def _describe_error(error: BaseException) -> str:
    if isinstance(error, urllib3.exceptions.NewConnectionError) and error.__cause__:
        error = error.__cause__
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return "it did not answer in time"
    if isinstance(error, EOFError) or any(isinstance(cause, http.client.IncompleteRead) for cause in error.args):
        return "the response ended early"
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())[:200]

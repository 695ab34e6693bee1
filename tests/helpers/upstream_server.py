"""A real HTTP server on loopback. Each test sets its replies; it records the requests."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from refeed.config.settings import UpstreamRule
from refeed.fetch.poller import FetchResult

Reply = Callable[[BaseHTTPRequestHandler], None]
Fetch = Callable[[UpstreamRule, datetime], FetchResult]
"""Fetches an upstream, and keeps its state until the next call."""


@dataclass
class UpstreamServer:
    """The server as a test sees it: set `routes`, read `requests`."""

    port: int
    routes: dict[str, Reply] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    """Method, path, headers, body."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def rule(self, path: str, source: str = "sample") -> UpstreamRule:
        return UpstreamRule(source=source, url=self.url(path))

    def count(self, path: str) -> int:
        return sum(1 for _, requested, _, _ in self.requests if requested == path)


def reply(body: bytes | str = b"", status: int = 200, **headers: str) -> Reply:
    """A complete response. Header names have underscores instead of dashes."""
    data = body.encode() if isinstance(body, str) else body

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(data)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)

    return respond


def conditional_reply(body: bytes | str, etag: str, **headers: str) -> Reply:
    """A response with an ETag, and 304 to a request that has it."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            reply(status=304, ETag=etag, **headers)(handler)
        else:
            reply(body, ETag=etag, **headers)(handler)

    return respond


def handler(upstream: UpstreamServer) -> type[BaseHTTPRequestHandler]:
    """Replies from the routes of `upstream` and records the requests."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            upstream.requests.append((self.command, self.path, dict(self.headers), body))
            # The client may close the connection, which some tests are about.
            with suppress(BrokenPipeError, ConnectionResetError):
                upstream.routes.get(self.path, reply(status=404))(self)

        do_GET = do_HEAD = do_POST = handle_any

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def run_upstream(tls: ssl.SSLContext | None = None) -> Iterator[UpstreamServer]:
    """A server on a free port of 127.0.0.1."""
    upstream = UpstreamServer(port=0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(upstream))
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    upstream.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


HEAD = '<?xml version="1.0" encoding="utf-8"?>'


def rss_feed(*items: str, head: str = HEAD) -> str:
    namespace = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return f'{head}<rss version="2.0" {namespace}><channel><title>样本</title>{"".join(items)}</channel></rss>'


def feed_item(
    n: int = 1,
    title: str = "一篇样本文章",
    html: str = "<p>这是为测试写的样本。</p>",
    date: str = "Fri, 27 Feb 2026 08:00:00 +0800",
) -> str:
    return (
        f"<item><title>{title} {n}</title><link>https://news.example.org/{n}</link>"
        f"<guid isPermaLink='false'>g{n}</guid><pubDate>{date}</pubDate>"
        f"<content:encoded><![CDATA[{html}]]></content:encoded></item>"
    )

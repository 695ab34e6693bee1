"""A real HTTP server on loopback that answers as each test says, and counts what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from refeed.config.upstream_rules import UpstreamRule

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class UpstreamServer:
    """What tests see of the server: `routes` to fill, `asked` to look at."""

    port: int
    routes: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def rule(self, path: str, source: str = "sample") -> UpstreamRule:
        return UpstreamRule(source=source, url=self.url(path))

    def times(self, path: str) -> int:
        return sum(1 for _, asked, _, _ in self.asked if asked == path)


def reply(body: bytes | str = b"", status: int = 200, **headers: str) -> Reply:
    """A whole answer; header names with underscores for dashes."""
    data = body.encode() if isinstance(body, str) else body

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(data)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)

    return answer


def conditional_reply(body: bytes | str, etag: str, **headers: str) -> Reply:
    """An answer with an ETag, and 304 to whoever has it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            reply(status=304, ETag=etag, **headers)(handler)
        else:
            reply(body, ETag=etag, **headers)(handler)

    return answer


def handler(known: UpstreamServer) -> type[BaseHTTPRequestHandler]:
    """Answers from the routes of `known` and notes what was asked."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known.asked.append((self.command, self.path, dict(self.headers), body))
            # The client may have had enough, which is what some tests are about.
            with suppress(BrokenPipeError, ConnectionResetError):
                known.routes.get(self.path, reply(status=404))(self)

        do_GET = do_HEAD = do_POST = handle_any

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def run_upstream(tls: ssl.SSLContext | None = None) -> Iterator[UpstreamServer]:
    """A server on a free port of 127.0.0.1."""
    known = UpstreamServer(port=0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(known))
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    known.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield known
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

"""Which thread answers a request: documents in memory never wait for slower requests."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from helpers.server_fixture import prepare_site, run_site
from refeed.web.document_middleware import RawResponse
from refeed.web.server import RequestDispatcher


@dataclass
class RecordedResponse:
    """Keeps the response that granian would send."""

    answered: threading.Event = field(default_factory=threading.Event)
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, dict(headers), body
        self.answered.set()


class Body:
    """A body with a close method."""

    closed = False

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"so", b"on"])

    def close(self) -> None:
        Body.closed = True


def respond_from_memory(environ: dict[str, Any]) -> RawResponse | None:
    return RawResponse(304, [("ETag", '"x"')], b"") if environ["PATH_INFO"] == "/document" else None


def send(dispatcher: RequestDispatcher, path: str) -> RecordedResponse:
    channel = RecordedResponse()
    dispatcher(channel, {"PATH_INFO": path, "REQUEST_METHOD": "GET"})
    return channel


def test_documents_are_answered_while_slow_requests_wait_and_too_many_get_503() -> None:
    gate = threading.Event()

    def app(environ: dict[str, Any], start: Any) -> Body:
        assert gate.wait(60)
        start("200 OK", [("Content-Type", "text/plain")])
        return Body()

    dispatcher = RequestDispatcher(respond_from_memory, app)
    slow = [send(dispatcher, "/page") for _ in range(200)]
    assert send(dispatcher, "/document").status == 304
    rejected = [channel for channel in slow if channel.answered.is_set()]
    assert 100 < len(rejected) < 200
    assert {channel.status for channel in rejected} == {503}
    assert rejected[0].headers["Retry-After"] == "5"
    gate.set()
    for channel in slow:
        assert channel.answered.wait(60)
    assert {(channel.status, channel.body) for channel in slow if channel not in rejected} == {(200, b"soon")}
    assert Body.closed


def test_a_failing_request_is_a_500_and_the_next_one_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        raise RuntimeError(f"{environ['REQUEST_METHOD']} fails")

    dispatcher = RequestDispatcher(respond_from_memory, app)
    for _ in range(10):
        channel = send(dispatcher, "/k/token/page")
        assert channel.answered.wait(60)
        assert channel.status == 500
    assert "GET fails" in caplog.text
    assert "/k/token" not in caplog.text


def test_after_close_connections_every_response_closes_its_connection() -> None:
    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [])
        return [b""]

    dispatcher = RequestDispatcher(respond_from_memory, app)
    assert "Connection" not in send(dispatcher, "/document").headers
    dispatcher.close_connections()
    page = send(dispatcher, "/page")
    assert page.answered.wait(60)
    assert page.headers["Connection"] == send(dispatcher, "/document").headers["Connection"] == "close"


@pytest.mark.torture
def test_documents_are_served_while_pages_wait_for_a_hanging_store(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=3)
    with run_site(settings, environ, tmp_path) as site:
        assert site.get("/feeds/all.atom").status == 200
        store = sqlite3.connect(tmp_path / "var" / "refeed.db", isolation_level=None)
        if store.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            pytest.skip("readers do not wait for a writer in WAL mode")
        store.execute("BEGIN EXCLUSIVE")  # readers wait ten seconds for it
        pages = [threading.Thread(target=site.get, args=("/all",)) for _ in range(12)]
        for page in pages:
            page.start()
        time.sleep(0.5)
        for _ in range(20):
            assert site.get("/feeds/all.atom", If_None_Match="*").status == 304
        assert all(page.is_alive() for page in pages)
        store.rollback()
        store.close()
        for page in pages:
            page.join(60)

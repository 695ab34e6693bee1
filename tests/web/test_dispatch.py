"""Who answers what: polls never wait for anything else."""

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
class Exchange:
    """Keeps the answer, as granian would send it."""

    answered: threading.Event = field(default_factory=threading.Event)
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, dict(headers), body
        self.answered.set()


class Body:
    """A body that wants to be closed."""

    closed = False

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"so", b"on"])

    def close(self) -> None:
        Body.closed = True


def quick(environ: dict[str, Any]) -> RawResponse | None:
    return RawResponse(304, [("ETag", '"x"')], b"") if environ["PATH_INFO"] == "/poll" else None


def ask(dispatch: RequestDispatcher, path: str) -> Exchange:
    exchange = Exchange()
    dispatch(exchange, {"PATH_INFO": path, "REQUEST_METHOD": "GET"})
    return exchange


def test_polls_are_answered_at_once_while_all_else_waits_and_too_much_is_turned_away() -> None:
    gate = threading.Event()

    def app(environ: dict[str, Any], start: Any) -> Body:
        assert gate.wait(60)
        start("200 OK", [("Content-Type", "text/plain")])
        return Body()

    dispatch = RequestDispatcher(quick, app)
    slow = [ask(dispatch, "/page") for _ in range(200)]
    assert ask(dispatch, "/poll").status == 304
    turned_away = [one for one in slow if one.answered.is_set()]
    assert 100 < len(turned_away) < 200
    assert {one.status for one in turned_away} == {503}
    assert turned_away[0].headers["Retry-After"] == "5"
    gate.set()
    for one in slow:
        assert one.answered.wait(60)
    assert {(one.status, one.body) for one in slow if one not in turned_away} == {(200, b"soon")}
    assert Body.closed


def test_a_request_that_fails_is_answered_and_the_next_one_too(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        raise RuntimeError(f"{environ['REQUEST_METHOD']} fails")

    dispatch = RequestDispatcher(quick, app)
    for _ in range(10):
        exchange = ask(dispatch, "/k/token/page")
        assert exchange.answered.wait(60)
        assert exchange.status == 500
    assert "GET fails" in caplog.text
    assert "/k/token" not in caplog.text


def test_at_the_end_every_answer_closes_its_connection() -> None:
    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [])
        return [b""]

    dispatch = RequestDispatcher(quick, app)
    assert "Connection" not in ask(dispatch, "/poll").headers
    dispatch.close_connections()
    page = ask(dispatch, "/page")
    assert page.answered.wait(60)
    assert page.headers["Connection"] == ask(dispatch, "/poll").headers["Connection"] == "close"


@pytest.mark.torture
def test_documents_are_served_while_pages_wait_for_a_store_that_hangs(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, dumps=3)
    with run_site(settings, environ, tmp_path) as site:
        assert site.get("/feeds/all.atom").status == 200
        store = sqlite3.connect(tmp_path / "var" / "refeed.db", isolation_level=None)
        if store.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            pytest.skip("nobody waits for a writer here")
        store.execute("BEGIN EXCLUSIVE")  # as long as it lasts, whoever reads waits ten seconds
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

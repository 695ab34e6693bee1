"""`POST /dumps` over HTTP: bodies are written, slow ones delay no other request, interrupted ones leave nothing."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from helpers.server_fixture import RunningSite, prepare_site, run_site
from helpers.service_fixture import sample_dump

pytestmark = pytest.mark.slow

TOKEN = "sample-token-of-the-tests"
ATOM = "/feeds/topic/climate.atom"


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    home = tmp_path_factory.mktemp("pushed")
    settings, environ = prepare_site(home, dumps=3, REFEED_PUSH_TOKEN=TOKEN)
    with run_site(settings, environ, home) as site:
        yield site


def post(body: bytes, *, length: int | None = None, token: str = TOKEN) -> bytes:
    head = f"POST /dumps HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def count(site: RunningSite) -> int:
    return sum(1 for _ in (Path(site.settings.var_dir) / "refeed.db.inbox").rglob("*.md"))


def test_a_pushed_dump_is_in_the_inbox_before_the_response_and_written_once(pushed: RunningSite) -> None:
    before = count(pushed)
    assert pushed.raw(post(sample_dump(1)), 60).startswith(b"HTTP/1.1 201")
    assert pushed.raw(post(sample_dump(1)), 60).startswith(b"HTTP/1.1 200")
    assert count(pushed) == before + 1
    articles = [
        {"title": f"样本{n}", "link": f"https://sample.example.org/n{n}", "html": "<p>样" * 900} for n in range(600)
    ]
    body = "\n".join(json.dumps(article, ensure_ascii=False) for article in articles).encode()
    answer = pushed.raw(post(body), 60)
    assert (answer.startswith(b"HTTP/1.1 201"), json.loads(answer.partition(b"\r\n\r\n")[2])["new"]) == (True, 600)
    assert count(pushed) == before + 601


def test_without_the_token_the_body_is_not_read(pushed: RunningSite) -> None:
    assert pushed.raw(post(b"", length=1000, token="another")).startswith(b"HTTP/1.1 401")


def test_successive_pushes_are_accepted(pushed: RunningSite) -> None:
    assert {pushed.raw(post(sample_dump(1)), 60)[:12] for _ in range(20)} <= {b"HTTP/1.1 201", b"HTTP/1.1 200"}


def test_a_slow_push_delays_no_other_request_and_another_push_gets_503(pushed: RunningSite) -> None:
    whole, fast, accepted = post(sample_dump(2)), b"", b""
    deadline = time.monotonic() + 60
    # The fast one may come first; then the slow one gets the 503.
    while not (fast.startswith(b"HTTP/1.1 503") and accepted[:11] == b"HTTP/1.1 20"):
        assert time.monotonic() < deadline
        time.sleep(0.5)  # in a minute, a token may push only so often
        with closing(socket.create_connection(("127.0.0.1", pushed.port), timeout=60)) as slow:
            slow.sendall(whole[:-10])
            fast = pushed.raw(post(sample_dump(3)), 60)
            assert {pushed.get(ATOM).status for _ in range(20)} == {200}
            slow.sendall(whole[-10:])
            accepted = slow.recv(1000)
    assert b"retry-after: 5" in fast.lower()


def test_an_interrupted_push_leaves_nothing(pushed: RunningSite) -> None:
    before = count(pushed)
    whole = post(sample_dump(4))
    for cut in (20, 1):
        with closing(socket.create_connection(("127.0.0.1", pushed.port), timeout=60)) as connection:
            connection.sendall(whole[:-cut])
            connection.shutdown(socket.SHUT_WR)
            assert b" 20" not in connection.recv(1000)[:12]
    chunk = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (len(sample_dump(4)) + 9) + sample_dump(4)
    assert pushed.raw(post(b"").partition(b"Content-Length")[0] + chunk).startswith(b"HTTP/1.1 411")
    deadline = time.monotonic() + 60
    while not (answer := pushed.raw(post(sample_dump(5)), 60)).startswith(b"HTTP/1.1 201"):
        assert time.monotonic() < deadline, answer
    assert count(pushed) == before + 1

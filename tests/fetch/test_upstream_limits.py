"""No upstream costs more bytes, time or memory than the limits."""

from __future__ import annotations

import gzip
import logging
import os
import resource
import threading
import time
import tracemalloc
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from bench.harness import memory
from helpers.upstream_server import NOON, Reply, UpstreamServer, feed_item, reply, rss_feed
from helpers.xml_bombs import BOMBS, EXHAUSTING
from refeed.config.settings import FetchSettings
from refeed.errors import FetchError
from refeed.fetch.poller import fetch_all, poll_feed
from refeed.fetch.session import HttpSession
from refeed.fetch.upstreams import FetchDirs, UpstreamState


def drip(head: bytes, byte: bytes, every: float = 0.05, times: int = 400) -> Reply:
    """One byte at a time, so that no single read times out."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        for _ in range(times):
            handler.wfile.write(byte)
            time.sleep(every)

    return respond


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(b"<item>" * 10_000)


def hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(5)


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + rss_feed(feed_item(1)).encode())


def chunked_cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n<rss>")


def bomb() -> bytes:
    """300 kB that unpack to 300 MB: one member of a gzip file (RFC 1952, 2.2) repeated."""
    return gzip.compress(bytes(1_000_000)) * 300


OK = b"HTTP/1.1 200 OK\r\n"
HOSTILE = {
    "/bomb": (reply(bomb(), Content_Encoding="gzip"), "more than 1,000,000 bytes"),
    "/unnamed-bomb": (reply(bomb()), "more than 1,000,000 bytes"),
    "/endless": (endless, "more than 1,000,000 bytes"),
    "/slow-body": (drip(OK + b"\r\n", b"x"), "too slow"),
    "/slow-header": (drip(OK + b"X-Long: ", b"x"), "too slow"),
    "/slow-chunk-size": (drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"), "too slow"),
    "/hang": (hang, "too slow|did not answer in time"),
    "/cut-off": (cut_off, "ended early"),
    "/chunked-cut-off": (chunked_cut_off, "connection to 127.0.0.1 failed"),
    "/cut-gzip": (
        reply(gzip.compress(rss_feed(feed_item(1)).encode())[:-9], Content_Encoding="gzip"),
        "ended early",
    ),
    "/brotli": (reply(b"\x0b\x02\x80", Content_Encoding="br"), "unexpected Content-Encoding"),
    "/loop": (reply(status=302, Location="/loop"), "redirects more than 3 times"),
    "/nowhere": (reply(status=302, Location="http://[::1"), "Invalid IPv6 URL"),
    "/script": (reply(status=302, Location="javascript:alert(1)"), "neither http nor https"),
    "/file": (reply(status=301, Location="file:///etc/passwd"), "neither http nor https"),
    "/password": (reply(status=302, Location="http://user:pass@127.0.0.1/"), "a user name or a password"),
    "/garbage": (drip(b"\x00\x01\x02 no http \r\n\r\n", b"", times=1), "connection to 127.0.0.1 failed"),
    "/headers": (drip(OK + b"X: y\r\n" * 200 + b"\r\n", b"", times=1), "connection to 127.0.0.1 failed"),
}


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_response_ends_in_time_with_a_plain_error(
    path: str, upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes[path] = HOSTILE[path][0]
    started = time.monotonic()
    with pytest.raises(FetchError, match=HOSTILE[path][1]):
        session.get(upstream.url(path))
    assert time.monotonic() - started < 10, "the limit is 2 s"
    assert upstream.count(path) <= 4


@pytest.mark.parametrize("path", ["/bomb", "/endless"])
def test_response_that_is_too_large_is_not_held_in_memory(
    path: str, upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes[path] = HOSTILE[path][0]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        with pytest.raises(FetchError):
            session.get(upstream.url(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000, f"{peak:,} bytes for a limit of 1,000,000"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "kB"


@pytest.mark.slow
@pytest.mark.parametrize(
    "limits",
    [
        FetchSettings(time=timedelta(seconds=2), bytes=1_000_000),
        pytest.param(FetchSettings(), marks=pytest.mark.torture),
    ],
)
def test_fifty_hostile_upstreams_together_block_no_good_one(
    limits: FetchSettings, upstream: UpstreamServer, dirs: FetchDirs, tmp_path: Path
) -> None:
    """Run it with `--log-cli-level=INFO` for the figures."""
    for path, (hostile, _) in HOSTILE.items():
        upstream.routes[path] = hostile
    for number, body in enumerate((*BOMBS.values(), *EXHAUSTING.values())):
        upstream.routes[f"/feed-{number}"] = reply(
            body.encode("latin-1" if ord(body[0]) in range(128, 256) else "utf-8")
        )
    hostile_paths = list(upstream.routes)
    good = {f"/good-{number}": hostile_paths[5 * number] for number in range(10)}
    for number, path in enumerate(good):
        upstream.routes[path] = reply(rss_feed(feed_item(100 + number)))
    paths = [each for path in hostile_paths for each in (*(g for g, before in good.items() if before == path), path)]
    done, samples = threading.Event(), list[int]()
    started, used = time.monotonic(), time.process_time()
    with HttpSession(tmp_path / "var", replace(limits, allow=("127.0.0.0/8",)), user_agent="refeed/test") as session:
        states = {upstream.rule(path): UpstreamState() for path in paths}

        def measure() -> None:
            while True:
                samples.append(memory(os.getpid()))
                if done.wait(0.2):
                    return

        measuring = threading.Thread(target=measure)
        measuring.start()
        results = [(time.monotonic() - started, result) for result in fetch_all(states, session, dirs, NOON)]
        done.set()
        measuring.join()
    times = {result.upstream.url: at for at, result in results}
    found = {result.upstream.url: result for _, result in results}
    dumps = {path: len(found[upstream.url(path)].paths) for path in paths}
    errors = Counter(found[upstream.url(path)].state.error.partition("(")[0] for path in hostile_paths)
    logging.getLogger(__name__).info(
        "%d hostile upstreams: %.0f s, this process %.1f s of processor time, memory %d to %d MB; "
        "last good one after %.0f s; %d dumps; %s",
        len(hostile_paths),
        max(times.values()),
        time.process_time() - used,
        samples[0] // 10**6,
        max(samples) // 10**6,
        max(times[upstream.url(path)] for path in good),
        sum(dumps.values()),
        dict(errors),
    )
    assert len(hostile_paths) > 50
    assert [dumps[path] for path in good] == [1] * len(good)
    assert all(found[upstream.url(path)].state.error for path in HOSTILE)
    assert max(samples) - samples[0] < 1_000_000_000
    order = [result.upstream.url for _, result in results]
    assert order.index(upstream.url("/good-0")) < len(order) // 2, "a good one waits for no hostile one that came later"


def test_server_text_in_an_error_or_note_cannot_control_a_terminal(
    upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/garbage"] = drip(b"\x1b]0;forged\x07\x1b[2J no http\r\n\r\n", b"", times=1)
    upstream.routes["/moved"] = reply(status=301, Location="/\x1bnew")
    upstream.routes["/%1Bnew"] = reply(rss_feed(feed_item(1)))
    state = poll_feed(upstream.rule("/garbage"), session, UpstreamState(), NOON).state
    assert state.error.endswith("connection to 127.0.0.1 failed: \ufffd]0;forged\ufffd\ufffd[2J no http")
    state = poll_feed(upstream.rule("/moved"), session, UpstreamState(), NOON).state
    assert (state.error, state.moved) == ("", upstream.url("/%1Bnew"))
    assert all(note.isprintable() for note in state.notes)


def test_refused_connection_and_404_are_plain_errors(session: HttpSession, upstream: UpstreamServer) -> None:
    state = poll_feed(upstream.rule("/feed"), session, UpstreamState(), NOON).state
    assert state.error == "not found (404)"
    rule = upstream.rule("/feed")
    closed = type(rule)(source="a", url="http://127.0.0.1:9/feed")
    assert (
        "cannot connect to 127.0.0.1 on port 9: Connection refused"
        in poll_feed(closed, session, UpstreamState(), NOON).state.error
    )


def test_environment_sets_no_proxy_and_no_credentials(
    upstream: UpstreamServer, fetch_settings: FetchSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login sample password sample\n")
    for name, value in {
        "http_proxy": "http://127.0.0.1:9",
        "all_proxy": "http://127.0.0.1:9",
        "NETRC": str(netrc),
    }.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.upper(), value)
    upstream.routes["/feed"] = reply("x")
    with HttpSession(tmp_path / "var", fetch_settings) as session:
        assert session.get(upstream.url("/feed")).status == 200
    assert "Authorization" not in upstream.requests[0][2]

"""Requests made to break in, to overload, or to inject text into responses to others."""

from __future__ import annotations

import pytest

from helpers.server_fixture import BASE, RunningSite

ATOM = "/feeds/topic/climate.atom"
HEAD = b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n"

MANY_TAGS = '"x", ' * 12_000

PATHS = [
    "//evil.test/..",
    "//evil.test/feeds/all.atom",
    "/feeds//etc/passwd",
    "/feeds/../../etc/passwd",
    "/feeds/..%2f..%2fetc%2fpasswd",
    "/feeds/topic/..%2f..%2fconfig.yaml",
    "/feeds/%2e%2e/config.yaml",
    "/feeds/all.atom%00",
    "/feeds/all.atom%00.json",
    "/feeds/%00",
    "/feeds/.marks.json",
    "/feeds/.lock",
    "/feeds/topic/climate.atom/",
    "/feeds/topic/" + "a" * 300 + ".atom",
    "/feeds/" + "%E6%B0%94" * 50,
    "/feeds/all/archive/9999-99.atom",
    "/feeds/all/archive/2026-01-99999.atom",
    "/feeds/%ff%fe.atom",
    "/k/../feeds/all.atom",
    "/k//feeds/topic/secret.atom",
    "/k/%00/feeds/topic/secret.atom",
    "/console",
]


@pytest.mark.parametrize("path", PATHS)
def test_an_invalid_path_is_not_found_and_not_repeated(site: RunningSite, path: str) -> None:
    received = site.raw(f"GET {path} HTTP/1.1\r\n".encode() + HEAD)
    status, body = int(received[9:12]), received.partition(b"\r\n\r\n")[2]
    assert status in (400, 404)
    assert b"evil.test" not in received
    assert b"root:" not in body
    assert b"Traceback" not in body


@pytest.mark.parametrize("header", ["Host: evil.test", "X-Forwarded-Host: evil.test", "Forwarded: host=evil.test"])
@pytest.mark.parametrize(
    "path", [ATOM, "/feeds/topic/weather.atom", f"{ATOM}?limit=1", "/", "/feeds/nothing.atom", "/feeds/opml.xml"]
)
def test_the_requests_host_appears_in_no_response(site: RunningSite, header: str, path: str) -> None:
    host = "" if header.startswith("Host") else "Host: 127.0.0.1\r\n"
    request = f"GET {path} HTTP/1.1\r\n{host}{header}\r\nX-Forwarded-Proto: gopher\r\nConnection: close\r\n\r\n"
    received = site.raw(request.encode())
    assert received[9:10] in (b"2", b"3", b"4")
    assert b"evil.test" not in received
    assert b"gopher" not in received
    again = site.get(path)
    assert b"evil.test" not in again.body
    assert "evil.test" not in str(again.headers)


@pytest.mark.parametrize(
    "request_line",
    [
        f"GET {ATOM}?{'&'.join(f'p{n}={n}' for n in range(10_000))} HTTP/1.1\r\n",
        f"GET {ATOM}?{'&'.join(f'limit={n}' for n in range(1, 7_000))} HTTP/1.1\r\n",
        f"GET {ATOM}?filter={'%28' * 3000} HTTP/1.1\r\n",
        f"GET {ATOM} HTTP/1.1\r\nX-Long: {'a' * 64_000}\r\n",
        f"GET {ATOM} HTTP/1.1\r\nIf-None-Match: {MANY_TAGS}\r\n",
        f"GET {ATOM} HTTP/1.1\r\nAccept-Encoding: {'gzip;q=0.1, ' * 5_000}\r\n",
        f"GET {ATOM} HTTP/1.1\r\nIf-Modified-Since: {'9' * 60_000}\r\n",
        f"GET {ATOM} HTTP/1.1\r\nIf-Modified-Since: Fri, 02 Jan 99999999999 12:00:00 GMT\r\n",
        "GET / HTTP/1.1\r\nIf-Modified-Since: Fri, 02 Jan 99999999999 12:00:00 GMT\r\n",
        f"GET {ATOM} HTTP/1.1\r\nIf-Range: Fri, 02 Jan 99999999999 12:00:00 GMT\r\nRange: bytes=0-1\r\n",
        f"GET {ATOM} HTTP/1.1\r\nRange: bytes={'0-1,' * 10_000}\r\n",
        f"GET {ATOM} HTTP/1.1\r\nRange: bytes={'9' * 5_000}-\r\n",
        f"GET {ATOM} HTTP/1.1\r\nAccept: {'text/html,' * 6_000}\r\n",
        f"GET {ATOM} HTTP/1.1\r\nUser-Agent: {'(9 subscribers; ' * 4_000}\r\n",
        f"GET {ATOM} HTTP/1.1\r\nX-Nul: a\0b\r\n",
        f"GET {ATOM}?filter=\xff\xfe HTTP/1.1\r\n",
        f"GET {ATOM}?filter=%00 HTTP/1.1\r\n",
        "GET /feeds/\0 HTTP/1.1\r\n",
        f"GET http://evil.test{ATOM} HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n",
        f"TRACE {ATOM} HTTP/1.1\r\n",
        f"FROB {ATOM} HTTP/1.1\r\n",
        "\r\n\r\n",
    ],
    ids=range(23),
)
def test_malformed_requests_get_no_server_error(site: RunningSite, request_line: str) -> None:
    received = site.raw(request_line.encode("latin-1") + HEAD, seconds=5)
    if received:
        assert received.startswith(b"HTTP/1.1 ")
        assert received[9:10] in (b"2", b"3", b"4")
    assert b"Traceback" not in received
    assert site.get(ATOM).status == 200


def test_an_unexpected_body_is_not_waited_for(site: RunningSite) -> None:
    request = f"POST {ATOM} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabc".encode()
    assert site.raw(request, seconds=5)[9:12] in (b"405", b"413")


def test_no_redirect_leads_to_another_host(site: RunningSite) -> None:
    for path in (
        "//evil.test/..",
        "/\\evil.test",
        "/feeds//all.atom",
        "///",
        "/feeds/topic/weather.atom?x=//evil.test",
    ):
        received = site.raw(f"GET {path} HTTP/1.1\r\n".encode() + HEAD)
        for line in received.partition(b"\r\n\r\n")[0].lower().split(b"\r\n"):
            if line.startswith(b"location:"):
                location = line.partition(b":")[2].strip().decode()
                assert location.startswith(f"{BASE}/") or (location.startswith("/") and not location.startswith("//"))


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (f"GET {ATOM} HTTP/1.1\r\n", 400),
        (f"GET {ATOM} HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400),
        ("GET /healthz HTTP/1.0\r\n", 200),
        (f"GET {ATOM} HTTP/1.0\r\n", 200),
        (f"GET {ATOM} HTTP/1.1\r\nHost: a\r\n", 200),
    ],
)
def test_a_request_has_one_host(site: RunningSite, request_head: str, status: int) -> None:
    received = site.raw(f"{request_head}Connection: close\r\n\r\n".encode())
    assert int(received[9:12]) == status

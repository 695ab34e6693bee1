"""Types, sizes and icons, by HEAD requests."""

from __future__ import annotations

import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from helpers.upstream_server import NOON, Reply, UpstreamServer, reply
from refeed.config.settings import FetchSettings
from refeed.fetch.enclosure_metadata import DUE_NOW, FileMetadata, find_icon, probe_files
from refeed.fetch.session import HttpSession

HOUR = timedelta(hours=1)


def files_of(*urls: str) -> list[FileMetadata]:
    return [FileMetadata(url=url, next=DUE_NOW) for url in urls]


def test_size_and_type_come_from_the_headers_alone(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes["/a.mp3"] = reply(b"x" * 1234, Content_Type="audio/mpeg; q=1")
    upstream.routes["/b.jpg"] = reply(b"", Content_Type="image/jpeg", Content_Length="-5")
    upstream.routes["/c"] = reply(b"x", Content_Type="no type")
    upstream.routes["/d"] = reply(b"xy", Content_Type="application/octet-stream")
    upstream.routes["/e"] = reply(b"xyz", Content_Type="audio/mpeg", Content_Encoding="gzip")
    urls = [upstream.url(path) for path in ("/a.mp3", "/b.jpg", "/c", "/d", "/e")]
    expected = [
        FileMetadata(url=urls[0], type="audio/mpeg", length=1234),
        FileMetadata(url=urls[1], type="image/jpeg"),
        FileMetadata(url=urls[2], length=1),
        FileMetadata(url=urls[3], length=2),
        FileMetadata(url=urls[4], type="audio/mpeg"),
    ]
    assert probe_files(files_of(*urls), session, NOON) == expected
    assert {(method, headers["Accept-Encoding"]) for method, _, headers, _ in upstream.requests} == {
        ("HEAD", "identity")
    }


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (reply(status=404), "it answers 404"),
        (reply("<html>", Content_Type="text/html"), "it is a web page now"),
        (reply(status=302, Location="http://10.0.0.1/"), "10.0.0.1 is at 10.0.0.1, which is not a public address"),
    ],
)
def test_unavailable_file_is_tried_four_times_and_then_given_up(
    response: Reply, error: str, upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/a.jpg"] = response
    (file,), now, pauses = files_of(upstream.url("/a.jpg")), NOON, []
    while file.next is not None:
        (file,) = probe_files([file], session, now)
        if file.next is not None:
            pauses.append(file.next - now)
            now = file.next
    assert pauses == [HOUR, 6 * HOUR, 24 * HOUR]
    assert file.is_given_up and file.error.startswith(error) and upstream.count("/a.jpg") == 4


@pytest.mark.parametrize("status", [405, 410, 501])
def test_file_is_given_up_at_once_when_no_later_answer_would_differ(
    status: int, upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/a"] = reply(status=status)
    (file,) = probe_files(files_of(upstream.url("/a")), session, NOON)
    assert file.is_given_up and file.error == f"it answers {status}"


def test_busy_server_is_left_alone_as_long_as_retry_after_says(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes |= {f"/{n}": reply(status=429, Retry_After="7200") for n in range(3)}
    probed = probe_files(files_of(*(upstream.url(f"/{n}") for n in range(3))), session, NOON)
    assert [(file.next, file.tries) for file in probed] == [(NOON + 2 * HOUR, tries) for tries in (1, 0, 0)]
    assert len(upstream.requests) == 1


def test_unreachable_server_delays_no_other_and_gets_one_request(
    upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/a"] = reply(b"x", Content_Type="image/png")
    unreachable = [f"http://127.0.0.1:1/{n}" for n in range(50)]
    probed = {file.url: file for file in probe_files(files_of(*unreachable, upstream.url("/a")), session, NOON)}
    assert probed[upstream.url("/a")].type == "image/png"
    assert [probed[url].tries for url in unreachable] == [1] + [0] * 49
    assert {probed[url].next for url in unreachable} == {NOON + HOUR, NOON + timedelta(minutes=10)}


def test_private_addresses_get_no_request(upstream: UpstreamServer, tmp_path: Path) -> None:
    upstream.routes["/"] = reply("<link rel=icon href=/icon.png>")
    with HttpSession(tmp_path, FetchSettings()) as session:
        (file,) = probe_files(files_of(upstream.url("/a.mp3")), session, NOON)
        icon = find_icon(FileMetadata(url="", next=DUE_NOW), upstream.url("/"), session, NOON)
    assert "not a public address" in file.error and "not a public address" in icon.error
    assert upstream.requests == []


def test_probing_ends_when_its_time_is_over_or_when_it_is_stopped(
    upstream: UpstreamServer, session: HttpSession
) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        reply(b"", Content_Type="image/png")(handler)

    upstream.routes |= {f"/{n}": slow for n in range(100)}
    files = files_of(*(upstream.url(f"/{n}") for n in range(100)))
    assert 0 < len(probe_files(files, session, NOON, seconds=0.5)) < 20
    assert probe_files(files, session, NOON, stopped=lambda: True) == []


def test_icon_is_named_by_the_page_and_is_really_an_image(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes["/"] = reply(
        "<html><head><link rel='icon' href='data:x'><link rel='icon' href='/page'>"
        "<link rel='Shortcut ICON' href='icons/a.png'></head>"
    )
    upstream.routes["/page"] = reply("x", Content_Type="text/html")
    upstream.routes["/icons/a.png"] = reply(b"x", Content_Type="image/png")
    found = find_icon(FileMetadata(url="", next=DUE_NOW), upstream.url("/"), session, NOON)
    assert (found.url, found.next) == (upstream.url("/icons/a.png"), NOON + timedelta(days=30))


def test_without_a_named_icon_the_favicon_is_used_if_there_is_one(
    upstream: UpstreamServer, session: HttpSession
) -> None:
    nothing = FileMetadata(url="", next=DUE_NOW)
    upstream.routes["/favicon.ico"] = reply(b"x", Content_Type="image/x-icon", Cache_Control="no-store")
    for body in ("", "<p>样本", "\0<<<", "<!--" * 1000, "<link rel=icon href='http://[::1'>"):
        upstream.routes["/"] = reply(body)
        found = find_icon(nothing, upstream.url("/"), session, NOON)
        assert found.url == ("" if "[::1" in body else upstream.url("/favicon.ico"))


def test_icon_that_is_not_found_again_stays_and_is_given_up(upstream: UpstreamServer, session: HttpSession) -> None:
    icon = FileMetadata(url="https://e.org/icon.png", type="image/png", next=NOON)
    for _ in range(4):
        assert icon.next is not None
        icon = find_icon(icon, upstream.url("/"), session, icon.next)
    assert icon.url == "https://e.org/icon.png" and icon.is_given_up

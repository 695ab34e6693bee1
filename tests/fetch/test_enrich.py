"""Sizes, types and icons, by asking for headers."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler

from fetch.serving import Upstream, reply
from refeed.fetch import Media, Session, filled, find_icon, measure
from refeed.model import Enclosure


def test_size_and_type_come_from_the_headers_and_are_remembered(upstream: Upstream, session: Session) -> None:
    upstream.routes["/a.mp3"] = reply(b"x" * 1234, Content_Type="audio/mpeg; q=1")
    upstream.routes["/b.jpg"] = reply(b"", Content_Type="image/jpeg", Content_Length="-5")
    upstream.routes["/c"] = reply(b"", Content_Type="no type")
    urls = [upstream.url(path) for path in ("/a.mp3", "/b.jpg", "/c", "/missing", "/a.mp3")]
    expected = [Media(url=urls[0], type="audio/mpeg", length=1234), Media(url=urls[1], type="image/jpeg")]
    for _ in range(2):
        assert list(measure(urls, session).values()) == expected
    assert upstream.times("/a.mp3") == 1 and {method for method, *_ in upstream.asked} == {"HEAD"}


def test_measuring_ends_when_its_time_is_up(upstream: Upstream, session: Session) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        reply(b"", Content_Type="image/png")(handler)

    urls = [upstream.url(f"/{n}") for n in range(100)]
    upstream.routes.update({f"/{n}": slow for n in range(100)})
    started = time.monotonic()
    found = measure(urls, session, seconds=0.5)
    assert 0 < len(found) < 20 and time.monotonic() - started < 10


def test_an_enclosure_keeps_what_it_says_itself() -> None:
    media = Media(url="https://e.org/a", type="audio/mpeg", length=9)
    assert filled(Enclosure(url="https://e.org/a", type=""), media) == Enclosure(
        url=media.url, type="audio/mpeg", length=9
    )
    said = Enclosure(url="https://e.org/a", type="video/mp4", length=5)
    assert filled(said, media) == filled(said, None) == said


def test_an_icon_is_what_the_page_names_and_really_an_image(upstream: Upstream, session: Session) -> None:
    upstream.routes["/"] = reply(
        "<html><head><link rel='icon' href='data:x'><link rel='icon' href='/page'>"
        "<link rel='Shortcut ICON' href='icons/a.png'></head>"
    )
    upstream.routes["/page"] = reply("x", Content_Type="text/html")
    upstream.routes["/icons/a.png"] = reply(b"x", Content_Type="image/png")
    assert find_icon(upstream.url("/"), session) == upstream.url("/icons/a.png")


def test_without_a_named_icon_the_favicon_is_taken_if_there_is_one(upstream: Upstream, session: Session) -> None:
    assert find_icon(upstream.url("/x/"), session) == ""
    upstream.routes["/favicon.ico"] = reply(b"x", Content_Type="image/x-icon", Cache_Control="no-store")
    for body in ("", "<p>样本", "\0<<<", "<!--" * 1000):
        upstream.routes["/"] = reply(body)
        assert find_icon(upstream.url("/"), session) == upstream.url("/favicon.ico")

"""The table of requests and answers: what every answer about a document holds, header by header."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import brotli
import pytest
import zstandard

from helpers.server_fixture import BASE, HttpAnswer, RunningSite

ATOM = "/feeds/topic/climate.atom"
GONE = "Thu, 01 Jan 1970 00:00:00 GMT"
AHEAD = "Thu, 01 Jan 2037 00:00:00 GMT"
CACHED = "max-age=300, stale-while-revalidate=600, stale-if-error=86400"
VARY = "Accept-Encoding, Sec-Fetch-Dest"
SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'self'; sandbox",
    "referrer-policy": "no-referrer",
}
OPEN = {"access-control-allow-origin": "*", "access-control-expose-headers": "ETag, Link"}
WHOLE = SAFE | OPEN | {"cache-control": CACHED, "vary": VARY}
FRAME = {"date", "server"}

Value = str | Callable[[HttpAnswer], str]
"""What a header has to be; `{tag}` stands for the document's ETag without quotes."""


def link(path: str) -> str:
    return f'<{BASE}{path}>; rel="self", <https://hub.example.org/>; rel="hub"'


@dataclass(frozen=True)
class Row:
    name: str
    status: int
    path: str = ATOM
    method: str = "GET"
    send: dict[str, str] = field(default_factory=dict)
    """Headers; `{tag}` and `{changed}` are filled in with the document's own."""
    headers: dict[str, str] = field(default_factory=dict)
    """All headers of the answer but Date, Server, Content-Length and Last-Modified, which are checked by themselves."""
    empty: bool = False


IDENTITY = WHOLE | {"content-type": "application/atom+xml; charset=utf-8", "accept-ranges": "bytes", "link": link(ATOM)}


def whole(tag: str = "{tag}", **more: str) -> dict[str, str]:
    """Headers of a 200 of the Atom document."""
    return IDENTITY | {"etag": f'"{tag}"'} | {name.replace("_", "-"): value for name, value in more.items()}


def coded(coding: str, suffix: str) -> dict[str, str]:
    headers = whole(f"{{tag}}-{suffix}", content_encoding=coding)
    del headers["accept-ranges"]
    return headers


def unchanged(suffix: str = "") -> dict[str, str]:
    return OPEN | {"cache-control": CACHED, "vary": VARY, "etag": f'"{{tag}}{suffix}"'}


def refused(cache: str = "no-store", **more: str) -> dict[str, str]:
    plain = {"content-type": "text/plain; charset=utf-8", "cache-control": cache}
    return SAFE | plain | {name.replace("_", "-"): value for name, value in more.items()}


TABLE = [
    Row("a document", 200, headers=whole()),
    Row("a document by HEAD", 200, method="HEAD", headers=whole(), empty=True),
    Row("unknown parameters are ignored", 200, path=f"{ATOM}?_=123&utm_source=x&&=", headers=whole()),
    *(
        Row(
            f"a document as {kind}",
            200,
            path=f"/feeds/topic/climate.{kind}",
            headers=whole() | {"content-type": media, "link": link(f"/feeds/topic/climate.{kind}")},
        )
        for kind, media in (("rss", "application/rss+xml; charset=utf-8"), ("json", "application/feed+json"))
    ),
    *(
        Row(
            f"the catalogue {path}",
            200,
            path=path,
            headers=whole(vary="Accept-Encoding") | {"content-type": media, "link": f'<{BASE}{path}>; rel="self"'},
        )
        for path, media in (
            ("/feeds/opml.xml", "text/x-opml; charset=utf-8"),
            ("/feeds/feeds.json", "application/json"),
        )
    ),
    Row("gzip", 200, send={"Accept-Encoding": "gzip"}, headers=coded("gzip", "gz")),
    Row("brotli", 200, send={"Accept-Encoding": "br"}, headers=coded("br", "br")),
    Row("zstandard", 200, send={"Accept-Encoding": "zstd"}, headers=coded("zstd", "zs")),
    Row("what a browser takes", 200, send={"Accept-Encoding": "gzip, deflate, br, zstd"}, headers=coded("br", "br")),
    Row("the better quality", 200, send={"Accept-Encoding": "br;q=0.5, gzip;q=0.8"}, headers=coded("gzip", "gz")),
    Row("quality 0 is a refusal", 200, send={"Accept-Encoding": "gzip;q=0, br;q=0"}, headers=whole()),
    Row("identity preferred", 200, send={"Accept-Encoding": "identity, gzip;q=0.5"}, headers=whole()),
    Row("anything but", 200, send={"Accept-Encoding": "br;q=0, *"}, headers=coded("zstd", "zs")),
    Row("nothing of ours", 200, send={"Accept-Encoding": "deflate, compress"}, headers=whole()),
    Row("nonsense", 200, send={"Accept-Encoding": ";;q=,,=gzip"}, headers=whole()),
    Row("the ETag", 304, send={"If-None-Match": '"{tag}"'}, headers=unchanged(), empty=True),
    Row("the ETag by HEAD", 304, method="HEAD", send={"If-None-Match": '"{tag}"'}, headers=unchanged(), empty=True),
    *(
        Row(
            f"the ETag of another coding: {suffix}",
            304,
            send={"If-None-Match": f'"{{tag}}{suffix}"', "Accept-Encoding": accepted},
            headers=unchanged(suffix),
            empty=True,
        )
        for suffix in ("", "-gz", "-br", "-zs")
        for accepted in ("gzip", "br", "identity")
    ),
    Row("a weak ETag", 304, send={"If-None-Match": 'W/"{tag}"'}, headers=unchanged(), empty=True),
    Row("several ETags", 304, send={"If-None-Match": '"a,b", "{tag}-gz" ,"c"'}, headers=unchanged("-gz"), empty=True),
    Row("an ETag without its quotes", 304, send={"If-None-Match": "{tag}"}, headers=unchanged(), empty=True),
    Row("any ETag", 304, send={"If-None-Match": "*"}, headers=unchanged(), empty=True),
    Row("another ETag", 200, send={"If-None-Match": '"other"'}, headers=whole()),
    Row("an ETag that is none", 200, send={"If-None-Match": '"'}, headers=whole()),
    Row("the date", 304, send={"If-Modified-Since": "{changed}"}, headers=unchanged(), empty=True),
    Row("a later date", 304, send={"If-Modified-Since": AHEAD}, headers=unchanged(), empty=True),
    Row("an earlier date", 200, send={"If-Modified-Since": GONE}, headers=whole()),
    Row("a date that is none", 200, send={"If-Modified-Since": "yesterday"}, headers=whole()),
    Row(
        "the ETag takes precedence over the date: unchanged",
        304,
        send={"If-None-Match": '"{tag}"', "If-Modified-Since": GONE},
        headers=unchanged(),
        empty=True,
    ),
    Row(
        "the ETag takes precedence over the date: changed",
        200,
        send={"If-None-Match": '"other"', "If-Modified-Since": "{changed}"},
        headers=whole(),
    ),
    Row("A-IM is never answered by 226", 200, send={"A-IM": "feed, gzip", "If-None-Match": '"old"'}, headers=whole()),
    Row(
        "a link on our own page",
        200,
        send={"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"},
        headers=whole(cache_control="no-store"),
    ),
    Row(
        "a navigation that wants no page",
        200,
        send={"Accept": "*/*", "Sec-Fetch-Dest": "document"},
        headers=whole(cache_control="no-store"),
    ),
    Row("a script's request", 200, send={"Accept": "text/html", "Sec-Fetch-Dest": "empty"}, headers=whole()),
    Row("a cookie changes nothing", 200, send={"Cookie": "a=b"}, headers=whole()),
    Row("a range", 206, send={"Range": "bytes=0-9"}, headers=whole(content_range="bytes 0-9/{size}")),
    Row("the end", 206, send={"Range": "bytes=-5"}, headers=whole(content_range="bytes {last5}-{last}/{size}")),
    Row(
        "a range past the end",
        416,
        send={"Range": "bytes=9999999-"},
        headers=whole(content_range="bytes */{size}"),
        empty=True,
    ),
    Row("several ranges", 200, send={"Range": "bytes=0-1,5-6"}, headers=whole()),
    Row(
        "a range of a coding", 200, send={"Range": "bytes=0-9", "Accept-Encoding": "gzip"}, headers=coded("gzip", "gz")
    ),
    Row(
        "a range of the same",
        206,
        send={"Range": "bytes=0-9", "If-Range": '"{tag}"'},
        headers=whole(content_range="bytes 0-9/{size}"),
    ),
    Row("a range of something older", 200, send={"Range": "bytes=0-9", "If-Range": '"old"'}, headers=whole()),
    Row("an unknown feed", 404, path="/feeds/topic/nothing.atom", headers=refused("max-age=60")),
    Row("an unknown format", 404, path="/feeds/topic/climate.xml", headers=refused("max-age=60")),
    Row("an unknown archive", 404, path="/feeds/topic/climate/archive/1999-01.atom", headers=refused("max-age=60")),
    Row("a feed without its format", 404, path="/feeds/topic/climate", headers=refused("max-age=60")),
    Row("a retired topic", 410, path="/feeds/topic/olympics.atom", headers=refused("max-age=86400")),
    Row("a retired source", 410, path="/feeds/source/rfi.json", headers=refused("max-age=86400")),
    Row(
        "a renamed topic",
        301,
        path="/feeds/topic/weather.rss?x=1",
        headers=refused("max-age=86400", location=f"{BASE}/feeds/topic/climate.rss"),
    ),
    Row(
        "a view of a renamed topic",
        301,
        path="/feeds/topic/weather.rss?utm_source=x&mode=titles&filterout=%E4%BD%93%E8%82%B2",
        headers=refused(
            "max-age=86400", location=f"{BASE}/feeds/topic/climate.rss?filterout=%E4%BD%93%E8%82%B2&mode=titles"
        ),
    ),
    Row(
        "an archive of a renamed topic",
        301,
        path="/feeds/topic/weather/archive/2026-01.atom",
        headers=refused("max-age=86400", location=f"{BASE}/feeds/topic/climate/archive/2026-01.atom"),
    ),
    *(
        Row(f"{method} of a document", 405, method=method, headers=refused(allow="GET, HEAD, OPTIONS"))
        for method in ("POST", "PUT", "DELETE", "PATCH")
    ),
    Row("a malformed view", 400, path=f"{ATOM}?limit=many", headers=refused()),
    Row("a private feed", 404, path="/feeds/topic/secret.atom", headers=refused("max-age=60")),
    Row("a token that is none", 404, path=f"/k/{'a' * 32}/feeds/topic/secret.atom", headers=refused()),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_an_answer_has_exactly_these_headers(site: RunningSite, row: Row) -> None:
    known = site.get(row.path.partition("?")[0])
    size = len(known.body)
    values = {
        "tag": (known.get("etag") or "").strip('"'),
        "changed": known.get("last-modified") or "",
        "size": size,
        "last": size - 1,
        "last5": size - 5,
    }

    def fill(given: dict[str, str]) -> dict[str, str]:
        return {name: value.format_map(values) for name, value in given.items()}

    answer = site.get(row.path, method=row.method, **fill(row.send))
    assert answer.status == row.status
    found = {name: value for name, value in answer.headers.items() if name not in FRAME}
    length, changed = found.pop("content-length", None), found.pop("last-modified", None)
    if "allow" in found:
        found["allow"] = ", ".join(sorted(found["allow"].split(", ")))
    assert found == fill(row.headers)
    assert changed == (known.get("last-modified") if row.status in (200, 206, 416) else None)
    assert bool(answer.body) != row.empty
    if row.status == 304:
        assert length is None
    elif row.method == "HEAD":
        assert length == str(size)
    else:
        assert length == str(len(answer.body))


@pytest.mark.parametrize(
    ("accepted", "decode"),
    [
        ("gzip", gzip.decompress),
        ("br", brotli.decompress),
        ("zstd", lambda data: zstandard.ZstdDecompressor().decompress(data)),
    ],
)
@pytest.mark.parametrize("path", [ATOM, "/feeds/all.json", "/feeds/opml.xml", "/feeds/topic/climate.atom?limit=2"])
def test_every_coding_holds_the_same_bytes(site: RunningSite, path: str, accepted: str, decode: Any) -> None:
    plain, packed = site.get(path), site.get(path, Accept_Encoding=accepted)
    assert packed["content-encoding"] == accepted
    assert decode(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)


def test_an_archive_is_rendered_when_first_asked_for_and_may_be_kept_for_long(site: RunningSite) -> None:
    feed = site.get("/feeds/all.json")
    address = feed.body.decode().partition('"next_url": "')[2].partition('"')[0].removeprefix(BASE)
    archive = site.get(address)
    assert (archive.status, archive["cache-control"]) == (
        200,
        "max-age=86400, stale-while-revalidate=172800, stale-if-error=86400",
    )
    assert 'rel="hub"' not in archive["link"]
    assert site.get(address, If_None_Match=archive["etag"]).status == 304


def test_a_known_feed_without_entries_is_a_valid_empty_feed(site: RunningSite) -> None:
    answer = site.get("/feeds/topic/empty.atom")
    assert answer.status == 200
    assert b"<entry" not in answer.body


def test_no_answer_sets_a_cookie_or_varies_by_one(site: RunningSite) -> None:
    for path in (ATOM, "/feeds/opml.xml", "/", "/feeds/nothing.atom", f"{ATOM}?limit=x", "/healthz"):
        answer = site.get(path, Cookie="session=1")
        assert "set-cookie" not in answer.headers
        assert "cookie" not in (answer.get("vary") or "").lower()


def test_two_polls_over_one_connection_are_answered_in_order(site: RunningSite) -> None:
    request = f"GET {ATOM} HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n".encode()
    received = site.raw(request * 3 + request.replace(b"Host", b"Connection: close\r\nHost"))
    assert received.count(b"HTTP/1.1 304 Not Modified") == 4


def test_a_browser_that_opens_a_document_by_hand_gets_its_page_and_a_reader_the_document(site: RunningSite) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
    page = site.get(ATOM, Accept=browser, Sec_Fetch_Dest="document")
    assert (page.status, page["content-type"], page["cache-control"]) == (200, "text/html; charset=utf-8", "no-store")
    assert "Sec-Fetch-Dest" in page["vary"].split(", ")
    for accept in (
        "*/*",
        "application/atom+xml,application/xml;q=0.9,text/xml;q=0.8,*/*;q=0.7",
        f"application/rss+xml,{browser}",
    ):
        assert site.get(ATOM, Accept=accept)["content-type"].startswith("application/atom+xml")
    assert site.get("/feeds/opml.xml", Accept=browser)["content-type"].startswith("text/x-opml")

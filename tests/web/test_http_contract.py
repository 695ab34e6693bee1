"""The table of requests and responses: every header of every response about a document."""

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
PAST = "Thu, 01 Jan 1970 00:00:00 GMT"
FUTURE = "Thu, 01 Jan 2037 00:00:00 GMT"
CACHED = "max-age=300, stale-while-revalidate=600, stale-if-error=86400"
VARY = "Accept-Encoding, Sec-Fetch-Dest"
SECURITY = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'self'; sandbox",
    "referrer-policy": "no-referrer",
}
CORS = {"access-control-allow-origin": "*", "access-control-expose-headers": "ETag, Link"}
DOCUMENT = SECURITY | CORS | {"cache-control": CACHED, "vary": VARY}
SERVER_HEADERS = {"date", "server"}

Value = str | Callable[[HttpAnswer], str]
"""An expected header; `{tag}` is replaced by the document's ETag without quotes."""


def link(path: str) -> str:
    return f'<{BASE}{path}>; rel="self", <https://hub.example.org/>; rel="hub"'


@dataclass(frozen=True)
class Row:
    name: str
    status: int
    path: str = ATOM
    method: str = "GET"
    send: dict[str, str] = field(default_factory=dict)
    """Request headers; `{tag}` and `{changed}` are replaced by the document's ETag and date."""
    headers: dict[str, str] = field(default_factory=dict)
    """All headers of the response except Date, Server, Content-Length and Last-Modified, checked separately."""
    empty: bool = False


IDENTITY = DOCUMENT | {
    "content-type": "application/atom+xml; charset=utf-8",
    "accept-ranges": "bytes",
    "link": link(ATOM),
}


def ok_headers(tag: str = "{tag}", **more: str) -> dict[str, str]:
    """Headers of a 200 of the Atom document."""
    return IDENTITY | {"etag": f'"{tag}"'} | {name.replace("_", "-"): value for name, value in more.items()}


def encoded_headers(coding: str, suffix: str) -> dict[str, str]:
    headers = ok_headers(f"{{tag}}-{suffix}", content_encoding=coding)
    del headers["accept-ranges"]
    return headers


def not_modified_headers(suffix: str = "") -> dict[str, str]:
    return CORS | {"cache-control": CACHED, "vary": VARY, "etag": f'"{{tag}}{suffix}"'}


def error_headers(cache: str = "no-store", **more: str) -> dict[str, str]:
    plain = {"content-type": "text/plain; charset=utf-8", "cache-control": cache}
    return SECURITY | plain | {name.replace("_", "-"): value for name, value in more.items()}


TABLE = [
    Row("a document", 200, headers=ok_headers()),
    Row("a document by HEAD", 200, method="HEAD", headers=ok_headers(), empty=True),
    Row("unknown parameters are ignored", 200, path=f"{ATOM}?_=123&utm_source=x&&=", headers=ok_headers()),
    *(
        Row(
            f"a document as {kind}",
            200,
            path=f"/feeds/topic/climate.{kind}",
            headers=ok_headers() | {"content-type": media, "link": link(f"/feeds/topic/climate.{kind}")},
        )
        for kind, media in (("rss", "application/rss+xml; charset=utf-8"), ("json", "application/feed+json"))
    ),
    *(
        Row(
            f"the feed list {path}",
            200,
            path=path,
            headers=ok_headers(vary="Accept-Encoding") | {"content-type": media, "link": f'<{BASE}{path}>; rel="self"'},
        )
        for path, media in (
            ("/feeds/opml.xml", "text/x-opml; charset=utf-8"),
            ("/feeds/feeds.json", "application/json"),
        )
    ),
    Row("gzip", 200, send={"Accept-Encoding": "gzip"}, headers=encoded_headers("gzip", "gz")),
    Row("brotli", 200, send={"Accept-Encoding": "br"}, headers=encoded_headers("br", "br")),
    Row("zstandard", 200, send={"Accept-Encoding": "zstd"}, headers=encoded_headers("zstd", "zs")),
    Row(
        "the codings of a browser",
        200,
        send={"Accept-Encoding": "gzip, deflate, br, zstd"},
        headers=encoded_headers("br", "br"),
    ),
    Row(
        "the higher weight",
        200,
        send={"Accept-Encoding": "br;q=0.5, gzip;q=0.8"},
        headers=encoded_headers("gzip", "gz"),
    ),
    Row("weight 0 refuses a coding", 200, send={"Accept-Encoding": "gzip;q=0, br;q=0"}, headers=ok_headers()),
    Row("identity preferred", 200, send={"Accept-Encoding": "identity, gzip;q=0.5"}, headers=ok_headers()),
    Row("all except one", 200, send={"Accept-Encoding": "br;q=0, *"}, headers=encoded_headers("zstd", "zs")),
    Row("unsupported codings", 200, send={"Accept-Encoding": "deflate, compress"}, headers=ok_headers()),
    Row("an invalid header", 200, send={"Accept-Encoding": ";;q=,,=gzip"}, headers=ok_headers()),
    Row("the ETag", 304, send={"If-None-Match": '"{tag}"'}, headers=not_modified_headers(), empty=True),
    Row(
        "the ETag by HEAD",
        304,
        method="HEAD",
        send={"If-None-Match": '"{tag}"'},
        headers=not_modified_headers(),
        empty=True,
    ),
    *(
        Row(
            f"the ETag of another coding: {suffix}",
            304,
            send={"If-None-Match": f'"{{tag}}{suffix}"', "Accept-Encoding": accepted},
            headers=not_modified_headers(suffix),
            empty=True,
        )
        for suffix in ("", "-gz", "-br", "-zs")
        for accepted in ("gzip", "br", "identity")
    ),
    *(
        Row(
            f"the ETag that a proxy has made {suffix} of",
            304,
            send={"If-None-Match": f'W/"{{tag}}{suffix}"'},
            headers=not_modified_headers(),
            empty=True,
        )
        for suffix in ("-gzip", ";gzip", "--gzip", ":gzip", ".gzip", "-GZIP", "-gzip-gzip", "-br;gzip", "-df")
    ),
    Row("a weak ETag", 304, send={"If-None-Match": 'W/"{tag}"'}, headers=not_modified_headers(), empty=True),
    Row(
        "several ETags",
        304,
        send={"If-None-Match": '"a,b", "{tag}-gz" ,"c"'},
        headers=not_modified_headers("-gz"),
        empty=True,
    ),
    Row("an ETag without its quotes", 304, send={"If-None-Match": "{tag}"}, headers=not_modified_headers(), empty=True),
    Row(
        "an ETag with escaped quotes",
        304,
        send={"If-None-Match": '\\"{tag}-gzip\\"'},
        headers=not_modified_headers(),
        empty=True,
    ),
    Row("any ETag", 304, send={"If-None-Match": "*"}, headers=not_modified_headers(), empty=True),
    Row("another ETag", 200, send={"If-None-Match": '"other"'}, headers=ok_headers()),
    Row("an invalid ETag", 200, send={"If-None-Match": '"'}, headers=ok_headers()),
    Row("the date", 304, send={"If-Modified-Since": "{changed}"}, headers=not_modified_headers(), empty=True),
    Row("a later date", 304, send={"If-Modified-Since": FUTURE}, headers=not_modified_headers(), empty=True),
    Row("an earlier date", 200, send={"If-Modified-Since": PAST}, headers=ok_headers()),
    Row("an invalid date", 200, send={"If-Modified-Since": "yesterday"}, headers=ok_headers()),
    Row(
        "the ETag takes precedence over the date: unchanged",
        304,
        send={"If-None-Match": '"{tag}"', "If-Modified-Since": PAST},
        headers=not_modified_headers(),
        empty=True,
    ),
    Row(
        "the ETag takes precedence over the date: changed",
        200,
        send={"If-None-Match": '"other"', "If-Modified-Since": "{changed}"},
        headers=ok_headers(),
    ),
    Row(
        "A-IM is never answered with 226",
        200,
        send={"A-IM": "feed, gzip", "If-None-Match": '"old"'},
        headers=ok_headers(),
    ),
    Row(
        "a link on a page of this site",
        200,
        send={"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"},
        headers=ok_headers(cache_control="no-store"),
    ),
    Row(
        "a navigation that does not prefer HTML",
        200,
        send={"Accept": "*/*", "Sec-Fetch-Dest": "document"},
        headers=ok_headers(cache_control="no-store"),
    ),
    Row("a script's request", 200, send={"Accept": "text/html", "Sec-Fetch-Dest": "empty"}, headers=ok_headers()),
    Row("a cookie changes nothing", 200, send={"Cookie": "a=b"}, headers=ok_headers()),
    Row("a range", 206, send={"Range": "bytes=0-9"}, headers=ok_headers(content_range="bytes 0-9/{size}")),
    Row(
        "the last bytes",
        206,
        send={"Range": "bytes=-5"},
        headers=ok_headers(content_range="bytes {last5}-{last}/{size}"),
    ),
    Row(
        "a range past the end",
        416,
        send={"Range": "bytes=9999999-"},
        headers=ok_headers(content_range="bytes */{size}"),
        empty=True,
    ),
    Row("several ranges", 200, send={"Range": "bytes=0-1,5-6"}, headers=ok_headers()),
    Row(
        "a range of a coding",
        200,
        send={"Range": "bytes=0-9", "Accept-Encoding": "gzip"},
        headers=encoded_headers("gzip", "gz"),
    ),
    Row(
        "a range of the current version",
        206,
        send={"Range": "bytes=0-9", "If-Range": '"{tag}"'},
        headers=ok_headers(content_range="bytes 0-9/{size}"),
    ),
    Row("a range of an older version", 200, send={"Range": "bytes=0-9", "If-Range": '"old"'}, headers=ok_headers()),
    Row("an unknown feed", 404, path="/feeds/topic/nothing.atom", headers=error_headers()),
    Row("an unknown format", 404, path="/feeds/topic/climate.xml", headers=error_headers()),
    Row("an unknown archive", 404, path="/feeds/topic/climate/archive/1999-01.atom", headers=error_headers()),
    Row("a feed without its format", 404, path="/feeds/topic/climate", headers=error_headers("max-age=60")),
    Row("a retired topic", 410, path="/feeds/topic/olympics.atom", headers=error_headers("max-age=86400")),
    Row("a retired source", 410, path="/feeds/source/rfi.json", headers=error_headers("max-age=86400")),
    Row(
        "a renamed topic",
        301,
        path="/feeds/topic/weather.rss?x=1",
        headers=error_headers("max-age=86400", location=f"{BASE}/feeds/topic/climate.rss"),
    ),
    Row(
        "a filtered renamed topic",
        301,
        path="/feeds/topic/weather.rss?utm_source=x&mode=titles&filterout=%E4%BD%93%E8%82%B2",
        headers=error_headers(
            "max-age=86400", location=f"{BASE}/feeds/topic/climate.rss?filterout=%E4%BD%93%E8%82%B2&mode=titles"
        ),
    ),
    Row(
        "an archive of a renamed topic",
        301,
        path="/feeds/topic/weather/archive/2026-01.atom",
        headers=error_headers("max-age=86400", location=f"{BASE}/feeds/topic/climate/archive/2026-01.atom"),
    ),
    Row(
        "the former address of a filtered feed",
        301,
        path="/feeds/view/traditional.json?limit=2",
        headers=error_headers("max-age=86400", location=f"{BASE}/feeds/filtered/traditional.json?limit=2"),
    ),
    Row(
        "the former address of a private filtered feed",
        404,
        path="/feeds/view/hidden.atom",
        headers=error_headers(),
    ),
    *(
        Row(f"{method} of a document", 405, method=method, headers=error_headers(allow="GET, HEAD, OPTIONS"))
        for method in ("POST", "PUT", "DELETE", "PATCH")
    ),
    Row("an invalid filter", 400, path=f"{ATOM}?limit=many", headers=error_headers()),
    Row("a private feed", 404, path="/feeds/topic/secret.atom", headers=error_headers()),
    Row("an invalid token", 404, path=f"/k/{'a' * 32}/feeds/topic/secret.atom", headers=error_headers()),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_response_has_exactly_these_headers(site: RunningSite, row: Row) -> None:
    known = site.get(row.path.partition("?")[0])
    size = len(known.body)
    values = {
        "tag": (known.get("etag") or "").strip('"'),
        "changed": known.get("last-modified") or "",
        "size": size,
        "last": size - 1,
        "last5": size - 5,
    }

    def fill(headers: dict[str, str]) -> dict[str, str]:
        return {name: value.format_map(values) for name, value in headers.items()}

    answer = site.get(row.path, method=row.method, **fill(row.send))
    assert answer.status == row.status
    headers = {name: value for name, value in answer.headers.items() if name not in SERVER_HEADERS}
    length, changed = headers.pop("content-length", None), headers.pop("last-modified", None)
    if "allow" in headers:
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    assert headers == fill(row.headers)
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
def test_every_coding_decodes_to_the_same_bytes(site: RunningSite, path: str, accepted: str, decode: Any) -> None:
    plain, encoded = site.get(path), site.get(path, Accept_Encoding=accepted)
    assert encoded["content-encoding"] == accepted
    assert decode(encoded.body) == plain.body
    assert len(encoded.body) < len(plain.body)


def test_an_archive_is_rendered_on_request_and_cached_for_a_day(site: RunningSite) -> None:
    feed = site.get("/feeds/all.json")
    address = feed.body.decode().partition('"next_url": "')[2].partition('"')[0].removeprefix(BASE)
    archive = site.get(address)
    assert (archive.status, archive["cache-control"]) == (
        200,
        "max-age=86400, stale-while-revalidate=172800, stale-if-error=86400",
    )
    assert 'rel="hub"' not in archive["link"]
    assert site.get(address, If_None_Match=archive["etag"]).status == 304


def test_a_feed_without_entries_is_a_valid_empty_feed(site: RunningSite) -> None:
    answer = site.get("/feeds/topic/empty.atom")
    assert answer.status == 200
    assert b"<entry" not in answer.body


def test_no_response_sets_a_cookie_or_varies_by_cookie(site: RunningSite) -> None:
    for path in (ATOM, "/feeds/opml.xml", "/", "/feeds/nothing.atom", f"{ATOM}?limit=x", "/healthz"):
        answer = site.get(path, Cookie="session=1")
        assert "set-cookie" not in answer.headers
        assert "cookie" not in (answer.get("vary") or "").lower()


def test_pipelined_requests_are_answered_in_order(site: RunningSite) -> None:
    request = f"GET {ATOM} HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n".encode()
    received = site.raw(request * 3 + request.replace(b"Host", b"Connection: close\r\nHost"))
    assert received.count(b"HTTP/1.1 304 Not Modified") == 4


def test_a_browser_that_navigates_to_a_document_gets_its_page_and_a_reader_the_document(site: RunningSite) -> None:
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

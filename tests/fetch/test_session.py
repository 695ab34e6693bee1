"""The HTTP cache of outgoing requests."""

from __future__ import annotations

import gzip
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.upstream_server import (
    NOON,
    UpstreamServer,
    conditional_reply,
    feed_item,
    reply,
    rss_feed,
    run_upstream,
)
from refeed.config.settings import FetchSettings
from refeed.fetch.poller import poll_feed
from refeed.fetch.session import HttpSession
from refeed.fetch.upstreams import UpstreamState, upstream_credentials


def test_gzip_is_requested_and_decoded(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes["/feed"] = reply(gzip.compress(rss_feed(feed_item(1)).encode()), Content_Encoding="gzip")
    assert len(poll_feed(upstream.rule("/feed"), session, UpstreamState(), NOON).dumps) == 1
    assert upstream.requests[0][2]["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(b"<one> ", mtime=0) + gzip.compress(b"two", mtime=0), "gzip"),
        (gzip.compress(b"<one> two", mtime=0), ""),
        (gzip.compress(b"<one> two", mtime=0), "utf-8"),
        (b"<one> two", "gzip"),
        (b"<one> two", "aws-chunked"),
        (b"<one> two", "none"),
        (b"<one> two", "UTF-8"),
        (b"<one> two", "br"),
        (b"<one> two", "deflate"),
        (zlib.compress(b"<one> two"), "deflate"),
        (zlib.compress(b"<one> two", wbits=-15), "deflate"),
        (gzip.compress(gzip.compress(b"<one> two", mtime=0), mtime=0), "gzip"),
        (gzip.compress(b"<one> two", mtime=0) + b"\n<!-- cached -->", "gzip"),
    ],
)
def test_body_is_decoded_by_its_bytes_whatever_the_header_says(
    body: bytes, encoding: str, upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/feed"] = reply(body, **({"Content_Encoding": encoding} if encoding else {}))
    assert session.get(upstream.url("/feed")).body == b"<one> two"


def test_no_store_response_is_not_stored(upstream: UpstreamServer, session: HttpSession, tmp_path: Path) -> None:
    upstream.routes["/feed"] = conditional_reply(rss_feed(feed_item(1)), '"v1"', Cache_Control="no-store")
    session.get(upstream.url("/feed"))
    session.get(upstream.url("/feed"))
    assert "If-None-Match" not in upstream.requests[1][2]


def test_urls_that_differ_only_in_a_key_are_cached_apart(upstream: UpstreamServer, session: HttpSession) -> None:
    for key in "ab":
        upstream.routes[f"/feed?api_key={key}"] = conditional_reply(key, f'"{key}"')
    bodies = [session.get(upstream.url(f"/feed?api_key={key}")).body for key in "abab"]
    assert bodies == [b"a", b"b", b"a", b"b"]


def test_http_cache_is_json_and_is_replaced_when_damaged(
    upstream: UpstreamServer, fetch_settings: FetchSettings, tmp_path: Path
) -> None:
    upstream.routes["/feed"] = conditional_reply(
        rss_feed(feed_item(1)).encode("gb18030"), '"v1"', Content_Type="text/xml"
    )
    with HttpSession(tmp_path, fetch_settings) as session:
        body = session.get(upstream.url("/feed")).body
        assert session.get(upstream.url("/feed")).body == body, "a body comes back byte for byte"
    data = (tmp_path / "requests.sqlite").read_bytes()
    assert b'"status_code": 200' in data and b"\x80\x04\x95" not in data
    (tmp_path / "requests.sqlite").write_bytes(b"garbage" * 1000)
    with HttpSession(tmp_path, fetch_settings) as session:
        assert session.get(upstream.url("/feed")).status == 200


def test_damaged_row_in_the_http_cache_costs_one_full_request(
    upstream: UpstreamServer, fetch_settings: FetchSettings, tmp_path: Path
) -> None:
    upstream.routes["/feed"] = conditional_reply(rss_feed(feed_item(1)), '"v1"')
    with HttpSession(tmp_path, fetch_settings) as session:
        session.get(upstream.url("/feed"))
    for damaged in ('{"half', '{"status_code": "x"}'):
        with closing(sqlite3.connect(tmp_path / "requests.sqlite")) as cache, cache:
            cache.execute("UPDATE responses SET value = ?", (damaged,))
        with HttpSession(tmp_path, fetch_settings) as session:
            assert session.get(upstream.url("/feed")).body == rss_feed(feed_item(1)).encode(), damaged


def test_pruning_the_http_cache_keeps_what_is_recent(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes["/feed"] = conditional_reply(rss_feed(feed_item(1)), '"v1"')
    session.get(upstream.url("/feed"))
    session.prune()
    assert session.get(upstream.url("/feed")).not_modified


def test_login_and_header_reach_only_the_host_of_their_upstream(
    upstream: UpstreamServer, fetch_settings: FetchSettings, tmp_path: Path
) -> None:
    with run_upstream() as other:
        upstream.routes["/feed"] = reply(status=302, Location="/here")
        upstream.routes["/here"] = reply(status=302, Location=other.url("/there"))
        other.routes["/there"] = conditional_reply("x", '"v1"')
        upstream.routes["/key"] = reply("x", ETag='"k"')
        rules = [
            replace(upstream.rule("/feed"), login="ada:sea shell"),
            replace(upstream.rule("/key"), header="X-Key: k-1"),
        ]
        assert "shell" not in repr(rules) and "k-1" not in repr(rules)
        with HttpSession(tmp_path, fetch_settings, credentials=upstream_credentials(rules)) as session:
            session.get(upstream.url("/feed"))
            session.get(upstream.url("/key"))
    basic = "Basic YWRhOnNlYSBzaGVsbA=="
    assert [headers.get("Authorization") for _, _, headers, _ in upstream.requests] == [basic, basic, None]
    assert upstream.requests[2][2]["X-Key"] == "k-1"
    assert not {"Authorization", "X-Key"} & other.requests[0][2].keys()
    assert b"YWRh" not in (tmp_path / "requests.sqlite").read_bytes()

"""Request headers parsed as RFC 9110 defines them; invalid ones never raise."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.test import Client, TestResponse

from helpers.property_testing import given, st
from refeed.web.document_cache import CachedDocument, DocumentCache
from refeed.web.document_middleware import DocumentSender
from refeed.web.negotiation import CODINGS, choose_coding, prefers_html
from refeed.web.pages.template_context import choose_language

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
QUALITY = st.sampled_from(["0", "0.001", "0.5", "0.999", "1", "1.0", "1.000"])
ETAG = f'"{"a" * 32}"'


def send(size: int = 100, **headers: str) -> TestResponse:
    """Request a document of `size` bytes that changed at noon."""
    data = bytes(number % 256 for number in range(size))
    document = CachedDocument(label="all", data=data, digest="a" * 64, modified=NOON, headers=[])
    sender = DocumentSender(DocumentCache("/nowhere", lambda _: None, 1), lambda *_: None)

    def app(environ: Any, start_response: Any) -> Any:
        return sender.send(environ, start_response, "/feeds/all.atom", document)

    return Client(app).get("/", headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, br", "br"),
        ("gzip, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.9", "gzip"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("br;q=0, *;q=0.1", "zstd"),
        ("identity;q=0", "identity"),
        ("gzip;q=0", "identity"),
        ("identity;q=1, gzip;q=0.9", "identity"),
        ("identity, gzip", "gzip"),
        ("gzip;q=nonsense", "identity"),
        ("gzip ; q = 0.5", "gzip"),
        ("deflate, compress, sdch", "identity"),
    ],
)
def test_the_coding_follows_the_weights(accepted: str | None, sent: str) -> None:
    assert choose_coding(accepted) == sent


@given(st.dictionaries(st.sampled_from([*CODINGS, "identity", "*", "deflate"]), QUALITY))
def test_the_coding_has_the_highest_weight_and_is_not_refused(weights: dict[str, str]) -> None:
    sent = choose_coding(", ".join(f"{name};q={weight}" for name, weight in weights.items()))
    accepted = {name: float(weights.get(name, weights.get("*", "0"))) for name in CODINGS}
    if sent == "identity":
        assert max(accepted.values()) == 0 or float(weights.get("identity", "0")) > max(accepted.values())
    else:
        assert accepted[sent] == max(accepted.values()) > 0


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=600))
def test_any_text_is_accepted_as_a_header(text: str) -> None:
    assert choose_coding(text) in ("identity", *CODINGS)
    assert prefers_html(text) in (True, False)
    for name in ("If_None_Match", "If_Modified_Since", "Range", "Accept_Encoding"):
        assert send(**{name: text}).status_code in (200, 206, 304, 416)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 150))
def test_a_range_equals_a_slice(start: int, end: int, size: int) -> None:
    whole = send(size).data
    answer = send(size, Range=f"bytes={start}-{end}")
    if start > end:
        assert (answer.status_code, answer.data) == (200, whole)
    elif start >= size:
        assert (answer.status_code, answer.data) == (416, b"")
    else:
        assert (answer.status_code, answer.data) == (206, whole[start : end + 1])
    if end > 0 and size > 0:
        assert send(size, Range=f"bytes=-{end}").data == whole[-end:]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (ETAG, 304),
        (f"W/{ETAG}", 304),
        (f'"x", W/{ETAG} , "b"', 304),
        (ETAG.strip('"'), 304),
        (f"W/{ETAG}".replace('"', ""), 304),
        (ETAG[:-1] + '-br"', 304),
        ("*", 304),
        (f'"x,{ETAG[1:]}', 200),
        (ETAG.upper(), 200),
        ('"', 200),
        ("", 200),
    ],
)
def test_etags_are_found_in_what_readers_send(sent: str, status: int) -> None:
    answer = send(If_None_Match=sent)
    assert answer.status_code == status
    assert status == 200 or answer.headers["ETag"].startswith(ETAG[:-1])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (format_datetime(NOON, usegmt=True), 304),
        ("Friday, 02-Jan-26 12:00:00 GMT", 304),
        ("Fri Jan  2 12:00:01 2026", 304),
        ("Fri, 02 Jan 2026 11:59:59 GMT", 200),
        ("Fri, 02 Jan 2026 13:00:00 +0200", 200),
        ("Fri, 99 Jan 2026 12:00:00 GMT", 200),
        ("0", 200),
        ("Fri, 02 Jan 99999999999 12:00:00 GMT", 200),
    ],
)
def test_dates_are_parsed_in_every_format_of_http(sent: str, status: int) -> None:
    assert send(If_Modified_Since=sent).status_code == status


@pytest.mark.parametrize(
    ("accept", "is_preferred"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html, application/xhtml+xml, */*", True),
        ("text/html;q=0.4, text/xml;q=0.3", True),
        ("application/rss+xml, text/html", False),
        ("text/html;q=0.5, application/xml", False),
        ("text/html;q=7, text/xml", False),
        ("text/html;q=nonsense", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_html_is_preferred_only_where_it_is_named(accept: str, is_preferred: bool) -> None:
    assert prefers_html(accept) is is_preferred


@pytest.mark.parametrize(
    ("sent", "language"),
    [
        ("zh-TW, zh;q=0.9,en ; Q = .5", "zh-Hant"),
        ("en;q=0.4, zh-CN;q=0.5", "zh-Hans"),
        ("zh;q=0, en;q=0.1", "en"),
        ("fr, nl;q=0.5", "zh-Hans"),
        ("", "zh-Hans"),
        (";;q=,,", "zh-Hans"),
    ],
)
def test_the_language_follows_the_weights(sent: str, language: str) -> None:
    assert choose_language(parse_accept_header(sent, LanguageAccept), "", "zh-Hans") == language

"""Request headers parsed as RFC 9110 defines them; invalid ones never raise."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from helpers.property_testing import given, st
from refeed.web.negotiation import (
    CODINGS,
    choose_coding,
    is_unmodified_since,
    match_etag,
    parse_byte_range,
    parse_qvalues,
)

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
QUALITY = st.sampled_from(["0", "0.001", "0.5", "0.999", "1", "1.0", "1.000"])


@pytest.mark.parametrize(
    ("header", "weights"),
    [
        ("", {"": 1.0}),
        ("zh-TW, zh;q=0.9,en ; Q = .5", {"zh-tw": 1.0, "zh": 0.9, "en": 0.5}),
        ("text/html;level=1;q=0.4,*/*;q=0", {"text/html": 0.4, "*/*": 0.0}),
        ("a;q=7, b;q=-1, c;q=inf, d;q=nan, e;q=, f;q=1.2.3", {"a": 1.0, "b": 0, "c": 0, "d": 0, "e": 0, "f": 0}),
    ],
)
def test_weights_are_between_0_and_1_and_malformed_ones_are_0(header: str, weights: dict[str, float]) -> None:
    assert parse_qvalues(header) == weights


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


@given(st.text(max_size=600))
def test_any_text_is_accepted_as_a_header(text: str) -> None:
    assert choose_coding(text) in ("identity", *CODINGS)
    assert match_etag(text, ['"a"']) in (None, '"a"')
    is_unmodified_since(text, NOON)
    parse_byte_range(text, 100)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 150))
def test_a_range_equals_a_slice(start: int, end: int, size: int) -> None:
    data = bytes(size)
    byte_range = parse_byte_range(f"bytes={start}-{end}", size)
    if start > end:
        assert byte_range is None
    elif start >= size:
        assert byte_range == "unsatisfiable"
    else:
        assert isinstance(byte_range, tuple)
        assert len(data[byte_range[0] : byte_range[1]]) == min(end, size - 1) - start + 1
    last = parse_byte_range(f"bytes=-{end}", size)
    assert last == ("unsatisfiable" if not end or not size else (max(0, size - end), size))


@pytest.mark.parametrize(
    ("sent", "tag"),
    [
        ('"a"', '"a"'),
        ('W/"a"', '"a"'),
        ('"x", W/"b" , "a"', '"b"'),
        ("a", '"a"'),
        ("W/a", '"a"'),
        ("*", '"a"'),
        ('"x,a"', None),
        ('"A"', None),
        ('"', None),
        ("", None),
    ],
)
def test_etags_are_found_in_what_readers_send(sent: str, tag: str | None) -> None:
    assert match_etag(sent, {'"a"': 1, '"b"': 2}) == tag


@pytest.mark.parametrize(
    ("sent", "unchanged"),
    [
        (format_datetime(NOON, usegmt=True), True),
        ("Friday, 02-Jan-26 12:00:00 GMT", True),
        ("Fri Jan  2 12:00:01 2026", True),
        ("Fri, 02 Jan 2026 11:59:59 GMT", False),
        ("Fri, 02 Jan 2026 13:00:00 +0200", False),
        ("Fri, 99 Jan 2026 12:00:00 GMT", False),
        ("0", False),
        ("Fri, 02 Jan 99999999999 12:00:00 GMT", False),
    ],
)
def test_dates_are_parsed_in_every_format_of_http(sent: str, unchanged: bool) -> None:
    assert is_unmodified_since(sent, NOON) is unchanged

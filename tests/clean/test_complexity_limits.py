"""A hostile body is published as plain text, uncut, and costs no more than a heavy one."""

from __future__ import annotations

import time

import pytest

from helpers.entry_builders import AT, clean_body, clean_raw, clean_raw_as_text, parse_file, real_dumps
from helpers.random_html import LINKS
from refeed.clean.html_parser import find_exceeded_limit
from refeed.config.settings import Limits
from refeed.model import RawEntry

DEEP = "<div>" * 300 + "样例在最深处。" + "</div>" * 300
FULL = f"<p {' '.join(f'a{n}=1' for n in range(200))}>样例有许多属性。</p>"


@pytest.mark.parametrize(("body", "reason"), [(DEEP, "nested more than 256 deep"), (FULL, "more than 128 attributes")])
def test_body_over_a_limit_is_published_as_text_with_the_reason(body: str, reason: str) -> None:
    cleaned = clean_body(f"<p>样例的第一段。</p>{body}<p>样例的最后一段。</p>")
    assert "样例的第一段。" in cleaned.entry.html
    assert "样例的最后一段。" in cleaned.entry.html
    assert "样例在最深处。" in cleaned.entry.html or "样例有许多属性。" in cleaned.entry.html
    assert reason in cleaned.issues[0]


def test_configured_limits_apply() -> None:
    raw = RawEntry(title="样例题目", link=LINKS[0], dump_time=AT, html="<div>" * 60 + "<p a=1 b=2 c=3>样例。</p>")
    assert clean_raw(raw).issues == ()
    assert "nested more than 50 deep" in clean_raw(raw, limits=Limits(depth=50)).issues[0]
    assert "more than 2 attributes" in clean_raw(raw, limits=Limits(attributes=2)).issues[0]


@pytest.mark.parametrize("depth", [1, 255, 257, 5000])
def test_text_is_kept_at_any_depth(depth: int) -> None:
    for tag in ("div", "span", "b", "blockquote", "ul><li", "table><tr><td", "p><span"):
        body = f"<{tag}>" * depth + "样例在最深处。"
        assert "样例在最深处。" in clean_body(body).entry.html, (tag, depth)


def test_body_within_the_limits_is_not_flagged() -> None:
    assert clean_body("<div>" * 200 + "<p>样例。</p>" + "</div>" * 200).issues == ()
    assert clean_body(f"<p {' '.join(f'a{n}=1' for n in range(120))}>样例。</p>").issues == ()


def test_no_real_dump_exceeds_a_limit() -> None:
    assert [file.name for file in real_dumps() if find_exceeded_limit(parse_file(file).html)] == []


HEAVY = {
    "tags": "<p>样例</p>" * 2900,
    "nested": ("<div>" * 60 + "样例" + "</div>" * 60) * 45,
    "clutter": '<div class="ad share related">' * 60 + "<p>样例</p>" * 2500,
    "links": '<a href="https://example.org/unsafe/unsafe/?u=https%3A">样例</a>' * 1400,
    "long links": "".join(f'<a href="https://example.org/{"unsafe/" * 500}{n}">样</a>' for n in range(38)),
    "queries": "".join(f'<a href="https://www.google.com/url?{"a=&" * 1200}{n}">样</a>' for n in range(38)),
    "pictures": '<img src="https://example.org/a.jpg" srcset="a 1x, b 2x" alt="样"例"">' * 1900,
    "quotes": '<img alt="' + 'a"b" ' * 3500 + '" src="x">',
    "breaks": "样例<br>" * 5800,
    "spans": "<span>样</span>" * 2900,
    "bold": "<b>样</b><i>例</i>" * 1400,
    "colons": "作者：" * 40_000,
    "brackets": "（" * 140_000,
    "blanks": " \u3000" * 70_000 + "样例",
    "stars": "**" * 70_000,
    "roles": "<p>记者：样 责编：例 " * 2000,
    "dates": "<p>2020-07-20 10:00:00</p>" * 2900,
    "lists": "<ul><li><a href='/x'>样例</a></li></ul>" * 700,
    "cells": "<table><tr><td>样</td></tr></table>" * 950,
    "captions": "<figure><img src='/a.jpg'><figcaption>样例</figcaption></figure>" * 1150,
    "small captions": "<img src='https://a.example/b.jpg'><div><small>样例</small></div>" * 1150,
    "comments": "<!--" * 6000 + "样例",
    "references": "&#x4e2d;" * 18_000,
    "script addresses": f'样例<script type="application/json">{"http://" * 20_000}</script>',
    "proxy host": f'<img src="https://{"a-" * 1940}/i?url=http">' * 38,
    "authors": "<address>2020年 1月 1日 ， 样例</address>" * 2900,
    "inner quotes": ('<img alt="a"' + 'b alt="' * 100) * 200,
}


@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_body_within_the_limits_takes_less_than_two_seconds(name: str) -> None:
    started = time.process_time()
    clean_raw(RawEntry(title="样例", link=LINKS[0], dump_time=AT, html=HEAVY[name]))
    assert time.process_time() - started < 2.0


@pytest.mark.slow
def test_a_megabyte_of_tags_becomes_text_in_less_than_two_seconds() -> None:
    for piece in ("<p>样", "<!--", "<a b", "&lt;"):
        body = piece * (1_000_000 // len(piece))
        started = time.process_time()
        clean_raw_as_text(RawEntry(title="样例", link=LINKS[0], dump_time=AT, html=body))
        assert time.process_time() - started < 2.0, piece

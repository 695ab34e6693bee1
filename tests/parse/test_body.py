"""A body in Markdown is rendered; a body in HTML or plain text is not taken for one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from refeed.model import Dump, RawEntry
from refeed.parse.body import body_to_html, is_markdown
from refeed.parse.parser import parse_dump


def parse(body: str) -> RawEntry:
    text = f"<!--1700000000000-->\n[The ferry](https://ferry.example/1)\n------\n\n{body}"
    return parse_dump(Dump(path="a.md", folder="", data=text.encode(), first_seen=datetime(2026, 1, 1, tzinfo=UTC)))


def test_markdown_below_the_header_of_a_dump_is_rendered() -> None:
    body = """## The bay

The **ferry** leaves at [six](https://ferry.example/six).

![A boat](https://ferry.example/boat.jpg)

- one
- two

| from | to |
| --- | --- |
| pier | bay |

> A sample.
"""
    html = parse(body).html
    for part in (
        "<h2>The bay</h2>",
        "<strong>ferry</strong>",
        '<a href="https://ferry.example/six">six</a>',
        '<img src="https://ferry.example/boat.jpg" alt="A boat" />',
        "<li>one</li>",
        "<td>pier</td>",
        "<blockquote>",
    ):
        assert part in html
    assert parse(body).issues == ()


def test_html_within_markdown_stays() -> None:
    html = parse("# The bay\n\nLine one<br>line two.\n\n<iframe src='https://v.example/1'></iframe>\n\n## Boats\n").html
    assert "line two" in html and "<iframe src='https://v.example/1'>" in html
    assert "<h2>Boats</h2>" in html


def test_code_of_markdown_is_not_read_as_html() -> None:
    html = parse("Use this:\n\n```html\n<p>one</p>\n<div>two</div>\n```\n").html
    assert "&lt;p&gt;one&lt;/p&gt;" in html


def test_wiki_links_are_their_text() -> None:
    assert "see the pier and the bay." in parse("# A\n\nsee [[the pier]] and [[notes/bay|the bay]].").html


@pytest.mark.parametrize(
    "body",
    [
        "<p>The **ferry** is a [boat](https://ferry.example/1).</p>",
        "<p>One.</p>\n## not a heading\n<p>Two.</p>",
        "The ferry leaves at 5*3*2 and costs __init__ dollars.",
        "- Good morning, said the captain of the ferry.\nNobody answered.",
        "#boats are late\n\nNothing else is.",
        "<pre># A comment\n- an item\n- another</pre><p>One.</p><p>Two.</p>",
        "[1] The footnote of a text (see below).",
        "日期：2020年6月27日\n\n1. 样本",
    ],
)
def test_html_and_plain_text_are_no_markdown(body: str) -> None:
    assert not is_markdown(body)


def test_too_much_markdown_is_published_as_plain_text_with_an_issue() -> None:
    html, issues = body_to_html("# A\n\n" + "![" * 60_000)
    assert html.startswith("<p># A</p>")
    assert issues == ("the body has too much Markdown, and is published as plain text",)

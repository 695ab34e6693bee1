"""The text of an entry as a chapter of a book: valid XHTML, without images, and with every word."""

from __future__ import annotations

import pytest
from lxml import etree

from helpers.random_html import random_tag_soup
from refeed.clean.sanitize import sanitize
from refeed.clean.text import visible_text
from refeed.render.xhtml import to_xhtml


@pytest.mark.parametrize(
    ("html", "xhtml"),
    [
        ("loose <b>words</b><p>one</p>tail", "<p>loose <b>words</b></p>\n<p>one</p>\n<p>tail</p>"),
        ("<p>a<br>b &amp; c</p><hr>", "<p>a<br/>b &amp; c</p>\n<hr/>"),
        ('<p>x<img src="https://i.example/1.png" alt="y"></p>', "<p>x</p>"),
        ('<figure><img src="https://i.example/1.png"><figcaption>of it</figcaption></figure><p>x</p>', "<p>x</p>"),
        ("<figure><blockquote>said</blockquote></figure>", "<blockquote><p>said</p></blockquote>"),
        ("<ul>loose<li>one</li><p>two</p></ul>", "<ul><li>loose</li><li><p>one</p></li><li><p>two</p></li></ul>"),
        ('<ol start="3"><li>c</li></ol>', '<ol start="3"><li><p>c</p></li></ol>'),
        ("<dl><dt>term</dt><dd>text</dd></dl>", "<p>term</p>\n<p>text</p>"),
        (
            '<table><caption>name</caption><tr><th colspan="2">h</th></tr></table>',
            '<p>name</p><table><tbody><tr><th colspan="2"><p>h</p></th></tr></tbody></table>',
        ),
        ('<p><a href="javascript:x">no</a> <a href="https://e.example/ü b">yes</a></p>',
         '<p>no <a href="https://e.example/%C3%BC%20b">yes</a></p>'),
    ],
)  # fmt: skip
def test_blocks_and_phrases_stand_where_html_allows_them(html: str, xhtml: str) -> None:
    assert to_xhtml(html) == xhtml


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_any_sanitized_html_becomes_well_formed_with_all_its_words(start: int) -> None:
    for seed in range(start, start + 50):
        html = sanitize(random_tag_soup(seed))
        root = etree.fromstring(f"<div>{to_xhtml(html)}</div>")
        assert [child.tag for child in root.iter("p", "h2") if child.find(".//p") is not None] == []
        assert [link for link in root.iter("a") if link.find(".//a") is not None] == []
        if "<img" not in html:
            words = "".join(visible_text(html).split())
            assert "".join("".join(root.itertext()).split()) == words, html

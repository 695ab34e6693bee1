"""Properties of cleaning any body: no text is lost, every removal is logged, and cleaning is idempotent."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from helpers.entry_builders import AT, clean_body, clean_raw, clean_raw_as_text, parse_file, real_dumps
from helpers.property_testing import examples, given, st
from helpers.random_html import LINKS, random_article, random_tag_soup
from refeed.clean.html_parser import find_exceeded_limit
from refeed.clean.image_urls import clean_image_url
from refeed.clean.url_cleaner import clean_link
from refeed.model import RawEntry

ALL_SEEDS = 2000
EVERYDAY_SEEDS = 400


def _text(html: str) -> str:
    return "".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


@pytest.mark.slow
def test_cleaning_a_real_dump_is_idempotent() -> None:
    for file in real_dumps():
        raw = parse_file(file)
        once = clean_raw(raw).entry.html
        assert clean_raw(replace(raw, html=once)).entry.html == once, file.name


@pytest.mark.parametrize(
    "seeds", [range(EVERYDAY_SEEDS), pytest.param(range(EVERYDAY_SEEDS, ALL_SEEDS), marks=pytest.mark.torture)]
)
def test_cleaning_tag_soup_is_idempotent(seeds: range) -> None:
    for seed in seeds:
        raw = RawEntry(title="样例题目", link=LINKS[seed % len(LINKS)], dump_time=AT, html=random_tag_soup(seed))
        once = clean_raw(raw).entry.html
        twice = clean_raw(replace(raw, html=once)).entry.html
        assert twice == once, f"seed {seed}: {raw.html!r}"


@given(st.integers(min_value=0), st.sampled_from(LINKS))
@examples(100)
def test_no_sentence_is_lost_repeated_or_moved(seed: int, link: str) -> None:
    body, sentences = random_article(seed)
    text = _text(clean_body(body, link).entry.html)
    positions = [text.find(sentence) for sentence in sentences]
    assert -1 not in positions, body
    assert positions == sorted(positions), body
    assert all(text.count(sentence) == 1 for sentence in sentences), body


@given(st.integers(min_value=0), st.sampled_from(LINKS))
@examples(50)
def test_everything_removed_is_logged(seed: int, link: str) -> None:
    body, _ = random_article(seed)
    cleaned = clean_body(body, link)
    kept_or_logged = _text(cleaned.entry.html) + "".join("".join(removed.text.split()) for removed in cleaned.removed)
    visible = re.sub(r"<(script|style)>.*?</\1>|<!--.*?-->", "", body)
    for piece in re.findall(r"[^<>]+(?=<|$)", re.sub(r"<[^>]*>", "<>", visible)):
        assert "".join(unescape(piece).split()) in kept_or_logged, (piece, body)


@given(st.integers(min_value=0), st.sampled_from(LINKS))
@examples(40)
def test_plain_text_keeps_every_sentence(seed: int, link: str) -> None:
    body, sentences = random_article(seed)
    raw = RawEntry(title="样例题目", link=link, dump_time=AT, html=body)
    cleaned = clean_raw_as_text(raw)
    text = _text(cleaned.entry.html)
    assert all(sentence in text for sentence in sentences), body
    assert cleaned.issues == ("published as plain text: a test says so",)


@given(st.text(max_size=400))
@examples(100)
def test_any_string_becomes_an_entry_that_xml_can_carry(html: str) -> None:
    cleaned = clean_body(html)
    assert not re.search(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", cleaned.entry.html + cleaned.entry.summary
    )


_URLS = st.one_of(
    st.from_regex(r"https?://[a-z]{1,8}\.[a-z]{2,4}/[a-zA-Z0-9/%?=&;#_.-]{0,40}", fullmatch=True),
    st.builds(
        "https://images.weserv.nl/?url={}".format,
        st.from_regex(r"[a-z]{2,8}\.(?:com|org)/[a-z0-9/._-]{1,20}", fullmatch=True),
    ),
    st.builds(
        "https://i0.wp.com/{}?w=300&ssl=1".format,
        st.from_regex(r"[a-z]{2,8}\.(?:com|org)/[a-z0-9/._-]{1,20}", fullmatch=True),
    ),
    st.text(max_size=40),
)


@given(_URLS)
@examples(200)
def test_cleaning_a_url_is_idempotent(url: str) -> None:
    for clean_url in (clean_link, clean_image_url):
        once = clean_url(url, LINKS[0])
        assert clean_url(once, LINKS[0]) == once if once else True
        assert once == "" or once.startswith(("http://", "https://", "mailto:"))
        assert once.isascii()


@pytest.mark.parametrize("length", [1_000, 100_000])
@pytest.mark.parametrize(
    "piece", ["<div>", "<a b ", "<p>样", "</", "<!--", "&", '<a x="', "<script>", "<b><i></b>", "（", "<br>", "相关"]
)
def test_complexity_and_plain_text_work_for_any_markup(piece: str, length: int) -> None:
    body = piece * (length // len(piece))
    assert isinstance(find_exceeded_limit(body), str)
    clean_raw_as_text(RawEntry(title="样例", link=LINKS[0], dump_time=AT, html=body))

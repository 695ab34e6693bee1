"""The query language: what a person types, and the one sentence that answers a mistake."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from helpers.property_testing import examples, given, st
from refeed.config.search_query import QueryError, parse_query
from refeed.search.query_matcher import QueryMatcher, SearchableEntry
from refeed.search.searchable_text import compile_phrase, make_phrase_tokens, make_tokens, to_needles, to_searchable
from refeed.search.snippets import Piece, excerpt, mark_matches


def entry(title: str = "", text: str = "", **more: object) -> SearchableEntry:
    fields = {name: to_searchable(str(more.pop(name, ""))) for name in ("author", "tag")}
    return SearchableEntry(
        title=to_searchable(title),
        text=to_searchable(text),
        source=str(more.get("source", "bbc")),
        topics=frozenset(more.get("topics", ())),  # type: ignore[arg-type]
        published=datetime(2026, 1, 15, tzinfo=UTC),
        **fields,
    )


@pytest.mark.parametrize(
    ("query", "title", "text"),
    [
        ("香港", "", "在香港的"),
        ("香", "", "在香港的"),
        ("國安法", "国安法生效", ""),
        ("国安法", "國安法生效", ""),
        ("5G", "", "５Ｇ手机"),
        ("TikTok", "", "tiktok被禁"),
        ('"climate change"', "Climate-change talks", ""),
        ("台积电 芯片", "台積電", "新的晶片"),
        ("川普", "", "特朗普说"),
        ("特朗普", "", "川普說"),
        ("华为 OR 中兴", "", "中兴通讯"),
        ("华为｜中兴", "", "中兴通讯 华为"),
        ("美国 -特朗普", "", "美国总统拜登"),
        ("title:疫苗", "疫苗来了", ""),
        ("“climate change”", "climate change", ""),
        ("tag:财经", "", ""),
        ("author:王", "", ""),
        ("source:bbc", "", ""),
        ("topic:climate", "", ""),
        ("after:2026-01-15 before:2026-01-16", "", ""),
        ("after:2026", "", ""),
        ("café", "", "Cafe\u0301 de Flore"),
        ("हिन्दी", "", "यह हिन्दी है"),
        ("ガス", "", "ｶﾞｽ料金"),
        ("한국", "", "한국어를 배우다"),
    ],
)
def test_a_query_matches(query: str, title: str, text: str) -> None:
    assert QueryMatcher(parse_query(query)).matches(entry(title, text, author="王小明", tag="财经", topics=["climate"]))


@pytest.mark.parametrize(
    ("query", "title", "text"),
    [
        ("香港", "", "闻香。港口"),
        ("change", "", "exchange rates"),
        ('"climate change"', "", "change of climate"),
        ("title:疫苗", "", "疫苗来了"),
        ("美国 -特朗普", "", "美国总统川普"),
        ("source:nytimes", "", ""),
        ("after:2026-02", "", ""),
        ("before:2026-01-15", "", ""),
        ("cafe", "", "café"),
    ],
)
def test_a_query_does_not_match(query: str, title: str, text: str) -> None:
    assert not QueryMatcher(parse_query(query)).matches(entry(title, text))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "no letter or digit"),
        ("。！", "no letter or digit"),
        ("-美国 -中国", "only excludes"),
        ('"climate', "quotation mark"),
        ("OR 中兴", "OR must stand between"),
        ("华为 OR", "OR must stand between"),
        ("华为 OR -中兴", "OR cannot be followed"),
        ("after:yesterday", "after: must be followed by a date"),
        ("before:2026-13", "before: must be followed by a date"),
        ("source:纽约时报", "source: must be followed by an id such as bbc"),
        ("title:。", "title: must be followed by a word"),
        ("x" * 501, "at most 500 characters"),
        (" ".join(map(str, range(50))), "at most 40 words"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(query: str, message: str) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        parse_query(query)
    assert str(caught.value).count(".") <= 1 or "2026" in str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        "*" * 500,
        '"' * 500,
        "-" * 500,
        "(" * 500,
        "a\0b",
        "a OR " * 99 + "a",
        "title:" * 80,
        "川普" * 250,
        "\ud800",
        "%_",
    ],
)
def test_a_hostile_query_is_parsed_or_refused_at_once(query: str) -> None:
    began = time.process_time()
    try:
        QueryMatcher(parse_query(query)).matches(entry("a b", "c " * 50_000))
    except QueryError as error:
        assert len(str(error)) < 200
    assert time.process_time() - began < 2


def test_a_phrase_across_a_border_of_words_and_letters_is_one_token() -> None:
    """Seen: 10年12月 compared thousands of texts that have 10, 年, 12 and 月 somewhere."""
    assert make_tokens(to_searchable("5G手机")) > make_tokens(to_searchable("5G手"), for_query=True)
    assert len(make_tokens(to_searchable("5G手"), for_query=True)) == 1
    asked = make_tokens(to_searchable("10年12月"), for_query=True)
    assert asked <= make_tokens(to_searchable("在10年12月，"))
    assert not asked <= make_tokens(to_searchable("在12年10月，"))


def test_the_index_knows_which_letters_stand_on_both_sides_of_a_border() -> None:
    """Seen: 离。当 compared thousands of texts that have both letters somewhere."""
    text = make_tokens(to_searchable("他离开了。当时在下雨，"))
    for phrase, is_asked in (("了。当", True), ("了。当时在下雨，", True), ("时。下", False), ("雨。当", False)):
        assert any(way <= text for way in make_phrase_tokens(to_searchable(phrase))) == is_asked
    assert len(make_phrase_tokens(to_searchable("。".join("一二三四五六七八九十")))) == 4


def test_a_word_of_any_length_has_short_tokens() -> None:
    assert max(map(len, make_tokens(to_searchable("x" * 10_000)))) <= 64


def test_matches_are_marked_in_the_text_as_it_was_written() -> None:
    pieces = mark_matches("香港國安法，TikTok’s 5G-手机", QueryMatcher(parse_query("国安法 tiktok 5g手机")))
    assert [piece.text for piece in pieces if piece.found] == ["國安法", "TikTok", "5G-手机"]
    assert "".join(piece.text for piece in pieces) == "香港國安法，TikTok’s 5G-手机"


def test_an_excerpt_shows_the_first_match() -> None:
    pieces = excerpt("一" * 300 + "香港" + "二" * 300, QueryMatcher(parse_query("香港")), 100)
    assert Piece("香港", found=True) in pieces
    assert (pieces[0].text, pieces[-1].text) == ("…", "…")
    assert sum(len(piece.text) for piece in pieces) == 102


@examples(60)
@given(text=st.text(alphabet="香 a", max_size=30), phrase=st.text(alphabet="香 a", max_size=5))
def test_the_texts_of_a_phrase_are_found_where_its_pattern_is(text: str, phrase: str) -> None:
    text, phrase = to_searchable(text), to_searchable(phrase)
    if phrase and (needles := to_needles(phrase)):
        assert any(needle in text for needle in needles) == bool(compile_phrase(phrase).search(text))

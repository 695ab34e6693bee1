"""Which rule a dump matches, how its source is named, and what an error in a rule says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import soupsieve

from helpers.entry_builders import AT, builtin_rules, clean_body, clean_html, clean_raw
from helpers.property_testing import given, settings, st
from refeed.clean.classify import select_elements
from refeed.clean.entry_identity import canonical_link
from refeed.clean.html_parser import parse_html
from refeed.clean.rule_lookup import RuleLookup, hashed_slug, slugify
from refeed.config.field_types import SLUG_PATTERN
from refeed.config.source_rules import ExtractRule, SourceRule
from refeed.config.yaml_loader import YamlDocument
from refeed.errors import ConfigError
from refeed.model import RawEntry

NINE = {"nytimes", "voachinese", "bbc", "dw", "rfi", "rfa", "ftchinese", "reuters", "chinadigitaltimes"}


def _raw(link: str, folder: str = "", html: str = "<p>样例。</p>") -> RawEntry:
    return RawEntry(title="样例", link=link, dump_time=AT, html=html, folder=folder)


def test_nine_sources_are_built_in() -> None:
    assert {rule.id for rule in builtin_rules().rules} >= NINE
    assert all(rule.title and rule.hosts and rule.link for rule in builtin_rules().rules)


@pytest.mark.parametrize(
    ("link", "source", "canon"),
    [
        ("https://cn.nytimes.com/usa/20230707/a-b/zh-hant/", "nytimes", "https://cn.nytimes.com/usa/20230707/a-b/"),
        (
            "https://www.voachinese.com/a/some-Slug-20200720/5509369.html",
            "voachinese",
            "https://www.voachinese.com/a/5509369.html",
        ),
        ("https://www.voachinese.com/a/5509369.html?x=1", "voachinese", "https://www.voachinese.com/a/5509369.html"),
        (
            "http://www.bbc.com/zhongwen/simp/uk-53300135?at_medium=RSS",
            "bbc",
            "https://www.bbc.com/zhongwen/simp/uk-53300135",
        ),
        ("http://www.rfi.fr//cn/%E4%B8%AD/20200717-a", "rfi", "https://www.rfi.fr/cn/%E4%B8%AD/20200717-a"),
        ("https://cn.ft.com/story/001088611?full=y", "ftchinese", "https://cn.ft.com/story/001088611"),
        ("https://www.ftchinese.com/story/001088611", "ftchinese", "https://cn.ft.com/story/001088611"),
        (
            "https://cn.reuters.com/article/x-0629-idCNKBS24009H",
            "reuters",
            "https://cn.reuters.com/article/idCNKBS24009H",
        ),
        ("https://cn.reuters.com/article/idCNKBS24009H", "reuters", "https://cn.reuters.com/article/idCNKBS24009H"),
        (
            "https://chinadigitaltimes.net/chinese/2020/07/%e6%88/",
            "chinadigitaltimes",
            "https://chinadigitaltimes.net/chinese/2020/07/%e6%88/",
        ),
    ],
)
def test_link_gives_source_and_canonical_link(link: str, source: str, canon: str) -> None:
    raw = _raw(link)
    assert builtin_rules().match(raw).source.id == source
    assert canonical_link(link, builtin_rules().match(raw).rule)[0] == canon


def test_every_spelling_of_a_link_gives_one_id() -> None:
    spellings = ("https://www.dw.com/zh/甲/a-123456", "https://www.dw.com/zh/乙?/a-123456", "http://dw.com/zh/a-123456")
    ids = {clean_body("<p>样例。</p>", link).entry.id for link in spellings}
    assert len(ids) == 1
    assert ids.pop().startswith("urn:uuid:")


def test_subdomain_matches_the_rule_of_its_host_and_a_longer_name_does_not() -> None:
    assert builtin_rules().match(_raw("https://m.cn.nytimes.com/usa/20230707/a/")).source.id == "nytimes"
    assert not builtin_rules().match(_raw("https://evilbbc.com/zhongwen/simp/uk-1")).source.configured


def test_an_unknown_host_is_named_from_its_folder_or_from_itself() -> None:
    assert builtin_rules().match(_raw("https://news.example.org/1", "某报")).source.title == "某报"
    own = builtin_rules().match(_raw("https://news.example.org/1")).source
    assert (own.title, own.configured, own.link) == ("news.example.org", False, "https://news.example.org/")


@pytest.mark.parametrize(
    "folder",
    ["bbc", "BBC", "BBC ", "b.b.c", "all", "archive", "con", "某报", "某報", "é", "e\u0301", "a" * 300, "..", "x\x00y"],
)
def test_folder_name_never_gets_a_configured_or_reserved_slug(folder: str) -> None:
    slug = builtin_rules().match(_raw("https://news.example.org/1", folder)).source.id
    assert SLUG_PATTERN.fullmatch(slug)
    assert slug not in NINE | {"all", "archive", "con"}
    assert slug.isascii()
    assert len(slug) <= 60


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("verge", "verge"),
        ("The Verge", "the-verge"),
        ("x.example", "x-example"),
        ("中国新闻", "zhongguoxinwen"),
        ("Zürich_Heute", "zurich-heute"),
    ],
)
def test_slug_of_a_folder_or_host_is_readable(name: str, slug: str) -> None:
    assert slugify(name) == slug


@given(st.sets(st.text(min_size=1, max_size=12), min_size=2, max_size=12))
@settings(max_examples=200, deadline=None)
def test_two_names_never_share_a_hashed_slug(names: set[str]) -> None:
    assert len({hashed_slug(name) for name in names}) == len(names)


def test_name_that_looks_like_a_hashed_slug_is_hashed() -> None:
    assert slugify(hashed_slug("某报")) != hashed_slug("某报")


def test_rule_may_name_a_folder() -> None:
    rule = SourceRule(id="sample", title="样例", folders=("样报",))
    own = RuleLookup((*builtin_rules().rules, rule))
    assert own.match(_raw("https://short.example/1", "样报")).source.id == "sample"
    assert own.match(_raw("https://www.dw.com/zh/a-123456", "样报")).source.id == "dw"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id: x\nid_pattern: '(?=a)'", "2: id_pattern: invalid RE2 pattern '(?=a)'"),
        ("id: x\nline_rules:\n  - match: '('", "3: line_rules[0].match: invalid RE2 pattern '('"),
        ("id: x\ntrim_end: [a,\n  '(a']", "3: trim_end[1]: invalid RE2 pattern '(a'"),
        ("id: x\nlinks: {'(': y}", "2: links.(: invalid RE2 pattern '('"),
        ("id: Xx", "id: must be a slug of"),
        ("id: x\ntimezone: Asia/Shangai", "timezone: unknown time zone 'Asia/Shangai'"),
        (
            "id: x\nextract:\n  - select: p\n    to: autor",
            "extract[0].to: unknown value 'autor'; did you mean 'author'",
        ),
        ("id: x\nhost: [a.example]", "did you mean 'hosts'"),
    ],
)
def test_error_in_a_rule_names_file_line_and_key(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        YamlDocument(text, "sources/x.yaml", SourceRule).load()
    assert "sources/x.yaml:" in str(caught.value)
    assert message in str(caught.value)


NEW_SOURCE = """
id: sample
title: 样例报
hosts: [sample-news.example]
link: https://sample-news.example/
language: zh-Hans
timezone: Asia/Taipei
id_pattern: /a/(?P<number>\\d+)
canonical: https://sample-news.example/a/{number}
section: example/(?P<section>[a-z]+)/
strip_title: [' \\| 样例报$']
agencies: [样例社]
original: ^阅读英文版
extract:
  - {select: .by, to: author, start: true}
  - {select: .promo}
  - {select: .tags a, to: tag}
line_rules:
  - {match: '^（本报记者(?P<author>\\p{Han}+)）$', where: end, to: author}
  - {match: '^下载样例报的应用', where: end}
trim_end: ['\\s*（完）$']
images: [/stand-in\\.png$]
links: {'^https://old\\.example/(\\d+)': 'https://sample-news.example/a/\\1'}
"""


def test_new_source_is_one_file() -> None:
    rule = YamlDocument(NEW_SOURCE, "sources/sample.yaml", SourceRule).load()
    body = (
        '<div class="by">样例社</div><p>2020-07-20 18:30</p><img src="https://img.example/stand-in.png"><p>样例的第一段，说的是城市。'
        '<a href="https://old.example/12">旧闻</a></p><div class="promo">订阅</div><p>样例的第二段。（完）</p><p>（本报记者样甲）</p>'
        '<p><a href="https://en.example/1">阅读英文版</a></p><div class="tags"><a href="/t">城市</a></div><p>下载样例报的应用，天天阅读。</p>'
    )
    raw = RawEntry(
        title="样例题目 | 样例报", link="https://sample-news.example/city/a/77?from=rss", dump_time=AT, html=body
    )
    entry = clean_raw(raw, RuleLookup((*builtin_rules().rules, rule))).entry
    assert (entry.source, entry.link, entry.title, entry.section) == (
        "sample",
        "https://sample-news.example/a/77",
        "样例题目",
        "city",
    )
    assert entry.published == datetime(2020, 7, 20, 10, 30, tzinfo=UTC)
    assert entry.authors == ("样甲",)
    assert entry.tags == ("城市",)
    assert entry.original == "https://en.example/1"
    assert (
        entry.html
        == '<p>样例的第一段，说的是城市。<a href="https://sample-news.example/a/12">旧闻</a></p><p>样例的第二段。</p>'
    )


def test_generic_cleaning_applies_where_a_rule_says_nothing() -> None:
    assert (
        clean_html("<div><p>样例的一段话。</p></div>", "https://www.bbc.com/zhongwen/simp/uk-1")
        == "<p>样例的一段话。</p>"
    )


_NESTED = '<div Class="a b" id="top"><p role=text data-x="1, .b(2">文<b class=a></b></p><ul role=list><li>项</li></ul></div><br>'


@pytest.mark.parametrize(
    "select",
    [
        ".a",
        "DIV.b > P, .none",
        "#top",
        "p[ROLE=text]",
        '[data-x="1, .b(2"], .none',
        "div:has(> .none, > p) + br",
        ":not(.a):not(p)",
        "*",
        "ul[role=list] > li:nth-child(2n+1)",
        r"p[data\-x]",
        ':-soup-contains("文")',
    ],
)
def test_a_selector_is_tried_wherever_it_may_match(select: str) -> None:
    lookup = RuleLookup([SourceRule(id="x", hosts=("x.example",), extract=(ExtractRule(select=select),))])
    tree = parse_html(_NESTED)
    selected = select_elements(tree, lookup.match(_raw("https://x.example/1", "")).rule)
    assert selected.keys() == {id(tag) for tag in soupsieve.select(select, tree)} != set()

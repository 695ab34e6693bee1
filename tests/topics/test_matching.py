"""What a mention counts, where, and what is not one."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from datetime import UTC, datetime
from time import process_time

import pytest

from helpers.property_testing import given, st
from refeed.config.field_types import compile_search_pattern
from refeed.config.topic_rules import TopicRule
from refeed.model import Entry, SafeHtml
from refeed.topics.matcher import TopicMatcher
from refeed.topics.prefilter import required_literals

MakeEntry = Callable[..., Entry]


def topic(*words: str, **more: object) -> TopicMatcher:
    return TopicMatcher([TopicRule(id="t", words=words, **more)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("软件", "軟體更新"),
        ("軟體", "软件更新"),
        ("特朗普", "川普發表談話"),
        ("川普", "特朗普讲话"),
        ("沙特", "沙烏地阿拉伯增產"),
        ("沙乌地", "沙特增产"),
        ("尼日利亚", "奈及利亞舉行選舉"),
        ("雷射", "雷射手术"),
        ("硬體", "硬件更新"),
        ("意大利", "義大利總理"),
        ("COVID", "ｃｏｖｉｄ疫苗"),
        ("K-pop", "喜欢k-POP的人"),
        ("气候", "气\u200b候"),
        ("re:臺[灣海]", "台海局势"),
        ("re:川普.{0,4}北京", "特朗普访问北京"),
    ],
)
def test_a_word_is_found_however_it_is_spelt(word: str, text: str, entry: MakeEntry) -> None:
    assert topic(word).label(entry(text))


@pytest.mark.parametrize(("word", "text"), [("AI", "PAID MAIL"), ("F1", "F16战机"), ("who", "whole"), ("5G", "15G")])
def test_a_latin_word_is_not_found_inside_another(word: str, text: str, entry: MakeEntry) -> None:
    assert not topic(word).explain(entry(text))


def test_a_latin_word_stands_between_chinese_characters(entry: MakeEntry) -> None:
    assert topic("AI").label(entry("用AI写诗"))


def test_only_text_is_read(entry: MakeEntry) -> None:
    html = SafeHtml(
        '<figure><img src="https://example.org/气候.jpg" alt="气候"><figcaption>气候照片</figcaption></figure>'
        '<p>样例<a href="https://example.org/气候">链接</a></p><ul><li><a href="/1">气候大会闭幕</a></li></ul>'
    )
    assert not topic("气候").explain(entry("样例", html=html))


def test_a_list_with_words_of_its_own_is_read(entry: MakeEntry) -> None:
    html = SafeHtml('<ul><li><a href="/1">样例</a>：气候谈判在柏林恢复，为期三天</li></ul>')
    assert topic("气候").explain(entry("样例", html=html))


@pytest.mark.parametrize(
    "text",
    [
        "（法新社台北20日电）样例",
        "路透台北7月20日 - 样例",
        "台北——样例",
        "样例（台湾20日晚间7时）",
        "样例（译者：台北某人/核稿：某人）",
        "台湾中央社报道，样例",
        "自由亚洲电台记者某人台北报道 责编：某人",
    ],
)
def test_datelines_and_credits_are_not_read(text: str, entry: MakeEntry) -> None:
    assert not topic("台北", "台湾").explain(entry("样例", text))


def test_a_word_hidden_by_without_is_not_seen(entry: MakeEntry) -> None:
    matcher = topic("苹果", exclude=("苹果日报",))
    assert not matcher.explain(entry("苹果日报停刊"))
    assert matcher.label(entry("苹果日报报道苹果新手机"))


def test_a_without_word_alone_speaks_against(entry: MakeEntry) -> None:
    assert not topic("电影", exclude=("股价",)).label(entry("电影公司股价上涨"))


def test_hints_count_half(entry: MakeEntry) -> None:
    matcher = topic("气候", weak_words=("高温",))
    assert matcher.explain(entry("高温"))[0].score == matcher.explain(entry("气候"))[0].score / 2


def test_hints_alone_make_no_subject_of_a_text(entry: MakeEntry) -> None:
    matcher = topic("经济", weak_words=("公司", "市场"))
    full = "公司与市场。" * 20
    assert not matcher.explain(entry("样例", full))
    alone, beside = (matcher.explain(entry("样例", text))[0].score for text in ("经济。", f"经济。{full}"))
    assert beside == pytest.approx(2 * alone, abs=0.02)


def test_of_hints_alone_one_counts_in_a_title(entry: MakeEntry) -> None:
    matcher = topic("经济", weak_words=("公司", "员工"))
    assert not matcher.label(entry("公司要求员工"))
    assert matcher.explain(entry("公司要求员工"))[0].score == matcher.explain(entry("公司"))[0].score


def test_a_text_without_its_title_belongs_only_when_it_is_full_of_the_topic(entry: MakeEntry) -> None:
    matcher, rest = topic("气候"), "这是一篇样例，写得很长。" * 100
    assert not matcher.label(entry("样例", "气候。" * 5 + rest))
    assert matcher.label(entry("样例", "气候。" * 12 + rest))


POWERS = ((("美国", "白宫"), ("中国", "北京")),)


@pytest.mark.parametrize("title", ["美国与中国恢复谈判", "北京邀请美国代表", "白宫说，谈判在北京恢复"])
def test_a_pair_is_a_mention_where_both_stand_together(title: str, entry: MakeEntry) -> None:
    matcher = topic(pairs=POWERS)
    assert matcher.label(entry(title))


@pytest.mark.parametrize(
    "title",
    [
        "美国的湖",
        "美国、白宫与华盛顿",
        "美国下雨。中国天晴",
        "美国的一个村庄办了面包节，来的人比往年都多，有的从中国来",
    ],
)
def test_a_pair_is_none_where_one_is_missing_or_far_off(title: str, entry: MakeEntry) -> None:
    assert not topic(pairs=POWERS).explain(entry(title))


def test_a_word_makes_one_mention_of_a_pair_and_the_reason_names_both(entry: MakeEntry) -> None:
    (verdict,) = topic(pairs=POWERS).explain(entry("美国、中国、白宫、北京、样例；美国"))
    assert verdict.reasons == ("title: 美国…中国, 白宫…北京 (+8)",)


def test_words_of_a_pair_that_overlap_are_no_mention(entry: MakeEntry) -> None:
    assert not topic(pairs=((("北京",), ("北京大学",)),)).explain(entry("北京大学"))


def test_a_without_hides_a_word_of_a_pair_too(entry: MakeEntry) -> None:
    matcher = topic(pairs=((("专家",), ("气候",)),), exclude=("投资气候",))
    assert not matcher.explain(entry("专家谈投资气候"))
    assert matcher.label(entry("专家谈投资气候，也谈气候"))


def test_a_side_of_a_pair_may_be_a_pattern_and_is_folded(entry: MakeEntry) -> None:
    assert topic(pairs=((("re:^美[^国]",), ("臺灣",)),)).label(entry("美议员訪問台灣"))


def test_a_round_up_is_judged_report_by_report(entry: MakeEntry) -> None:
    matcher = topic("选举", exclude=("股价",))
    assert not matcher.label(entry("选举与股价"))
    assert matcher.label(entry("简报样例：选举开始；股价上涨"))
    assert matcher.label(entry("选举开始、股价上涨、樱花开了和本周更多样例"))
    assert not matcher.label(entry("选举、股价、樱花"))


def test_each_report_of_a_round_up_has_its_own_lead(entry: MakeEntry) -> None:
    matcher, rest = topic("气候", exclude=("股价",)), "股价是这篇样例的另一则报道。" * 60
    late = f"{rest}{'气候。' * 20}{rest}"
    one, several = (matcher.explain(entry(title, late)) for title in ("样例", "样例一则；又一则样例"))
    assert not one
    assert several[0].score == 1.5


def test_a_text_may_be_so_full_of_a_topic_that_it_needs_nothing_else(entry: MakeEntry) -> None:
    rest = "这是一篇样例，写得很长。" * 60
    assert topic("气候").label(entry("样例", rest + "气候。" * 20))
    assert not topic("气候").label(entry("样例", rest + "气候。" * 9 + rest))


def test_a_tag_says_less_in_a_long_row_of_them(entry: MakeEntry) -> None:
    matcher, others = topic("气候", weight={"tags": 4.0}), tuple(f"标签{number}" for number in range(19))
    assert matcher.explain(entry("样例", tags=("气候",)))[0].score == 4.0
    assert matcher.explain(entry("样例", tags=("气候", *others)))[0].score == 2.0


@pytest.mark.parametrize("title", ["气候基金 | 样例一则", "气候日报｜样例一则"])
def test_who_writes_is_not_what_it_is_about(title: str, entry: MakeEntry) -> None:
    assert not topic("气候").explain(entry(title))
    assert topic("样例").label(entry(title))


def test_of_overlapping_words_the_longest_counts(entry: MakeEntry) -> None:
    matcher = topic("气候", "气候特使")
    assert matcher.explain(entry("气候特使"))[0].score == matcher.explain(entry("气候"))[0].score


def test_reasons_say_which_words_stood_where_and_what_they_counted(entry: MakeEntry) -> None:
    matcher = topic("气候", sections=("culture",), exclude=("股价",))
    article = entry("气候与气候", "气候，气候，股价", link="https://example.org/culture/1", tags=("气候",))
    (verdict,) = matcher.explain(article)
    assert str(verdict) == (
        "t: 12.83 of 4; title: 气候 ×2 (+8); tags: 气候 (+2); lead: 气候 ×2, not 股价 (+0.5); "
        "body: 气候 ×2, not 股价 (+0.33); section: culture (+2)"
    )


def test_a_near_miss_is_explained_and_no_label(entry: MakeEntry) -> None:
    matcher = topic("气候", threshold=5.0)
    (verdict,) = matcher.explain(entry("气候"))
    assert not verdict.accepted
    assert (verdict.score, verdict.threshold) == (4.0, 5.0)
    assert not matcher.label(entry("气候"))


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        ("culture", {"section": "culture"}),
        ("culture", {"link": "https://example.org/culture/1"}),
        ("chinese-news", {"link": "https://example.org/zh/chinese-news-53461556"}),
        ("yataibaodao/meiti", {"link": "https://example.org/mandarin/yataibaodao/meiti/a-1.html"}),
        ("港澳台", {"link": "https://example.org/%E6%B8%AF%E6%BE%B3%E5%8F%B0/1"}),
        ("言论自由", {"tags": ("言論自由",)}),
        ("example.org", {"link": "https://www.example.org/a/1"}),
    ],
)
def test_a_section_is_part_of_the_path_a_column_or_a_tag(
    section: str, fields: dict[str, object], entry: MakeEntry
) -> None:
    assert TopicMatcher([TopicRule(id="t", sections=(section,))]).explain(entry("样例", **fields))


def test_a_section_is_not_part_of_a_name(entry: MakeEntry) -> None:
    matcher = TopicMatcher([TopicRule(id="t", sections=("art",))])
    assert not matcher.explain(entry("样例", link="https://art.example.org/article/artists", section="arts"))


def test_a_topic_of_some_sources_takes_no_other(entry: MakeEntry) -> None:
    matcher = topic("气候", sources=("dw",))
    assert matcher.label(entry("气候", source="dw"))
    assert not matcher.explain(entry("气候", source="bbc"))


def test_weights_can_be_changed(entry: MakeEntry) -> None:
    assert not topic("气候", weight={"title": 0.0}).explain(entry("气候"))


def test_the_version_changes_with_what_can_change_labels_and_with_nothing_else() -> None:
    def version(**fields: object) -> str:
        return TopicMatcher([TopicRule(id="t", **({"words": ("气候",)} | fields))]).version("t")  # type: ignore[arg-type]

    assert version() == version(title={"zh": "气候"}, description="样例", per_source=0.5)
    changes = (
        {"words": ("天气",)},
        {"weak_words": ("雨",)},
        {"exclude": ("雨",)},
        {"sections": ("a",)},
        {"sources": ("b",)},
    )
    more = ({"pairs": POWERS}, {"weight": {"lead": 2.0}}, {"threshold": 5.0})
    assert len({version(), *(version(**fields) for fields in (*changes, *more))}) == 9


def test_a_sent_matcher_labels_the_same(matcher: TopicMatcher, entry: MakeEntry) -> None:
    again = pickle.loads(pickle.dumps(matcher))
    one = entry("气候特使访问北京，谈中美合作", "样例。" * 20)
    assert again.label(one) == matcher.label(one)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(?:a?){150}a{150}", "[ab]*a[ab]{60}z", ".{0,60}b.{0,60}c|中.{0,30}国", "(?:.*a){20}", "(a|b|ab)*c"],
)
def test_a_pattern_made_to_explode_is_refused_or_cheap(pattern: str, entry: MakeEntry) -> None:
    try:
        matcher = topic(f"re:{pattern}x?")
    except ValueError as refused:
        assert "RE2" in str(refused)
        return
    one = entry("样例", "abc中a" * 4000)
    plain = topic("样").explain
    started = process_time()
    plain(one)
    cost = process_time() - started
    started = process_time()
    matcher.explain(one)
    assert process_time() - started < cost + 0.2  # 50 ms asked; room for a busy machine


@given(st.text(alphabet=st.sampled_from("气候变化危机AIai 苹果日报台湾川普<>&\n。；、"), max_size=60))
def test_any_text_is_labelled_the_same_twice_and_never_raises(text: str) -> None:
    day = datetime(2020, 7, 1, tzinfo=UTC)
    one = Entry(
        id="x", source="s", link="https://example.org/", title=text, published=day, updated=day, language="zh",
        html=SafeHtml(text), tags=(text,), summary=text,
    )  # fmt: skip
    matcher = topic(
        "气候", "AI", "re:台.{0,2}普", exclude=("苹果日报",), weak_words=("苹果",), pairs=((("台",), ("湾", "川")),)
    )
    assert matcher.explain(one) == matcher.explain(one)


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("美国.{0,14}中国", {"美国"}),
        ("(?:美国|白宫).{0,9}(?:中|京)", {"美国", "白宫"}),
        ("COP ?2\\d", {"cop"}),
        ("(?:气候)?大会", {"大会"}),
        ("(?:气候)+", {"气候"}),
        ("[美中]{2}关系", {"关系"}),
        ("气候|.", set()),
        ("[[:alpha:]]x", set()),
        ("\\pLx", set()),
    ],
)
def test_a_pattern_is_tried_only_where_a_text_it_needs_stands(pattern: str, needed: set[str]) -> None:
    assert required_literals(pattern) == needed


PIECES = st.sampled_from(["a", "b", "(?:ab|c)", "[ab]", "a?", "(?:bc){1,2}", "(?:a|)", ".", "b*", "(?:a(?:b|c))+"])


@given(st.lists(PIECES, min_size=1, max_size=5).map("".join), st.text(alphabet="abc", max_size=12))
def test_no_match_is_lost_by_looking_for_the_text_first(pattern: str, text: str) -> None:
    if compile_search_pattern(pattern).search(text) and (needed := required_literals(pattern)):
        assert any(one in text for one in needed)


@pytest.mark.torture
def test_a_thousand_topics_cost_about_what_the_shipped_ones_do(rules: tuple[TopicRule, ...], entry: MakeEntry) -> None:
    chance = random.Random(1)
    signs = [chr(0x4E00 + number) for number in range(2500)]

    def made_up(length: int) -> str:
        return "".join(chance.choices(signs, k=length))

    more = [
        TopicRule(id=f"t{number}", words=(*(made_up(3) for _ in range(30)), f"re:{made_up(2)}.{{0,9}}{made_up(2)}"))
        for number in range(1000 - len(rules))
    ]
    words = [word for rule in rules for word in rule.words if not word.startswith("re:")]
    entries = [
        entry(chance.choice(words), "。".join(made_up(80) + chance.choice(words) for _ in range(15))) for _ in range(30)
    ]
    matchers = TopicMatcher(rules), TopicMatcher([*rules, *more])

    def cost(matcher: TopicMatcher) -> float:
        started = process_time()
        for one in entries:
            matcher.label(one)
        return process_time() - started

    few, many = (min(times) for times in zip(*((cost(m) for m in matchers) for _ in range(7)), strict=True))
    assert many < 2 * few

"""What is a mention of a topic, in which field, and how much it counts."""

from __future__ import annotations

import pickle
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from time import process_time

import pytest

from helpers.property_testing import given, st
from refeed.config.field_types import compile_pattern_filter, compile_search_pattern
from refeed.config.topic_rules import TopicRule
from refeed.model import Entry, SafeHtml
from refeed.topics.matcher import TopicMatcher

MakeEntry = Callable[..., Entry]


def topic(*words: str, **more: object) -> TopicMatcher:
    return TopicMatcher([TopicRule(id="t", words=words, **more)])  # type: ignore[arg-type]


def test_pattern_that_a_client_sent_is_kept_nowhere_else() -> None:
    """Seen: re2 kept 128 of them, which took 256 MB."""
    assert sys.getrefcount(compile_search_pattern("样本.{1,20}")) <= 2


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
def test_word_is_found_in_every_spelling(word: str, text: str, entry: MakeEntry) -> None:
    assert topic(word).label(entry(text))


@pytest.mark.parametrize(("word", "text"), [("AI", "PAID MAIL"), ("F1", "F16战机"), ("who", "whole"), ("5G", "15G")])
def test_latin_word_is_not_found_inside_another(word: str, text: str, entry: MakeEntry) -> None:
    assert not topic(word).explain(entry(text))


def test_latin_word_is_found_between_chinese_characters(entry: MakeEntry) -> None:
    assert topic("AI").label(entry("用AI写诗"))


def test_only_running_text_is_searched(entry: MakeEntry) -> None:
    html = SafeHtml(
        '<figure><img src="https://example.org/气候.jpg" alt="气候"><figcaption>气候照片</figcaption></figure>'
        '<p>样例<a href="https://example.org/气候">链接</a></p><ul><li><a href="/1">气候大会闭幕</a></li></ul>'
    )
    assert not topic("气候").explain(entry("样例", html=html))


def test_list_with_text_besides_links_is_searched(entry: MakeEntry) -> None:
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
def test_datelines_and_credits_are_not_searched(text: str, entry: MakeEntry) -> None:
    assert not topic("台北", "台湾").explain(entry("样例", text))


def test_word_inside_an_excluded_one_is_not_a_mention(entry: MakeEntry) -> None:
    matcher = topic("苹果", exclude=("苹果日报",))
    assert not matcher.explain(entry("苹果日报停刊"))
    assert matcher.label(entry("苹果日报报道苹果新手机"))


def test_excluded_word_by_itself_counts_against_the_topic(entry: MakeEntry) -> None:
    assert not topic("电影", exclude=("股价",)).label(entry("电影公司股价上涨"))


def test_weak_words_count_half(entry: MakeEntry) -> None:
    matcher = topic("气候", weak_words=("高温",))
    assert matcher.explain(entry("高温"))[0].score == matcher.explain(entry("气候"))[0].score / 2


def test_weak_words_alone_do_not_count_in_a_body(entry: MakeEntry) -> None:
    matcher = topic("经济", weak_words=("公司", "市场"))
    full = "公司与市场。" * 20
    assert not matcher.explain(entry("样例", full))
    alone, beside = (matcher.explain(entry("样例", text))[0].score for text in ("经济。", f"经济。{full}"))
    assert beside == pytest.approx(2 * alone, abs=0.02)


def test_one_weak_word_alone_counts_in_a_title(entry: MakeEntry) -> None:
    matcher = topic("经济", weak_words=("公司", "员工"))
    assert not matcher.label(entry("公司要求员工"))
    assert matcher.explain(entry("公司要求员工"))[0].score == matcher.explain(entry("公司"))[0].score


def test_body_alone_is_enough_only_when_it_is_full_of_the_topic(entry: MakeEntry) -> None:
    matcher, rest = topic("气候"), "这是一篇样例，写得很长。" * 100
    assert not matcher.label(entry("样例", "气候。" * 5 + rest))
    assert matcher.label(entry("样例", "气候。" * 12 + rest))


def test_text_four_times_as_long_needs_twice_as_many_mentions(entry: MakeEntry) -> None:
    (short,) = topic("气候").explain(entry("样例", ("字" * 999 + "。") + "气候。" * 2))
    (long,) = topic("气候").explain(entry("样例", ("字" * 3999 + "。") + "气候。" * 4))
    assert short.score == pytest.approx(long.score, abs=0.02)


def test_links_in_a_text_are_not_searched(entry: MakeEntry) -> None:
    assert not topic("youtube").explain(entry("样例", "频道在https://www.youtube.com/channel/x，欢迎订阅。"))
    assert topic("youtube").explain(entry("样例", "频道在youtube，欢迎订阅。"))


POWERS = ((("美国", "白宫"), ("中国", "北京")),)


@pytest.mark.parametrize("title", ["美国与中国恢复谈判", "北京邀请美国代表", "白宫说，谈判在北京恢复"])
def test_pair_is_a_mention_where_both_words_are_close_together(title: str, entry: MakeEntry) -> None:
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
def test_pair_is_not_a_mention_where_one_word_is_missing_or_far_away(title: str, entry: MakeEntry) -> None:
    assert not topic(pairs=POWERS).explain(entry(title))


def test_word_is_part_of_one_mention_of_a_pair_and_the_reason_names_both(entry: MakeEntry) -> None:
    (score,) = topic(pairs=POWERS).explain(entry("美国、中国、白宫、北京、样例；美国"))
    assert score.reasons == ("title: 美国…中国, 白宫…北京 (+8)",)


def test_pair_in_a_language_with_long_words_may_be_three_times_as_far_apart(entry: MakeEntry) -> None:
    matcher = topic(pairs=((("washington",), ("beijing",)),))
    title = "The U.S. (Washington) agrees, the U.S. said, to hold talks with Beijing"
    assert matcher.label(entry(title, language="en"))
    assert not matcher.label(entry(title, language="zh-Hans"))
    assert not matcher.label(entry("Washington saw rain. Beijing did not", language="en"))


def test_word_for_one_language_does_not_apply_to_texts_in_another(entry: MakeEntry) -> None:
    matcher = topic("en:gift", pairs=((("en:us",), ("en:eu",)),), sections=("en:news",))
    assert matcher.explain(entry("A gift", language="en-GB"))[0].reasons == ("title: gift (+4)",)
    assert matcher.explain(entry("A gift", language="und"))
    assert not matcher.explain(entry("Das Gift der Schlange", language="de"))
    assert matcher.explain(entry("US and EU", language="en"))
    assert not matcher.explain(entry("US und EU", language="de"))
    link = "https://example.org/news/1"
    assert matcher.explain(entry(link=link, language="en"))[0].reasons == ("section: news (+2)",)
    assert not matcher.explain(entry(link=link, language="de"))


def test_pattern_may_be_for_one_language(entry: MakeEntry) -> None:
    matcher = topic(r"en:re:cop\d\d")
    assert matcher.label(entry("COP28 opens", language="en"))
    assert not matcher.explain(entry("COP28开幕", language="zh-Hans"))


@pytest.mark.parametrize("title", ["A tariff", "New tariffs", "The tariff's end", "Taxes"])
def test_plural_is_the_same_word(entry: MakeEntry, title: str) -> None:
    assert topic("tariff", "tax").label(entry(title, language="en"))


def test_longer_word_is_not_a_plural(entry: MakeEntry) -> None:
    assert not topic("tax").explain(entry("A taxi, a taxesque word", language="en"))


def test_text_in_letters_counts_by_a_third_of_its_length(entry: MakeEntry) -> None:
    text = "rain " + "word " * 298 + "rain"
    reasons = [topic("rain").explain(entry("", text, language=tag))[0].reasons for tag in ("en", "zh-Hans")]
    assert reasons == [("lead: rain (+0.5)", "body: rain ×2 (+0.94)"), ("lead: rain (+0.5)", "body: rain ×2 (+0.54)")]


def test_word_at_the_start_of_a_title_or_a_part_of_it_counts_as_opening(entry: MakeEntry) -> None:
    matcher = topic("德国", weight={"opening": 1.5})
    assert matcher.explain(entry("德国样例"))[0].reasons == ("title: 德国 (+4)", "opening: 德国 (+1.5)")
    assert matcher.explain(entry("样例：德国"))[0].score == 5.5
    assert matcher.explain(entry("样例与德国"))[0].score == 4


@pytest.mark.parametrize("title", ["[政治] 样例一二", "【政治】样例一二", "政治｜样例一二"])
def test_section_before_a_title_is_a_section_and_no_word_of_the_title(entry: MakeEntry, title: str) -> None:
    reasons = topic("政治", sections=("政治",)).explain(entry(title))[0].reasons
    assert reasons[-1] == "section: 政治 (+2)"
    assert not any(reason.startswith("title") for reason in reasons)


def test_section_in_brackets_before_a_title_counts_like_a_tag_of_the_source(entry: MakeEntry) -> None:
    assert topic("电影").explain(entry("【电影与现实】样例一二"))[0].reasons == ("tags: 电影 (+2)",)


def test_section_may_be_that_of_the_hosts_of_one_country(entry: MakeEntry) -> None:
    matcher = topic(sections=(".tw/政治",))
    assert matcher.explain(entry("[政治] 样例一二", link="https://news.example.tw/a"))
    assert not matcher.explain(entry("[政治] 样例一二", link="https://news.example.org/a"))


def test_word_in_brackets_after_a_word_of_the_topic_is_the_same_mention(entry: MakeEntry) -> None:
    matcher = topic("微软", "microsoft")
    assert matcher.explain(entry("微软（Microsoft）样例"))[0].reasons == ("title: 微软 (+4)",)
    assert matcher.explain(entry("微软与Microsoft样例"))[0].reasons == ("title: 微软, microsoft (+8)",)


def test_overlapping_words_of_a_pair_are_not_a_mention(entry: MakeEntry) -> None:
    assert not topic(pairs=((("北京",), ("北京大学",)),)).explain(entry("北京大学"))


def test_excluded_word_hides_a_word_of_a_pair_too(entry: MakeEntry) -> None:
    matcher = topic(pairs=((("专家",), ("气候",)),), exclude=("投资气候",))
    assert not matcher.explain(entry("专家谈投资气候"))
    assert matcher.label(entry("专家谈投资气候，也谈气候"))


def test_pair_may_contain_a_pattern_and_is_normalised(entry: MakeEntry) -> None:
    assert topic(pairs=((("re:^美[^国]",), ("臺灣",)),)).label(entry("美议员訪問台灣"))


def test_reports_of_a_round_up_are_scored_one_by_one(entry: MakeEntry) -> None:
    matcher = topic("选举", exclude=("股价",))
    assert not matcher.label(entry("选举与股价"))
    assert matcher.label(entry("简报样例：选举开始；股价上涨"))
    assert matcher.label(entry("选举开始、股价上涨、樱花开了和本周更多样例"))
    assert not matcher.label(entry("选举、股价、樱花"))


def test_each_report_of_a_round_up_has_its_own_lead(entry: MakeEntry) -> None:
    matcher, rest = topic("气候", exclude=("股价",)), "股价是这篇样例的另一则报道。" * 60
    late = f"{rest}{'气候。' * 20}{rest}"
    single, several = (matcher.explain(entry(title, late)) for title in ("样例", "样例一则；又一则样例"))
    assert not single
    assert several[0].score == 1.5


def test_body_full_of_the_topic_needs_nothing_else(entry: MakeEntry) -> None:
    rest = "这是一篇样例，写得很长。" * 60
    assert topic("气候").label(entry("样例", rest + "气候。" * 20))
    assert not topic("气候").label(entry("样例", rest + "气候。" * 9 + rest))


def test_tag_counts_less_among_many_tags(entry: MakeEntry) -> None:
    matcher, others = topic("气候", weight={"tags": 4.0}), tuple(f"标签{number}" for number in range(19))
    assert matcher.explain(entry("样例", tags=("气候",)))[0].score == 4.0
    assert matcher.explain(entry("样例", tags=("气候", *others)))[0].score == 2.0


@pytest.mark.parametrize("title", ["气候基金 | 样例一则", "气候日报｜样例一则"])
def test_byline_in_a_title_is_not_searched(title: str, entry: MakeEntry) -> None:
    assert not topic("气候").explain(entry(title))
    assert topic("样例").label(entry(title))


def test_longest_of_overlapping_words_counts(entry: MakeEntry) -> None:
    matcher = topic("气候", "气候特使")
    assert matcher.explain(entry("气候特使"))[0].score == matcher.explain(entry("气候"))[0].score


def test_reasons_name_words_fields_and_points(entry: MakeEntry) -> None:
    matcher = topic("气候", sections=("culture",), exclude=("股价",))
    article = entry("气候与气候", "气候，气候，股价", link="https://example.org/culture/1", tags=("气候",))
    (score,) = matcher.explain(article)
    assert str(score) == (
        "t: 13.11 of 4; title: 气候 ×2 (+8); tags: 气候 (+2); lead: 气候 ×2, not 股价 (+0.5); "
        "body: 气候 ×2, not 股价 (+0.61); section: culture (+2)"
    )


def test_near_miss_is_explained_and_not_a_label(entry: MakeEntry) -> None:
    matcher = topic("气候", threshold=5.0)
    (score,) = matcher.explain(entry("气候"))
    assert not score.accepted
    assert (score.score, score.threshold) == (4.0, 5.0)
    assert not matcher.label(entry("气候"))


def test_entry_without_a_topic_gets_the_one_that_it_comes_clearly_nearest_to(entry: MakeEntry) -> None:
    def rule(id: str, word: str) -> TopicRule:
        return TopicRule(id=id, words=(word,), threshold=5.0, threshold_alone=2.0)

    matcher = TopicMatcher([rule("a", "气候"), rule("b", "股价"), TopicRule(id="c", words=("病毒",))])
    (label,) = matcher.label(entry("气候"))
    assert (label.topic, label.reasons) == ("a", ("title: 气候 (+4)", "alone: 4 of 5 (+0)"))
    assert not matcher.label(entry("气候与股价"))  # as near to another topic
    assert [label.topic for label in matcher.label(entry("气候与病毒"))] == ["c"]  # not without a topic
    assert not matcher.label(entry("样例", "气候"))  # not near enough


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
def test_section_is_a_part_of_the_path_a_column_or_a_tag(
    section: str, fields: dict[str, object], entry: MakeEntry
) -> None:
    assert TopicMatcher([TopicRule(id="t", sections=(section,))]).explain(entry("样例", **fields))


def test_section_is_not_a_part_of_a_name(entry: MakeEntry) -> None:
    matcher = TopicMatcher([TopicRule(id="t", sections=("art",))])
    assert not matcher.explain(entry("样例", link="https://art.example.org/article/artists", section="arts"))


def test_topic_of_some_sources_ignores_the_others(entry: MakeEntry) -> None:
    matcher = topic("气候", sources=("dw",))
    assert matcher.label(entry("气候", source="dw"))
    assert not matcher.explain(entry("气候", source="bbc"))


def test_weights_can_be_changed(entry: MakeEntry) -> None:
    assert not topic("气候", weight={"title": 0.0}).explain(entry("气候"))


def test_version_changes_only_with_what_can_change_labels() -> None:
    def version(**fields: object) -> str:
        return TopicMatcher([TopicRule(id="t", **({"words": ("气候",)} | fields))]).versions["t"]  # type: ignore[arg-type]

    assert version() == version(title={"zh": "气候"}, description="样例", per_source=0.5)
    changes = (
        {"words": ("天气",)},
        {"weak_words": ("雨",)},
        {"exclude": ("雨",)},
        {"sections": ("a",)},
        {"sources": ("b",)},
    )
    more = ({"pairs": POWERS}, {"weight": {"lead": 2.0}}, {"threshold": 5.0}, {"threshold_alone": 2.0})
    assert len({version(), *(version(**fields) for fields in (*changes, *more))}) == 10


def test_pickled_matcher_gives_the_same_labels(matcher: TopicMatcher, entry: MakeEntry) -> None:
    again = pickle.loads(pickle.dumps(matcher))
    article = entry("气候特使访问北京，谈中美合作", "样例。" * 20)
    assert again.label(article) == matcher.label(article)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(?:a?){150}a{150}", "[ab]*a[ab]{60}z", ".{0,60}b.{0,60}c|中.{0,30}国", "(?:.*a){20}", "(a|b|ab)*c"],
)
def test_pattern_with_exponential_backtracking_is_refused_or_cheap(pattern: str, entry: MakeEntry) -> None:
    try:
        matcher = topic(f"re:{pattern}x?")
    except ValueError as refused:
        assert "RE2" in str(refused)
        return
    article = entry("样例", "abc中a" * 4000)
    plain = topic("样").explain
    started = process_time()
    plain(article)
    cost = process_time() - started
    started = process_time()
    matcher.explain(article)
    assert process_time() - started < cost + 0.2  # 50 ms on an idle machine


@given(st.text(alphabet=st.sampled_from("气候变化危机AIai 苹果日报台湾川普<>&\n。；、"), max_size=60))
def test_any_text_has_the_same_labels_twice(text: str) -> None:
    day = datetime(2020, 7, 1, tzinfo=UTC)
    article = Entry(
        id="x", source="s", link="https://example.org/", title=text, published=day, updated=day, language="zh",
        html=SafeHtml(text), tags=(text,), summary=text,
    )  # fmt: skip
    matcher = topic(
        "气候", "AI", "re:台.{0,2}普", exclude=("苹果日报",), weak_words=("苹果",), pairs=((("台",), ("湾", "川")),)
    )
    assert matcher.explain(article) == matcher.explain(article)


@pytest.mark.torture
def test_thousand_topics_cost_at_most_twice_as_much_as_the_shipped_ones(
    rules: tuple[TopicRule, ...], entry: MakeEntry
) -> None:
    rng = random.Random(1)
    chars = [chr(0x4E00 + number) for number in range(2500)]

    def random_word(length: int) -> str:
        return "".join(rng.choices(chars, k=length))

    more = [
        TopicRule(
            id=f"t{number}",
            words=(*(random_word(3) for _ in range(30)), f"re:{random_word(2)}.{{0,9}}{random_word(2)}"),
        )
        for number in range(1000 - len(rules))
    ]
    words = [word for rule in rules for word in rule.words if not word.startswith("re:")]
    entries = [
        entry(rng.choice(words), "。".join(random_word(80) + rng.choice(words) for _ in range(15))) for _ in range(30)
    ]
    matchers = TopicMatcher(rules), TopicMatcher([*rules, *more])

    def cost(matcher: TopicMatcher) -> float:
        started = process_time()
        for article in entries:
            matcher.label(article)
        return process_time() - started

    few, many = (min(times) for times in zip(*((cost(m) for m in matchers) for _ in range(7)), strict=True))
    assert many < 2 * few


@given(st.text("ab美国k7 ", max_size=12))
def test_no_pattern_that_occurs_in_a_text_is_left_out(text: str) -> None:
    patterns = ["(?:美|a)国", "ab.{0,3}k", r"\d", "^美", "K", "b?", "[a美]{2}$", "国|7"]
    possible = compile_pattern_filter(patterns)(text)
    assert set(possible) >= {at for at, each in enumerate(patterns) if compile_search_pattern(each).search(text)}

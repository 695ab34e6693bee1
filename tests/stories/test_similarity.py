"""Which texts report the same event. All texts are samples."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from refeed.stories.signatures import Signature, sign_text
from refeed.stories.similarity import compare, load_model

FLOOD = "（样本）青岚河水位今天超过警戒线，松原县三千二百名居民撤离，县政府开放十二所学校作为避难所。"
FLOOD_ELSEWHERE = (
    "样本社松原24日电：因青岚河水位超过警戒线，松原县居民三千二百人已撤离到十二所学校。县政府称降雨将持续。"
)
BUDGET = "（样本）议会星期四通过明年的预算，教育经费增加百分之四，反对党议员在表决之前离开会场。"


def sign(title: str, text: str, source: str = "one", hours: int = 0) -> Signature:
    return sign_text(title=title, text=text, source=source, published=hours * 3600)


def test_two_sources_that_tell_the_same_in_other_words_report_one_event() -> None:
    one = sign("青岚河水位超过警戒线 松原县三千居民撤离", FLOOD)
    other = sign("松原县因青岚河涨水撤离居民", FLOOD_ELSEWHERE, source="two", hours=5)
    assert compare(other, one) >= load_model().min_score


def test_traditional_characters_are_the_same_event() -> None:
    one = sign("青岚河水位超过警戒线 松原县三千居民撤离", FLOOD)
    other = sign("[國際] 松原縣因青嵐河漲水撤離居民", FLOOD_ELSEWHERE, source="two", hours=5)
    assert compare(other, one) >= load_model().min_score


def test_two_events_are_not_one() -> None:
    assert compare(sign("议会通过明年预算", BUDGET, "two", 1), sign("青岚河水位超过警戒线", FLOOD)) < 0.1


def test_latin_languages_are_compared_by_words() -> None:
    text = "(Sample) The Aldern dam near Quilby cracked on Friday, and 3,200 residents of Quilby left their homes."
    told = "Sample wire: residents of Quilby, some 3,200, left their homes after the Aldern dam cracked."
    one = sign("Aldern dam cracks, Quilby evacuated", text)
    assert (
        compare(sign("Quilby residents leave after Aldern dam cracks", told, "two", 2), one) >= load_model().min_score
    )


def daily_figures(day: int) -> Signature:
    return sign(
        f"7月{day}日青岚省新增病例{day * 3}例", f"（样本）青岚省卫生厅报告，7月{day}日新增{day * 3}例。", hours=24 * day
    )


def recurring_title(day: int) -> Signature:
    return sign("早间新闻摘要", (FLOOD, BUDGET)[day % 2], hours=24 * day)


def channel(day: int) -> Signature:
    about = "（样本）欢迎订阅青岚频道，每周三和周六更新，留言告诉我们你想看什么。合作请写信到频道的地址。"
    return sign(("山里的老木匠做了一张椅子", "海边市场的早晨")[day % 2], about, hours=24 * day)


@pytest.mark.parametrize("series", [daily_figures, recurring_title, channel])
def test_a_series_joins_nothing_of_its_own(series: Callable[[int], Signature]) -> None:
    assert compare(series(3), series(2)) == 0


def test_a_report_that_a_source_publishes_twice_is_one() -> None:
    assert compare(sign("青岚河水位超过警戒线", FLOOD, hours=1), sign("青岚河水位超过警戒线", FLOOD)) >= 0.5


def test_a_signature_is_read_back_as_it_was_written() -> None:
    one = sign("青岚河水位超过警戒线 3,200 residents", FLOOD)
    assert Signature.from_bytes(one.to_bytes(), 0) == one
    assert Signature.from_bytes(b"", 0).terms == ()

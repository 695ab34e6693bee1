"""What changed topic rules would do, before they are published."""

from __future__ import annotations

from collections.abc import Callable

from refeed.config.topic_rules import TopicRule
from refeed.model import Entry
from refeed.topics.dry_run import compare_topics, format_topic_changes
from refeed.topics.matcher import TopicMatcher

MakeEntry = Callable[..., Entry]


def matcher(**words: str) -> TopicMatcher:
    return TopicMatcher([TopicRule(id=topic, words=tuple(text.split())) for topic, text in words.items()])


def test_entries_that_stay_come_in_and_go_out_are_counted_by_topic(entry: MakeEntry) -> None:
    old = matcher(weather="台风 暴雨", same="书", gone="猫")
    new = matcher(weather="暴雨 高温", same="书", fresh="狗")
    entries = [entry(title) for title in ("台风登陆", "连日暴雨", "高温预警", "猫与书", "狗")]
    counts = {
        change.topic: (change.state, change.unchanged, len(change.added), len(change.removed))
        for change in compare_topics(old, new, entries)
    }
    assert counts == {"weather": ("", 1, 1, 1), "gone": ("removed", 0, 0, 1), "fresh": ("new", 0, 1, 0)}


def test_report_has_titles_and_reasons(entry: MakeEntry) -> None:
    report = list(
        format_topic_changes(
            compare_topics(matcher(a="台风"), matcher(a="高温"), [entry("台风登陆"), entry("高温预警")])
        )
    )
    assert report == [
        "a: 0 stay, 1 come in, 1 go out",
        "  + 高温预警",
        "      a: 4 of 4; title: 高温 (+4)",
        "  - 台风登陆",
        "      before, a: 4 of 4; title: 台风 (+4)",
    ]


def test_long_report_is_cut_and_says_so(entry: MakeEntry) -> None:
    report = list(format_topic_changes(compare_topics(matcher(b="书"), matcher(a="高温"), [entry("高温")] * 5), most=2))
    assert "  + and 3 more" in report


def test_report_says_when_nothing_changes(entry: MakeEntry) -> None:
    assert list(format_topic_changes(compare_topics(matcher(a="书"), matcher(a="书"), [entry("书")]))) == [
        "No topic differs from what is published."
    ]


def test_topic_that_an_entry_only_came_nearest_to_loses_it_to_a_new_topic(entry: MakeEntry) -> None:
    nearest = TopicRule(id="weather", words=("台风",), threshold=5.0, threshold_alone=2.0)
    new = TopicMatcher([nearest, TopicRule(id="cats", words=("猫",))])
    _, change = compare_topics(TopicMatcher([nearest]), new, [entry("台风与猫")])
    assert (change.topic, change.state, len(change.removed)) == ("weather", "", 1)

"""Every text in cases.yaml has the topics that it must have, and none that it must not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from refeed.model import Entry
from refeed.topics.matcher import TopicMatcher

MakeEntry = Callable[..., Entry]

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).with_name("cases.yaml")).read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_text_has_the_topics_of_its_case(case: dict[str, Any], matcher: TopicMatcher, entry: MakeEntry) -> None:
    made = entry(case["title"], case["text"], language=case.get("language", "zh-Hans"))
    scores = {score.topic: score for score in matcher.explain(made)}
    accepted = {topic for topic, score in scores.items() if score.accepted}
    required, forbidden = set(case.get("is", ())), set(case.get("not", ()))
    assert required <= accepted, [str(score) for score in scores.values()]
    assert not forbidden & accepted, [str(scores[topic]) for topic in forbidden & accepted]
    assert required or forbidden or not accepted


def test_every_shipped_topic_has_a_case(matcher: TopicMatcher) -> None:
    assert {rule.id for rule in matcher.rules} == {topic for case in CASES for topic in case.get("is", ())}

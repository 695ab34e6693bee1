"""tests/topics/cases.yaml: what we wrote has the topics it must have, and none that it must not."""

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
def test_a_text_has_the_topics_that_its_case_says(
    case: dict[str, Any], matcher: TopicMatcher, entry: MakeEntry
) -> None:
    verdicts = {verdict.topic: verdict for verdict in matcher.explain(entry(case["title"], case["text"]))}
    found = {topic for topic, verdict in verdicts.items() if verdict.accepted}
    wanted, unwanted = set(case.get("is", ())), set(case.get("not", ()))
    assert wanted <= found, [str(verdict) for verdict in verdicts.values()]
    assert not unwanted & found, [str(verdicts[topic]) for topic in unwanted & found]
    assert wanted or unwanted or not found


def test_every_shipped_topic_has_a_case(matcher: TopicMatcher) -> None:
    assert {rule.id for rule in matcher.rules} == {topic for case in CASES for topic in case.get("is", ())}

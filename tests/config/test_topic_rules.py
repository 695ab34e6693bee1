"""A topic that cannot be meant is refused, with the field that is wrong."""

from __future__ import annotations

import pytest

from refeed.config.topic_rules import TopicRule


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": "US China"}, "id: 'US China' is no slug"),
        ({"words": ()}, "words: none given"),
        ({"words": ("气候", " ")}, "words: number 2 is empty"),
        ({"words": ("re:",)}, "words: number 1, 're:', is an empty pattern"),
        ({"words": ("re:(",)}, "words: number 1, 're:(', is no pattern that re2 takes: missing )"),
        ({"weak_words": (r"re:(?<=气)候",)}, "weak_words: number 1"),
        ({"exclude": ("re:雨*",)}, "exclude: number 1, 're:雨*', matches an empty text"),
        ({"words": ("re:.{0,900}b.{0,900}c",)}, "words: number 1"),
        ({"words": ("re:(.{0,300}a){2}",)}, "unrolls to"),
        ({"sections": ("",)}, "sections: number 1 is empty"),
        ({"pairs": ((("美国",),),)}, "pairs: number 1 is no pair; write two lists"),
        ({"pairs": ((("美国",), ("中国",)), (("美国",), ()))}, "pairs: number 2 is no pair"),
        ({"pairs": ((("美国",), ("中国", "")),)}, "pairs: number 1, list 2, word 2 is empty"),
        ({"pairs": ((("re:(",), ("中国",)),)}, "pairs: number 1, list 1, word 1, 're:(', is no pattern"),
        ({"weight": {"titel": 2.0}}, "weight.titel: no such place; known here: title"),
        ({"weight": {"lead": -1.0}}, "weight.lead: -1.0 is not between 0 and 100"),
        ({"threshold": 0.0}, "threshold: 0.0 is not above 0"),
        ({"per_source": 1.5}, "per_source: 1.5 is no share"),
        ({"aliases": ("t",)}, "aliases: 't' is the topic's own id"),
        ({"aliases": ("Old",)}, "aliases: 'Old' is no slug"),
        ({"aliases": ("a" * 61,)}, "is no slug; use a to z, 0 to 9 and single hyphens, at most 60"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        TopicRule(**({"id": "t", "words": ("气候",)} | fields))  # type: ignore[arg-type]
    assert message in str(refused.value)


def rule(id: str, **fields: object) -> TopicRule:
    return TopicRule(id=id, words=("气候",), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "language", "name"),
    [
        ("气候", "en", "气候"),
        ({"zh": "气候", "en": "Climate"}, "zh-Hans", "气候"),
        ({"en": "Climate"}, "zh", "Climate"),
        ("", "zh", "t"),
    ],
)
def test_a_topic_has_a_name_in_every_language(title: str | dict[str, str], language: str, name: str) -> None:
    assert rule("t", title=title).localized_title(language) == name

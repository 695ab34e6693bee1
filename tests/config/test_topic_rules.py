"""An invalid topic is refused with the key that is wrong; a valid one has a title in every language."""

from __future__ import annotations

import subprocess
import sys

import pytest

from refeed.config.topic_rules import TopicRule
from refeed.config.validation import DataError, validate


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"id": "US China"},
            "id: must be a slug of a to z, 0 to 9 and single hyphens, at most 60 characters, got 'US China'",
        ),
        ({"words": ()}, "a topic needs words, pairs or sections"),
        ({"words": ("气候", " ")}, "words[1]: must be more than blanks"),
        ({"words": ("re:",)}, "words[0]: the pattern 're:' is empty"),
        ({"words": ("re:(",)}, "words[0]: invalid RE2 pattern '(': missing )"),
        ({"weak_words": (r"re:(?<=气)候",)}, "weak_words[0]: "),
        ({"exclude": ("re:雨*",)}, "exclude[0]: the pattern 're:雨*' matches an empty text"),
        ({"words": ("re:.{0,900}b.{0,900}c",)}, "words[0]: "),
        ({"words": ("re:(.{0,300}a){2}",)}, "unrolls to"),
        ({"sections": ("",)}, "sections[0]: must be more than blanks"),
        ({"pairs": ((("美国",),),)}, "pairs[0]: must be two lists"),
        ({"pairs": ((("美国",), ("中国",)), (("美国",), ()))}, "pairs[1]: must be two lists"),
        ({"pairs": ((("美国",), ("中国", "")),)}, "pairs[0][1][1]: must be more than blanks"),
        ({"pairs": ((("re:(",), ("中国",)),)}, "pairs[0][0][0]: invalid RE2 pattern '('"),
        ({"weight": {"titel": 2.0}}, "weight.titel: unknown value 'titel'; did you mean 'title'?"),
        ({"weight": {"lead": -1.0}}, "weight.lead: must be 0 or more, got -1.0"),
        ({"threshold": 0.0}, "threshold: must be above 0, got 0.0"),
        ({"per_source": 1.5}, "per_source: must be 1 or less, got 1.5"),
        ({"aliases": ("t",)}, "the alias 't' is the topic's own id"),
        ({"aliases": ("Old",)}, "aliases[0]: must be a slug of"),
        ({"aliases": ("a" * 61,)}, "at most 60 characters"),
    ],
)
def test_invalid_rule_is_refused_with_its_key(fields: dict[str, object], message: str) -> None:
    with pytest.raises(DataError) as refused:
        validate(TopicRule, {"id": "t", "words": ["气候"]} | fields)
    assert message in str(refused.value)


def make_rule(id: str, **fields: object) -> TopicRule:
    return TopicRule(id=id, words=("气候",), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "language", "expected"),
    [
        ("气候", "en", "气候"),
        ({"zh": "气候", "en": "Climate"}, "zh-Hans", "气候"),
        ({"zh": "气候", "zh-Hant": "氣候"}, "zh-TW", "氣候"),
        ({"zh": "气候", "zh-Hant": "氣候"}, "zh-CN", "气候"),
        ({"zh": "气候", "en": "Climate"}, "en-GB", "Climate"),
        ({"en": "Climate"}, "zh", "Climate"),
        ("", "zh", "t"),
    ],
)
def test_topic_has_a_title_in_every_language(title: str | dict[str, str], language: str, expected: str) -> None:
    assert make_rule("t", title=title).localized_title(language) == expected


USE_PATTERNS = """
import random, resource
from pathlib import Path
from refeed.config.field_types import compile_search_pattern
text = "".join(random.Random(1).choices("ab", k=8_000))
for number in range(45):
    compile_search_pattern(f"a[ab]{{{12 + number % 5}}}x{number}").search(text)
    if number in (4, 44):
        print(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize())
"""


def test_memory_does_not_grow_with_the_patterns_that_were_used() -> None:
    """RE2 keeps what a pattern has learnt of texts, up to 2 MB each; its Python module keeps the last 128 patterns."""
    ran = subprocess.run([sys.executable, "-c", USE_PATTERNS], check=True, capture_output=True)
    before, after = map(int, ran.stdout.split())
    assert after - before < 5_000_000

"""A pattern is tried only on texts that contain what its matches require."""

from __future__ import annotations

import pytest

from helpers.property_testing import given, st
from refeed.config.field_types import compile_search_pattern
from refeed.topics.vocabulary import required_literals


@pytest.mark.parametrize(
    ("pattern", "required"),
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
def test_pattern_requires_the_texts_that_every_match_contains(pattern: str, required: set[str]) -> None:
    assert required_literals(pattern) == required


PIECES = st.sampled_from(["a", "b", "(?:ab|c)", "[ab]", "a?", "(?:bc){1,2}", "(?:a|)", ".", "b*", "(?:a(?:b|c))+"])


@given(st.lists(PIECES, min_size=1, max_size=5).map("".join), st.text(alphabet="abc", max_size=12))
def test_every_match_contains_a_required_text(pattern: str, text: str) -> None:
    if compile_search_pattern(pattern).search(text) and (required := required_literals(pattern)):
        assert any(literal in text for literal in required)

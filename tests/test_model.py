"""Paths of feeds: as text and back, and what is not a path."""

from __future__ import annotations

import pytest

from refeed.model import ALL_FEED, FeedPath


@pytest.mark.parametrize("text", ["all", "source/bbc", "topic/us-china", "filtered/chips"])
def test_a_feed_path_is_the_same_after_it_was_text(text: str) -> None:
    path = FeedPath.parse(text)
    assert str(path) == f"{path}" == text
    assert FeedPath.parse(str(path)) == path
    assert {path: 1}[FeedPath(path.kind, path.slug)] == 1


@pytest.mark.parametrize("text", ["", "all/", "all/bbc", "source", "source/", "stranger/bbc", "Source/bbc"])
def test_a_text_that_is_not_a_feed_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid feed path"):
        FeedPath.parse(text)


def test_feed_paths_sort_as_their_texts_do() -> None:
    paths = [FeedPath("topic", "a"), FeedPath("source", "b-c"), ALL_FEED, FeedPath("source", "b")]
    assert [str(path) for path in sorted(paths)] == sorted(map(str, paths))

"""Mistakes in views, retired feeds, access and http: refused at the start, with file, line and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from refeed.config.settings import Settings
from refeed.errors import ConfigError

Make = Callable[..., Settings]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "filtered_feeds: [{id: x, feed: topic/none}]",
            "config.yaml:1: filtered_feeds[0].feed: there is no 'topic/none'",
        ),
        ("filtered_feeds: [{id: x, feed: elsewhere}]", "feed: 'elsewhere' is no feed's path"),
        ("filtered_feeds: [{id: X y}]", "is no slug"),
        ("filtered_feeds: [{id: x}, {id: x}]", "filtered_feeds[1].id: 'x' is taken already"),
        ("filtered_feeds: [{id: x, filter: '(?=a)'}]", "filter: no pattern that re2 takes"),
        ("filtered_feeds: [{id: x, opencc: s2x}]", "opencc: write one of"),
        ("filtered_feeds: [{id: x, filter_time: 1h}]", "filter_time: only a view by query knows the clock"),
        ("filtered_feeds: [{id: x, brief: 7}]", "brief: write a number from 100 up"),
        ("filtered_feeds: [{id: x, mode: loud}]", "config.yaml:1: filtered_feeds[0].mode"),
        ("filtered_feeds: [{id: x, filters: a}]", "unknown key; did you mean 'filter'"),
        ("retired: [weather]", "retired[0]: 'weather' is no feed's path"),
        (
            "topics: [{id: a, words: [b], aliases: [c]}]\nretired: [topic/c]",
            "config.yaml:2: retired[0]: 'topic/c' stands in",
        ),
        (
            "filtered_feeds: [{id: x, feed: source/bbc}]\nretired: [source/bbc]",
            "filtered_feeds[0].feed: there is no 'source/bbc'",
        ),
        ("access: {revoked: [abc]}", "revoked: 'abc' is not how a token begins"),
        ("access: {readers: [a, a]}", "readers: 'a' is empty, unprintable or given twice"),
        ("access: secret", "access"),
        ("http: {age: -1s}", "http.age"),
        ("http: {proxies: 11}", "http.proxies"),
        ('http: {robots: "a\\r\\nSet-Cookie: x"}', "robots"),
    ],
)
def test_a_mistake_is_named_with_its_place(make_settings: Make, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        make_settings(tmp_path / "config.yaml", REFEED_ACCESS_SECRET="0123456789abcdef")
    assert said in str(raised.value)


def test_private_alone_is_short_for_a_private_site(make_settings: Make, tmp_path: Path) -> None:
    for text in ("access: private", "access: {site: private}"):
        (tmp_path / "config.yaml").write_text(text, "utf-8")
        found = make_settings(tmp_path / "config.yaml", REFEED_ACCESS_SECRET="0123456789abcdef")
        assert found.access.site == "private"

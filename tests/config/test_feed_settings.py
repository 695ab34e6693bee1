"""Errors in filtered feeds, retired feeds, access and http name file, line and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from refeed.config.settings import Settings
from refeed.errors import ConfigError

MakeSettings = Callable[..., Settings]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "filtered_feeds: [{id: x, feed: topic/none}]",
            "config.yaml:1: filtered_feeds[0].feed: unknown feed 'topic/none'",
        ),
        ("filtered_feeds: [{id: x, feed: elsewhere}]", "feed: invalid feed path 'elsewhere': must be all"),
        ("filtered_feeds: [{id: X y}]", "id: invalid slug 'X y'"),
        ("filtered_feeds: [{id: x}, {id: x}]", "filtered_feeds[1].id: 'x' is already used by filtered_feeds[0]"),
        ("filtered_feeds: [{id: x, filter: '(?=a)'}]", "filter: invalid RE2 pattern"),
        ("filtered_feeds: [{id: x, opencc: s2x}]", "opencc: must be one of"),
        ("filtered_feeds: [{id: x, filter_time: 1h}]", "filter_time: works only in a query"),
        ("filtered_feeds: [{id: x, brief: 7}]", "brief: must be a number from 100 up"),
        ("filtered_feeds: [{id: x, mode: loud}]", "config.yaml:1: filtered_feeds[0].mode"),
        ("filtered_feeds: [{id: x, filters: a}]", "unknown key; did you mean 'filter'"),
        ("retired: [view/x]", "retired[0]: 'view/x' is now filtered/x"),
        ("retired: [weather]", "retired[0]: invalid feed path 'weather': must be all"),
        (
            "topics: [{id: a, words: [b], aliases: [c]}]\nretired: [topic/c]",
            "config.yaml:2: retired[0]: 'topic/c' is still a feed of this file, or an alias",
        ),
        (
            "filtered_feeds: [{id: x, feed: source/bbc}]\nretired: [source/bbc]",
            "filtered_feeds[0].feed: unknown feed 'source/bbc'",
        ),
        ("access: {revoked: [abc]}", "revoked[0]: must be the first eight characters of a token, or more, got 'abc'"),
        ("access: {readers: [a, a]}", "readers[0]: 'a' is empty, unprintable or given twice"),
        ("access: secret", "access"),
        ("http: {age: -1s}", "http.age"),
        ("http: {proxies: 11}", "http.proxies"),
        ('http: {robots: "a\\r\\nSet-Cookie: x"}', "robots"),
    ],
)
def test_error_names_its_place(make_settings: MakeSettings, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        make_settings(tmp_path / "config.yaml", REFEED_ACCESS_SECRET="0123456789abcdef")
    assert message in str(raised.value)


def test_access_private_is_short_for_a_private_site(make_settings: MakeSettings, tmp_path: Path) -> None:
    for text in ("access: private", "access: {site: private}"):
        (tmp_path / "config.yaml").write_text(text, "utf-8")
        found = make_settings(tmp_path / "config.yaml", REFEED_ACCESS_SECRET="0123456789abcdef")
        assert found.access.site == "private"

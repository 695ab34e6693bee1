"""Each section of config.yaml: what is accepted, and the place that an error names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from refeed.config.load import load_settings
from refeed.config.settings import FetchSettings, Limits, Settings, UpstreamRule
from refeed.config.validation import DataError, validate
from refeed.config.yaml_loader import YamlDocument
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
        ("filtered_feeds: [{id: X y}]", "id: must be a slug of a to z"),
        ("filtered_feeds: [{id: x}, {id: x}]", "filtered_feeds[1].id: 'x' is already used by filtered_feeds[0]"),
        ("filtered_feeds: [{id: x, filter: '(?=a)'}]", "filter: invalid RE2 pattern"),
        ("filtered_feeds: [{id: x, opencc: s2x}]", "opencc: unknown value 's2x'"),
        ("filtered_feeds: [{id: x, filter_time: 1h}]", "filter_time works only in a query"),
        ("filtered_feeds: [{id: x, brief: 7}]", "brief: must be 100 or more, got 7"),
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
        (
            "topics: [{id: a, words: [b], access: private}]\nfiltered_feeds: [{id: x, q: 'c -topic:A'}]",
            "config.yaml:2: filtered_feeds[0].q: the topic 'a' is private, and this public search tells its entries",
        ),
        (
            "access: {revoked: [abc]}",
            "revoked[0]: must be the first eight characters of a token, or more (see `refeed tokens`), got 'abc'",
        ),
        ("access: {readers: [a, a]}", "access.readers: 'a' is unprintable or given twice"),
        ("access: secret", "access"),
        ("http: {age: -1s}", "http.age"),
        ("http: {proxies: 11}", "http.proxies"),
        ('http: {robots: "a\\r\\nSet-Cookie: x"}', "robots"),
    ],
)
def test_error_in_a_section_names_its_place(
    make_settings: MakeSettings, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        make_settings(tmp_path / "config.yaml", REFEED_ACCESS_SECRET="0123456789abcdef")
    assert message in str(raised.value)


def test_access_private_is_short_for_a_private_site(make_settings: MakeSettings, tmp_path: Path) -> None:
    for text in ("access: private", "access: {site: private}"):
        (tmp_path / "config.yaml").write_text(text, "utf-8")
        settings = make_settings(tmp_path / "config.yaml", REFEED_ACCESS_SECRET="0123456789abcdef")
        assert settings.access.site == "private"


@pytest.mark.parametrize(
    "text",
    [
        "filtered_feeds: [{id: x, q: 'topic:a', access: private}]",
        "filtered_feeds: [{id: x, q: 'c -topic:a', feed: topic/a}]",
        "filtered_feeds: [{id: x, q: 'topic:a'}]\naccess: private",
        "filtered_feeds: [{id: x, q: 'topic:b OR topic:c'}]",
    ],
)
def test_a_private_search_may_name_a_private_topic_and_a_public_one_a_public_topic(
    make_settings: MakeSettings, tmp_path: Path, text: str
) -> None:
    topics = "topics: [{id: a, words: [b], access: private}, {id: b, words: [c]}]"
    (tmp_path / "config.yaml").write_text(f"{topics}\n{text}", "utf-8")
    assert make_settings(tmp_path / "config.yaml", REFEED_ACCESS_SECRET="0123456789abcdef").filtered_feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSections:
    upstreams: tuple[UpstreamRule, ...] = ()
    fetch: FetchSettings = field(default_factory=FetchSettings)


def test_feeds_and_repositories_are_read_from_yaml() -> None:
    text = """
upstreams:
  - source: bbc
    url: https://feeds.example.org/${NAME:-bbc}.xml
    every: 30m
  - git: https://example.org/dumps.git
    paths: [bbc, 中国数字时代]
    branch: main
fetch:
  allow: [feeds.internal, 10.0.0.0/8]
  time: 20s
  git-time: 5m
"""
    sample = YamlDocument(text, "config.yaml", UpstreamSections).load()
    feed, git = sample.upstreams
    assert feed == UpstreamRule(source="bbc", url="https://feeds.example.org/bbc.xml", every=timedelta(minutes=30))
    assert git.paths == ("bbc", "中国数字时代") and git.every == timedelta(hours=1)
    assert (feed.address, git.address) == ("https://feeds.example.org/bbc.xml", "https://example.org/dumps.git")
    assert sample.fetch.allow == ("feeds.internal", "10.0.0.0/8") and sample.fetch.git_time == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("upstreams: [{source: bbc}]", "upstreams[0]: an upstream needs either url"),
        ("upstreams: [{source: bbc, url: 'https://e.org/', git: 'https://e.org/'}]", "either url"),
        (
            "upstreams: [{source: 'BBC 中文', url: 'https://e.org/'}]",
            "source: must be a slug of a to z, 0 to 9 and hyphens, got 'BBC 中文'",
        ),
        ("upstreams: [{url: 'https://e.org/'}]", "upstreams[0]: source is missing"),
        ("upstreams: [{source: bbc, url: 'ftp://e.org/'}]", "must begin with http:// or https://"),
        ("upstreams: [{source: bbc, url: 'https://'}]", "has no host"),
        ("upstreams: [{source: bbc, url: 'https://a:b@e.org/'}]", "must not contain a user name or a password"),
        ("upstreams: [{source: bbc, url: 'https://e.org/a b'}]", "without spaces"),
        ("upstreams: [{source: bbc, url: 'https://e.org/', every: 5s}]", "every: must be at least 1m"),
        ("upstreams: [{source: bbc, url: 'https://e.org/', branch: main}]", "belong to git"),
        ("upstreams: [{source: bbc, git: 'https://e.org/x.git'}]", "source belongs to url"),
        ("upstreams: [{sourse: bbc, url: 'https://e.org/'}]", "did you mean 'source'?"),
        ("fetch: {allow: ['http://10.0.0.1/']}", "allow[0]: must be a host, host:port or network, without http://"),
        ("fetch: {time: 0s}", "fetch.time: must be at least 1ms, got '0s'"),
        ("fetch: {bytes: 10}", "fetch.bytes: must be 1000 or more, got 10"),
    ],
)
def test_error_in_an_upstream_names_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        YamlDocument(text, "config.yaml", UpstreamSections).load()
    assert str(caught.value).startswith("config.yaml:1: ") and message in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"suffixes": ["md"]},
        {"suffixes": [".MD"]},
        {"suffixes": []},
        {"title": 0},
        {"depth": 257},
        {"settle": "-1s"},
    ],
)
def test_impossible_limit_is_refused_by_its_name(wrong: dict[str, object]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        validate(Limits, wrong)


@pytest.mark.parametrize(
    ("environ", "host"),
    [({}, "127.0.0.1"), ({"PORT": "9000"}, "0.0.0.0"), ({"PORT": "9000", "HOST": "127.0.0.1"}, "127.0.0.1")],
)
def test_server_listens_on_this_machine_alone_unless_port_or_host_is_set(
    tmp_path: Path, environ: dict[str, str], host: str
) -> None:
    (tmp_path / "config.yaml").write_text("", "utf-8")
    assert load_settings(environ, tmp_path / "config.yaml").host == host

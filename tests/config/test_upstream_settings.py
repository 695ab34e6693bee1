"""`upstreams:` and `fetch:` of config.yaml: what is accepted, and what an error says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from refeed.config.settings import FetchSettings, UpstreamRule
from refeed.config.yaml_loader import YamlDocument
from refeed.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
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
    found = YamlDocument(text, "config.yaml").load(Sample)
    feed, git = found.upstreams
    assert feed == UpstreamRule(source="bbc", url="https://feeds.example.org/bbc.xml", every=timedelta(minutes=30))
    assert git.paths == ("bbc", "中国数字时代") and git.every == timedelta(hours=1)
    assert (feed.address, git.address) == ("https://feeds.example.org/bbc.xml", "https://example.org/dumps.git")
    assert found.fetch.allow == ("feeds.internal", "10.0.0.0/8") and found.fetch.git_time == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("upstreams: [{source: bbc}]", "upstreams[0]: an upstream needs either url"),
        ("upstreams: [{source: bbc, url: 'https://e.org/', git: 'https://e.org/'}]", "either url"),
        ("upstreams: [{source: 'BBC 中文', url: 'https://e.org/'}]", "source: invalid slug 'BBC 中文'"),
        ("upstreams: [{url: 'https://e.org/'}]", "source: invalid slug"),
        ("upstreams: [{source: bbc, url: 'ftp://e.org/'}]", "must begin with http:// or https://"),
        ("upstreams: [{source: bbc, url: 'https://'}]", "has no host"),
        ("upstreams: [{source: bbc, url: 'https://a:b@e.org/'}]", "must not contain a user name or a password"),
        ("upstreams: [{source: bbc, url: 'https://e.org/a b'}]", "without spaces"),
        ("upstreams: [{source: bbc, url: 'https://e.org/', every: 5s}]", "every: must be at least 1m"),
        ("upstreams: [{source: bbc, url: 'https://e.org/', branch: main}]", "belong to git"),
        ("upstreams: [{source: bbc, git: 'https://e.org/x.git'}]", "source belongs to url"),
        ("upstreams: [{sourse: bbc, url: 'https://e.org/'}]", "did you mean 'source'?"),
        ("fetch: {allow: ['http://10.0.0.1/']}", "allow[0]: must be a host, host:port or network, without http://"),
        ("fetch: {time: 0s}", "fetch.time: must be longer than 0s"),
        ("fetch: {bytes: 10}", "fetch.bytes: must be 1000 or more, got 10"),
    ],
)
def test_error_names_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        YamlDocument(text, "config.yaml").load(Sample)
    assert str(caught.value).startswith("config.yaml:1: ") and message in str(caught.value)

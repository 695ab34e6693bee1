"""The address of a topic that is no longer in config.yaml: gone only if it was retired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from refeed.config.settings import Settings
from refeed.config.topic_rules import TopicRule
from refeed.errors import ConfigError
from refeed.ingest.pipeline import Pipeline
from refeed.model import FeedPath
from refeed.web.app import create_app

TEA = TopicRule(id="tea", title="茶", words=("茶馆",))
PATH = "/feeds/topic/tea.atom"


def publish(settings: Settings) -> None:
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    pipeline.close()


@pytest.fixture
def published(make_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    text = "<!--1700000000000-->\n[样稿：茶馆](https://sample.example.net/1)\n------\n\n<p>样稿：茶馆里来了客人。</p>\n"
    settings = replace(make_settings(), topics=(TEA,))
    (tmp_path / "dumps").mkdir(exist_ok=True)
    (tmp_path / "dumps" / "1.md").write_text(text, "utf-8")
    publish(settings)
    return settings


def test_a_topic_that_config_yaml_lost_is_still_served_and_nothing_is_published_over_it(published: Settings) -> None:
    document = create_app(published).test_client().get(PATH)
    assert document.status_code == 200
    without = replace(published, topics=())
    with pytest.raises(ConfigError, match="no longer has topic/tea: put it back"):
        publish(without)
    assert create_app(without).test_client().get(PATH).data == document.data


def test_an_unknown_feed_is_404_and_not_cached(published: Settings) -> None:
    answer = create_app(published).test_client().get("/feeds/topic/coffee.atom")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_retired_topic_is_410_and_a_renamed_one_is_301(published: Settings) -> None:
    retired = replace(published, topics=(), retired=(FeedPath("topic", "tea"),))
    publish(retired)
    assert create_app(retired).test_client().get(PATH).status_code == 410

    renamed = replace(published, topics=(replace(TEA, id="teahouse", aliases=("tea",)),))
    publish(renamed)
    answer = create_app(renamed).test_client().get(PATH)
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://feeds.example.org/feeds/topic/teahouse.atom"

"""The address of a topic that has been removed from config.yaml."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from refeed.config.settings import Settings
from refeed.config.topic_rules import TopicRule
from refeed.ingest.pipeline import Pipeline
from refeed.web.app import create_app

TEA = TopicRule(id="tea", title="茶", words=("茶馆",))


def publish(settings: Settings) -> None:
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    pipeline.close()


def test_a_removed_topic_is_410_and_a_renamed_one_is_301(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = replace(make_settings(), topics=(TEA,))
    text = "<!--1700000000000-->\n[样稿：茶馆](https://sample.example.net/1)\n------\n\n<p>样稿：茶馆里来了客人。</p>\n"
    (tmp_path / "dumps" / "1.md").write_text(text, "utf-8")
    publish(settings)
    assert create_app(settings).test_client().get("/feeds/topic/tea.atom").status_code == 200

    without = replace(settings, topics=())
    publish(without)
    client = create_app(without).test_client()
    assert client.get("/feeds/topic/tea.atom").status_code == 410
    assert client.get("/feeds/topic/coffee.atom").status_code == 404

    renamed = replace(settings, topics=(replace(TEA, id="teahouse", aliases=("tea",)),))
    publish(renamed)
    answer = create_app(renamed).test_client().get("/feeds/topic/tea.atom")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://feeds.example.org/feeds/topic/teahouse.atom"

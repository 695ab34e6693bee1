"""The share of one source in a topic may be limited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import feedparser

from refeed.config.settings import Settings
from refeed.config.topic_rules import TopicRule
from refeed.ingest.pipeline import Pipeline


def write(folder: Path, host: str, number: int) -> None:
    body = f"<p>这是一篇用来测试的样稿，编号{number}。茶馆里来了新客人。</p>"
    text = f"<!--{1700000000 + number}000-->\n[样稿{number}：茶馆](https://{host}/{number})\n------\n\n{body}\n"
    (folder / f"{host}-{number}.md").write_text(text, "utf-8")


def test_a_source_has_no_more_than_its_share_of_a_topic_and_all_of_its_own_feed(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    topic = TopicRule(id="tea", title="茶", words=("茶馆",), per_source=0.5)
    settings = make_settings()
    settings = replace(settings, topics=(topic,), feeds=replace(settings.feeds, entries=10))
    for number in range(30):
        write(tmp_path / "dumps", "loud.example.net", 100 + number)
    for number in range(3):
        write(tmp_path / "dumps", "quiet.example.net", number)
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    pipeline.close()
    feed = feedparser.parse((tmp_path / "feeds/topic/tea.atom").read_bytes())
    hosts = [entry.link.split("/")[2] for entry in feed.entries]
    assert hosts == ["loud.example.net"] * 5 + ["quiet.example.net"] * 3
    (own,) = (tmp_path / "feeds/source").glob("loud*.atom")
    assert len(feedparser.parse(own.read_bytes()).entries) == 10

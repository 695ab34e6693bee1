"""A filtered feed with `q`: it has documents, archives, counters and its whole history, as a topic has."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest

from refeed.clock import utc_now
from refeed.config.settings import Settings
from refeed.dumps.writer import compose_dump
from refeed.errors import ConfigError
from refeed.ingest.pipeline import Pipeline
from refeed.model import FeedPath
from refeed.store.entry_updates import withdraw_entries

CONFIG = """
site: {id: 'tag:example.org,2026', title: 样本站, language: zh-Hans}
feeds: {entries: 3}
topics: [{id: climate, title: 气候, words: [气候]}]
sources: [{id: one, title: One, hosts: [one.example], access: ACCESS}]
access: {readers: [ann]}
filtered_feeds:
  - {id: chips, title: 芯片, q: '台积电 OR 芯片 -体育'}
  - {id: climate-hk, title: 气候与香港, feed: topic/climate, q: 香港, opencc: s2t}
"""
CHIPS = FeedPath("filtered", "chips")


@pytest.fixture
def settings(make_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    (tmp_path / "config.yaml").write_text(CONFIG.replace("ACCESS", "public"))
    return make_settings(tmp_path / "config.yaml", REFEED_ACCESS_SECRET="a secret of the tests, and of nothing else")


def write(settings: Settings, number: int, title: str, text: str, day: int = 1) -> None:
    at = datetime(2024, 1 + number % 4, day, tzinfo=UTC)
    data = compose_dump(title=title, link=f"https://one.example/{number}", html=f"<p>{text}</p>", at=at)
    (Path(settings.dumps.folders[0]) / f"{number}.md").write_bytes(data)


def ingest(settings: Settings) -> Pipeline:
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    return pipeline


def titles(settings: Settings, feed: FeedPath = CHIPS, document: str = "") -> list[str]:
    path = Path(settings.feeds_dir) / (f"{feed}/archive/{document}.atom" if document else f"{feed}.atom")
    return [entry.title for entry in feedparser.parse(path.read_bytes()).entries]


def test_it_has_its_newest_entries_and_archives_with_all_others(settings: Settings) -> None:
    for number in range(12):
        write(settings, number, f"第{number}篇", "臺積電的新晶片", day=number + 1)
    write(settings, 20, "体育", "芯片队赢了体育比赛")
    write(settings, 21, "别的", "没有关系的文字")
    pipeline = ingest(settings)
    assert len(titles(settings)) == 3
    names = pipeline.publisher.render_archives(CHIPS)
    archived = {title for name in names for title in titles(settings, document=name)}
    assert archived | set(titles(settings)) == {f"第{number}篇" for number in range(12)}
    listed = json.loads((Path(settings.feeds_dir) / "feeds.json").read_bytes())
    assert next(feed for feed in listed["feeds"] if "chips" in json.dumps(feed))["entries"] == 12
    pipeline.close()


def test_a_new_dump_touches_only_the_searches_that_it_matches(settings: Settings) -> None:
    write(settings, 1, "芯片", "台积电")
    ingest(settings).close()
    document = Path(settings.feeds_dir) / "filtered/chips.atom"
    before = document.read_bytes()
    write(settings, 2, "别的", "没有关系")
    ingest(settings).close()
    assert document.read_bytes() == before
    write(settings, 3, "又是芯片", "台积电")
    ingest(settings).close()
    assert titles(settings) == ["又是芯片", "芯片"]


def test_a_search_over_a_topic_has_the_topics_entries_in_its_own_script(settings: Settings) -> None:
    write(settings, 1, "气候与香港的气候", "香港的气候变化")
    write(settings, 2, "香港", "没有那个题目")
    write(settings, 3, "气候", "别处的气候变化")
    ingest(settings).close()
    assert titles(settings, FeedPath("filtered", "climate-hk")) == ["氣候與香港的氣候"]


def test_a_changed_search_has_its_history_at_once_without_reading_dumps_again(
    settings: Settings, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    write(settings, 1, "芯片", "台积电")
    write(settings, 2, "足球", "世界杯")
    ingest(settings).close()
    for file in Path(settings.dumps.folders[0]).iterdir():
        file.unlink()
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text().replace("台积电 OR 芯片 -体育", "足球"))
    changed = make_settings(config)
    ingest(changed).close()
    assert titles(changed) == ["足球"]


def test_a_withdrawn_entry_leaves_a_tombstone(settings: Settings) -> None:
    write(settings, 1, "芯片", "台积电")
    pipeline = ingest(settings)
    (member,) = pipeline.store.get_newest(CHIPS, 9)
    withdraw_entries(pipeline.store, [member.id], utc_now())
    pipeline.publisher.publish()
    assert titles(settings) == []
    assert b"deleted-entry" in (Path(settings.feeds_dir) / "filtered/chips.atom").read_bytes()
    pipeline.close()


def test_entries_of_a_private_source_are_in_no_public_search(
    settings: Settings, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    write(settings, 1, "芯片", "台积电")
    ingest(settings).close()
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("ACCESS", "private"))
    private = make_settings(config, REFEED_ACCESS_SECRET="a secret of the tests, and of nothing else")
    ingest(private).close()
    assert titles(private) == []


def test_a_mistake_in_a_search_stops_the_start_with_its_place(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("ACCESS", "public").replace("q: 香港", "q: '-香港'"))
    with pytest.raises(ConfigError, match=r"config\.yaml:9: filtered_feeds\[1\]\.q: The query only excludes"):
        make_settings(config)

"""What an edit, a new rule and a file saved again change in documents, and what they do not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from refeed.config.settings import FeedSettings, Settings
from refeed.config.source_rules import LineRule, SourceRule
from refeed.config.topic_rules import TopicRule
from refeed.ingest.pipeline import Pipeline
from refeed.model import FORMATS

ATOM = "{http://www.w3.org/2005/Atom}"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
TEA = TopicRule(id="tea", title="茶", words=("茶馆",))
ONE = SourceRule(id="one", title="样本一", hosts=("one.sample.example.net",))
TWO = SourceRule(id="two", title="样本二", hosts=("two.sample.example.net",))
COUNT = 30


def link_of(number: int) -> str:
    return f"https://{'one' if number % 2 else 'two'}.sample.example.net/{number}"


def write(folder: Path, number: int, text: str = "", hours: int = 0) -> Path:
    """A dump four days older than the one before it; every third is of the topic. `hours` later in its header."""
    epoch = int((NOON - timedelta(days=4 * number) + timedelta(hours=hours)).timestamp())
    about = "茶馆里来了新客人。" if number % 3 == 0 else "河边修了一座新桥。"
    body = f"<p>这是一篇用来测试的样稿，编号{number}。{about}{text}</p><p>样稿的广告语。</p>"
    path = folder / f"{number}.md"
    path.write_text(f"<!--{epoch}000-->\n[样稿{number}：{about}]({link_of(number)})\n------\n\n{body}\n", "utf-8")
    return path


@pytest.fixture
def settings(make_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    settings = make_settings()
    settings = replace(settings, topics=(TEA,), feeds=FeedSettings(entries=4), sources=(*settings.sources, ONE, TWO))
    for number in range(COUNT):
        write(tmp_path / "dumps", number)
    return settings


def published(settings: Settings, clock: datetime) -> dict[str, bytes]:
    """All documents of feeds and their archives, once everything is ingested and published."""
    pipeline = Pipeline.open(settings, clock=lambda: clock)
    pipeline.ingest()
    for path in pipeline.publisher.registry().feeds:
        pipeline.publisher.render_archives(path)
    documents = {name: pipeline.output_dir.read(name) or b"" for name in pipeline.output_dir.list_documents()}
    pipeline.close()
    return {name: data for name, data in documents.items() if name not in ("opml.xml", "feeds.json")}


def dates(documents: dict[str, bytes]) -> dict[str, tuple[str, str]]:
    """Published and updated of every entry; the same in each document that holds it."""
    dates_by_id: dict[str, tuple[str, str]] = {}
    for name, data in documents.items():
        for entry in etree.fromstring(data).iterfind(f"{ATOM}entry") if name.endswith(".atom") else ():
            both = entry.findtext(f"{ATOM}published"), entry.findtext(f"{ATOM}updated")
            assert dates_by_id.setdefault(entry.findtext(f"{ATOM}id"), both) == both
    return dates_by_id


def holding(documents: dict[str, bytes], link: str) -> set[str]:
    return {name for name, data in documents.items() if re.search(f"{re.escape(link)}\\b".encode(), data)}


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("number", "hours"), [(0, 0), (21, 2), (22, 0)], ids=["the newest", "an old one with a new date", "an old one"]
)
def test_an_edited_dump_moves_one_entrys_updated_and_the_documents_that_hold_it(
    number: int, hours: int, settings: Settings, tmp_path: Path
) -> None:
    before, link = published(settings, NOON), link_of(number)
    write(tmp_path / "dumps", number, "后来添了一句。", hours)
    after = published(settings, NOON + timedelta(hours=3))
    old, new = dates(before), dates(after)
    assert len(old) == COUNT
    (moved,) = (id for id in new if new[id] != old[id])
    assert new[moved][0] == old[moved][0]
    assert new[moved][1] > old[moved][1]
    assert changed(before, after) == holding(before, link)
    assert len(holding(before, link)) == len(FORMATS) * (3 if number % 3 == 0 else 2)


def test_a_changed_rule_changes_the_text_and_no_date(settings: Settings) -> None:
    before = published(settings, NOON)
    changed_rule = replace(ONE, line_rules=(LineRule(match="样稿的广告语。"),))
    after = published(replace(settings, sources=(*settings.sources[:-2], changed_rule, TWO)), NOON + timedelta(hours=3))
    assert dates(after) == dates(before)
    assert changed(before, after) == holding(before, "https://one.sample.example.net/")
    assert [name for name in after if name.startswith("source/one") and "广告语".encode() in after[name]] == []


def test_a_file_saved_again_changes_no_byte(settings: Settings, tmp_path: Path) -> None:
    before = published(settings, NOON)
    for number in range(COUNT):
        write(tmp_path / "dumps", number)
        shutil.copy(tmp_path / "dumps" / f"{number}.md", tmp_path / "dumps" / f"copy of {number}.md")
    inodes = {name: (tmp_path / "feeds" / name).stat().st_ino for name in before}
    assert published(settings, NOON + timedelta(hours=3)) == before
    assert {name: (tmp_path / "feeds" / name).stat().st_ino for name in before} == inodes

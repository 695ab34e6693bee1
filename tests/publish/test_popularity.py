"""What is read most is made first where a disk is empty; what was read is remembered by the store, and fades."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from refeed.config.settings import Settings
from refeed.config.topic_rules import TopicRule
from refeed.ingest.pipeline import Pipeline
from refeed.metrics import MULTIPROC_DIR, count_feed_reads, get_metrics
from refeed.publish.popularity import PopularityTracker, load_popularity
from refeed.store.store import Store

TOPICS = tuple(TopicRule(id=f"t{n}", title=f"样本{n}", words=("样本",)) for n in range(8))


def read(feed: str, times: int, status: str = "304") -> None:
    get_metrics().requests.labels(status, feed, "other").inc(times)


def test_on_an_empty_disk_the_documents_that_are_read_most_are_made_first(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    program = Pipeline.open(replace(make_settings(), topics=TOPICS, sources=()))
    readership = PopularityTracker(program.store)
    for feed, times in {"topic/t5": 30, "all": 20, "topic/t2": 10}.items():
        read(feed, times)
    readership.save()
    program.publisher.publish()
    program.close()
    files = Path(program.settings.feeds_dir).rglob("*.atom")
    order = [str(file.relative_to(program.settings.feeds_dir)) for file in sorted(files, key=_written)]
    assert order[:3] == ["topic/t5.atom", "all.atom", "topic/t2.atom"]
    assert len(order) == 9


def test_what_was_read_is_remembered_once_and_fades(store_url: str) -> None:
    store = Store(store_url)
    store.migrate()
    readership = PopularityTracker(store)
    assert load_popularity(store) == {}
    read("topic/one", 100)
    read("topic/one", 50, status="404")
    readership.save()
    readership.save()
    assert load_popularity(store) == {"topic/one": 100.0}
    read("topic/two", 5, status="200")
    readership.save()
    assert load_popularity(store) == {"topic/one": 90.0, "topic/two": 5.0}
    assert PopularityTracker(store).save_if_due() is None  # a process that begins counts nothing twice
    store.close()


def test_numbers_whose_folder_was_taken_away_stop_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(MULTIPROC_DIR, str(tmp_path / "gone"))
    assert count_feed_reads() is not None


def _written(file: Path) -> int:
    return file.stat().st_ctime_ns

"""The most popular documents are rendered first on an empty disk; popularity is stored, and fades."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from helpers.service_fixture import sample_dump
from refeed.config.settings import Settings
from refeed.config.topic_rules import TopicRule
from refeed.ingest.pipeline import Pipeline
from refeed.metrics import get_metrics
from refeed.publish.popularity import PopularityTracker, load_popularity
from refeed.store.store import Store

TOPICS = tuple(TopicRule(id=f"t{n}", title=f"样本{n}", words=("样本",)) for n in range(8))


def count_reads(feed: str, times: int, status: str = "304") -> None:
    get_metrics().requests.labels(status, feed, "other").inc(times)


def test_the_most_popular_documents_are_rendered_first_on_an_empty_disk(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    pipeline = Pipeline.open(replace(make_settings(), topics=TOPICS, sources=()))
    tracker = PopularityTracker(pipeline.store)
    for feed, times in {"topic/t5": 30, "all": 20, "topic/t2": 10}.items():
        count_reads(feed, times)
    tracker.save()
    pipeline.mark_complete()
    pipeline.publisher.publish()
    pipeline.close()
    files = Path(pipeline.settings.feeds_dir).rglob("*.atom")
    order = [str(file.relative_to(pipeline.settings.feeds_dir)) for file in sorted(files, key=_written)]
    assert order[:3] == ["topic/t5.atom", "all.atom", "topic/t2.atom"]
    assert len(order) == 9


def test_the_feed_of_the_source_comes_first_and_then_the_most_popular(make_settings: Callable[..., Settings]) -> None:
    pipeline = Pipeline.open(replace(make_settings(), topics=TOPICS[:4], sources=()))
    pipeline.mark_complete()
    pipeline.publisher.publish()
    tracker = PopularityTracker(pipeline.store)
    for feed, times in {"topic/t3": 30, "all": 20, "topic/t2": 10}.items():
        count_reads(feed, times)
    tracker.save()
    dumps = pipeline.output_dir.root.parent / "dumps"
    (dumps / "1.md").write_bytes(sample_dump(1))
    for _ in pipeline.ingester.ingest(pipeline.ingester.scan([dumps]).changed):
        pass
    changed = pipeline.publisher.publish(incremental=True)
    pipeline.close()
    first, *others = dict.fromkeys(name.rpartition(".")[0] for name in changed)
    assert first.startswith("source/")
    assert others[:3] == ["topic/t3", "all", "topic/t2"]


def test_reads_are_saved_once_and_fade(store_url: str) -> None:
    store = Store(store_url)
    store.migrate()
    tracker = PopularityTracker(store)
    assert load_popularity(store) == {}
    count_reads("topic/one", 100)
    count_reads("topic/one", 50, status="404")
    tracker.save()
    tracker.save()
    assert load_popularity(store) == {"topic/one": 100.0}
    count_reads("topic/two", 5, status="200")
    tracker.save()
    assert load_popularity(store) == {"topic/one": 90.0, "topic/two": 5.0}
    assert PopularityTracker(store).save_if_due() is None  # a new process counts nothing twice
    store.close()


def _written(file: Path) -> int:
    return file.stat().st_ctime_ns

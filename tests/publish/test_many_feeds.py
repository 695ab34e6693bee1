"""Thousands of feeds: what a change costs does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from helpers.service_fixture import sample_dump
from refeed.config.settings import Settings
from refeed.config.topic_rules import TopicRule
from refeed.ingest.pipeline import Pipeline


def many_topics(count: int) -> tuple[TopicRule, ...]:
    return tuple(TopicRule(id=f"t{n}", title=f"样本{n}", words=(f"词{chr(0x4E00 + n)}",)) for n in range(count))


def ingest_sample(pipeline: Pipeline, number: int) -> None:
    dumps = pipeline.output_dir.root.parent / "dumps"
    (dumps / f"{number}.md").write_bytes(sample_dump(number))
    for _ in pipeline.ingester.ingest(pipeline.ingester.scan([dumps]).changed):
        pass


def test_lists_and_documents_that_follow_changes_equal_those_of_a_new_process(
    make_settings: Callable[..., Settings],
) -> None:
    settings = replace(make_settings(), topics=many_topics(8))
    pipeline = Pipeline.open(settings)
    pipeline.mark_complete()
    try:
        for number in (1, 2, 3):
            ingest_sample(pipeline, number)
            pipeline.publisher.publish(incremental=True)
        pipeline.publisher.publish()  # on a slow machine, the lists waited
        assert pipeline.publisher.publish(incremental=True) == []
    finally:
        pipeline.close()
    again = Pipeline.open(settings)
    try:
        assert again.publisher.publish(everything=True) == []
        (again.output_dir.root / "all.rss").unlink()
        assert again.publisher.publish(incremental=True) == []  # it looks for no damage
        assert again.publisher.has_damage()
        assert again.publisher.publish(incremental=True) == ["all.rss"]
        assert not again.publisher.has_damage()
    finally:
        again.close()


@pytest.mark.torture
def test_lists_of_many_feeds_wait_and_feeds_do_not(make_settings: Callable[..., Settings]) -> None:
    settings = replace(make_settings(), topics=many_topics(1200), sources=())
    pipeline = Pipeline.open(settings)
    pipeline.mark_complete()
    try:
        pipeline.publisher.publish(incremental=True)
        assert pipeline.output_dir.read("feeds.json")
        for number in (1, 2):
            ingest_sample(pipeline, number)
            names = pipeline.publisher.publish(incremental=True)
            assert "all.atom" in names
        assert "feeds.json" not in names
        assert pipeline.publisher.deferred_seconds
        assert "feeds.json" in pipeline.publisher.publish()  # commands do not wait
        assert pipeline.publisher.publish() == []
    finally:
        pipeline.close()

"""A dump becomes one entry, whatever was built before it; the limits of the settings apply."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from refeed.config.settings import Limits, Settings
from refeed.dumps.scanner import FoundFile, inspect_file
from refeed.ingest.entry_builder import EntryBuilder
from refeed.ingest.ingester import FIRST_BATCH
from refeed.ingest.pipeline import Pipeline
from refeed.model import ALL_FEED, Dump

NOW = datetime(2024, 1, 2, tzinfo=UTC)


def dump(number: int, text: str = "样稿。") -> bytes:
    head = f"<!--{1700000000 + number}000-->\n[样稿{number}](https://sample.example.net/{number})\n------\n\n"
    return f"{head}<p>这是一篇用来测试的样稿，编号{number}。{text}</p>\n".encode()


def test_a_used_builder_can_be_pickled_and_works(make_settings: Callable[..., Settings]) -> None:
    """Seen with 20,000 dumps: a slow one had to run isolated, and every batch with it failed."""
    builder = EntryBuilder.from_settings(make_settings())
    versions = builder.rules_version, builder.topics_version, builder.rule_lookup, builder.matcher
    sent = pickle.loads(pickle.dumps(builder))
    assert (sent.rules_version, sent.topics_version) == versions[:2]
    assert sent == builder


@pytest.mark.parametrize(("first", "edited"), [("甲。", "乙。"), ("乙。", "甲。")])
def test_a_file_edited_while_its_entry_is_built_is_recorded_as_edited(
    make_settings: Callable[..., Settings], tmp_path: Path, first: str, edited: str
) -> None:
    """Batches overlap: the second is read before the first is recorded, and depends on its content."""
    folder = tmp_path / "dumps"
    folder.mkdir(exist_ok=True)
    settings = replace(make_settings(), topics=())
    pipeline = Pipeline.open(settings, clock=lambda: NOW)

    def write_file(name: str, data: bytes) -> FoundFile:
        (folder / name).write_bytes(data)
        return inspect_file(str(folder / name), str(folder), settings.limits.suffixes)

    list(pipeline.ingester.ingest([write_file("other.md", dump(0, edited))]))  # so that its bytes are stored

    def files() -> Iterator[FoundFile]:
        yield write_file("0.md", dump(0, first))
        for number in range(1, FIRST_BATCH):
            yield write_file(f"{number}.md", dump(number))
        yield write_file("next.md", dump(FIRST_BATCH))
        yield write_file("0.md", dump(0, edited))

    results = list(pipeline.ingester.ingest(files()))
    assert [result.files for result in results] == [FIRST_BATCH, 2]
    [stored] = pipeline.store.get_entries([pipeline.store.get_newest(ALL_FEED, 300)[-1].id])
    assert edited in stored.entry.html
    pipeline.close()


@pytest.mark.parametrize(
    ("limits", "body", "reason"),
    [
        (Limits(depth=50), "<div>" * 51 + "样稿。", "nested more than 50 deep"),
        (Limits(attributes=20), f"<p {' '.join(f'a{n}=1' for n in range(21))}>样稿。", "more than 20 attributes"),
    ],
)
def test_limits_of_the_settings_apply(limits: Limits, body: str, reason: str) -> None:
    sample = Dump(path="a.md", folder="", data=dump(1, body), first_seen=NOW)
    assert reason in str(EntryBuilder(sources=(), topics=(), limits=limits).build(sample).reason)
    assert EntryBuilder(sources=(), topics=(), limits=Limits()).build(sample).reason is None

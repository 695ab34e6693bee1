"""Files that are removed from the dump folders leave the status; their entries stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from helpers.service_fixture import sample_dump
from refeed.config.load import load_settings
from refeed.ingest.pipeline import Pipeline
from refeed.model import Outcome

CONFIG = """
site: {id: "tag:example.org,2026", title: Sample, author: Sample}
dumps: {folders: [dumps, disk]}
packs: []
"""


@pytest.fixture
def pipeline(tmp_path: Path, store_url: str) -> Iterator[Pipeline]:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    settings = load_settings({"REFEED_CONFIG": str(config), "DATABASE_URL": store_url})
    for folder in settings.dumps.folders:
        Path(folder).mkdir()
    with closing(Pipeline.open(settings)) as opened:
        yield opened


def write(pipeline: Pipeline, folder: int, name: str, data: bytes) -> Path:
    path = Path(pipeline.settings.dumps.folders[folder]) / name
    path.write_bytes(data)
    return path


def counts(pipeline: Pipeline) -> dict[str, int]:
    pipeline.ingest()
    return {outcome.value: count for outcome, count in pipeline.store.count_outcomes().items()}


@pytest.mark.slow
def test_removed_and_moved_files_leave_the_status_and_their_entries_stay(pipeline: Pipeline) -> None:
    """Seen: status counted, and named as quarantined, files that had been deleted for months."""
    first = write(pipeline, 0, "1.md", sample_dump(1))
    moved = write(pipeline, 0, "2.md", sample_dump(2))
    bad = write(pipeline, 0, "bad.md", b"\xff\xfe\x00binary\x00")
    assert counts(pipeline) == {"accepted": 2, "quarantined": 1}
    first.unlink()
    bad.unlink()
    moved.rename(moved.with_name("3.md"))
    counts(pipeline)
    assert counts(pipeline) == {"accepted": 1}, "at the latest by the second scan"
    assert pipeline.store.get_file_issues() == []
    assert len(pipeline.store.get_entry_ids()) == 2
    data = sample_dump(1)
    first.write_bytes(data)
    assert counts(pipeline) == {"accepted": 2}, "a file that comes back is counted again"


def test_files_of_a_folder_that_is_empty_now_are_still_counted(pipeline: Pipeline) -> None:
    """A disk that is not mounted is an empty folder; to read all its files again would take minutes."""
    write(pipeline, 0, "1.md", sample_dump(1))
    disk = write(pipeline, 1, "2.md", sample_dump(2)).parent
    counts(pipeline)
    away = disk.rename(disk.with_name("away"))
    disk.mkdir()
    assert counts(pipeline) == {"accepted": 2}
    disk.rmdir()
    away.rename(disk)
    assert pipeline.ingester.scan(pipeline.settings.dumps.folders).changed == []


def test_members_of_a_container_are_counted_as_long_as_it_exists(pipeline: Pipeline) -> None:
    item = "<item><title>T{0}</title><link>https://a.example.org/{0}</link><description>Text {0}.</description></item>"
    feed = f"<rss version='2.0'><channel><title>S</title>{item.format(1)}{item.format(2)}</channel></rss>"
    container = write(pipeline, 0, "saved.rss", feed.encode())
    write(pipeline, 0, "1.md", sample_dump(1))
    first = counts(pipeline)
    assert sum(first.values()) == 3
    assert counts(pipeline) == first
    container.unlink()
    assert sum(counts(pipeline).values()) == 1


def test_a_file_that_is_gone_is_named_in_the_log(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    write(pipeline, 0, "1.md", sample_dump(1))
    gone = write(pipeline, 0, "2.md", sample_dump(2))
    counts(pipeline)
    gone.unlink()
    with caplog.at_level("INFO", "refeed.ingest"):
        assert counts(pipeline) == {Outcome.ACCEPTED.value: 1}
    assert f"1 dumps are gone from their folders, the first is {gone}" in caplog.text

"""Until a fresh store has everything that is in the dump folders, only full documents are served."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from helpers.processes import wait_until
from helpers.service_fixture import CONFIG, LocalService, sample_dump
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.ingest import ingester
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.status_file import ImportProgress, LoopStatus, StatusFile, WorkerStatus
from refeed.web.app import create_app
from refeed.worker.event_loop import WorkerLoop
from refeed.worker.events import EventQueue, Job

BOOT = CONFIG.replace("dumps: {folders: [dumps]", "feeds: {entries: 5}\npacks: []\ndumps: {folders: [dumps, more]")
_CLIENTS: dict[str, FlaskClient] = {}
FEEDS = ("all", "source/sample", "topic/sample")


@pytest.fixture
def settings(tmp_path: Path, store_url: str) -> Settings:
    LocalService(tmp_path, BOOT)
    return load_settings({"REFEED_CONFIG": str(tmp_path / "config.yaml"), "DATABASE_URL": store_url})


def add_dumps(tmp_path: Path, count: int) -> None:
    """Dumps with the same file times; those with high numbers are younger."""
    for number in range(count):
        text = "" if number < count // 2 else "别的文章。" * 9
        path = tmp_path / "dumps" / "sample" / f"{number % 7}{number}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(sample_dump(number, text=text, title=f"文{number}"))
        os.utime(path, (1_700_000_000,) * 2)


def says(settings: Settings, path: str) -> tuple[int, str, str]:
    """What a web process answers: status, Retry-After and body."""
    if settings.var_dir not in _CLIENTS:
        _CLIENTS[settings.var_dir] = create_app(settings).test_client()
    answer = _CLIENTS[settings.var_dir].get(path)
    return answer.status_code, answer.headers.get("Retry-After", ""), answer.get_data(as_text=True)


def run_loop(
    settings: Settings, until: Callable[[], object], *, leads: bool = True, status: StatusFile | None = None
) -> None:
    """Run a worker's loop until a condition holds."""
    events = EventQueue()
    status = status or StatusFile(Path(settings.var_dir) / "worker.json")
    with closing(events), closing(WorkerLoop(settings, events, status, leads=leads, holder="")) as loop:
        loop.start()

        def step() -> object:
            loop.run_until_check()
            return until()

        wait_until(step)


def test_a_document_is_served_when_it_is_full_and_the_others_after_the_first_scan(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingester, "BATCH_FILES", 8)
    add_dumps(tmp_path, 40)
    with closing(Pipeline.open(settings)) as pipeline:
        changed = pipeline.ingester.scan(settings.dumps.folders).changed
        batches = pipeline.ingester.ingest(changed)
        next(batches)
        pipeline.publisher.publish()
        batches.close()
        newest = [item["id"] for item in json.loads(says(settings, "/feeds/all.json")[2])["items"]]
        assert [says(settings, f"/feeds/{feed}.atom")[:2] for feed in FEEDS] == [(200, ""), (200, ""), (503, "5")]
        assert says(settings, "/feeds/opml.xml")[0] == says(settings, "/readyz")[0] == 503
        assert says(settings, "/feeds/source/sample/archive/2023-11.atom")[0] == 503
        assert says(settings, "/feeds/all.atom?filter_title=文")[0] == 503
    run_loop(settings, lambda: says(settings, "/readyz")[0] == 200)  # a restart in the middle
    assert [says(settings, f"/feeds/{feed}.atom")[0] for feed in FEEDS] == [200] * 3
    assert [item["id"] for item in json.loads(says(settings, "/feeds/all.json")[2])["items"]] == newest
    assert says(settings, "/feeds/source/sample/archive/2023-11.atom")[0] == 200


def test_a_lost_document_of_a_source_without_a_rule_is_waited_for(settings: Settings, tmp_path: Path) -> None:
    add_dumps(tmp_path, 3)
    run_loop(settings, lambda: says(settings, "/readyz")[0] == 200)
    (Path(settings.feeds_dir) / "source" / "sample.atom").unlink()
    assert says(settings, "/feeds/source/sample.atom")[0] == 503
    assert says(settings, "/feeds/source/other.atom")[0] == 404
    (Path(settings.feeds_dir) / ".marks.json").unlink()
    assert says(settings, "/feeds/source/sample.atom")[0] == 503


def test_readiness_says_how_many_dumps_are_to_come_on_every_machine(settings: Settings, tmp_path: Path) -> None:
    add_dumps(tmp_path, 3)
    other = replace(settings, var_dir=str(tmp_path / "v2"), feeds_dir=str(tmp_path / "f2"))
    status, unknown = StatusFile(Path(settings.var_dir) / "worker.json"), ImportProgress(done=0, total=0, rate=0.0)
    status.write({"state": "ingesting", "to_come": 0, "importing": unknown})
    assert says(settings, "/readyz")[2].endswith("The dump folders are being read.\n")
    status.write({"state": "ingesting", "to_come": 3})
    assert says(settings, "/readyz")[2].endswith("3 dumps are still to come.\n")
    with closing(Pipeline.open(settings)) as pipeline:
        pipeline.store.set_meta("leader", '{"to_come": 7}')
        run_loop(other, lambda: "7 dumps are still to come" in says(other, "/readyz")[2], leads=False)
        list(pipeline.ingester.ingest(pipeline.ingester.scan(settings.dumps.folders).changed))
        assert says(other, "/readyz")[0] == 503

        def is_ready() -> bool:
            pipeline.mark_complete()
            return says(other, "/readyz")[0] == 200

        run_loop(other, is_ready, leads=False)


def test_empty_and_missing_folders_are_served_as_empty_feeds(settings: Settings) -> None:
    run_loop(settings, lambda: says(settings, "/readyz")[0] == 200)
    assert says(settings, "/feeds/topic/sample.atom")[0] == 200


def test_files_that_are_still_being_written_are_waited_for(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "dumps" / "new.md").write_bytes(sample_dump(1))  # written just now
    settings = replace(
        settings, dumps=replace(settings.dumps, limits=replace(settings.dumps.limits, settle=settings.dumps.rescan))
    )
    events = EventQueue()
    status = StatusFile(Path(settings.var_dir) / "worker.json")
    with closing(events), closing(WorkerLoop(settings, events, status, leads=True, holder="")) as loop:
        loop.start()
        end = time.monotonic() + 1
        while time.monotonic() < end:
            loop.run_until_check()
        assert not loop.pipeline.is_complete()
        assert says(settings, "/readyz")[2].endswith("1 dumps are still to come.\n")
        events.put(Job.CHECK)


class RecordedStatus(StatusFile):
    """Keeps what is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.written: list[LoopStatus] = []

    def write(self, status: LoopStatus) -> WorkerStatus | None:
        self.written.append(status)
        return super().write(status)


def test_the_status_counts_what_the_first_scan_has_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingester, "BATCH_FILES", 8)
    LocalService(tmp_path, BOOT)
    settings = load_settings({"REFEED_CONFIG": str(tmp_path / "config.yaml")})
    add_dumps(tmp_path, 40)
    status = RecordedStatus(Path(settings.var_dir) / "worker.json")
    run_loop(settings, lambda: "importing" not in status.written[-1], status=status)
    counts = [(progress["done"], progress["total"]) for each in status.written if (progress := each.get("importing"))]
    assert counts == sorted(counts)
    assert counts[0] == (0, 0)
    assert (0, 40) in counts
    assert {total for _, total in counts} == {0, 40}


def test_batches_are_small_at_first_and_on_slow_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LocalService(tmp_path, BOOT)
    settings = load_settings({"REFEED_CONFIG": str(tmp_path / "config.yaml")})
    add_dumps(tmp_path, 31)
    monkeypatch.setattr(ingester, "FIRST_BATCH", 4)
    with closing(Pipeline.open(settings)) as pipeline:
        changed = pipeline.ingester.scan(settings.dumps.folders).changed
        monkeypatch.setattr(ingester, "BATCH_SECONDS", 1000.0)
        assert [result.files for result in pipeline.ingester.ingest(changed)] == [4, 8, 16, 3]
        monkeypatch.setattr(ingester, "BATCH_SECONDS", 0.0)
        assert [result.files for result in pipeline.ingester.ingest(changed, force=True)] == [4, 8, 8, 8, 3]

"""A push is kept with the store, whatever runs beside it: the leader ingests it once, also after kills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from helpers.service_fixture import sample_dump
from refeed.config.settings import Settings
from refeed.errors import StoreError
from refeed.ingest.pipeline import Pipeline
from refeed.store.copy_store import copy_store
from refeed.store.store import Store
from refeed.web.app import create_app

TOKEN = {"Authorization": "Bearer sample-token-of-the-tests"}


@pytest.fixture
def settings(make_settings: Callable[..., Settings], store_url: str) -> Settings:
    return make_settings(DATABASE_URL=store_url, REFEED_PUSH_TOKEN="sample-token-of-the-tests")


@pytest.fixture
def web(settings: Settings, tmp_path: Path) -> FlaskClient:
    """The web of another machine: it shares only the store."""
    other = replace(settings, dumps=replace(settings.dumps, folders=(str(tmp_path / "other"),)))
    return create_app(replace(other, var_dir=str(tmp_path / "other-var"))).test_client()


@pytest.fixture
def leader(settings: Settings) -> Iterator[Callable[[], Pipeline]]:
    """Start the leader again, as after a kill."""
    opened: list[Pipeline] = []

    def start() -> Pipeline:
        for pipeline in opened:
            pipeline.close()
        opened[:] = [Pipeline.open(settings)]
        return opened[0]

    yield start
    for pipeline in opened:
        pipeline.close()


def push(web: FlaskClient, number: int) -> tuple[int, int]:
    """Push a dump; returns the status, and how many dumps are new."""
    answer = web.post("/dumps", data=sample_dump(number), headers=TOKEN)
    return answer.status_code, answer.get_json()["new"]


def test_a_push_to_the_web_of_another_machine_appears_when_a_leader_starts_later(
    web: FlaskClient, leader: Callable[[], Pipeline]
) -> None:
    assert [push(web, 1), push(web, 1), push(web, 2)] == [(201, 1), (200, 0), (201, 1)]
    pipeline = leader()
    assert pipeline.ingest().counts["new"] == 2
    assert b"sample.example.org/2" in (pipeline.output_dir.root / "all.json").read_bytes()
    assert pipeline.inbox.list_items() == []
    assert push(web, 1) == (200, 0)


def test_a_leader_that_is_killed_at_any_step_loses_no_push_and_ingests_it_once(
    web: FlaskClient, leader: Callable[[], Pipeline]
) -> None:
    push(web, 1)
    killed = leader()
    files = killed.take_pushed()  # killed after it wrote the dump
    assert [item.name for item in killed.inbox.list_items()] == [Path(file.path).name for file in files]
    Path(files[0].path).unlink()  # its disk was wiped
    killed = leader()
    assert [file.path for file in killed.take_pushed()] == [files[0].path]
    list(killed.ingester.ingest(killed.take_pushed()))  # killed after it recorded the dump
    killed = leader()
    assert (killed.take_pushed(), killed.inbox.list_items()) == ([], [])
    counts = killed.ingest().counts
    assert (counts["new"], counts["changed"], len(killed.store.get_entry_ids())) == (0, 0, 1)


def test_a_push_that_will_never_be_a_dump_leaves_the_inbox(
    web: FlaskClient, leader: Callable[[], Pipeline], settings: Settings
) -> None:
    limits = replace(settings.dumps.limits, bytes=10)
    small = replace(settings, dumps=replace(settings.dumps, limits=limits))
    push(web, 1)
    with closing(Pipeline.open(small)) as pipeline:
        assert pipeline.ingest().counts["quarantined"] == 1
        assert pipeline.inbox.list_items() == []


def test_a_store_with_waiting_pushes_is_not_copied(web: FlaskClient, settings: Settings, tmp_path: Path) -> None:
    push(web, 1)
    with closing(Store(settings.database_url)) as store, closing(Store(f"sqlite:///{tmp_path / 'copy.db'}")) as copy:
        store.migrate()
        with pytest.raises(StoreError, match="1 pushed dumps wait"):
            copy_store(store, copy)

"""A push is kept with the store, whatever runs beside it: the leader ingests it once, also after kills."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection
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

SPAWN = multiprocessing.get_context("spawn")
TOKEN = {"Authorization": "Bearer sample-token-of-the-tests"}


@pytest.fixture
def settings(make_settings: Callable[..., Settings], store_url: str) -> Settings:
    return make_settings(DATABASE_URL=store_url, REFEED_PUSH_TOKEN="sample-token-of-the-tests")


@pytest.fixture
def other_machine(settings: Settings, tmp_path: Path) -> Settings:
    """Those of another machine: it shares only the store."""
    other = replace(settings, dumps=replace(settings.dumps, folders=(str(tmp_path / "other"),)))
    return replace(other, var_dir=str(tmp_path / "other-var"))


@pytest.fixture
def web(other_machine: Settings) -> FlaskClient:
    return create_app(other_machine).test_client()


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


def push_all(settings: Settings, first: int, pipe: Connection) -> None:
    """Push fifty dumps, and say of each when it is accepted."""
    with create_app(settings).test_client() as web:
        for number in range(first, first + 50):
            while web.post("/dumps", data=sample_dump(number), headers=TOKEN).status_code != 201:
                time.sleep(0.05)  # 503 while a leader brings the schema up to date
            pipe.send(number)


def lead(settings: Settings, pipe: Connection) -> None:
    """Ingest for ever, and say so after each round."""
    with closing(Pipeline.open(settings)) as leading:
        while True:
            leading.ingest()
            pipe.send(None)


@contextmanager
def running(work: Callable[..., None], *args: object, rest: list[int]) -> Iterator[Connection]:
    """Do something in a process that is killed at the end: what it says. `rest` gets what was not read before.

    The process is a new one. A fork of this one would believe that the pool's server of an earlier test is its child.
    """
    reader, writer = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=work, args=(*args, writer))
    process.start()
    writer.close()
    try:
        yield reader
    finally:
        process.kill()
        process.join()
        with suppress(EOFError, OSError):  # the last word may be cut
            while True:
                rest.append(reader.recv())


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.torture)])
def test_kills_of_web_and_leader_at_any_time_lose_and_double_no_accepted_push(
    settings: Settings, other_machine: Settings, rounds: int
) -> None:
    chance = random.Random(rounds)
    accepted: set[int] = set()
    for number in range(rounds):
        rest: list[int] = []
        with (
            running(lead, settings, rest=[]) as leading,
            running(push_all, other_machine, 50 * number, rest=rest) as pushed,
        ):
            accepted |= {pushed.recv() for _ in range(1 + chance.randrange(4))}
            for _ in range(chance.randrange(2)):
                leading.recv()
            time.sleep(chance.expovariate(20))
        accepted |= set(rest)
    with closing(Pipeline.open(settings)) as pipeline:
        pipeline.ingest()
        ids = pipeline.store.get_entry_ids(limit=100_000)
        links = {stored.entry.link for stored in pipeline.store.get_entries(ids)}
        assert accepted <= {int(link.rpartition("/")[2]) for link in links}
        assert len(ids) == len(links) == len([*Path(settings.dumps.folders[0]).rglob("*.md")])
        assert pipeline.inbox.list_items() == []


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

"""A push is kept with the store, whatever runs beside it: the leader ingests it once, also after kills."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

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


@contextmanager
def forked(work: Callable[[int], object], lines: list[str]) -> Iterator[IO[str]]:
    """Do something in a fork that is killed at the end: what it writes to the pipe that it is called with.

    `lines` gets what was not read before.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work(writer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        try:
            yield pipe
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            lines += pipe


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.torture)])
def test_kills_of_web_and_leader_at_any_time_lose_and_double_no_accepted_push(
    settings: Settings, other_machine: Settings, rounds: int
) -> None:
    chance = random.Random(rounds)
    accepted = set()

    def push_all(first: int, pipe: int) -> None:
        with create_app(other_machine).test_client() as web:
            for number in range(first, first + 50):
                while web.post("/dumps", data=sample_dump(number), headers=TOKEN).status_code != 201:
                    time.sleep(0.05)  # 503 while a leader brings the schema up to date
                os.write(pipe, f"{number}\n".encode())

    def lead(pipe: int) -> None:
        with closing(Pipeline.open(settings)) as leading:
            while True:
                leading.ingest()
                os.write(pipe, b"\n")

    for number in range(rounds):
        rest: list[str] = []
        with forked(lead, []) as led, forked(partial(push_all, 50 * number), rest) as pushed:
            accepted |= {int(pushed.readline()) for _ in range(1 + chance.randrange(4))}
            for _ in range(chance.randrange(2)):
                led.readline()
            time.sleep(chance.expovariate(20))
        accepted |= {int(line) for line in rest if line.endswith("\n")}
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

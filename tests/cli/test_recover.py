"""`refeed recover`: a store that comes back with fewer entries than are published."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.service_fixture import LocalService, sample_dump
from refeed.cli.main import main
from refeed.config.load import load_settings
from refeed.fetch.upstreams import dump_dirs
from refeed.ingest.pipeline import Pipeline


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalService:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # a process pool takes a second to start
    service = LocalService(tmp_path)
    for number in range(6):
        service.add_dump(f"{number}.md", sample_dump(number))
    assert run(service, "ingest").exit_code == 0
    return service


def run(service: LocalService, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=service.environment())


def check_refusal_and_acceptance(service: LocalService, before: dict[str, bytes], entries: int) -> None:
    refused = run(service, "ingest")
    assert refused.exit_code == 1
    assert f"the store has {entries} entries of all, and 6 are published" in refused.stderr
    assert service.documents() == before
    shown = run(service, "recover")
    assert shown.exit_code == 1
    assert f"the store has {entries} entries of source/sample-example-org" in shown.stderr
    assert service.documents() == before
    assert run(service, "recover", "--accept").exit_code == 0
    assert len(service.ids()) == entries
    assert run(service, "recover").stdout == "0 documents changed\n"


def test_a_new_store_with_fewer_entries_publishes_nothing_until_it_is_accepted(service: LocalService) -> None:
    before = service.documents()
    service.store.unlink()
    for number in range(2):
        (service.dumps / f"{number}.md").unlink()
    check_refusal_and_acceptance(service, before, 4)


def test_a_new_store_is_published_as_soon_as_the_missing_dumps_are_back(service: LocalService) -> None:
    before = service.documents()
    service.store.unlink()
    service.dumps.rename(service.home / "unmounted")
    service.dumps.mkdir()
    assert "0 entries of all" in run(service, "ingest").stderr
    assert service.documents() == before
    service.dumps.rmdir()
    (service.home / "unmounted").rename(service.dumps)
    assert run(service, "ingest").exit_code == 0
    assert service.documents() == before


def test_an_older_copy_of_the_store_publishes_nothing_until_it_is_accepted(service: LocalService) -> None:
    shutil.copy(service.store, service.home / "copy.db")
    for number in range(6, 9):
        service.add_dump(f"{number}.md", sample_dump(number))
    run(service, "ingest")
    before = service.documents()
    shutil.copy(service.home / "copy.db", service.store)
    refused = run(service, "publish")
    assert refused.exit_code == 1
    assert "the store has 6 entries of all, and 9 are published" in refused.stderr
    assert service.documents() == before
    assert run(service, "ingest").exit_code == 0  # the dumps are still there
    assert service.documents() == before


def test_as_many_other_entries_do_not_replace_published_ones_until_it_is_accepted(service: LocalService) -> None:
    before = service.documents()
    service.store.unlink()
    for number in range(2):
        (service.dumps / f"{number}.md").unlink()
        service.add_dump(f"{number + 6}.md", sample_dump(number + 6))
    refused = run(service, "ingest")
    assert refused.exit_code == 1
    assert "the store lacks 2 of the entries of source/sample-example-org that are published" in refused.stderr
    assert service.documents() == before
    assert run(service, "recover", "--accept").exit_code == 0
    assert len(service.ids()) == 6


def test_an_older_copy_of_the_store_stays_refused_however_many_entries_come_meanwhile(service: LocalService) -> None:
    shutil.copy(service.store, service.home / "copy.db")
    service.add_dump("6.md", sample_dump(6))
    run(service, "ingest")
    before = service.documents()
    shutil.copy(service.home / "copy.db", service.store)
    (service.dumps / "6.md").unlink()
    for number in range(7, 12):
        service.add_dump(f"{number}.md", sample_dump(number))
        refused = run(service, "ingest")
        assert (refused.exit_code, service.documents()) == (1, before), number
    assert "the store lacks 1 of the entries" in refused.stderr
    service.add_dump("6.md", sample_dump(6))
    assert run(service, "ingest").exit_code == 0
    assert len(service.ids()) == 12


def test_an_acceptance_holds_for_one_publication(service: LocalService) -> None:
    shutil.copy(service.store, service.home / "copy.db")
    assert run(service, "recover", "--accept").exit_code == 0
    test_a_new_store_with_fewer_entries_publishes_nothing_until_it_is_accepted(service)
    shutil.copy(service.store, service.home / "copy.db")
    service.add_dump("9.md", sample_dump(9))
    run(service, "ingest")
    (service.dumps / "9.md").unlink()
    shutil.copy(service.home / "copy.db", service.store)
    assert run(service, "ingest").exit_code == 1


def test_an_older_copy_of_the_store_brings_no_withdrawn_entry_back(service: LocalService) -> None:
    link = "https://sample.example.org/"
    shutil.copy(service.store, service.home / "copy.db")
    assert run(service, "withdraw", f"{link}2", f"{link}3").exit_code == 0
    shutil.copy(service.store, service.home / "later.db")
    assert run(service, "restore", f"{link}3").exit_code == 0
    before = service.documents()["all.json"]
    for copy in ("copy.db", "later.db"):
        shutil.copy(service.home / copy, service.store)
        assert run(service, "ingest").exit_code == 0
        assert json.loads(service.documents()["all.json"])["items"] == json.loads(before)["items"], copy
    assert len(service.ids()) == 5


def test_an_entry_that_gets_another_id_before_a_kill_is_no_loss(service: LocalService) -> None:
    """Seen: an entry has the id of its earliest link, which came later, and nothing was published any more."""
    dump = '---\nrefeed: {{"guid": "g1"}}\n---\n<!--{}-->\n[Sample](https://sample.example.org/{})\n------\n\n<p>Text.</p>\n'
    service.add_dump("later.md", dump.format(1_700_000_000_000, "later").encode())
    assert run(service, "ingest").exit_code == 0
    published = set(service.ids())
    service.add_dump("earlier.md", dump.format(1_000_000_000_000, "earlier").encode())
    with closing(Pipeline.open(load_settings(service.environment(), service.home / "config.yaml"))) as killed:
        changed, _ = killed.ingester.scan(dump_dirs(killed.settings))
        list(killed.ingester.ingest(changed))
    assert run(service, "ingest").exit_code == 0
    assert len(service.ids()) == len(published) == 7
    assert set(service.ids()) != published


def test_a_withdrawal_is_no_loss(service: LocalService) -> None:
    assert run(service, "withdraw", "https://sample.example.org/3").exit_code == 0
    assert len(service.ids()) == 5

"""`refeed backup`: a copy of a store in use, from which the service comes back as it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.service_fixture import LocalService, sample_dump
from refeed.cli.main import main


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalService:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # a process pool takes a second to start
    service = LocalService(tmp_path)
    for number in range(3):
        service.add_dump(f"{number}.md", sample_dump(number))
    assert run(service, "ingest").exit_code == 0
    return service


def run(service: LocalService, *arguments: str, **more: str) -> Result:
    return CliRunner().invoke(main, arguments, env=service.environment(**more))


def test_a_restored_backup_gives_the_same_documents_without_dumps_and_feeds(service: LocalService) -> None:
    run(service, "withdraw", "https://sample.example.org/1")
    before = service.documents()
    file = service.home / "backup.db"
    with closing(sqlite3.connect(service.store)) as writer:
        writer.execute("BEGIN IMMEDIATE")  # as a worker that is recording
        assert run(service, "backup", str(file)).stdout == f"{file}: {file.stat().st_size} bytes, verified\n"
    for folder in (service.dumps, service.feeds, service.var):
        shutil.rmtree(folder)
    service.var.mkdir()
    file.rename(service.store)
    assert run(service, "publish").exit_code == 0
    assert service.documents() == before


def test_what_cannot_be_backed_up_is_named(service: LocalService) -> None:
    failed = run(service, "backup", str(service.home / "missing" / "backup.db"))
    assert failed.exit_code == 1
    assert "cannot be copied to" in failed.stderr
    on_postgres = run(service, "backup", "x", DATABASE_URL="postgres://a:b@127.0.0.1:9/none")
    assert on_postgres.exit_code == 1
    assert "pg_dump --format=custom --file=x" in on_postgres.stderr

"""`refeed publish`: the messages of `--check`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.service_fixture import LocalService, sample_dump
from refeed.cli.main import main
from refeed.render.checksum import add_checksum


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalService:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # a process pool takes a second to start
    return LocalService(tmp_path)


def run(service: LocalService, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=service.environment())


def test_check_reads_every_document_back_and_says_what_is_wrong_with_it(service: LocalService) -> None:
    service.add_dump("1.md", sample_dump(1))
    run(service, "ingest")
    checked = run(service, "publish", "--check")
    assert checked.exit_code == 0
    assert checked.stdout.startswith("0 documents changed\nall.atom: ok\nall.json: ok\n")

    archive = service.home / "feeds" / "all" / "archive"
    archive.mkdir(parents=True)
    (archive / "2020-01.atom").write_bytes(b"<feed>")
    (archive / "2020-01.rss").write_bytes(add_checksum(b"<rss><channel></rss>"))
    (archive / "2020-01.json").write_bytes(add_checksum(b'{"items": [,]}'))
    checked = run(service, "publish", "--check")
    assert checked.exit_code == 1
    lines = [line for line in checked.stdout.splitlines()[1:] if not line.endswith(": ok")]
    assert [line[:46] for line in lines] == [
        "all/archive/2020-01.atom: damaged, or not writ",
        "all/archive/2020-01.json: not well-formed: Exp",
        "all/archive/2020-01.rss: not well-formed: mism",
    ]

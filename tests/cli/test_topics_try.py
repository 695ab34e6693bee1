"""`refeed topics try`: words are tried on what is stored, and nothing changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.service_fixture import LocalService, sample_dump
from refeed.cli.main import main


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalService:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # a process pool takes a second to start
    service = LocalService(tmp_path)
    service.add_dump("1.md", sample_dump(1))
    assert run(service, "ingest") == (0, "")
    return service


def run(service: LocalService, *arguments: str) -> tuple[int, str]:
    """Exit status, and the output of `topics try`."""
    result = CliRunner().invoke(main, arguments, env=service.environment())
    return result.exit_code, result.output if arguments[0] == "topics" else ""


def test_words_are_tried_without_editing_a_file(service: LocalService) -> None:
    before = {file: file.read_bytes() for file in service.home.rglob("config.yaml")} | service.documents()
    title = sample_dump(1).decode().partition("[")[2].partition("]")[0]
    status, output = run(service, "topics", "try", "--words", f"qwxz, {title}")
    assert (status, output.splitlines()[0]) == (0, "new-topic (new): 0 stay, 1 come in, 0 go out")
    assert title in output
    assert before == {file: file.read_bytes() for file in service.home.rglob("config.yaml")} | service.documents()


def test_words_of_an_unknown_topic_and_words_beside_a_file_are_errors(service: LocalService) -> None:
    status, output = run(service, "topics", "try", "--topic", "smaple", "--words", "qwxz")
    assert status == 2
    assert "--topic: unknown topic 'smaple'; did you mean 'sample'?" in output
    assert run(service, "topics", "try", str(service.home / "config.yaml"), "--words", "qwxz")[0] == 2
    assert run(service, "topics", "try")[0] == 2

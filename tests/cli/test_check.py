"""`refeed check`: feeds that readers have and config.yaml has lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.service_fixture import CONFIG, LocalService, sample_dump
from refeed.cli.main import main


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalService:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # a process pool takes a second to start
    service = LocalService(tmp_path)
    service.add_dump("1.md", sample_dump(1))
    assert run(service, "ingest").exit_code == 0
    return service


def run(service: LocalService, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=service.environment())


@pytest.mark.parametrize(
    ("old", "new", "loss"),
    [
        ("id: sample,", "id: other,", "no longer has topic/sample"),
        ("tag:example.org,2026", "tag:example.com,2026", "site.id was 'tag:example.org,2026' and is"),
    ],
)
def test_a_loss_is_refused_until_it_is_accepted(service: LocalService, old: str, new: str, loss: str) -> None:
    file = service.home / "config.yaml"
    file.write_text(CONFIG.replace(old, new))
    documents = service.documents()
    for command in ("ingest", "publish", "check"):
        refused = run(service, command)
        assert refused.exit_code == 2
        assert f"{file}: {loss}" in refused.stderr
        assert "refeed check --accept" in refused.stderr
    assert service.documents() == documents

    accepted = run(service, "check", "--accept")
    assert accepted.exit_code == 0
    assert f"accepted: {loss}" in accepted.stdout
    assert run(service, "publish").exit_code == 0
    assert service.documents() != documents


def test_an_older_config_on_another_machine_loses_nothing_but_its_turn(service: LocalService) -> None:
    file = service.home / "config.yaml"
    newer = CONFIG + "  - {id: second, title: 第二, words: [样本]}\n"
    file.write_text(newer)
    assert run(service, "publish").exit_code == 0
    documents = service.documents()
    file.write_text(CONFIG)  # as before a deployment
    assert run(service, "publish").exit_code == 2
    assert service.documents() == documents
    file.write_text(newer)
    assert run(service, "publish").exit_code == 0

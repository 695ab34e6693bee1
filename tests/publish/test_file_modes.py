"""Who may read what is written: everyone documents, nobody else private documents and the program's own files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from helpers.service_fixture import CONFIG, LocalService, sample_dump
from refeed.model import FORMATS

PRIVATE = CONFIG + "  - {id: hush, title: 秘密, words: [样本], access: private}\n"
SECRET = {"REFEED_ACCESS_SECRET": "a secret of the tests"}
FOLDER, FILE = 0o755, 0o644
PRIVATE_FOLDER, PRIVATE_FILE = 0o750, 0o640


def ingest(service: LocalService, umask: int) -> None:
    before = os.umask(umask)
    try:
        assert service.run("ingest", **SECRET).exit_code == 0
    finally:
        os.umask(before)


def wrong_modes(root: Path, folder: int, file: int) -> dict[str, str]:
    paths = [root, *root.rglob("*")]
    modes = {str(path): (stat.S_IMODE(path.stat().st_mode), path.is_dir()) for path in paths if path.exists()}
    return {path: oct(mode) for path, (mode, is_dir) in modes.items() if mode != (folder if is_dir else file)}


@pytest.fixture
def service(tmp_path: Path) -> LocalService:
    service = LocalService(tmp_path, PRIVATE)
    service.add_dump("1.md", sample_dump(1))
    return service


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_modes_do_not_depend_on_the_umask(service: LocalService, umask: int) -> None:
    ingest(service, umask)
    (service.feeds / ".lock").unlink()
    (service.feeds / ".marks.json").rename(service.var / "marks")  # which name private feeds
    assert wrong_modes(service.feeds, FOLDER, FILE) == {}
    assert wrong_modes(service.var, PRIVATE_FOLDER, PRIVATE_FILE) == {}


def test_private_documents_lie_apart_and_move_when_access_changes(service: LocalService) -> None:
    config = service.home / "config.yaml"
    here, there = service.feeds / "topic", service.var / "private" / "topic"
    names = {f"{path}.{format}" for path in ("hush", "sample") for format in FORMATS}
    ingest(service, 0o022)
    assert {path.name for path in there.iterdir()} == {name for name in names if "hush" in name}
    assert {path.name for path in here.iterdir()} == {name for name in names if "sample" in name}
    service.var.chmod(0o777)
    (here / "sample.atom").chmod(0o600)
    config.write_text(CONFIG + "  - {id: hush, title: 秘密, words: [样本]}\n")
    ingest(service, 0o022)
    assert {path.name for path in here.iterdir()} == names
    assert list(there.iterdir()) == []
    assert stat.S_IMODE((here / "sample.atom").stat().st_mode) == FILE
    assert stat.S_IMODE(service.var.stat().st_mode) == PRIVATE_FOLDER
    config.write_text(PRIVATE)
    ingest(service, 0o022)
    assert {path.name for path in here.iterdir()} == {name for name in names if "sample" in name}


def test_a_folder_that_exists_already_becomes_readable_for_a_proxy(service: LocalService) -> None:
    service.feeds.mkdir(mode=0o700)
    ingest(service, 0o022)
    assert stat.S_IMODE(service.feeds.stat().st_mode) == FOLDER

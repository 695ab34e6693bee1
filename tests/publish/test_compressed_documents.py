"""Compressed documents stand beside the public ones: they are written, removed and brought up to date with them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from helpers.service_fixture import CONFIG, LocalService, sample_dump

PRIVATE = CONFIG + "  - {id: hush, title: 秘密, words: [样本], access: private}\n"
SECRET = {"REFEED_ACCESS_SECRET": "a secret of the tests"}
COMPRESSED = PRIVATE + "feeds: {precompressed: [gzip, zstd]}\n"


def ingest(service: LocalService, config: str) -> None:
    (service.home / "config.yaml").write_text(config)
    done = service.run("ingest", **SECRET)
    assert done.exit_code == 0, done.output


def problems(service: LocalService) -> list[str]:
    found = []
    for document in [path for path in service.feeds.rglob("*") if path.suffix in (".atom", ".rss", ".json", ".xml")]:
        if document.name.startswith("."):
            continue
        for suffix, decompress in ((".gz", gzip.decompress), (".zst", zstandard.decompress)):
            file = Path(f"{document}{suffix}")
            is_same = file.is_file() and decompress(file.read_bytes()) == document.read_bytes()
            if not is_same or int(file.stat().st_mtime) != int(document.stat().st_mtime):
                found.append(file.name)
    return found


def compressed_names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.suffix in (".gz", ".zst", ".br")}


@pytest.mark.slow
def test_compressed_documents_follow_the_documents_and_the_setting(tmp_path: Path) -> None:
    service = LocalService(tmp_path)
    service.add_dump("1.md", sample_dump(1))
    ingest(service, PRIVATE)
    assert compressed_names(tmp_path) == set()
    ingest(service, COMPRESSED)
    assert problems(service) == []
    service.add_dump("2.md", sample_dump(2))
    ingest(service, COMPRESSED)
    assert problems(service) == [] and compressed_names(service.var) == set()
    (service.feeds / "all.atom.gz").unlink()
    (service.feeds / "source" / "gone.atom.gz").write_bytes(b"x")
    ingest(service, COMPRESSED)
    assert problems(service) == [] and "gone.atom.gz" not in compressed_names(service.feeds)
    ingest(service, COMPRESSED.replace("title: 样本, words", "title: 样本, access: private, words"))
    assert "sample.atom.gz" not in compressed_names(tmp_path)
    ingest(service, PRIVATE)
    assert compressed_names(tmp_path) == set()

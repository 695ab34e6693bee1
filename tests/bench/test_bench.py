"""The benchmark runs: its corpus, its baseline and every measurement."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import baseline, corpus
from refeed.config.packs import load_builtin_sources
from refeed.config.settings import Limits
from refeed.ingest.entry_builder import EntryBuilder
from refeed.model import Dump, Outcome

ROOT = Path(__file__).parents[2]


def test_both_the_program_and_the_baseline_accept_the_corpus(tmp_path: Path) -> None:
    files = corpus.make(tmp_path / "dumps", 40)
    assert baseline.run(tmp_path / "dumps", tmp_path / "feeds") == 40
    assert b"<entry>" in (tmp_path / "feeds" / "rfi.atom").read_bytes()
    builder = EntryBuilder(sources=tuple(load_builtin_sources()), topics=(), limits=Limits())
    for file in files:
        built = builder.build(
            Dump(path=file.name, folder=file.parent.name, data=file.read_bytes(), first_seen=corpus.START)
        )
        assert built.outcome is Outcome.ACCEPTED, built.reason
        assert built.cleaned is not None
        assert "feedx" not in built.cleaned.entry.html


@pytest.mark.torture
def test_every_measurement_runs_and_prints_its_row(tmp_path: Path) -> None:
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--keep", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": paths}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()[1:]
    assert [row.split(",")[0].split()[0] for row in rows] == [
        "baseline.py", "import", "import", "memory", "dump", "memory", "start", "scan", "one", "50", "one", "cleaned",
        "requests",
    ]  # fmt: skip

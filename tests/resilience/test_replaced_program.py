"""The program's files are replaced while it runs, as by an upgrade: the worker starts again with the new ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.processes import wait_until
from refeed.store.store import Store

ROOT = Path(__file__).parents[2]
CONFIG = """
site: {id: "tag:example.org,2026", title: Sample, author: Sample}
packs: []
dumps: {folders: [dumps], limits: {settle: 0s}}
"""


def write(folder: Path, number: int) -> None:
    folder.mkdir(exist_ok=True)
    text = f"<!--{1_700_000_000 + number}-->\n[Sample](https://a.example.org/{number})\n------\n\n<p>A sample.</p>\n"
    (folder / f"{number}.md").write_text(text)


@pytest.mark.slow
def test_a_worker_whose_files_are_replaced_cleans_every_entry_once_with_the_new_ones(tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copytree(ROOT / "src", program, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "config.yaml").write_text(CONFIG)
    store, log = tmp_path / "var" / "store.db", tmp_path / "log"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("REFEED")}
    environ |= {"PYTHONPATH": str(program), "DATABASE_URL": f"sqlite:///{store}"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "refeed", "worker"], cwd=tmp_path, env=environ, stdout=output, stderr=output
        )
        try:
            wait_until(lambda: "leader: ingesting" in log.read_text(), why=log.read_text)
            builder = program / "refeed" / "ingest" / "entry_builder.py"  # no child has loaded it yet
            builder.write_text(builder.read_text().replace("CLEANING_VERSION = ", "CLEANING_VERSION = 1000 + "))
            write(tmp_path / "dumps", 1)
            wait_until(lambda: log.read_text().count("leader: ingesting") == 2, why=log.read_text)
            write(tmp_path / "dumps", 2)
            wait_until(lambda: entry_count(store) == 2, why=log.read_text)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    text = log.read_text()
    assert "refeed: the program's files were replaced while it ran" in text
    assert text.count("worker exited (status 1)") == 1, text
    assert "Traceback" not in text


def entry_count(path: Path) -> int:
    store = Store(f"sqlite:///{path}", read_only=True)
    try:
        return len(store.get_entry_ids())
    finally:
        store.close()

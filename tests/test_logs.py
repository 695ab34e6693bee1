"""The log: lines of a forked process, and the fields of JSON lines."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "src")}
STANDARD_FIELDS = {"time", "level", "logger", "message"}

FORKED = """
import logging, os, time
from refeed.logs import configure_logging

configure_logging("text")
logging.getLogger("sample").warning("of the parent")
if os.fork() == 0:
    configure_logging("text")
    logging.getLogger("sample").warning("of the child")
    logging.getLogger().handlers[0].flush()
    os._exit(0)
os.wait()
"""

JSON = """
import logging
from refeed.logs import configure_logging

configure_logging("json")
fields = {"source": "bbc", "count": 3, "path": __import__("pathlib").Path("x")}
logging.getLogger("sample").warning("%s\\n%d", "line", 3, extra=fields)
"""

UNREAD = """
import logging, os, sys, time
from refeed.logs import configure_logging

configure_logging("text")
started = time.monotonic()
for _ in range(2000):
    logging.getLogger("sample").warning("x" * 100)
print(time.monotonic() - started)
"""

FAILED = """
import logging
from refeed.logs import configure_logging

configure_logging("json")
try:
    raise ValueError("sample")
except ValueError:
    logging.getLogger("sample").exception("failed", extra={"job": "rescan"})
"""

WORKER = """
import logging, os, pathlib, threading, time
from refeed.config.load import load_settings
from refeed.logs import configure_logging
from refeed.worker.worker import Worker

settings = load_settings(os.environ)
configure_logging(settings.log_format)
worker = Worker(settings)
path = pathlib.Path(settings.feeds_dir, "all.atom")

def stop_when_published():
    while not (path.exists() and "Title of the article" in path.read_text()):
        time.sleep(0.05)
    worker.stop()

threading.Thread(target=stop_when_published, daemon=True).start()
worker.run()
logging.getLogger().handlers[0].flush()
"""


def run_python(code: str, environ: Mapping[str, str] | None = None) -> str:
    """What a program writes to standard error."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=ENVIRONMENT | (environ or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stderr


def log_calls() -> Iterator[tuple[str, set[str]]]:
    """Every call of a logger in the program: its place, and the names of its fields."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        dicts = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id == "fields"
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_log.")):
                continue
            extra = next((keyword.value for keyword in node.keywords if keyword.arg == "extra"), None)
            if isinstance(extra, ast.Name):
                extra = dicts.get(extra.id)
            keys = extra.keys if isinstance(extra, ast.Dict) else []
            names = {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
            yield f"{path.name}:{node.lineno}", names


def test_a_forked_process_writes_its_own_log_lines() -> None:
    lines = run_python(FORKED)
    assert "of the parent" in lines
    assert "of the child" in lines


def test_a_json_line_has_the_fields_that_its_record_was_given() -> None:
    line = json.loads(run_python(JSON))
    time = line.pop("time")
    assert time.startswith("20")
    assert line == {
        "level": "warning",
        "logger": "sample",
        "message": "line\\n3",
        "source": "bbc",
        "count": 3,
        "path": "x",
    }


def test_a_json_line_of_an_error_has_its_traceback() -> None:
    line = json.loads(run_python(FAILED))
    assert line["message"] == "failed"
    assert line["level"] == "error"
    assert line["traceback"].startswith("Traceback (most recent call last):\n")
    assert line["traceback"].endswith("ValueError: sample")


@pytest.mark.parametrize("closed", [False, True])
def test_a_log_that_nothing_reads_stops_no_program(closed: bool) -> None:
    reader, writer = os.pipe()
    program = subprocess.Popen(
        [sys.executable, "-c", UNREAD], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=writer, text=True
    )
    os.close(writer)
    if closed:
        os.close(reader)
    assert float(program.communicate(timeout=30)[0]) < 5
    assert program.returncode == 0
    if not closed:
        os.close(reader)


def test_every_log_call_gives_fields_that_the_manual_lists() -> None:
    log_section = (ROOT / "docs" / "operate.md").read_text("utf-8").partition("\n## Log\n")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`(\w+)`", log_section.partition("| field |")[2]))
    calls = list(log_calls())
    assert len(calls) > 15
    assert [place for place, fields in calls if not fields] == []
    assert {name for _, fields in calls for name in fields} - documented == set()


@pytest.mark.slow
def test_each_line_of_a_worker_is_json_with_its_fields(tmp_path: Path) -> None:
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    (dumps / "article.md").write_text(
        "<!--1595240418-->\n[Title of the article](https://example.org/a)\n------\n<p>Text.</p>\n"
    )
    (dumps / "broken.md").write_text("no header\n")
    folders = {"REFEED_DUMPS": str(dumps), "REFEED_FEEDS": str(tmp_path / "feeds"), "REFEED_VAR": str(tmp_path / "var")}
    lines = [json.loads(line) for line in run_python(WORKER, folders | {"REFEED_LOG": "json"}).splitlines()]
    assert [line for line in lines if not line.keys() > STANDARD_FIELDS] == []
    fields = [{name: value for name, value in line.items() if name not in STANDARD_FIELDS} for line in lines]
    assert {"folders": [str(dumps)]} in fields
    assert {"file": str(dumps / "broken.md")} in fields
    assert {"count": 2, "counts": {"new": 1, "quarantined": 1}} in fields

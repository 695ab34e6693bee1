"""The log: lines of a forked process, and fields of JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

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


def run_python(code: str) -> str:
    """What a program writes to standard error."""
    environ = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60, check=True
    ).stderr


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

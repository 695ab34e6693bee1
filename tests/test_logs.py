"""The log: a forked process, such as a web process, writes its own lines."""

from __future__ import annotations

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


def test_a_forked_process_writes_its_own_log_lines() -> None:
    environ = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run(
        [sys.executable, "-c", FORKED], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert "of the parent" in ran.stderr
    assert "of the child" in ran.stderr

"""A process that was forked, as a web process is, writes its own lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

FORKED = """
import logging, os, time
from refeed.logs import start_logs

start_logs("text")
logging.getLogger("sample").warning("of the parent")
if os.fork() == 0:
    start_logs("text")
    logging.getLogger("sample").warning("of the child")
    logging.getLogger().handlers[0].flush()
    os._exit(0)
os.wait()
"""


def test_a_forked_process_writes_what_it_logs() -> None:
    environ = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run(
        [sys.executable, "-c", FORKED], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert "of the parent" in ran.stderr
    assert "of the child" in ran.stderr

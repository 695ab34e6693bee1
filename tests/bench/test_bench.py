"""The measurements run, so that they can be asked at any time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_measurement_runs_and_says_what_it_found(tmp_path: Path) -> None:
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--keep", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": paths}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()[1:]
    assert [row.split(",")[0].split()[0] for row in rows] == [
        "naive.py", "import", "import", "memory", "dump", "memory", "start", "scan", "one", "50", "one", "cleaned",
    ]  # fmt: skip

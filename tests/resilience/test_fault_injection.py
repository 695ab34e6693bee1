"""A kill or a disk error at any system call: no document is torn, and a restart gives the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if shutil.which("strace") is None:
    pytest.skip("strace is not installed", allow_module_level=True)


def run_rounds(home: Path, *arguments: str) -> None:
    # Not as a script: each process of the pool would import it again, under strace.
    script = "import sys; from helpers.fault_injection import main; sys.exit(main())"
    command = [sys.executable, "-c", script, str(home), *arguments]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REFEED_")}
    environ["PYTHONPATH"] = os.pathsep.join(map(str, (Path(__file__).parents[1], Path(__file__).parents[2] / "src")))
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.stdout, done.stderr
    if "strace could not attach" in done.stderr:
        pytest.skip("strace cannot attach to processes here")
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1])["rounds"] > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("kill", "--first", "20", "--every", "97", "--most", "3"),
        ("ENOSPC", "--first", "55", "--every", "173", "--most", "2", "--sticky"),
    ],
    ids=["kill", "full disk"],
)
def test_a_fault_at_some_system_calls_tears_no_document(arguments: tuple[str, ...], tmp_path: Path) -> None:
    run_rounds(tmp_path, *arguments)


@pytest.mark.torture
@pytest.mark.parametrize("fault", ["kill", "ENOSPC", "EIO", "EACCES", "EMFILE", "EINTR"])
@pytest.mark.parametrize("sticky", [False, True])
def test_a_fault_at_any_system_call_tears_no_document(fault: str, sticky: bool, tmp_path: Path) -> None:
    if sticky and fault in ("kill", "EINTR"):
        pytest.skip("a kill ends the run, and a permanent EINTR never does")
    run_rounds(tmp_path, fault, *(["--sticky"] if sticky else []), "--every", "3")

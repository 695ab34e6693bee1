"""However the worker ends, its pool processes end too: on a machine that runs for months they would add up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.processes import wait_until

ROOT = Path(__file__).parents[2]
POOL = """
import time
from datetime import UTC, datetime
from refeed.config.settings import Limits
from refeed.ingest.entry_builder import EntryBuilder
from refeed.ingest.entry_pool import EntryPool
from refeed.model import Dump

if __name__ == "__main__":
    pool = EntryPool(EntryBuilder(sources=(), topics=(), limits=Limits()), 2)
    data = "<!--1593330404000-->\\n[样本](https://sample.example.org/1)\\n------\\n\\n<p>样本。</p>\\n".encode()
    list(pool.map([Dump(path="a", folder="", data=data, first_seen=datetime.now(UTC))] * 160))
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_pool_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL, "utf-8")
    mark = f"test-orphans-{os.getpid()}"
    environ = os.environ | {"PYTHONPATH": str(ROOT / "src"), "MARK": mark}
    process = subprocess.Popen([sys.executable, str(script)], env=environ, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    assert len(marked(mark)) >= 3
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: not marked(mark), why=lambda: f"still there: {marked(mark)}")


def marked(mark: str) -> list[str]:
    """Processes with a mark in their environment."""
    command_lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                command_lines.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:100])
        except OSError:
            continue
    return command_lines


INIT = """
import os, sys, time
from refeed.init_process import leave_init

leave_init()
orphan, told = os.pipe()
if not os.fork():
    if not (pid := os.fork()):
        os._exit(0)
    os.write(told, str(pid).encode())
    os._exit(0)
os.wait()
path = f"/proc/{int(os.read(orphan, 10))}"
end = time.monotonic() + 60
while os.path.exists(path) and time.monotonic() < end:
    time.sleep(0.01)
sys.exit(1 if os.path.exists(path) else 7)
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="a namespace of processes needs root")
def test_as_process_1_of_a_container_it_reaps_orphans() -> None:
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", INIT]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, check=False)
    assert done.returncode == 7

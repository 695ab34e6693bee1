"""Exactly one process ingests: a file lock on one machine, a lock in the store where machines share it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import postgresql
from helpers.processes import wait_until
from refeed.errors import LockedError
from refeed.store.leader_lock import AdvisoryLock, FileLock, make_leader_lock

HOLD = """
import sys, time
from refeed.store.leader_lock import AdvisoryLock
lock = AdvisoryLock(sys.argv[1], preferred=len(sys.argv) > 2)
while not lock.acquire():
    time.sleep(0.05)
print("held", flush=True)
time.sleep(60)
"""


def hold(url: str, *more: str) -> subprocess.Popen[bytes]:
    """Another process that has the lock."""
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    process = subprocess.Popen([sys.executable, "-c", HOLD, url, *more], env=environ, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    return process


def test_the_store_decides_the_kind_of_lock(tmp_path: Path, postgres_url: str) -> None:
    assert isinstance(make_leader_lock(f"sqlite:///{tmp_path}/store.db"), FileLock)
    assert isinstance(make_leader_lock(postgres_url), AdvisoryLock)


def test_two_workers_with_one_sqlite_file_do_not_both_lead_wherever_their_other_files_are(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    lock, other = (make_leader_lock(f"sqlite:///{tmp_path}/{name}") for name in ("store.db", "link/store.db"))
    assert lock.acquire()
    assert not other.acquire()
    assert other.holder() == f"process {os.getpid()}"
    (tmp_path / "store.db.lock").unlink()
    assert not lock.is_held()
    assert other.acquire()
    other.release()


def test_only_one_process_gets_the_lock_and_others_name_it(postgres_url: str) -> None:
    one, other = AdvisoryLock(postgres_url), AdvisoryLock(postgres_url)
    assert one.acquire()
    assert one.acquire()
    assert not other.acquire()
    assert f"process {os.getpid()}" in other.holder()
    with pytest.raises(LockedError, match="ingesting already"), other:
        pass
    one.release()
    assert not one.is_held()
    assert other.acquire()
    other.release()


def test_the_lock_is_free_soon_after_its_holder_dies(postgres_url: str) -> None:
    process = hold(postgres_url)
    lock = AdvisoryLock(postgres_url)
    try:
        assert not lock.acquire()
        assert f"process {process.pid}" in lock.holder()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert wait_until(lock.acquire) < 5
    lock.release()


def test_the_lock_is_lost_with_its_connection(postgres_url: str, postgres_server: postgresql.PostgresServer) -> None:
    lock, other = AdvisoryLock(postgres_url), AdvisoryLock(postgres_url)
    assert lock.acquire()
    postgres_server.run("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    assert wait_until(other.acquire) < 5
    assert not lock.is_held()
    assert not lock.acquire()
    other.release()
    assert lock.acquire()
    lock.release()


def test_a_dedicated_worker_is_preferred_to_the_worker_of_a_web_server(postgres_url: str) -> None:
    """A worker that starts after the web takes the lock over, and the web gets it back when the worker dies."""
    web = AdvisoryLock(postgres_url)
    assert web.acquire()
    worker = AdvisoryLock(postgres_url, preferred=True)
    assert not worker.acquire()
    assert not web.is_held()
    assert worker.acquire()
    assert not web.acquire()
    assert worker.is_held()
    worker.release()
    assert web.acquire()
    web.release()


def test_two_databases_of_one_server_have_a_lock_each(
    postgres_url: str, postgres_server: postgresql.PostgresServer
) -> None:
    elsewhere = postgres_server.make_database()
    lock, other = AdvisoryLock(postgres_url), AdvisoryLock(elsewhere, preferred=True)
    assert lock.acquire()
    assert other.acquire()
    assert lock.is_held()
    lock.release()
    other.release()
    postgres_server.drop_database(elsewhere)

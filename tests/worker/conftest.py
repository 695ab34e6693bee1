"""A worker in a thread, with a folder of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.service_fixture import LocalService
from refeed.config.load import load_settings
from refeed.worker.worker import Worker


class RunningWorker:
    """A worker in a thread."""

    def __init__(self, service: LocalService) -> None:
        environ = {"REFEED_CONFIG": str(service.home / "config.yaml")}
        self.worker = Worker(load_settings(environ), lambda: load_settings(environ))
        self.thread = threading.Thread(target=self.worker.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.worker.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def service(tmp_path: Path) -> LocalService:
    return LocalService(tmp_path)


@pytest.fixture
def start(service: LocalService) -> Iterator[Callable[[], RunningWorker]]:
    """Start a worker; it ends with the test."""
    running: list[RunningWorker] = []

    def begin() -> RunningWorker:
        running.append(RunningWorker(service))
        return running[-1]

    yield begin
    for each in running:
        each.stop()


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build entries in the process of the test: a pool takes a second to start."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

"""The movers at work in a thread, over a small installation of their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.service_fixture import LocalService
from refeed.config.load import load_settings
from refeed.worker.worker import Worker


class Running:
    """Movers in a thread."""

    def __init__(self, service: LocalService) -> None:
        environ = {"REFEED_CONFIG": str(service.home / "config.yaml")}
        self.movers = Worker(load_settings(environ), lambda: load_settings(environ))
        self.thread = threading.Thread(target=self.movers.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.movers.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def service(tmp_path: Path) -> LocalService:
    return LocalService(tmp_path)


@pytest.fixture
def start(service: LocalService) -> Iterator[Callable[[], Running]]:
    """Start movers; they end with the test."""
    running: list[Running] = []

    def begin() -> Running:
        running.append(Running(service))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are made in the test's own process: a pool takes a second to boot."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

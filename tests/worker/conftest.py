"""The movers at work in a thread, over a small installation of their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refeed.config import load
from refeed.worker import Movers
from station import Station


class Running:
    """Movers in a thread."""

    def __init__(self, station: Station) -> None:
        environ = {"REFEED_CONFIG": str(station.home / "config.yaml")}
        self.movers = Movers(load(environ), lambda: load(environ))
        self.thread = threading.Thread(target=self.movers.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.movers.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


@pytest.fixture
def start(station: Station) -> Iterator[Callable[[], Running]]:
    """Start movers; they end with the test."""
    running: list[Running] = []

    def begin() -> Running:
        running.append(Running(station))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are made in the test's own process: a pool takes a second to boot."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

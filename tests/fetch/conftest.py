"""Fixtures: the server of `serving`, and a session that may reach it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fetch.serving import NOON, Upstream, serving
from refeed.fetch import Session
from refeed.rules import FetchRule


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as server:
        yield server


@pytest.fixture
def rule() -> FetchRule:
    """Loopback listed, and little patience: tests have a minute, not an hour."""
    return FetchRule(allow=("127.0.0.0/8",), time=timedelta(seconds=2), connect=timedelta(seconds=1), bytes=1_000_000)


@pytest.fixture
def session(tmp_path: Path, rule: FetchRule) -> Iterator[Session]:
    with Session(tmp_path / "var", rule, agent="refeed/test (+https://feeds.example.org)") as made:
        yield made


@pytest.fixture
def now() -> datetime:
    return NOON

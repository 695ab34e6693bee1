"""Fixtures: an upstream server on loopback, and a session that may connect to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from helpers.upstream_server import UpstreamServer, run_upstream
from refeed.config.settings import FetchSettings
from refeed.fetch.session import HttpSession
from refeed.fetch.upstreams import FetchDirs


@pytest.fixture
def upstream() -> Iterator[UpstreamServer]:
    with run_upstream() as server:
        yield server


@pytest.fixture
def fetch_settings() -> FetchSettings:
    """Loopback is permitted, and the time limits are short."""
    return FetchSettings(
        allow=("127.0.0.0/8",), time=timedelta(seconds=2), connect=timedelta(seconds=1), bytes=1_000_000
    )


@pytest.fixture
def session(tmp_path: Path, fetch_settings: FetchSettings) -> Iterator[HttpSession]:
    with HttpSession(
        tmp_path / "var", fetch_settings, user_agent="refeed/test (+https://feeds.example.org)"
    ) as session:
        yield session


@pytest.fixture
def dirs(tmp_path: Path) -> FetchDirs:
    return FetchDirs(
        dumps=tmp_path / "dumps",
        checkouts=tmp_path / "checkouts",
        states=tmp_path / "upstreams",
        repositories=tmp_path / "git",
        suffixes=(".md", ".txt"),
    )

"""Fixtures: an upstream server on loopback, and a session that may connect to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from helpers.upstream_server import Fetch, UpstreamServer, run_upstream
from refeed.config.settings import FetchSettings, UpstreamRule
from refeed.fetch.poller import FetchResult, fetch_upstream
from refeed.fetch.session import HttpSession
from refeed.fetch.upstreams import FetchDirs, UpstreamState


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
        repositories=tmp_path / "git",
        suffixes=(".md", ".txt"),
    )


@pytest.fixture
def fetch(session: HttpSession, dirs: FetchDirs) -> Fetch:
    """Fetches an upstream, and keeps its state until the next call."""
    states: dict[UpstreamRule, UpstreamState] = {}

    def fetch_again(upstream: UpstreamRule, now: datetime) -> FetchResult:
        before = states.get(upstream, UpstreamState(address=upstream.address))
        result = fetch_upstream(upstream, session, dirs, before, now)
        states[upstream] = result.state
        return result

    return fetch_again

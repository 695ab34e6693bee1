"""Fixtures of every package: settings in a temporary folder, stores in both databases, a running site, a browser.

What a fixture needs is imported when the fixture is used, so that one test file alone starts in a moment.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from helpers.postgresql import PostgresServer
    from helpers.server_fixture import RunningSite
    from refeed.config.settings import Settings

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Make settings with everything below `tmp_path`; the dump folder is `tmp_path/dumps`."""
    from refeed.config.load import load_settings

    def make(config: Path = ROOT / "config.yaml", **environ: str) -> Settings:
        defaults = {
            "REFEED_DUMPS": str(tmp_path / "dumps"),
            "REFEED_FEEDS": str(tmp_path / "feeds"),
            "REFEED_VAR": str(tmp_path / "var"),
            "BASE_URL": "https://feeds.example.org",
        }
        (tmp_path / "dumps").mkdir(exist_ok=True)
        return load_settings(defaults | environ, config)

    return make


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run."""
    from helpers.postgresql import run_postgres

    with run_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database in it."""
    url = postgres_server.make_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, once in each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """One running site for all tests that only send requests."""
    from helpers.server_fixture import prepare_site, run_site

    home = tmp_path_factory.mktemp("site")
    settings, environ = prepare_site(home)
    with run_site(settings, environ, home) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a process: Playwright runs once in each."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()

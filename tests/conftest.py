"""What many tests need: a service of its own in a folder of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, sync_playwright

from helpers import postgresql
from refeed.config.load import load_settings
from refeed.config.settings import Settings

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A machine that has much else to do is slow, not wrong: what is timed lives in bench/.
# The everyday run tries the same examples each time; `HYPOTHESIS_PROFILE=explore ./run test` looks for new ones.
hypothesis_settings.register_profile("everyday", deadline=None, derandomize=True, database=None)
hypothesis_settings.register_profile("explore", deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with everything below `tmp_path`; the dump folder is `tmp_path/dumps`."""

    def make(config: Path = ROOT / "config.yaml", **environ: str) -> Settings:
        given = {
            "REFEED_DUMPS": str(tmp_path / "dumps"),
            "REFEED_FEEDS": str(tmp_path / "feeds"),
            "REFEED_VAR": str(tmp_path / "var"),
            "BASE_URL": "https://feeds.example.org",
        }
        (tmp_path / "dumps").mkdir(exist_ok=True)
        return load_settings(given | environ, config)

    return make


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgresql.PostgresServer]:
    """A PostgreSQL for the whole run."""
    with postgresql.run_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: postgresql.PostgresServer) -> Iterator[str]:
    """An empty database in it."""
    url = postgres_server.make_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store, once in each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium: one for all tests of a process, since Playwright runs once in each."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed; apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()

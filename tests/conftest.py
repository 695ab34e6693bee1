"""Fixtures of every package: settings in a temporary folder, stores in both databases, a running site, a browser.

What a fixture needs is imported when the fixture is used, so that one test file alone starts in a moment.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from helpers.postgresql import PostgresServer
    from helpers.server_fixture import RunningSite
    from refeed.config.settings import Settings
    from refeed.store.store import Store

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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser is not for every day, and what is long on purpose has no time limit."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("torture"):
            item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(autouse=True)
def remove_log_handlers() -> Iterator[None]:
    """A command that ran in the process of a test sends no line of later tests to the terminal."""
    yield
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if not type(each).__module__.startswith("refeed.")]
    root.setLevel(logging.WARNING)


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


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a database with the schema: a copy of it takes a third of the time that the migrations take."""
    from helpers.postgresql import name_of

    url = postgres_server.make_database()
    with open_store(url):
        pass
    return name_of(url)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty store, once in each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    url = server.make_database(template=request.getfixturevalue("postgres_template"))
    yield url
    server.drop_database(url)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store with its schema, once in each database."""
    with open_store(store_url) as opened:
        yield opened


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store in each database for all examples of a module, which empty it themselves."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.db'}"
    else:
        template = request.getfixturevalue("postgres_template")
        url = request.getfixturevalue("postgres_server").make_database(template=template)
    with open_store(url) as opened:
        yield opened


@contextmanager
def open_store(url: str) -> Iterator[Store]:
    """A store with its schema, until the block ends."""
    from refeed.store.store import Store

    opened = Store(url)
    opened.migrate()
    yield opened
    opened.close()


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

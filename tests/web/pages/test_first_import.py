"""While a new store is filled, pages say how far that is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from helpers.page_fixtures import NOW, SOURCES, fill_store, make_entries, settings_at
from refeed.config.settings import Settings
from refeed.ingest.status_file import StatusFile
from refeed.store.store import Store
from refeed.web.app import create_app
from refeed.web.service_status import collect_status, format_status

BROWSER = {"Accept": "text/html,application/xml;q=0.9", "Accept-Language": "en"}
PROGRESS = "Importing: 3,120 of 4,470 articles. 54 a second, 25 seconds left."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_at(tmp_path)


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


def write_status(settings: Settings, state: str, **progress: float) -> None:
    """What the worker says about itself."""
    status = StatusFile(Path(settings.var_dir) / "worker.json")
    status.write({"state": state, **({"importing": progress} if progress else {})})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("path", ["/", "/source/bbc", "/feeds/source/bbc.atom", "/status"])
def test_before_there_is_a_store_pages_say_that_it_is_filled_soon(
    settings: Settings, client: FlaskClient, path: str
) -> None:
    write_status(settings, "starting")
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "Starting: looking for articles to import." in answer.text


def test_pages_show_progress_rate_and_time_left_until_everything_is_imported(
    settings: Settings, client: FlaskClient
) -> None:
    store = Store(settings.database_url)
    store.migrate()
    fill_store(store, make_entries(6), SOURCES)
    store.close()
    write_status(settings, "ingesting", done=3120, total=4470, rate=54.0)
    for path in ("/", "/source/bbc", "/status", "/search"):
        answer = client.get(path, headers=BROWSER)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert PROGRESS in answer.text
    german = client.get("/?lang=de", headers=BROWSER).text
    assert "3.120 von 4.470" in german
    assert "import    3,120 of 4,470 dumps, 54 a second, 0:00:25 left" in list(
        format_status(collect_status(settings, NOW))
    )
    assert client.get("/status.json").get_json()["worker"]["importing"]["done"] == 3120
    assert client.get("/readyz").status_code == 503
    assert {source.stale for source in collect_status(settings, NOW).sources} == {None}
    assert "no new entry for longer than usual" not in client.get("/status", headers=BROWSER).text
    file = Path(settings.var_dir) / "worker.json"
    file.write_text(re.sub(r'"at":\s*"[^"]*"', '"at":"2020-01-01T00:00:00Z"', file.read_text()))
    os.utime(file, (0, 0))
    answer = client.get("/", headers=BROWSER)
    assert "Importing: 3,120 of 4,470 articles. You can read" in re.sub(r"<[^>]*>", "", answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    write_status(settings, "ingesting")
    answer = client.get("/", headers=BROWSER)
    assert "Importing" not in answer.text
    assert answer.headers["Cache-Control"].startswith("max-age=60")


def test_a_document_that_is_not_there_yet_is_503_for_readers_and_its_page_for_browsers(
    settings: Settings, client: FlaskClient
) -> None:
    Store(settings.database_url).migrate()
    write_status(settings, "ingesting", done=0, total=10, rate=0.0)
    assert client.get("/feeds/source/bbc.atom").status_code == 503
    answer = client.get("/feeds/source/bbc.atom", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "Importing: 0 of 10 articles." in answer.text
    assert "You can read what is here already." not in answer.text
    assert client.get("/feeds/source/unknown.atom", headers=BROWSER).status_code == 404


@pytest.mark.parametrize("host", ["192.168.1.5:8000", "feeds.example.org"])
def test_visitor_from_another_machine_sees_that_base_url_must_be_set(
    client: FlaskClient, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/", "/status"):
        page = client.get(path, headers=BROWSER | {"Host": host}).text
        assert "set BASE_URL to the address that others use" in page
        assert host not in page, "addresses follow BASE_URL, never Host"
    assert [
        record.message.count("BASE_URL is http://127.0.0.1:")
        for record in caplog.records
        if "BASE_URL" in record.message
    ] == [1]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_visitor_on_this_machine_needs_no_base_url(client: FlaskClient, host: str) -> None:
    assert "BASE_URL" not in client.get("/", headers=BROWSER | {"Host": host}).text

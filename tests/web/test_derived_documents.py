"""Digests over HTTP: made when somebody asks, cached like all documents, and without anything private."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Response
from lxml import etree
from playwright.sync_api import Browser
from werkzeug.test import Client, TestResponse

from helpers.feed_validator import DocumentKind, validate_document
from helpers.page_fixtures import SOURCES, fill_store, make_entry, make_full_entry, make_label, run_leader, settings_at
from helpers.page_fixtures import SampleEntry as Sample
from helpers.service_fixture import count_durations
from helpers.store_builders import entry_id, file_result
from refeed.config.settings import Settings
from refeed.feeds.access_tokens import AccessTokens
from refeed.ingest.pipeline import Pipeline
from refeed.model import FeedPath
from refeed.store.dump_recording import record_files
from refeed.store.entry_updates import restore_entries, withdraw_entries
from refeed.store.store import Store
from refeed.store.story_decisions import join_entries
from refeed.store.story_members import get_story_ids
from refeed.stories.story_texts import MOST_REPORTS
from refeed.stories.story_updater import update_all_stories, update_stories
from refeed.web.app import create_app
from refeed.web.derived_documents import DerivedDocuments
from refeed.web.document_cache import CachedDocument
from refeed.web.url_map import UrlMap

CONFIG = """
site: {id: "tag:example.org,2026", title: 样例站, timezone: Asia/Shanghai}
sources: [{id: rfi, title: 样例秘密来源, hosts: [rfi.example], access: private}]
topics:
  - {id: climate, title: 气候, words: [气候]}
  - {id: secret, title: 秘密专题, words: [气候], access: private}
"""
SECRET = "a secret of the tests, and of nothing else"
NOW = datetime(2020, 8, 1, tzinfo=UTC)
FORMATS: tuple[DocumentKind, ...] = ("atom", "rss", "json")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_at(tmp_path_factory.mktemp("digests"), CONFIG, REFEED_ACCESS_SECRET=SECRET)
    pipeline = Pipeline.open(settings, clock=lambda: NOW)
    labels = (make_label("climate"), make_label("secret"))
    hidden = make_entry(7, source="rfi", title="绝不外传的标题")
    samples = [make_full_entry(1, "https://pictures.example/1.png"), Sample(entry=hidden)]
    samples += [Sample(entry=make_entry(number), labels=labels) for number in (2, 3, 30)]
    fill_store(pipeline.store, samples, SOURCES)
    pipeline.ingest()  # publishes, and makes the private source private
    while update_stories(pipeline.store, NOW):
        pass
    pipeline.close()
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[Client]:
    with run_leader(settings, NOW):
        yield Client(create_app(settings).wsgi_app, TestResponse)


def names(client: Client, feed: str) -> list[str]:
    """The names of the digests of a feed, from its document."""
    items = json.loads(client.get(f"/feeds/{feed}.json").data)["items"]
    return [item["url"].rpartition("/")[2].removesuffix(".html") for item in items]


def test_without_a_leader_a_document_is_asked_for_and_503_and_what_is_made_is_counted(tmp_path: Path) -> None:
    before = count_durations("digests"), count_durations("derived")
    settings = settings_at(tmp_path, CONFIG, REFEED_ACCESS_SECRET=SECRET)
    store = Store(settings.database_url)
    store.migrate()
    derived = DerivedDocuments(settings, lambda: store, UrlMap(settings, AccessTokens(settings)), wait=0.1)
    answer = derived.find("/feeds/all/daily.atom")
    assert isinstance(answer, Response)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    with run_leader(settings, NOW):
        waiting = DerivedDocuments(settings, lambda: store, UrlMap(settings, AccessTokens(settings)), wait=60)
        found = waiting.find("/feeds/all/daily.atom")
    assert isinstance(found, CachedDocument)
    assert b"<feed" in found.data
    assert count_durations("digests") > before[0]
    assert count_durations("derived") > before[1]
    store.close()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "feed",
    ["all/daily", "all/weekly", "topic/climate/daily", "source/bbc/weekly", "all/stories", "topic/climate/stories"],
)
def test_feeds_of_digests_are_valid(client: Client, feed: str, format: DocumentKind) -> None:
    answer = client.get(f"/feeds/{feed}.{format}")
    assert answer.status_code == 200
    assert validate_document(answer.data, format) == []
    assert answer.headers["Cache-Control"].startswith("max-age=300")
    again = client.get(f"/feeds/{feed}.{format}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_day_is_one_entry_with_a_page_and_a_book(client: Client) -> None:
    assert names(client, "all/daily") == ["2020-05-02", "2020-05-01"]
    assert names(client, "all/weekly") == ["2020-W18"]
    page = client.get("/feeds/all/daily/2020-05-01.html")
    assert page.content_type == "text/html; charset=utf-8"
    assert "样例：应有尽有的一篇" in page.text
    assert "style-src 'sha256-" in page.headers["Content-Security-Policy"]
    book = client.get("/feeds/all/daily/2020-05-01.epub")
    assert book.content_type == "application/epub+zip"
    with zipfile.ZipFile(io.BytesIO(book.data)) as archive:
        assert archive.namelist()[0] == "mimetype"
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    chapters = [text for name, text in texts.items() if name.startswith("chapter")]
    assert any("A sample written for the tests" in text for text in chapters)
    assert not any("<img" in text for text in chapters)
    for name in texts:
        if name.endswith((".xhtml", ".opf", ".ncx", ".svg", ".xml")):
            etree.fromstring(texts[name].encode())
    for missing in ("/feeds/all/daily/2020-05-09.epub", "/feeds/topic/nosuch/daily.atom", "/feeds/all/monthly.atom"):
        assert client.get(missing).status_code == 404


def test_axe_finds_no_problem_on_the_page_of_a_digest(client: Client, browser: Browser) -> None:
    text = client.get("/feeds/all/daily/2020-05-01.html").text
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page = browser.new_page(color_scheme=scheme)
        page.set_content(text)
        problems = [f"{v['id']} {v['nodes'][0]['html'][:120]}" for v in Axe().run(page).response["violations"]]
        page.close()
        assert problems == []


def test_an_event_is_one_entry_with_every_report(client: Client) -> None:
    items = json.loads(client.get("/feeds/all/stories.json").data)["items"]
    assert len({item["id"] for item in items}) == len(items)
    links = [
        link
        for item in items
        for link in re.findall(r'sample\.example/(\d+)"', item["content_html"] + item["url"] + '"')
    ]
    assert set(links) >= {"2", "3", "30"}
    joined = [item for item in items if "/story/" in item["url"]]
    assert all(item["content_html"].count("<h3>") >= 2 for item in joined)


def test_a_story_has_a_page_that_its_entries_and_home_name(settings: Settings, client: Client) -> None:
    store = Store(settings.database_url)
    first, second, private = (make_entry(number).id.removeprefix("urn:uuid:") for number in (30, 3, 7))
    full = make_full_entry(1, "").entry.id.removeprefix("urn:uuid:")
    join_entries(store, [first, full, second])
    while update_stories(store, NOW):
        pass
    story = get_story_ids(store, [first])[first]
    store.close()
    page = client.get(f"/story/{story}")
    assert page.status_code == 200
    assert [f'href="/entry/{id}"' in page.text for id in (first, second, full, private)] == [True, True, True, False]
    assert "绝不外传" not in page.text
    for former in {first, second, full} - {story}:
        answer = client.get(f"/story/{former}")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"/story/{story}")
    for missing in (private, "00000000-0000-0000-0000-000000000000", "nothing"):
        assert client.get(f"/story/{missing}").status_code == 404
    assert f'href="/story/{story}"' in client.get(f"/entry/{second}").text
    assert f'href="/story/{story}"' in client.get("/").text


def test_a_story_counts_the_sources_of_reports_that_its_page_does_not_show(tmp_path: Path) -> None:
    settings = settings_at(tmp_path, CONFIG, REFEED_ACCESS_SECRET=SECRET)
    store = Store(settings.database_url)
    store.migrate()
    title, text = "样本：青岚河水位超过警戒线", "（样本）青岚河水位今天超过警戒线，松原县三千二百名居民撤离。"
    names = ["one", "two"] * (MOST_REPORTS // 2) + ["three", "one"]
    record_files(
        store,
        [file_result(n, source=name, minutes=n, title=title, text=f"{text}{n}") for n, name in enumerate(names)],
        NOW,
    )
    update_all_stories(store, NOW)
    store.close()
    page = Client(create_app(settings).wsgi_app, TestResponse).get(f"/story/{entry_id(0)}?lang=en").text
    assert "3 sources" in page
    assert "and 2 more" in page


def test_another_server_sends_the_same_bytes(settings: Settings, client: Client) -> None:
    other = Client(create_app(settings).wsgi_app, TestResponse)
    for path in ("all/daily.atom", "all/weekly.json", "all/daily/2020-05-01.epub", "all/daily/2020-05-01.html"):
        first, second = client.get(f"/feeds/{path}"), other.get(f"/feeds/{path}")
        assert first.data == second.data
        assert [first.headers[name] for name in ("ETag", "Last-Modified")] == [
            second.headers[name] for name in ("ETag", "Last-Modified")
        ]


def test_catalogues_lead_from_the_first_to_the_books(client: Client) -> None:
    def links(path: str) -> list[str]:
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.content_type.startswith("application/atom+xml;profile=opds-catalog;kind=")
        root = etree.fromstring(answer.data)
        found = root.iterfind("{*}entry/{*}link")
        return [link.get("href", "").removeprefix("http://127.0.0.1:8000") for link in found]

    start = links("/opds")
    assert start == ["/opds/all/daily", "/opds/all/weekly", "/opds/topics", "/opds/sources"]
    assert links("/opds/topics") == ["/opds/topic/climate/daily", "/opds/topic/climate/weekly"]
    assert "/opds/source/bbc/daily" in links("/opds/sources")
    books = links("/opds/all/daily")
    assert books == ["/feeds/all/daily/2020-05-02.epub", "/feeds/all/daily/2020-05-01.epub"]
    for missing in ("/opds/topic/secret/daily", "/opds/nothing", "/opds/all", "/opds/all/hourly"):
        assert client.get(missing).status_code == 404


def test_pages_of_feeds_lead_to_their_digests(client: Client) -> None:
    for path, count in (("/topic/climate", 3), ("/all", 3), ("/source/bbc", 2)):
        page = client.get(path).text
        addresses = re.findall(
            r'rel="alternate"[^>]* href="http://127.0.0.1:8000([^"]+(?:stories|daily|weekly).atom)"', page
        )
        assert len(addresses) == count
        for address in addresses:
            assert client.get(address).status_code == 200
            assert f">http://127.0.0.1:8000{address}</textarea>" in page


def test_nothing_private_is_in_a_public_digest(settings: Settings, client: Client) -> None:
    for feed in ("all/stories", "topic/climate/stories"):
        for format in FORMATS:
            text = client.get(f"/feeds/{feed}.{format}").text
            assert not any(word in text for word in ("绝不外传", "秘密", "secret", "rfi.example"))
    assert client.get("/feeds/topic/secret/stories.atom").status_code == 404
    for feed in ("all/daily", "all/weekly", "topic/climate/daily"):
        paths = [f"/feeds/{feed}.{format}" for format in FORMATS]
        paths += [f"/feeds/{feed}/{name}.{file}" for name in names(client, feed) for file in ("html", "epub")]
        for path in [*paths, f"/opds/{feed}", "/opds/topics", "/opds/sources"]:
            text = client.get(path).data.decode(errors="replace")
            assert not any(word in text for word in ("绝不外传", "秘密", "secret", "rfi.example"))
    for path in ("topic/secret/daily.atom", "source/rfi/daily.atom", "source/rfi/daily/2020-05-01.epub"):
        assert client.get(f"/feeds/{path}").status_code == 404
    token = AccessTokens(settings).make_token(FeedPath("source", "rfi"), "reader")
    own = client.get(f"/k/{token}/feeds/source/rfi/daily.atom")
    assert own.status_code == 200
    assert "绝不外传" in own.text
    assert own.headers["Cache-Control"].startswith("private")
    assert f'href="http://127.0.0.1:8000/k/{token}/feeds/source/rfi/daily.atom" rel="self"' in own.text
    assert own.text.count(token) == 1
    assert client.get(f"/k/{token}/feeds/source/rfi/daily/2020-05-01.epub").status_code == 200
    assert client.get(f"/k/{token}/feeds/topic/secret/daily.atom").status_code == 404


def test_a_withdrawal_changes_what_is_cached(settings: Settings, client: Client) -> None:
    path = "/feeds/source/bbc/daily.atom"
    before = client.get(path)
    store = Store(settings.database_url)
    id = make_entry(30).id.removeprefix("urn:uuid:")
    withdraw_entries(store, [id], NOW)
    store.close()
    while (after := client.get(path)).data == before.data:  # the store is asked once a second
        threading.Event().wait(0.05)
    assert names(client, "source/bbc/daily") == ["2020-05-01"]
    assert len(etree.fromstring(after.data).findall("{*}entry")) == 1


def test_last_modified_of_derived_documents_never_goes_back(settings: Settings, client: Client) -> None:
    paths = ("/feeds/all/stories.atom", "/feeds/source/bbc/daily.atom")
    store = Store(settings.database_url)
    id = make_entry(3).id.removeprefix("urn:uuid:")
    for hours, change in ((1, withdraw_entries), (2, restore_entries)):
        before = {path: client.get(path) for path in paths}
        change(store, [id], NOW + timedelta(hours=hours))
        while update_stories(store, NOW + timedelta(hours=hours)):
            pass
        for path in paths:
            while (after := client.get(path)).data == before[path].data:  # the store is asked once a second
                threading.Event().wait(0.05)
            dates = [parsedate_to_datetime(answer.headers["Last-Modified"]) for answer in (before[path], after)]
            assert dates[0] < dates[1]
    store.close()

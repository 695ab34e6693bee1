"""`images: cached`: documents and pages show images from this server, which gives away those of public entries only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from helpers.page_fixtures import NOW, SOURCES, fill_store, make_full_entry, settings_at
from helpers.upstream_server import UpstreamServer, reply, run_upstream
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.errors import ConfigError
from refeed.feeds.cached_images import hash_address
from refeed.ingest.pipeline import Pipeline
from refeed.store.entry_updates import withdraw_entries
from refeed.web.app import create_app

PNG = b"\x89PNG\r\n\x1a\n" + b"a sample, not a picture"
CONFIG = "site: {id: 'tag:example.org,2026', title: Sample, language: en, base_url: 'https://feeds.example.org'}\n"
SECRET = {"REFEED_ACCESS_SECRET": "a sample secret of enough characters"}
CACHED = f"{CONFIG}images: cached\nfetch: {{allow: [127.0.0.1]}}\n"


@pytest.fixture
def upstream() -> Iterator[UpstreamServer]:
    with run_upstream() as server:
        yield server


def publish(settings: Settings, picture: str) -> tuple[FlaskClient, str]:
    """A site with one entry that has a picture, and the entry's id."""
    entry = make_full_entry(1, picture)
    pipeline = Pipeline.open(settings)
    fill_store(pipeline.store, [entry], SOURCES)
    pipeline.mark_complete()
    pipeline.publisher.publish()
    pipeline.close()
    app: Flask = create_app(settings)
    return app.test_client(), entry.entry.id.removeprefix("urn:uuid:")


def test_documents_and_pages_link_to_images_that_this_server_fetches_when_asked(
    tmp_path: Path, upstream: UpstreamServer
) -> None:
    picture = upstream.url("/a.png?w=1&h=2")
    upstream.routes["/a.png?w=1&h=2"] = reply(PNG, Content_Type="image/svg+xml")
    client, id = publish(settings_at(tmp_path, CACHED), picture)
    path = f"/images/{hash_address(picture)}?entry={id}"
    addresses = ("/feeds/all.atom", "/feeds/all.rss", "/feeds/all.json", f"/entry/{id}", "/source/dw")
    before = [client.get(address).text for address in addresses]
    for text in before:
        assert f"https://feeds.example.org{path}" in text
    assert all("/a.png" not in text for text in before[:3])
    assert upstream.requests == []
    for _ in range(2):
        answer = client.get(path)
        assert (answer.status_code, answer.data, answer.mimetype) == (200, PNG, "image/png")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "max-age=31536000, immutable"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert upstream.count("/a.png?w=1&h=2") == 1
    assert [client.get(address).text for address in addresses] == before


def test_an_image_that_cannot_be_fetched_is_left_to_its_origin(tmp_path: Path, upstream: UpstreamServer) -> None:
    upstream.routes["/a.png"] = reply("<svg/>", Content_Type="image/svg+xml")
    picture = upstream.url("/a.png")
    client, id = publish(settings_at(tmp_path, CACHED), picture)
    answer = client.get(f"/images/{hash_address(picture)}?entry={id}")
    assert (answer.status_code, answer.headers["Location"], answer.headers["Cache-Control"]) == (
        302,
        picture,
        "no-store",
    )
    # An article must not make an address of ours lead to any page.
    path = f"/images/{hash_address(picture)}?entry={id}"
    assert client.get(path, headers={"Sec-Fetch-Dest": "image"}).status_code == 302
    assert client.get(path, headers={"Sec-Fetch-Dest": "document"}).status_code == 404


def test_an_image_at_an_impossible_host_is_not_found(tmp_path: Path) -> None:
    picture = "http://h..example/a.png"
    client, id = publish(settings_at(tmp_path, CACHED), picture)
    assert client.get(f"/images/{hash_address(picture)}?entry={id}").status_code == 404


def test_only_images_of_stored_public_entries_are_given(tmp_path: Path, upstream: UpstreamServer) -> None:
    upstream.routes["/a.png"] = reply(PNG)
    picture = upstream.url("/a.png")
    settings = settings_at(tmp_path, CACHED, **SECRET)
    client, id = publish(settings, picture)
    name = hash_address(picture)
    for path in (
        f"/images/{name}",
        f"/images/{hash_address('http://127.0.0.1/other')}?entry={id}",
        f"/images/{name}?entry={id[:-1]}0",
        f"/images/{name}?entry=x",
        f"/images/..%2f..%2fworker.json?entry={id}",
    ):
        assert client.get(path).status_code == 404, path
    path = f"/images/{name}?entry={id}"
    assert client.get(path).status_code == 200
    private = settings_at(tmp_path, CACHED + "sources: [{id: dw, access: private}]\n", **SECRET)
    assert create_app(private).test_client().get(path).status_code == 404
    pipeline = Pipeline.open(settings)
    withdraw_entries(pipeline.store, [id], NOW)
    pipeline.close()
    assert client.get(path).status_code == 410


def test_entries_of_private_sources_keep_the_images_of_their_origin(tmp_path: Path) -> None:
    picture = "https://pictures.example/a.png"
    settings = settings_at(tmp_path, CACHED + "sources: [{id: dw, access: private}]\n", **SECRET)
    publish(settings, picture)
    (document,) = (Path(settings.private_dir) / "source").glob("dw.atom")
    assert picture in document.read_text()
    assert "/images/" not in document.read_text()


def test_without_the_setting_there_is_no_cache(tmp_path: Path) -> None:
    picture = "https://pictures.example/a.png"
    settings = settings_at(tmp_path, CONFIG)
    client, id = publish(settings, picture)
    assert picture in client.get("/feeds/all.atom").text
    assert client.get(f"/images/{hash_address(picture)}?entry={id}").status_code == 404
    cached = replace(settings, images="cached")
    pipeline = Pipeline.open(cached)
    assert pipeline.publisher.publish()  # the setting changes the documents, without a restart of anything else
    pipeline.close()


def test_the_cache_and_restoring_from_feeds_exclude_each_other(tmp_path: Path) -> None:
    config = CONFIG.replace("}", ", restore_from: 'https://old.example'}") + "images: cached\n"
    (tmp_path / "config.yaml").write_text(config, "utf-8")
    with pytest.raises(ConfigError, match=r"images: cannot be cached with site\.restore_from"):
        load_settings({}, tmp_path / "config.yaml")

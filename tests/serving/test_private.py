"""Private feeds: who has a token has the documents, and nobody else learns that there are any."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from refeed.config import Settings
from refeed.errors import ConfigError
from serving.site import BASE, CONFIG, SECRET, Site, prepare, serving


def address(site: Site, feed: str, reader: str, end: str = ".atom") -> str:
    return f"/k/{site.access.token(feed, reader)}/feeds/{feed}{end}"


def test_a_token_opens_its_own_feed_and_no_other(site: Site) -> None:
    for reader in ("ann", "bob"):
        for end in (".atom", ".rss", ".json"):
            assert site.get(address(site, "topic/secret", reader, end)).status == 200
    token = site.access.token("topic/secret", "ann")
    for path in ("topic/climate.atom", "view/hidden.atom", "all.atom", "topic/nothing.atom", "opml.xml"):
        assert site.get(f"/k/{token}/feeds/{path}").status == 404
    assert site.access.token("topic/secret", "ann") != site.access.token("topic/secret", "bob")


def test_a_token_that_was_revoked_or_belongs_to_nobody_opens_nothing(site: Site) -> None:
    assert site.get(address(site, "topic/secret", "old")).status == 404
    assert site.get(address(site, "view/hidden", "old")).status == 200
    assert site.get(address(site, "topic/secret", "stranger")).status == 404


def test_a_private_document_is_for_its_reader_alone(site: Site) -> None:
    path = address(site, "topic/secret", "ann")
    answer = site.get(path)
    assert answer["cache-control"].startswith("private, max-age=")
    assert answer["x-robots-tag"] == "noindex"
    assert answer["referrer-policy"] == "no-referrer"
    assert answer["link"] == f'<{BASE}{path}>; rel="self"'
    assert f"{BASE}{path}".encode() in answer.body
    assert b"hub.example.org" not in answer.body
    other = site.get(address(site, "topic/secret", "bob"))
    assert other["etag"] != answer["etag"]
    assert site.access.token("topic/secret", "ann").encode() not in other.body
    assert site.get(path, If_None_Match=answer["etag"]).status == 304


def test_archives_and_views_of_a_private_feed_are_reached_with_the_token(site: Site) -> None:
    document = json.loads(site.get(address(site, "topic/secret", "ann", ".json")).body)
    token = site.access.token("topic/secret", "ann")
    assert document["feed_url"].startswith(f"{BASE}/k/{token}/")
    seen = {entry["id"] for entry in document["items"]}
    while "next_url" in document:
        assert document["next_url"].startswith(f"{BASE}/k/{token}/")
        assert site.get(document["next_url"].removeprefix(BASE).replace(f"/k/{token}", "")).status == 404
        document = json.loads(site.get(document["next_url"].removeprefix(BASE)).body)
        seen |= {entry["id"] for entry in document["items"]}
    assert len(seen) == 20
    view = site.get(address(site, "topic/secret", "ann") + "?limit=2")
    assert view.body.count(b"<entry") == 2
    assert f"{BASE}/k/{token}/feeds/topic/secret.atom?limit=2".encode() in view.body
    assert view["cache-control"].startswith("private")


def test_a_renamed_private_feed_leads_the_old_token_to_the_new_one(site: Site) -> None:
    answer = site.get(address(site, "topic/hush", "ann"))
    assert (answer.status, answer["location"]) == (301, BASE + address(site, "topic/secret", "ann"))
    assert answer["cache-control"] == "no-store"
    assert site.get(f"/k/{'b' * 32}/feeds/topic/hush.atom").status == 404


def test_nothing_public_names_a_private_feed_or_a_token(site: Site) -> None:
    tokens = [site.access.token(f, r) for f in ("topic/secret", "view/hidden") for r in ("ann", "bob", "old")]
    site.get(address(site, "topic/secret", "ann"))
    for path in (
        "/feeds/opml.xml",
        "/feeds/feeds.json",
        "/feeds/all.atom",
        "/feeds/topic/climate.json",
        "/metrics",
        "/",
    ):
        text = site.get(path).body.decode()
        assert "secret" not in text, path
        assert "秘密" not in text, path
        assert not [token for token in tokens if token in text]
    site.get(f"{address(site, 'topic/secret', 'ann')}?limit=x")
    log = site.log.read_text()
    assert not [token for token in tokens if token[:12] in log]


@pytest.mark.parametrize("path", ["/topic/secret", "/topic/secret/2026-01", "/view/hidden"])
def test_a_private_feed_has_no_page(site: Site, path: str) -> None:
    assert site.get(path).status == 404


def test_a_private_site_shows_nothing_without_a_token(tmp_path: Path) -> None:
    config = "access: private\ntopics: [{id: climate, title: 气候, words: [气候]}]\n"
    settings, environ = prepare(tmp_path, config, dumps=6)
    with serving(settings, environ, tmp_path) as site:
        for path in ("/", "/feeds/all.atom", "/feeds/opml.xml", "/topic/climate", "/source/bbc", "/status", "/all"):
            assert site.get(path).status == 404, path
        assert site.get("/healthz").status == 200
        assert site.get(address(site, "all", "reader")).status == 200
        assert site.get(address(site, "source/bbc", "reader", ".json")).status == 200


def test_what_is_private_needs_a_secret_that_deserves_the_name(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG.replace("REVOKED", "aaaaaaaa"), "utf-8")
    for secret in ("", "short"):
        with pytest.raises(ConfigError, match="REFEED_ACCESS_SECRET"):
            make_settings(file, REFEED_ACCESS_SECRET=secret)
    assert SECRET not in repr(make_settings(file, REFEED_ACCESS_SECRET=SECRET))

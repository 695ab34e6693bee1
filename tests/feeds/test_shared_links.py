"""Senders that may write to some sources only -> others' documents keep their bytes, and a link is shown once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cachetools import LRUCache, cached
from flask.testing import FlaskClient

from helpers.store_builders import recount_feeds, recount_outcomes, stored_feeds, stored_outcomes
from refeed.config.settings import Settings
from refeed.errors import ConfigError
from refeed.fetch.upstreams import limited_checkouts
from refeed.ingest.pipeline import Pipeline
from refeed.model import FeedPath
from refeed.store.entry_updates import withdraw_entries
from refeed.web.app import create_app

CONFIG = """
site: {id: "tag:example.org,2026", title: 样本站, author: 样本站}
dumps: {folders: [dumps]}
sources:
  - {id: good, title: Good, hosts: [good.example]}
  - {id: secret, title: Secret, hosts: [secret.example], access: private}
  - {id: mine, title: Mine, hosts: [mine.example]}
topics: [{id: sample, title: 样本, words: [样本]}]
push_tokens:
  - {token: "${EVIL_TOKEN:-0123456789abcdef-evil}", sources: [evil, mine]}
upstreams:
  - {git: https://git.example.org/dumps.git, sources: [evil]}
"""
OPERATOR, EVIL = "0123456789abcdef-operator", "0123456789abcdef-evil"
LINKS = ["https://good.example/1", "https://secret.example/1", "https://mine.example/1", "https://other.example/1"]


@pytest.fixture
def settings(make_settings: Callable[..., Settings], store_url: str, tmp_path: Path) -> Settings:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    secrets = {"REFEED_PUSH_TOKEN": OPERATOR, "REFEED_ACCESS_SECRET": "0123456789abcdef0123456789abcdef"}
    return make_settings(config, DATABASE_URL=store_url, **secrets)


def dump(link: str, text: str, hour: int) -> bytes:
    return f"<!--{1_772_150_400 + hour * 3600}000-->\n[样本 {text}]({link})\n------\n\n<p>{text}</p>\n".encode()


@cached(LRUCache(1), key=lambda url, _: url)
def make_client(url: str, settings: Settings) -> FlaskClient:
    """The client of a test."""
    return create_app(settings).test_client()


def push(settings: Settings, token: str, body: bytes) -> int:
    return (
        make_client(settings.database_url, settings)
        .post("/dumps", data=body, headers={"Authorization": f"Bearer {token}"})
        .status_code
    )


def ingest(settings: Settings, *, withdraw: str = "") -> None:
    pipeline = Pipeline.open(settings)
    if withdraw:
        withdraw_entries(pipeline.store, [withdraw], pipeline.clock(), pipeline.pool.builder.find_repost_original)
    pipeline.ingest()
    assert stored_feeds(pipeline.store) == recount_feeds(pipeline.store)
    assert stored_outcomes(pipeline.store) == recount_outcomes(pipeline.store)
    pipeline.close()


def documents(settings: Settings, *names: str) -> dict[str, bytes]:
    folders = Path(settings.feeds_dir), Path(settings.private_dir)
    paths = [path for folder in folders for name in names for path in folder.rglob(f"source/{name}*") if path.is_file()]
    return {str(path): path.read_bytes() for path in paths}


def shown(settings: Settings, feed: str) -> list[tuple[str, str]]:
    """Links and titles of a feed."""
    atom = "{http://www.w3.org/2005/Atom}"
    root = ElementTree.fromstring((Path(settings.feeds_dir) / f"{feed}.atom").read_bytes())
    entries = root.iter(f"{atom}entry")
    return sorted((str(e.find(f"{atom}link").get("href")), str(e.findtext(f"{atom}title"))) for e in entries)  # type: ignore[union-attr]


@pytest.mark.slow
def test_push_token_of_some_sources_changes_nothing_in_the_others(settings: Settings) -> None:
    assert push(settings, OPERATOR, b"\n".join(json.dumps({"name": "", "body": dump(link, "真", 5).decode()}).encode()
                                               for link in LINKS)) == 201  # fmt: skip
    ingest(settings)
    before = documents(settings, "good", "secret")
    assert len({Path(path).suffix for path in before}) == 3
    for hour in (1, 9):
        for link in LINKS:
            assert push(settings, EVIL, dump(link, f"假 {hour}", hour)) == 201
    ingest(settings)
    assert documents(settings, "good", "secret") == before
    # The token may write to `mine`. Elsewhere it has entries of its own, of which `all` shows those of other links.
    assert shown(settings, "source/mine") == [(LINKS[2], "样本 假 9")]
    assert shown(settings, "source/evil") == [(link, "样本 假 9") for link in (LINKS[0], LINKS[3], LINKS[1])]
    for feed in ("all", "topic/sample"):
        titles = dict(shown(settings, feed))
        assert len(titles) == len(shown(settings, feed))
        assert titles[LINKS[0]] == "样本 真"
        assert titles[LINKS[2]] == "样本 假 9"


@pytest.mark.slow
def test_link_is_shown_once_in_any_order_and_again_when_its_owner_is_withdrawn(settings: Settings) -> None:
    push(settings, EVIL, dump(LINKS[0], "假", 1))
    ingest(settings)
    assert shown(settings, "all") == [(LINKS[0], "样本 假")]
    push(settings, OPERATOR, dump(LINKS[0], "真", 5))
    ingest(settings)
    assert shown(settings, "all") == [(LINKS[0], "样本 真")]
    assert shown(settings, "source/evil") == [(LINKS[0], "样本 假")]
    pipeline = Pipeline.open(settings)
    (member,) = pipeline.store.get_newest(FeedPath("source", "good"), 9)
    pipeline.close()
    ingest(settings, withdraw=member.id)
    assert shown(settings, "all") == [(LINKS[0], "样本 假")]


@pytest.mark.slow
def test_dumps_of_a_limited_repository_change_nothing_in_other_sources(settings: Settings) -> None:
    ((checkout, origin),) = limited_checkouts(settings).items()
    assert (origin.source, origin.sources) == ("evil", ())
    push(settings, OPERATOR, dump(LINKS[0], "真", 5))
    ingest(settings)
    before = documents(settings, "good")
    Path(checkout, "good").mkdir(parents=True)
    forged = b'---\nrefeed: {"source": "good"}\n---\n'
    Path(checkout, "good", "1.md").write_bytes(dump(LINKS[0], "假", 9))
    Path(checkout, "good", "2.md").write_bytes(forged + dump(LINKS[0], "假 2", 9))
    item = f"<rss version='2.0'><channel><item><title>样本</title><link>{LINKS[0]}</link></item></channel></rss>"
    Path(checkout, "good", "3.xml").write_text(item)
    ingest(settings)
    assert documents(settings, "good") == before
    assert {link for link, _ in shown(settings, "source/evil")} == {LINKS[0]}


def test_pushed_source_that_the_token_may_not_write_is_refused(settings: Settings) -> None:
    article = {"title": "样本", "link": LINKS[0], "html": "<p>文</p>", "source": "good"}
    assert push(settings, EVIL, json.dumps(article).encode()) == 400
    assert push(settings, OPERATOR, json.dumps(article).encode()) == 201
    assert push(settings, EVIL + "x", json.dumps(article).encode()) == 401


def test_short_push_token_is_an_error_that_does_not_show_it(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text('push_tokens: [{token: "short-secret", sources: [a]}]')
    with pytest.raises(ConfigError, match="at least 16 characters") as caught:
        make_settings(config)
    assert "short-secret" not in str(caught.value)

"""Private feeds: a token gives access to its feed, and nothing public reveals that the feed exists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpers.server_fixture import BASE, CONFIG, SECRET, RunningSite, prepare_site, run_site, site_dump
from refeed.config.settings import Settings
from refeed.dumps.writer import compose_dump
from refeed.errors import ConfigError
from refeed.ingest.pipeline import Pipeline
from refeed.model import FeedPath
from refeed.store.entry_updates import withdraw_entries
from refeed.store.store import Store


def private_path(site: RunningSite, feed: str, reader: str, end: str = ".atom") -> str:
    return f"/k/{site.access.make_token(feed, reader)}/feeds/{feed}{end}"


def test_a_token_gives_access_to_its_own_feed_alone(site: RunningSite) -> None:
    for reader in ("ann", "bob"):
        for end in (".atom", ".rss", ".json"):
            assert site.get(private_path(site, "topic/secret", reader, end)).status == 200
    token = site.access.make_token(FeedPath("topic", "secret"), "ann")
    for path in ("topic/climate.atom", "filtered/hidden.atom", "all.atom", "topic/nothing.atom", "opml.xml"):
        assert site.get(f"/k/{token}/feeds/{path}").status == 404
    assert site.access.make_token(FeedPath("topic", "secret"), "ann") != site.access.make_token(
        FeedPath("topic", "secret"), "bob"
    )


def test_a_revoked_or_unknown_token_gives_no_access(site: RunningSite) -> None:
    assert site.get(private_path(site, "topic/secret", "old")).status == 404
    assert site.get(private_path(site, "filtered/hidden", "old")).status == 200
    assert site.get(private_path(site, "topic/secret", "stranger")).status == 404


def test_a_private_document_is_for_one_reader_and_not_cached_by_others(site: RunningSite) -> None:
    path = private_path(site, "topic/secret", "ann")
    answer = site.get(path)
    assert answer["cache-control"].startswith("private, max-age=")
    assert answer["x-robots-tag"] == "noindex"
    assert answer["referrer-policy"] == "no-referrer"
    assert answer["link"] == f'<{BASE}{path}>; rel="self"'
    assert f"{BASE}{path}".encode() in answer.body
    assert b"hub.example.org" not in answer.body
    other = site.get(private_path(site, "topic/secret", "bob"))
    assert other["etag"] != answer["etag"]
    assert site.access.make_token(FeedPath("topic", "secret"), "ann").encode() not in other.body
    assert site.get(path, If_None_Match=answer["etag"]).status == 304


def test_a_private_feed_links_to_an_existing_page(site: RunningSite) -> None:
    home = json.loads(site.get(private_path(site, "topic/secret", "ann", ".json")).body)["home_page_url"]
    (alternate,) = re.findall(
        rb'<link href="([^"]+)" rel="alternate" type="text/html"/>',
        site.get(private_path(site, "topic/secret", "ann")).body.partition(b"<entry")[0],
    )
    assert home == alternate.decode()
    assert site.get(home.removeprefix(BASE)).status == 200


def test_archives_and_filters_of_a_private_feed_work_with_its_token(site: RunningSite) -> None:
    document = json.loads(site.get(private_path(site, "topic/secret", "ann", ".json")).body)
    token = site.access.make_token(FeedPath("topic", "secret"), "ann")
    assert document["feed_url"].startswith(f"{BASE}/k/{token}/")
    seen = {entry["id"] for entry in document["items"]}
    while "next_url" in document:
        assert document["next_url"].startswith(f"{BASE}/k/{token}/")
        assert site.get(document["next_url"].removeprefix(BASE).replace(f"/k/{token}", "")).status == 404
        document = json.loads(site.get(document["next_url"].removeprefix(BASE)).body)
        seen |= {entry["id"] for entry in document["items"]}
    assert len(seen) == 20
    filtered = site.get(private_path(site, "topic/secret", "ann") + "?limit=2")
    assert filtered.body.count(b"<entry") == 2
    assert f"{BASE}/k/{token}/feeds/topic/secret.atom?limit=2".encode() in filtered.body
    assert filtered["cache-control"].startswith("private")


def test_a_renamed_private_feed_redirects_the_old_token_to_the_new_one(site: RunningSite) -> None:
    answer = site.get(private_path(site, "topic/hush", "ann"))
    assert (answer.status, answer["location"]) == (301, BASE + private_path(site, "topic/secret", "ann"))
    assert answer["cache-control"] == "no-store"
    assert site.get(f"/k/{'b' * 32}/feeds/topic/hush.atom").status == 404


def test_the_former_address_of_a_private_filtered_feed_redirects_its_token(site: RunningSite) -> None:
    former = site.access.make_token(FeedPath("view", "hidden"), "ann")
    answer = site.get(f"/k/{former}/feeds/view/hidden.rss")
    assert (answer.status, answer["location"]) == (301, BASE + private_path(site, "filtered/hidden", "ann", ".rss"))


def test_no_public_response_or_log_has_a_private_feed_or_token(site: RunningSite) -> None:
    tokens = [
        site.access.make_token(feed, reader)
        for feed in ("topic/secret", "filtered/hidden")
        for reader in ("ann", "bob", "old")
    ]
    site.get(private_path(site, "topic/secret", "ann"))
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
    site.get(f"{private_path(site, 'topic/secret', 'ann')}?limit=x")
    log = site.log.read_text()
    assert not [token for token in tokens if token[:12] in log]


@pytest.mark.parametrize(
    ("private", "unknown"),
    [
        ("/topic/secret", "/topic/nosuch"),
        ("/topic/secret/2026-01", "/topic/nosuch/2026-01"),
        ("/topic/hush", "/topic/none"),
        ("/topic/hush/2026-01", "/topic/none/2026-01"),
        ("/filtered/hidden", "/filtered/nosuch"),
        ("/feeds/topic/secret.atom", "/feeds/topic/nosuch.atom"),
        ("/feeds/topic/secret", "/feeds/topic/nosuch"),
        ("/feeds/topic/secret.json?limit=2", "/feeds/topic/nosuch.json?limit=2"),
        ("/feeds/topic/secret/archive/2026-01.rss", "/feeds/topic/nosuch/archive/2026-01.rss"),
        ("/feeds/topic/hush.atom", "/feeds/topic/none.atom"),
        ("/feeds/filtered/hidden.atom", "/feeds/filtered/nosuch.atom"),
        ("/feeds/topic/secret/daily.atom", "/feeds/topic/nosuch/daily.atom"),
        ("/feeds/topic/secret/stories.json", "/feeds/topic/nosuch/stories.json"),
        ("/feeds/topic/secret/weekly/2026-W01.epub", "/feeds/topic/nosuch/weekly/2026-W01.epub"),
        ("/opds/topic/secret/daily", "/opds/topic/nosuch/daily"),
    ],
)
def test_a_private_feed_is_answered_like_an_unknown_one(site: RunningSite, private: str, unknown: str) -> None:
    for method, accept in (("GET", "*/*"), ("GET", "text/html"), ("HEAD", "*/*"), ("POST", "*/*"), ("OPTIONS", "*/*")):
        answers = [site.get(path, method=method, Accept=accept) for path in (private, unknown)]
        heads = [{name: value for name, value in answer.headers.items() if name != "date"} for answer in answers]
        assert answers[0].status == answers[1].status
        assert heads[0] == heads[1]
        assert answers[0].body.replace(private.encode(), b"") == answers[1].body.replace(unknown.encode(), b"")


@pytest.mark.parametrize(
    "path",
    [
        "/search?q=topic:{}",
        "/search.json?q=topic:{}",
        "/search.json?q=source:bbc+-topic:{}",
        "/all?q=source:bbc+OR+topic:{}",
        "/feeds/all.json?q=topic:{}",
        "/feeds/source/dw.atom?q=after:2020+-topic:{}",
    ],
)
def test_a_search_does_not_tell_which_entries_a_private_topic_has(site: RunningSite, path: str) -> None:
    bodies = []
    for topic in ("secret", "nosuch", "climate"):
        answer = site.get(path.format(topic), Accept="*/*" if path.startswith("/feeds/") else "text/html")
        assert answer.status == 200
        bodies.append(re.sub(rf"{topic}|[0-9a-f]{{64}}", "", answer.body.decode()))  # its checksum is of the name too
    assert bodies[0] == bodies[1] != bodies[2]


@pytest.mark.slow
def test_a_private_feed_is_answered_like_an_unknown_one_while_the_store_is_away(tmp_path: Path) -> None:
    settings, environ = prepare_site(tmp_path, CONFIG + "sources: [{id: bbc, access: private}]\n", dumps=6)
    for name in ("feeds.json", "source/bbc.atom"):
        (tmp_path / "feeds" / name).unlink(missing_ok=True)
    for file in (tmp_path / "var").glob("refeed.db*"):
        file.unlink()
    with run_site(settings, environ, tmp_path) as site:
        statuses = set()
        for private, unknown in (("topic/secret", "topic/nosuch"), ("source/bbc", "source/nosuch")):
            ends = (".atom", ".json?limit=2", "/archive/2026-01.rss", "/daily.atom", "/weekly/2026-W01.epub")
            for path in (*(f"/feeds/{{}}{end}" for end in ends), "/opds/{}/daily"):
                answers = [site.get(path.format(feed)) for feed in (private, unknown)]
                assert answers[0].status == answers[1].status, (private, path)
                assert answers[0].body == answers[1].body
                statuses.add(answers[0].status)
        assert statuses == {404, 503}


PRIVATE_SOURCE_CONFIG = """
site: {id: 'tag:example.org,2026', title: 样本站, author: 样本站}
feeds: {entries: 5}
sources: [{id: bbc, access: private}]
topics: [{id: climate, title: 气候, words: [气候]}]
filtered_feeds: [{id: short, feed: all, mode: titles}]
upstreams: [{source: bbc, url: 'https://bbc.example.org/feed', every: 7d}]
"""


@pytest.fixture(scope="module")
def private_source_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """One of two sources is private; it has a withdrawn entry, one that another source repeats, and file issues."""
    home = tmp_path_factory.mktemp("private-source")
    settings, environ = prepare_site(home, PRIVATE_SOURCE_CONFIG, dumps=30)
    dumps = home / "dumps"
    text = "".join(f"这是样本，写第{n}句，两家都有，为测试而作。" for n in range(30))
    at = datetime(2026, 3, 21, tzinfo=UTC)
    for number, host in enumerate(("www.bbc.com/zhongwen", "www.dw.com/zh")):
        dump = compose_dump(
            title="样本：两家都有", link=f"https://{host}/a-9", html=f"<p>{text}</p>", at=at + timedelta(hours=number)
        )
        (dumps / f"both-{host[4:7].strip('.')}.md").write_bytes(dump)
    flagged = site_dump(101).replace(site_dump(101).splitlines()[0], b"<!--no date-->")
    (dumps / "bbc-flagged.md").write_bytes(flagged)
    (dumps / "bbc-quarantined.md").write_bytes(b"\xff\xfe\x00 not a dump")
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    (newest,) = pipeline.store.get_newest(FeedPath("source", "bbc"), 1)
    withdraw_entries(pipeline.store, [newest.id], at)
    pipeline.publisher.publish()
    pipeline.close()
    with run_site(settings, environ, home) as site:
        yield site


@pytest.mark.slow
def test_entries_of_a_private_source_are_in_no_public_document_or_page(private_source_site: RunningSite) -> None:
    store = Store(private_source_site.settings.database_url, read_only=True)
    private = {member.id for member in store.get_newest(FeedPath("source", "bbc"), 100)}
    links = {stored.entry.link for stored in store.get_entries(sorted(private))}
    store.close()
    assert len(private) > 10
    texts = crawl(private_source_site)
    assert len(texts) > 60
    for path, text in texts.items():
        text = re.sub(r"source=bbc|from: bbc</title>|from: bbc\"", "", text)  # a filtered feed names its own query
        text = re.sub(r"\b[0-9a-f]{32,64}\b", "", text)  # a checksum may contain "bbc"
        assert "bbc" not in text.lower(), path
        assert not [word for word in private | links if word in text], path
    for id in private:
        assert private_source_site.get(f"/entry/{id}").status == 404
        assert private_source_site.get(f"/entry/{id}.json").status == 404
    assert (
        private_source_site.get("/source/bbc").status == private_source_site.get("/feeds/source/bbc.atom").status == 404
    )


@pytest.mark.slow
def test_the_token_of_a_private_source_gives_all_its_entries(private_source_site: RunningSite) -> None:
    document = json.loads(
        private_source_site.get(private_path(private_source_site, "source/bbc", "reader", ".json")).body
    )
    seen = {entry["url"] for entry in document["items"]}
    while "next_url" in document:
        document = json.loads(private_source_site.get(document["next_url"].removeprefix(BASE)).body)
        seen |= {entry["url"] for entry in document["items"]}
    assert len(seen) == 16  # one of 17 was withdrawn


@pytest.mark.slow
def test_an_entry_shared_with_a_private_source_is_the_public_sources(private_source_site: RunningSite) -> None:
    shown = json.loads(private_source_site.get("/feeds/all.json").body)["items"][0]
    assert shown["title"] == "样本：两家都有"
    assert shown["url"].startswith("https://www.dw.com/")


def crawl(site: RunningSite) -> dict[str, str]:
    """Everything that links reach without a token: pages, documents, files for programs."""
    waiting = ["/", "/status", "/status.json", "/metrics", "/feeds/opml.xml", "/feeds/feeds.json", "/robots.txt"]
    waiting += [f"/feeds/{path}.{format}?{query}" for path in ("all", "topic/climate") for format, query in FILTERS]
    texts: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        answer = site.get(path)
        assert answer.status == 200, path
        texts[path] = answer.body.decode("utf-8", "replace")
        for link in re.findall(rf'(?:{BASE})?(/[a-z][^"<>\s?#]*[a-z0-9])', texts[path]):
            if re.search(r"/(?:daily|weekly|stories)\b", link):
                continue  # there is no worker here that makes them; test_derived_documents looks into them
            if link.startswith(("/feeds/", "/entry/", "/source/", "/topic/", "/filtered/", "/all", "/qr/")):
                waiting += [link] if link not in texts and link not in waiting else []
    return texts


FILTERS = [("atom", "source=bbc"), ("json", "limit=200"), ("rss", "filter=%E6%A0%B7&opencc=s2t")]


@pytest.mark.slow
def test_a_private_site_has_no_page_or_document_without_a_token(tmp_path: Path) -> None:
    config = "access: private\ntopics: [{id: climate, title: 气候, words: [气候]}]\n"
    settings, environ = prepare_site(tmp_path, config, dumps=6)
    with run_site(settings, environ, tmp_path) as site:
        for path in ("/", "/feeds/all.atom", "/feeds/opml.xml", "/topic/climate", "/source/bbc", "/status", "/all"):
            assert site.get(path).status == 404, path
        assert site.get("/healthz").status == 200
        assert site.get(private_path(site, "all", "reader")).status == 200
        assert site.get(private_path(site, "source/bbc", "reader", ".json")).status == 200


def test_private_feeds_need_a_secret_of_enough_characters(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG.replace("REVOKED", "aaaaaaaa"), "utf-8")
    for secret in ("", "short"):
        with pytest.raises(ConfigError, match="REFEED_ACCESS_SECRET"):
            make_settings(file, REFEED_ACCESS_SECRET=secret)
    assert SECRET not in repr(make_settings(file, REFEED_ACCESS_SECRET=SECRET))

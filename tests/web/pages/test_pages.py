"""Content and headers of pages, requested over HTTP without a browser."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from helpers.page_fixtures import (
    CONFIG,
    PICTURE,
    SOURCES,
    PageSite,
    SampleEntry,
    fill_store,
    fill_with_many,
    make_entry,
    settings_at,
)
from refeed.page_languages import LANGUAGES
from refeed.store.store import Store
from refeed.web.app import create_app

PAGES = [
    "/",
    "/?q=bbc",
    "/all",
    "/all/2020-05",
    "/source/bbc",
    "/source/bbc/2020-05",
    "/topic/climate",
    "/topic/climate/2020-05?page=1",
    "/topic/empty",
    "/entry/{rich}",
    "/entry/{bilingual}",
    "/search",
    "/search?q=%E6%A0%B7%E4%BE%8B+sample",
    "/search?q=sample&order=relevance",
    "/status",
]


def get(site: PageSite, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and text of a response; redirects are not followed."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(urljoin(site.address, path), headers=names)
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=10) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read().decode()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def soup(text: str) -> BeautifulSoup:
    return BeautifulSoup(text, "lxml")


def fill_path(site: PageSite, path: str) -> str:
    return path.format(rich=site.rich, bilingual=site.bilingual)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_strict_policy_and_sends_no_referrer_or_cookie(site: PageSite, path: str) -> None:
    status, headers, text = get(site, fill_path(site, path))
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "accept-language" in headers["vary"].lower()
    assert "set-cookie" not in headers
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=|javascript:", text)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_landmarks_one_heading_and_autodiscovery(site: PageSite, path: str) -> None:
    page = soup(get(site, fill_path(site, path))[2])
    assert [len(page.select(part)) for part in ("main", "body > header", "body > footer", "h1")] == [1, 1, 1, 1]
    assert page.html["lang"] in ("zh-Hans", "zh-Hant", "en")
    kinds = [link.get("type") for link in page.select("link[rel=alternate]")]
    assert kinds[:3] == ["application/atom+xml", "application/feed+json", "application/rss+xml"]
    assert "text/x-opml" in kinds
    for link in page.select("link[rel=alternate][type='application/atom+xml']"):
        if not str(link["href"]).endswith(("/stories.atom", "/daily.atom", "/weekly.atom")):  # they need a leader
            assert get(site, str(link["href"]))[0] == 200


def test_a_page_with_a_known_etag_is_a_304(site: PageSite) -> None:
    _, headers, _ = get(site, "/source/bbc")
    status, again, text = get(site, "/source/bbc", If_None_Match=headers["etag"])
    assert (status, text) == (304, "")
    assert again["content-security-policy"] == headers["content-security-policy"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-TW,zh;q=0.9", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("en-GB,en;q=0.5", "en"),
        ("fr;q=0.9,en;q=0.1", "en"),
        ("fr", "zh-Hans"),
        ("zh-Hant;q=0,en;q=0.3", "en"),
        ("", "zh-Hans"),
        (";;q=x,,", "zh-Hans"),
    ],
)
def test_the_language_is_the_browsers_first_choice_or_the_sites_default(
    site: PageSite, accepted: str, language: str
) -> None:
    assert f'<html lang="{language}">' in get(site, "/", Accept_Language=accepted)[2]


def test_a_chosen_language_is_kept_without_a_cookie(site: PageSite) -> None:
    _, headers, text = get(site, "/?lang=en", Accept_Language="zh-CN")
    assert '<html lang="en">' in text
    assert 'href="/source/bbc?lang=en"' in text
    assert "set-cookie" not in headers
    assert 'value="en"' in text  # a search keeps it too


def test_every_text_of_the_pages_is_translated() -> None:
    package = resources.files("refeed")
    texts = {message for _, message, _, _ in _extract_messages(package)}
    assert len(texts) > 90
    assert set(LANGUAGES) >= {"en", "zh-Hans", "zh-Hant", "ja", "de"}
    for language in (tag.replace("-", "_") for tag in LANGUAGES if tag != "en"):
        with (package / "translations" / f"{language}.po").open("rb") as file:
            messages = read_po(file, language)
        translated = {message.id for message in messages if message.id and all(_texts(message.string))}
        assert texts - translated == set()
        assert translated - texts == set()


def test_a_page_is_in_one_language(site: PageSite) -> None:
    for path in ("/", "/source/bbc", "/status", f"/entry/{site.rich}"):
        for language, word in (
            ("zh-Hans", "语言"),
            ("zh-Hant", "語言"),
            ("en", "Language"),
            ("ja", "言語"),
            ("de", "Sprache"),
        ):
            assert f'aria-label="{word}"' in get(site, f"{path}?lang={language}")[2]


def _extract_messages(package: Traversable) -> list[Any]:
    methods = [("**.py", "python"), ("**.html", "jinja2")]
    return [
        message[1:]
        for message in extract_from_dir(str(package), methods, keywords={**DEFAULT_KEYWORDS, "translate": None})
    ]


def _texts(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else string


def test_home_lists_every_feed_that_has_entries(site: PageSite) -> None:
    text = get(site, "/?lang=en")[2]
    for name in ("Climate", "Hong Kong", "BBC News 中文", "样例文件夹"):
        assert name in text
    assert "An empty topic" not in text
    assert "样例：应有尽有的一篇" in text
    assert "/feeds/opml.xml" in text


@pytest.mark.parametrize("query", ["气候", "氣候", "climate", "CLIM"])
def test_search_finds_names_in_either_script_and_language(site: PageSite, query: str) -> None:
    cards = soup(get(site, f"/?lang=en&q={quote(query)}")[2]).select(".card h3")
    assert [card.get_text().strip() for card in cards] == ["Climate"]


def test_a_feeds_page_shows_how_to_subscribe(site: PageSite) -> None:
    text = get(site, "/topic/climate?lang=en")[2]
    for format in ("atom", "rss", "json"):
        assert f">{site.address}/feeds/topic/climate.{format}</textarea>" in text
    assert "https://feedly.com/i/subscription/feed/http%3A%2F%2F127.0.0.1" in text
    assert f'href="feed://{site.address.removeprefix("http://")}/feeds/topic/climate.atom"' in text
    assert "/qr/topic/climate.svg" in text


def test_a_topics_page_gives_the_reasons_for_each_entry(site: PageSite) -> None:
    page = soup(get(site, "/topic/climate?lang=en")[2])
    reasons = [" ".join(item.get_text().split()) for item in page.select(".why")[0].select("li")]
    assert reasons == ["in the title: 气候 ×2 +4", "in the text: 减排, against: 政治气候 +2"]


def test_month_pages_list_every_entry_of_a_feed_once(site: PageSite) -> None:
    seen: list[str] = []
    page = soup(get(site, "/all")[2])
    for month in page.select(".months a"):
        path: str | None = month.get("href")
        while path:
            listed = soup(get(site, path)[2])
            seen += [link.get("href") for link in listed.select(".rows h3 a")]
            older = listed.select("a[rel=next]")
            path = older[0].get("href") if older else None
    assert len(seen) == len(set(seen)) == 72


def test_an_entrys_page_shows_all_its_fields_and_links_to_the_original(site: PageSite) -> None:
    page = soup(get(site, f"/entry/{site.rich}?lang=en")[2])
    text = " ".join(page.select("main")[0].get_text().split())
    for shown in (
        "样例作者",
        "翻译 样例译者",
        "样例标签",
        "样例栏目",
        "© 样例",
        "service footers",
        "样例页脚",
        "样例的疑点",
    ):
        assert shown in text
    links = [link.get("href") for link in page.select("a.button")]
    assert links == ["https://sample.example/700", "https://sample.example/en"]
    (image,) = page.select(".text img")
    assert image["loading"] == "lazy"
    assert image.get("referrerpolicy") == "no-referrer"
    assert image.get("src") == PICTURE
    assert [robots.get("content") for robots in page.select("meta[name=robots]")] == ["noindex"]
    assert page.select("link[rel=canonical]")[0]["href"] == "https://sample.example/700"
    assert page.select("meta[property='og:image']")[0]["content"] == PICTURE


def test_an_entrys_page_lists_topics_that_it_nearly_matches(site: PageSite) -> None:
    (near_misses,) = soup(get(site, f"/entry/{site.rich}?lang=en")[2]).select(".near-misses")
    assert " ".join(near_misses.get_text().split()) == "Near misses Hong Kong 2 of 4 in the source’s tags: 香港 +2"
    assert [link.get("href") for link in near_misses.select("a")] == ["/topic/hong-kong?lang=en"]


def test_text_in_another_language_than_the_pages_has_a_lang_attribute(site: PageSite) -> None:
    page = soup(get(site, f"/entry/{site.bilingual}?lang=zh-Hans")[2])
    assert page.select("h1")[0].get("lang") == "en"
    assert page.select(".text")[0].get("lang") == "en"
    listed = soup(get(site, "/source/dw?lang=en")[2])
    assert {row.get("lang") for row in listed.select(".rows h3 a")} == {"en", "zh-Hans"}


def test_dates_are_machine_readable_and_in_the_sources_time_zone(site: PageSite) -> None:
    page = soup(get(site, f"/entry/{site.rich}?lang=en")[2])
    times = [(time.get("datetime"), time.get_text()) for time in page.select("time")]
    assert times[0] == ("2020-05-30T08:30:00Z", "May 30, 2020 08:30 UTC")


def test_an_entry_as_json_has_the_shape_of_explain(site: PageSite) -> None:
    status, headers, text = get(site, f"/entry/{site.rich}.json")
    entry = json.loads(text)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert entry["id"] == f"urn:uuid:{site.rich}"
    assert entry["outcome"] == "flagged"
    assert entry["file"].startswith("dw/")
    assert entry["topics"][0]["topic"] == "climate"
    assert entry["removed"] == [{"step": "service footers", "text": "样例页脚"}]


def test_status_shows_every_source_and_names_no_file(site: PageSite) -> None:
    text = get(site, "/status?lang=en")[2]
    assert "byte 17: this is a sample of a reason" not in text
    assert "bbc/broken.md" not in text
    assert "not configured" in text
    assert "no new entry for longer than usual" not in text, "the samples are an archive"
    assert "Worker: not on this machine" in " ".join(BeautifulSoup(text, "lxml").get_text(" ").split())
    assert str(site.settings.var_dir) not in text
    assert "Entries: 72. The other files are further versions" in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/source/nothing", 404),
        ("/topic/climate/2020-13", 404),
        ("/topic/climate/1999-01", 404),
        ("/topic/climate/2020-05?page=99", 404),
        ("/topic/climate/2020-05?page=%C2%B2", 404),
        ("/entry/00000000-0000-0000-0000-000000000000", 404),
        ("/entry/../etc", 404),
        ("/entry/{withdrawn}", 410),
        ("/entry/{withdrawn}.json", 410),
        ("/qr/nothing/x.svg", 404),
        ("/static/page.000000000000.css", 404),
    ],
)
def test_an_unknown_page_is_an_error_page(site: PageSite, path: str, status: int) -> None:
    path = path.format(withdrawn=site.withdrawn)
    answer_status, headers, text = get(site, path, Accept="text/html")
    assert answer_status == status
    assert "<h1>" in text
    assert "default-src 'none'" in headers["content-security-policy"]
    assert get(site, path, Accept="*/*")[0] == status


def test_a_withdrawn_entry_is_410_and_not_cached(site: PageSite) -> None:
    status, headers, text = get(site, f"/entry/{site.withdrawn}.json")
    assert (status, text) == (410, "This entry has been withdrawn.\n")
    assert headers["cache-control"] == "no-store"  # it may be restored


def test_a_renamed_topics_page_is_a_permanent_redirect(site: PageSite) -> None:
    status, headers, _ = get(site, "/topic/weather?lang=en")
    assert (status, headers["location"]) == (301, "/topic/climate?lang=en")
    assert get(site, "/topic/weather/2020-05")[1]["location"] == "/topic/climate/2020-05"


def test_static_files_are_named_by_their_content_and_immutable(site: PageSite) -> None:
    page = soup(get(site, "/")[2])
    files = [page.select("link[rel=stylesheet]")[0]["href"], page.select("script")[0]["src"]]
    assert len(files) == 2
    for path in files:
        status, headers, _ = get(site, str(path))
        assert status == 200
        assert headers["cache-control"] == "max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/icon.svg", "/robots.txt", "/qr/all.svg"])
def test_addresses_that_programs_try_exist(site: PageSite, path: str) -> None:
    assert get(site, path)[0] == 200


@pytest.mark.parametrize(
    ("indexed", "home", "entry", "robots"),
    [
        ("feeds", [], ["noindex"], "Allow: /"),
        ("everything", [], [], "Allow: /"),
        ("nothing", ["noindex"], ["noindex"], "Disallow: /\n"),
    ],
)
def test_search_engines_get_what_the_configuration_says(
    site: PageSite, tmp_path: Path, indexed: str, home: list[str], entry: list[str], robots: str
) -> None:
    config = CONFIG.replace("language: zh-Hans", f"language: zh-Hans\n  indexed: {indexed}")
    settings = settings_at(tmp_path, config, DATABASE_URL=site.settings.database_url)
    client = create_app(settings).test_client()
    for path, expected in (("/", home), (f"/entry/{site.rich}", entry)):
        page = soup(client.get(path).get_data(as_text=True))
        assert [meta.get("content") for meta in page.select("meta[name=robots]")] == expected
    text = client.get("/robots.txt").get_data(as_text=True)
    assert robots in text
    assert "Disallow: /feeds" not in text


def test_links_come_from_the_configuration_and_never_from_the_request(site: PageSite, tmp_path: Path) -> None:
    base = "https://example.org/behind/a/path"
    settings = settings_at(tmp_path, BASE_URL=base, DATABASE_URL=site.settings.database_url)
    text = create_app(settings).test_client().get("/", headers={"Host": "evil.test"}).get_data(as_text=True)
    assert "evil.test" not in text
    assert 'href="/behind/a/path/source/bbc"' in text
    assert f'href="{base}/feeds/all.atom"' in text


def test_without_the_store_pages_are_503_and_list_the_documents(tmp_path: Path) -> None:
    client = create_app(settings_at(tmp_path)).test_client()
    for path in ("/", "/source/bbc", "/status", "/entry/00000000-0000-0000-0000-000000000000"):
        answer = client.get(path, headers={"Accept-Language": "en"})
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "30"
        assert "/feeds/source/bbc.atom" in answer.get_data(as_text=True)


def test_private_feeds_and_entries_appear_on_no_page(site: PageSite, tmp_path: Path) -> None:
    config = CONFIG.replace("words: [气候]", "words: [气候], access: private")
    config += "sources:\n  - {id: dw, access: private}\naccess: {readers: [sample]}\n"
    secret = {"REFEED_ACCESS_SECRET": "a sample secret of enough characters"}
    settings = settings_at(tmp_path, config, DATABASE_URL=site.settings.database_url, **secret)
    client = create_app(settings).test_client()
    for path in (
        "/source/dw",
        "/topic/climate",
        f"/entry/{site.rich}",
        f"/entry/{site.rich}.json",
    ):
        assert client.get(path).status_code == 404, path
    for path in ("/qr/source/dw.svg", "/qr/source/unknown.svg"):  # drawn for any address, so it reveals nothing
        assert client.get(path).status_code == 200, path
    for path in ("/", "/all", "/all/2020-05", "/status", "/?q=dw"):
        answer = client.get(path)
        assert answer.status_code == 200
        for text in ("应有尽有的一篇", "德国之声中文网", "topic/climate"):
            assert text not in answer.get_data(as_text=True), path


def test_the_page_of_a_filtered_feed_shows_its_entries_as_filtered(site: PageSite, tmp_path: Path) -> None:
    config = CONFIG + "filtered_feeds:\n  - {id: traditional, title: 繁體, feed: source/bbc, opencc: s2t, limit: 3}\n"
    settings = settings_at(tmp_path, config, DATABASE_URL=site.settings.database_url)
    client = create_app(settings).test_client()
    assert 'href="/filtered/traditional"' in client.get("/").get_data(as_text=True)
    titles = soup(client.get("/filtered/traditional").get_data(as_text=True)).select(".rows h3")
    assert len(titles) == 3
    assert "關於" in titles[0].get_text()
    assert client.get("/filtered/traditional/2020-05").status_code == 404
    assert client.get("/view/traditional").headers["Location"] == "/filtered/traditional"


def test_a_new_entry_appears_on_home_at_once(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    store = Store(settings.database_url)
    store.migrate()
    client = create_app(settings).test_client()
    assert "样例：一" not in client.get("/").get_data(as_text=True)
    fill_store(store, [SampleEntry(entry=make_entry(1, title="样例：一"))], SOURCES)
    assert "样例：一" in client.get("/").get_data(as_text=True)
    store.close()


def make_crowded_config() -> str:
    topics = "\n".join(
        f"  - {{id: topic-{n}, title: {{zh: 样例专题{n}, en: Sample {n}}}, words: [样例]}}" for n in range(100)
    )
    sources = "\n".join(f"  - {{id: source-{n}, title: 样例来源{n}, hosts: [s{n}.example]}}" for n in range(200))
    return f"site:\n  id: tag:example.org,2026\ntopics:\n{topics}\nsources:\n{sources}\n"


def test_home_with_many_feeds_comes_in_pages_of_100_kb(tmp_path: Path) -> None:
    """Seen: 2.3 MB with 3,000 sources and 3,000 topics."""
    client = create_crowded_client(tmp_path / "home", make_crowded_config(), 1_000)
    pages = [client.get(f"/?page={number}").get_data(as_text=True) for number in (1, 2)]
    assert max(len(page.encode()) for page in pages) < 120_000
    cards = [card["href"] for page in pages for card in soup(page).select(".card h3 a")]
    assert len(cards) == len(set(cards)) == 300
    assert soup(pages[0]).select_one(".paging [rel=next]")["href"] == "/?page=2"
    assert [count.text for count in soup(pages[1]).select(".group h2 .count")] == ["200"]
    assert [client.get(f"/?page={number}").status_code for number in ("0", "3", "x")] == [404] * 3
    found = soup(client.get("/?q=source-19").get_data(as_text=True))
    assert len(found.select(".card")) == 11
    assert not found.select(".paging")


@pytest.mark.slow
def test_home_is_as_fast_with_a_hundred_times_the_entries(tmp_path: Path) -> None:
    seconds: dict[int, list[float]] = {1_000: [], 100_000: []}
    clients = {
        entries: create_crowded_client(tmp_path / str(entries), make_crowded_config(), entries) for entries in seconds
    }
    for number in range(8):  # each one is rendered again
        for entries, client in clients.items():
            start = time.process_time()
            client.get(f"/?q=e&x={number}&lang={('en', 'zh-Hant')[number % 2]}")
            seconds[entries].append(time.process_time() - start)
    assert min(seconds[100_000]) < 1.5 * min(seconds[1_000]), seconds


def create_crowded_client(home: Path, config: str, entries: int) -> FlaskClient:
    """The pages of a store with that many entries in 200 sources and 100 topics."""
    home.mkdir()
    settings = settings_at(home, config)
    store = Store(settings.database_url)
    store.migrate()
    fill_with_many(store, 200, 100, entries)
    store.close()
    return create_app(settings).test_client()

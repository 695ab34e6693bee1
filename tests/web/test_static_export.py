"""The static export works on any file server, below any path."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import feedparser
import pytest

from refeed.config.settings import Settings
from refeed.errors import PublishError
from refeed.ingest.pipeline import Pipeline
from refeed.web.static_export import export_static_site

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
PREFIX = "some/path"
BASE = f"https://static.example.org/{PREFIX}"
HOSTILE_LINKS = [
    f"{BASE}/{path}"
    for path in (
        "?page=../../../victim",
        "all?page=../../../../victim",
        "all/2023-05?page=..%2F..%2F..%2F..%2Fvictim",
        "source/bbc?page=/../../../../../victim",
        "?lang=../../../victim",
        "%2e%2e/%2e%2e/%2e%2e/victim",
        "static/..%2f..%2f..%2fvictim%2findex.html",
        "qr/all.svg?x=/../../../victim",
        "status?page=new",
        "all?q=new&page=7&lang=en",
    )
]
"""Links of articles to addresses of this site that are no pages, or not those of the export."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported seeds and two months of samples; the folder is the host's root."""
    home = tmp_path_factory.mktemp("static")
    settings = settings_of(home)
    shutil.copytree(ROOT / "seeds", home / "dumps")
    victim = (home / "host" / "victim" / "index.html", home / "host" / "victim")
    victim[1].mkdir(parents=True)
    victim[0].write_text("not ours")
    for number in range(60):
        day = f"2023-{5 + number // 55:02}-{1 + number % 28:02}"
        (home / "dumps" / f"{number}.txt").write_text(
            f"<!--{day}T08:00:00Z-->\n[样稿第{number}篇：气候](https://sample.example.net/{number})\n------\n\n"
            f"<p>这是一篇用来测试的样稿，第{number}篇，不是任何媒体的报道。气候变化与碳排放。</p>\n"
            f'<p><a href="{HOSTILE_LINKS[number % len(HOSTILE_LINKS)]}">样稿里的链接</a></p>\n',
            "utf-8",
        )
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    result = export_static_site(settings, pipeline.store, home / "host" / PREFIX)
    pipeline.close()
    assert result.documents > 40
    assert result.pages > 80
    return home / "host"


def settings_of(home: Path) -> Settings:
    from refeed.config.load import load_settings

    config = home / "config.yaml"
    config.write_text("site: {language: zh-Hans}\ntopics:\n  - {id: climate, title: 气候, words: [气候]}\n", "utf-8")
    folders = {"REFEED_DUMPS": "dumps", "REFEED_FEEDS": "feeds", "REFEED_VAR": "var"}
    return load_settings({name: str(home / folder) for name, folder in folders.items()} | {"BASE_URL": BASE}, config)


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """A plain file server."""

    class QuietHandler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{PREFIX}"
    server.shutdown()
    server.server_close()


def test_every_link_of_every_page_is_a_file(site: Path) -> None:
    wrong, checked = [], 0
    for page in (site / PREFIX).rglob("*.html"):
        for link in re.findall(r'\b(?:href|src|action)="([^"]*)"', page.read_text("utf-8")):
            target = unescape(link)
            if target in HOSTILE_LINKS:
                continue  # of an article
            if re.match(r"[a-z]+:|#|$", target):
                assert not target.startswith(BASE + "/"), (page, target)
                continue
            checked += 1
            if target.startswith("/") or not (page.parent / target.partition("#")[0]).is_file():
                wrong.append((str(page.relative_to(site)), target))
    assert wrong == []
    assert checked > 1000


def test_links_of_articles_add_no_files_and_change_none(site: Path) -> None:
    assert (site / "victim" / "index.html").read_text() == "not ours"
    assert sorted(path.name for path in site.iterdir()) == ["some", "victim"]
    pages = {str(path.relative_to(site / PREFIX)) for path in (site / PREFIX).rglob("*") if path.is_file()}
    names = {part for page in pages for part in Path(page).parts if part.startswith("page-")}
    assert names == {"page-2"}, names
    assert not any("victim" in page or "new" in page for page in pages)


def test_every_page_carries_its_policy(site: Path) -> None:
    for page in (site / PREFIX).rglob("*.html"):
        policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page.read_text("utf-8"))
        assert policy is not None, page
        assert unescape(policy[1]).startswith("default-src 'none'; ")


def test_pages_have_no_form_that_only_a_server_answers(site: Path) -> None:
    text = (site / PREFIX / "all" / "index.html").read_text("utf-8")
    assert not re.search(r'role="search"|class="filter"|opensearch', text)


def test_pages_of_entries_are_in_the_sites_language(site: Path) -> None:
    pages = [page.read_text("utf-8") for page in (site / PREFIX).glob("entry/*/index.html")]
    languages = [re.findall(r'<html lang="([^"]*)"', page) for page in pages]
    assert languages == [["zh-Hans"]] * 62


def test_archives_lead_from_the_newest_entry_to_the_oldest(site: Path, address: str) -> None:
    ids, link, documents = [], f"{BASE}/feeds/topic/climate.atom", 0
    while link:
        with urllib.request.urlopen(link.replace(BASE, address), timeout=10) as answer:
            feed = feedparser.parse(answer.read())
        assert not feed.bozo
        ids += [entry.id for entry in feed.entries]
        link = next((link.href for link in feed.feed.links if link.rel == "prev-archive"), "")
        documents += 1
    assert documents > 2
    assert len(set(ids)) == 62


def test_a_second_export_writes_changed_files_and_removes_others(site: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(site.parent, home, symlinks=True)
    settings, folder = settings_of(home), home / "host" / PREFIX
    pipeline = Pipeline.open(settings)
    other = folder / "source" / "removed" / "index.html"
    other.parent.mkdir()
    other.write_text("formerly")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.html")}
    export_static_site(settings, pipeline.store, folder)
    pipeline.close()
    assert not other.parent.exists()
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*.html")}
    assert {path for path in before if path != other and before[path] != after[path]} <= set(folder.rglob("status/*"))


def test_a_folder_with_other_files_is_refused(tmp_path: Path, site: Path) -> None:
    (tmp_path / "precious.txt").write_text("not ours")
    pipeline = Pipeline.open(settings_of(site.parent))
    with pytest.raises(PublishError, match="not made by"):
        export_static_site(settings_of(site.parent), pipeline.store, tmp_path)
    pipeline.close()
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_pages_and_feeds_open_in_a_browser_below_a_path(address: str, browser: Browser) -> None:
    failed: list[str] = []
    page = browser.new_page()
    page.route(re.compile(r"^https://"), lambda route: route.abort())  # images at their origins
    page.on("response", lambda answer: answer.status >= 400 and failed.append(answer.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(f"{address}/index.html")
    assert page.locator("h1").inner_text()
    assert page.evaluate("getComputedStyle(document.querySelector('.skip')).position") != "static"
    page.get_by_role("link", name="气候", exact=True).first.click()
    assert page.url == f"{address}/topic/climate/index.html"
    page.locator("nav.languages a[hreflang=en]").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator("ol.rows h3 a").first.click()
    assert "/entry/" in page.url
    page.go_back()
    page.locator("nav.months li a").last.click(force=True)
    assert page.locator("ol.rows li").count() > 10
    page.locator("nav.paging a[rel=next]").click()
    assert page.url.endswith("/page-2/index.html")
    page.locator("header.top a.home").click()
    assert page.url == f"{address}/en/index.html"
    for link in page.locator("link[rel=alternate]").evaluate_all("links => links.map(link => link.href)"):
        assert page.request.get(link).ok, link
    page.close()
    assert failed == []

"""The page /search, its JSON, its feeds, and the description by which a browser adds it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import quote

import feedparser
import pytest
from bs4 import BeautifulSoup
from lxml import etree
from playwright.sync_api import Browser, expect

from helpers.browser_session import open_session
from helpers.page_fixtures import PageSite


def get(site: PageSite, path: str, query: str = "", more: str = "") -> tuple[int, str]:
    url = f"{site.address}{path}" + (f"?q={quote(query)}{more}" if query else "")
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def titles(page: str) -> list[str]:
    return [link.get_text() for link in BeautifulSoup(page, "lxml").select(".results h2 a")]


def test_results_show_title_source_date_and_what_was_found(site: PageSite) -> None:
    page = BeautifulSoup(get(site, "/search", "应有尽有 source:dw")[1], "lxml")
    (result,) = page.select(".results article")
    assert result.h2.get_text() == "样例：应有尽有的一篇"
    assert [mark.get_text() for mark in result.select("mark")] == ["应有尽有"]
    assert "德国之声中文网" in result.select_one(".facts").get_text()
    assert result.time["datetime"].startswith("2020-05-30")
    assert result.h2.a["href"] == f"/entry/{site.rich}"


def test_results_go_on_page_by_page_to_the_oldest(site: PageSite) -> None:
    found: list[str] = []
    page = get(site, "/search", "样例")[1]
    while True:
        found += titles(page)
        link = BeautifulSoup(page, "lxml").select_one("a[rel=next]")
        if link is None:
            break
        page = get(site, str(link["href"]))[1]
    assert len(found) == len(set(found)) == 72


@pytest.mark.parametrize(
    ("query", "sentence"), [("-a", "The query only excludes; add a word to look for."), ('"a', "A quotation mark")]
)
def test_a_mistake_is_one_sentence_on_the_page_and_in_json(site: PageSite, query: str, sentence: str) -> None:
    status, page = get(site, "/search", query)
    assert status == 400
    assert sentence in page.replace("&#34;", '"')
    status, text = get(site, "/search.json", query)
    assert status == 400
    assert sentence in json.loads(text)["error"]


def test_withdrawn_entries_are_not_found(site: PageSite) -> None:
    assert get(site, f"/entry/{site.withdrawn}")[0] == 410
    assert titles(get(site, "/search", '"第 702 篇"')[1]) == []


def test_a_text_with_markup_is_shown_as_text(site: PageSite) -> None:
    page = get(site, "/search", "<script>alert(1)</script> 样例")[1]
    assert "<script>alert" not in page


def test_json_has_the_results_in_pieces(site: PageSite) -> None:
    answer = json.loads(get(site, "/search.json", "应有尽有")[1])
    assert answer["complete"] is True
    (entry,) = answer["entries"]
    assert entry["title"] == [["样例：", False], ["应有尽有", True], ["的一篇", False]]
    assert entry["source"] == {"id": "dw", "title": "德国之声中文网"}


@pytest.mark.parametrize("feed", ["all", "source/dw", "topic/climate"])
def test_any_feed_is_a_feed_of_a_search(site: PageSite, feed: str) -> None:
    parsed = feedparser.parse(get(site, f"/feeds/{feed}.atom", "应有尽有")[1])
    assert [entry.title for entry in parsed.entries] == ["样例：应有尽有的一篇"]


def test_a_feed_of_a_search_goes_through_the_whole_history(site: PageSite) -> None:
    oldest = titles(get(site, "/search", '"第 0 篇"')[1])
    parsed = feedparser.parse(get(site, "/feeds/all.atom", '"第 0 篇"')[1])
    assert [entry.title for entry in parsed.entries] == oldest == ["样例：第 0 篇，关于“样例”的文章"]


def test_a_feed_of_a_search_with_a_mistake_is_a_400_in_one_line(site: PageSite) -> None:
    assert get(site, "/feeds/all.atom", "-a") == (400, "The query only excludes; add a word to look for.\n")


def test_a_browser_can_add_the_search(site: PageSite) -> None:
    page = BeautifulSoup(get(site, "/")[1], "lxml")
    link = page.select_one("link[rel=search]")
    assert link is not None
    assert link["href"] == f"{site.address}/opensearch.xml"
    root = etree.fromstring(get(site, "/opensearch.xml")[1].encode())
    urls = [url.get("template") for url in root.iter("{*}Url")]
    assert urls[0] == f"{site.address}/search?q={{searchTerms}}"


def test_results_appear_while_typing(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, locale="en", timezone_id="UTC")
    page = session.open(f"{site.address}/search?lang=en")
    page.get_by_role("searchbox").press_sequentially("应有尽有")
    expect(page.locator(".results h2")).to_have_text(["样例：应有尽有的一篇"])
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".results h2 mark")).to_have_text(["应有尽有"])
    session.context.close()


def test_a_search_from_any_page_leads_to_the_results(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, locale="en", timezone_id="UTC", java_script_enabled=False)
    page = session.open(f"{site.address}/source/bbc?lang=en")
    page.get_by_role("searchbox").fill("应有尽有")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".results h2")).to_have_text(["样例：应有尽有的一篇"])
    session.context.close()


def test_a_search_is_narrowed_by_links_to_a_source_a_topic_or_a_time(site: PageSite) -> None:
    page = BeautifulSoup(get(site, "/search", "样例")[1], "lxml")
    links = [str(link["href"]) for link in page.select(".narrow a")]
    assert any("source%3Adw" in link for link in links)
    assert any("topic%3Aclimate" in link for link in links)
    narrowed = [get(site, link)[0] for link in links if "after%3A" in link]
    assert narrowed == [200, 200, 200]

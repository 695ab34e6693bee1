"""The page of a feed with a filter in its address: what is shown, what can be copied, which mistakes are named."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
import zxingcpp
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from helpers.browser_session import open_session
from helpers.page_fixtures import PageSite
from refeed.web.app import create_app

BROWSER = {"Accept": "text/html,application/xml;q=0.9", "Accept-Language": "en"}
SOME = f"filter_title={quote('第 (9|18) 篇')}"


@pytest.fixture(scope="module")
def client(site: PageSite) -> FlaskClient:
    return create_app(site.settings).test_client()


def open_page(client: FlaskClient, path: str, status: int = 200) -> BeautifulSoup:
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    return BeautifulSoup(answer.text, "lxml")


def titles(page: BeautifulSoup) -> list[str]:
    return [link.get_text() for link in page.select(".rows h3 a")]


def problems(page: BeautifulSoup) -> list[str]:
    return [problem.get_text() for problem in page.select(".filter .problem")]


def get_document(client: FlaskClient, path: str) -> Any:
    return json.loads(client.get(path).data)


def test_a_filtered_address_in_a_browser_shows_the_entries_of_its_document(client: FlaskClient) -> None:
    page = open_page(client, f"/feeds/all.atom?{SOME}")
    document = get_document(client, f"/feeds/all.json?{SOME}")
    assert titles(page) == [item["title"] for item in document["items"]]
    assert len(titles(page)) == 2
    assert titles(open_page(client, f"/all?{SOME}")) == titles(page)


def test_its_title_says_what_is_filtered_on_the_page_and_in_the_document(client: FlaskClient) -> None:
    query = f"{SOME}&source=bbc,rfi&q={quote('样例')}&filterout_author=Nobody"
    title = "样例文库 – “样例”，标题中：“第 (9|18) 篇”，作者不是：“Nobody”，来源：BBC News 中文, 法国国际广播电台"
    page = open_page(client, f"/feeds/all.atom?{query}&lang=zh-Hans")
    english = open_page(client, f"/feeds/topic/climate.atom?{SOME}").select_one("h1").get_text()
    assert english == "Climate – in the title: “第 (9|18) 篇”"
    assert page.select_one("h1").get_text() == title
    marked = {"ja": "「第 (9|18) 篇」", "zh-Hant": "「第 (9|18) 篇」", "de": "„第 (9|18) 篇“"}
    for language, text in marked.items():
        heading = open_page(client, f"/feeds/all.atom?{SOME}&lang={language}").select_one("h1")
        assert heading.get_text().endswith(text)
    assert page.title.get_text().startswith(title)
    assert get_document(client, f"/feeds/all.json?{query}")["title"] == title
    assert get_document(client, "/feeds/all.json?limit=3")["title"] == "样例文库"


def test_every_address_on_the_page_is_the_filtered_one(site: PageSite, client: FlaskClient) -> None:
    page = open_page(client, f"/topic/climate?mode=summary&{SOME}&utm_source=x")
    query = f"{SOME}&mode=summary"
    copied = [field.get_text() for field in page.select(".address textarea")]
    assert copied == [f"{site.address}/feeds/topic/climate.{format}?{query}" for format in ("atom", "rss", "json")]
    assert page.select_one("link[rel=alternate][type='application/atom+xml']")["href"] == copied[0]
    feedly = next(link["href"] for link in page.select(".oneclick a") if link.get_text() == "Feedly")
    assert unquote(str(feedly)).endswith(copied[0])
    assert page.select_one(".qr img")["src"] == f"/qr/topic/climate.svg?{query}"
    assert page.select_one("meta[name=robots]")["content"] == "noindex"
    language = page.select_one(".languages a[lang=de]")["href"]
    assert parse_qs(urlsplit(str(language)).query)["filter_title"] == ["第 (9|18) 篇"]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("filter_title=[", 400, "filter_title: "),
        ("q=-a", 400, "The query only excludes"),
        ("limit=few", 400, "limit: "),
        ("filter_titel=a", 200, "filter_titel: unknown filter; did you mean 'filter_title'?"),
        ("source=bbd", 200, "source: no source has the id 'bbd'; did you mean 'bbc'?"),
        ("q=topic:climat", 200, "topic: no topic has the id 'climat'; did you mean 'climate'?"),
    ],
)
def test_mistakes_are_named_and_what_was_written_stays(client: FlaskClient, query: str, status: int, said: str) -> None:
    page = open_page(client, f"/feeds/all.atom?{query}", status)
    assert any(said in problem for problem in problems(page))
    name, _, value = query.partition("=")
    for field in page.select(f".filter [name={name}]"):
        assert field["value"] == value
    assert page.select_one(".filter details").has_attr("open")


@pytest.mark.parametrize("query", ["fbclid=abc", "utm_source=bbc", "ref=x", "lang=en"])
def test_parameters_of_others_are_no_mistakes(client: FlaskClient, query: str) -> None:
    page = open_page(client, f"/all?{query}")
    assert problems(page) == []
    assert len(titles(page)) == 30


def test_every_feeds_page_has_the_form(client: FlaskClient) -> None:
    for path in ("/all", "/source/rfi", "/topic/climate", "/topic/empty"):
        assert open_page(client, path).select_one(".filter form [name=filter_title]")
    assert open_page(client, "/all").select_one(".filter [name=source]")
    assert not open_page(client, "/source/rfi").select_one(".filter [name=source]")


def test_a_filter_is_written_previewed_copied_and_scanned(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, locale="en-GB")
    page = session.open(f"{site.address}/source/bbc")
    page.get_by_text("Filter this feed").click()
    page.get_by_label("In the title", exact=True).fill("第 27 篇")
    page.get_by_role("button", name="Preview").click()
    page.locator("h1", has_text="第 27 篇").wait_for()
    assert page.locator(".rows h3").count() == 1
    address = page.locator("#atom").input_value()
    assert address == f"{site.address}/feeds/source/bbc.atom?filter_title={quote('第 27 篇')}"
    page.get_by_text("QR code").first.click()
    size, grey = page.locator(".qr img").evaluate(
        """async image => {
            await image.decode();
            const canvas = Object.assign(document.createElement("canvas"), {width: 400, height: 400});
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0, 400, 400);
            return [400, [...context.getImageData(0, 0, 400, 400).data].filter((_, index) => index % 4 === 0)];
        }"""
    )
    session.context.close()
    assert session.problems == []
    (code,) = zxingcpp.read_barcodes(memoryview(bytes(grey)).cast("B", shape=[size, size]))
    assert code.text == address

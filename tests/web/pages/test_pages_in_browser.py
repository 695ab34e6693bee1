"""Pages in a real browser: both colour schemes, three widths, with and without JavaScript, no third-party requests."""

from __future__ import annotations

from typing import Literal
from urllib.parse import unquote
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import feedparser
import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from helpers.browser_session import open_session
from helpers.page_fixtures import PICTURE, PageSite

PAGES = {
    "home": "/",
    "search of feeds": "/?q=bbc",
    "search": "/search?q=%E6%A0%B7%E4%BE%8B",
    "search without results": "/search?q=nothing",
    "all": "/all",
    "source": "/source/rfi",
    "topic": "/topic/climate",
    "empty topic": "/topic/empty",
    "month": "/topic/climate/2020-05",
    "entry": "/entry/{rich}",
    "English entry": "/entry/{bilingual}",
    "status": "/status",
}
ERROR_PAGES = {"mistake": "/search?q=-a", "missing": "/nothing", "withdrawn": "/entry/{withdrawn}"}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (360, 768, 1280)

PIXELS = """async image => {
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 240;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 240, 240);
    return [240, [...context.getImageData(0, 0, 240, 240).data].filter((_, index) => index % 4 === 0)];
}"""


def at(site: PageSite, path: str) -> str:
    filled = path.format(rich=site.rich, bilingual=site.bilingual, withdrawn=site.withdrawn)
    return f"{site.address}{filled}"


@pytest.mark.parametrize("name", [*PAGES, *ERROR_PAGES])
def test_every_page_fits_in_both_schemes_and_at_every_width(browser: Browser, site: PageSite, name: str) -> None:
    session = open_session(browser, site, locale="zh-CN", timezone_id="Asia/Tokyo")
    page = session.open(at(site, (PAGES | ERROR_PAGES)[name]))
    backgrounds = set()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            backgrounds.add(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    session.context.close()
    assert len(backgrounds) == len(SCHEMES)
    assert session.problems == []
    assert {url for url in session.requested if not url.startswith(site.address)} <= {PICTURE}


@pytest.mark.parametrize(
    ("scheme", "language", "names"),
    [
        ("light", "zh-Hans", ("home", "search", "topic", "month", "entry", "status", "missing")),
        ("dark", "en", ("topic", "entry")),  # the other pages have no colours of their own
    ],
)
def test_axe_finds_no_accessibility_problem(
    browser: Browser, site: PageSite, scheme: Literal["light", "dark"], language: str, names: tuple[str, ...]
) -> None:
    session = open_session(browser, site, color_scheme=scheme, bypass_csp=True, viewport={"width": 768, "height": 900})
    violations = []
    for name in names:
        path = (PAGES | ERROR_PAGES)[name]
        page = session.open(at(site, path) + ("&" if "?" in path else "?") + f"lang={language}")
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
        violations += [
            f"{name}: {v['id']} {v['nodes'][0]['html'][:120]}" for v in Axe().run(page).response["violations"]
        ]
        page.close()
    session.context.close()
    assert violations == []


def test_the_copy_button_copies_the_feed_address(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, permissions=["clipboard-read", "clipboard-write"], locale="en-GB")
    page = session.open(at(site, "/topic/climate"))
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"{site.address}/feeds/topic/climate.atom"
    session.context.close()
    assert session.problems == []


def test_the_qr_code_loads_when_opened_and_encodes_the_feed_address(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, locale="en-GB")
    page = session.open(at(site, "/topic/climate"))
    assert not [url for url in session.requested if "/qr/" in url]
    page.get_by_text("QR code").first.click()
    image = page.locator(".qr img")
    image.wait_for()
    size, grey = image.evaluate(PIXELS)
    session.context.close()
    assert session.problems == []
    (code,) = zxingcpp.read_barcodes(memoryview(bytes(grey)).cast("B", shape=[size, size]))
    assert code.text == f"{site.address}/feeds/topic/climate.atom"


def test_search_filters_while_typing(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, locale="en-GB")
    page = session.open(at(site, "/"))
    names_by_query = {
        "hong": ["Hong Kong"],
        "氣候": ["Climate"],
        "气候": ["Climate"],
        "香港": ["Hong Kong"],
        "bbc 中文": ["BBC News 中文"],
        "nothing": [],
    }
    for typed, shown in names_by_query.items():
        page.locator("#q").fill(typed)
        assert page.locator(".card:visible h3").all_inner_texts() == shown
    assert page.locator(".found").inner_text() == "No results."
    page.locator("#q").fill("")
    assert page.locator(".card:visible").count() > 5
    session.context.close()
    assert session.problems == []


@pytest.mark.parametrize(
    ("locale", "text"),
    [("en-GB", "May 30, 2020 17:30 (08:30 UTC)"), ("zh-TW", "2020年5月30日 17:30 (08:30 UTC)")],
)
def test_dates_are_in_the_readers_time_zone_beside_the_sources(
    browser: Browser, site: PageSite, locale: str, text: str
) -> None:
    session = open_session(browser, site, locale=locale, timezone_id="Asia/Tokyo")
    page = session.open(at(site, "/entry/{rich}"))
    assert page.locator("header time").first.inner_text() == text
    session.context.close()


def test_everything_but_copying_works_without_javascript(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, java_script_enabled=False, locale="en-GB")
    page = session.open(at(site, "/"))
    page.locator("#q").fill("clim")
    page.get_by_role("button", name="Find").click()
    page.locator(".card h3 a").click()
    assert page.url == at(site, "/topic/climate")
    assert page.get_by_role("button", name="Copy").count() == 0
    page.get_by_text("QR code").first.click()
    page.locator(".qr img").wait_for()
    page.get_by_text("Why is this here?").first.click()
    assert page.locator(".why .reasons").first.is_visible()
    page.get_by_role("link", name="繁體中文").click()
    assert page.url.endswith("?lang=zh-Hant")
    page.locator(".rows h3 a").first.click()
    assert page.url.endswith("?lang=zh-Hant")
    assert page.get_by_role("link", name="閱讀原文").get_attribute("href") == "https://sample.example/700"
    session.context.close()
    assert session.problems == []


def test_the_skip_link_is_the_first_keyboard_stop(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, locale="en-GB")
    page = session.open(at(site, "/all"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    session.context.close()


def test_printing_shows_the_article_alone(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site)
    page = session.open(at(site, "/entry/{rich}"))
    page.emulate_media(media="print")
    assert page.locator(".text").is_visible()
    assert not page.locator(".top nav").first.is_visible()
    session.context.close()


def test_navigating_to_a_document_shows_its_page_whose_link_shows_the_document(
    browser: Browser, site: PageSite
) -> None:
    session = open_session(browser, site, locale="en-GB")
    page = session.open(at(site, "/feeds/topic/climate.atom"))
    assert page.locator("h1").inner_text() == "Climate"
    assert page.url == at(site, "/feeds/topic/climate.atom")
    page.get_by_text("Other formats").click()
    with page.expect_navigation():
        page.locator(".formats a[type='application/atom+xml']").click()
    assert page.evaluate("document.contentType") != "text/html"
    assert "<feed" in page.inner_text("body")
    session.context.close()


def test_three_clicks_from_home_to_subscribing_and_two_to_the_reason(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, permissions=["clipboard-read", "clipboard-write"], locale="en-GB")
    page = session.open(at(site, "/"))
    page.get_by_role("link", name="Climate").click()
    page.get_by_text("Why is this here?").first.click()
    assert page.locator(".why li").first.inner_text() == "in the title: 气候 ×2 +4"
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    feedly = str(page.get_by_role("link", name="Feedly").get_attribute("href"))
    session.context.close()
    # The third click is "add" in the reader, with the copied address or the one that the link passes.
    assert unquote(feedly).endswith(copied)
    with urlopen(
        UrlRequest(copied, headers={"User-Agent": "feedparser", "Accept": feedparser.http.ACCEPT_HEADER})
    ) as answer:
        feed = feedparser.parse(answer.read())
    assert feed.feed.title == "气候"
    assert len(feed.entries) > 10

"""Ways from a page into a reader, and from an entry to the next one, in a browser."""

from __future__ import annotations

from urllib.parse import quote

from bs4 import BeautifulSoup
from playwright.sync_api import Browser

from helpers.browser_session import open_session
from helpers.page_fixtures import PageSite
from refeed.model import FeedPath
from refeed.store.store import Store
from refeed.web.app import create_app


def test_a_reader_on_a_server_of_ones_own_is_asked_for_once(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, locale="en-GB")
    opened: list[str] = []
    for host in ("miniflux.example", "fresh.example"):
        session.context.route(
            f"https://{host}/**",
            lambda route: (opened.append(route.request.url), route.fulfill(body="added"))[-1],
        )
    page = session.open(f"{site.address}/source/bbc")
    feed = quote(f"{site.address}/feeds/source/bbc.atom", safe="")
    assert not page.get_by_role("button", name="Forget").is_visible()
    page.get_by_role("button", name="Miniflux").click()
    page.get_by_label("The address of your server").fill("https://miniflux.example/")
    page.get_by_role("button", name="Open").click()
    page.wait_for_url("https://miniflux.example/**")
    page.goto(f"{site.address}/source/bbc")
    page.get_by_role("button", name="Miniflux").click()
    page.wait_for_url("https://miniflux.example/**")
    page.goto(f"{site.address}/source/bbc")
    page.get_by_role("button", name="FreshRSS").click()
    page.get_by_label("The address of your server").fill("https://fresh.example/rss/i/")
    page.get_by_role("button", name="Open").click()
    page.wait_for_url("https://fresh.example/**")
    assert opened == [f"https://miniflux.example/bookmarklet?uri={feed}"] * 2 + [
        f"https://fresh.example/rss/i/?c=feed&a=add&url_rss={feed}"
    ]
    page.goto(f"{site.address}/source/bbc")
    page.get_by_role("button", name="Forget").click()
    assert page.evaluate("localStorage.length") == 0
    assert page.get_by_role("link", name="Folo").get_attribute("href") == f"follow://add?url={feed}"
    local = page.get_by_role("link", name="NetNewsWire, Reeder").get_attribute("href")
    assert local == f"feed://{site.address.removeprefix('http://')}/feeds/source/bbc.atom"
    session.context.close()
    assert session.problems == []


def test_entries_lead_to_the_newer_and_the_older_one_of_their_source(site: PageSite) -> None:
    client = create_app(site.settings).test_client()
    members = Store(site.settings.database_url, read_only=True).get_newest(FeedPath("source", "rfi"), 100)
    ids = [member.id for member in members]
    walked, id = [], ids[0]
    while id:
        walked.append(id)
        page = BeautifulSoup(client.get(f"/entry/{id}").text, "lxml")
        newer, older = (page.select_one(f".neighbors [rel={rel}]") for rel in ("prev", "next"))
        assert (newer["href"] if newer else "").rpartition("/")[2] == (walked[-2] if len(walked) > 1 else "")
        id = str(older["href"]).rpartition("/")[2] if older else ""
    assert walked == ids
    assert len(ids) > 20


def test_a_whole_address_is_visible_in_its_field(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, locale="en-GB", viewport={"width": 390, "height": 800})
    page = session.open(f"{site.address}/topic/climate?filter_title={quote('样例') * 3}")
    height, needed = page.locator("#atom").evaluate("field => [field.clientHeight, field.scrollHeight]")
    width, full = page.locator("#atom").evaluate("field => [field.clientWidth, field.scrollWidth]")
    session.context.close()
    assert height >= needed
    assert width >= full


def test_home_has_jump_links_and_the_status_is_cards_on_a_phone(browser: Browser, site: PageSite) -> None:
    session = open_session(browser, site, locale="en-GB", viewport={"width": 390, "height": 800})
    page = session.open(f"{site.address}/")
    targets = page.locator(".jump a").evaluate_all("links => links.map(link => link.hash)")
    assert targets == ["#topics", "#sources"]
    assert all(page.locator(target).count() == 1 for target in targets)
    page.goto(f"{site.address}/status")
    row = page.locator(".status tbody tr").first
    assert row.evaluate("row => row.scrollWidth <= row.clientWidth")
    assert row.locator("td").evaluate_all("cells => new Set(cells.map(cell => cell.offsetTop)).size") == 4
    session.context.close()
    assert session.problems == []

"""Which requests get the page and which the feed, by the headers that real programs send."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from helpers.page_fixtures import PageSite
from refeed.web.negotiation import wants_page
from refeed.web.url_map import page_path

BROWSER = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
FEEDPARSER = (
    "application/atom+xml,application/rdf+xml,application/rss+xml,application/x-netcdf,application/xml;q=0.9,"
    "text/xml;q=0.2,*/*;q=0.1"
)
SIMPLEPIE = (
    "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, "
    "text/html;q=0.7, unknown/unknown;q=0.1, application/unknown;q=0.1, */*;q=0.1"
)
READERS = {
    "feedparser 6.0.14": {"Accept": FEEDPARSER, "A-Im": "feed", "User-Agent": "feedparser/6.0.14"},
    "rss2email 3.14": {"Accept": FEEDPARSER, "A-Im": "feed", "User-Agent": "rss2email/3.14"},
    "newsboat 2.21.0": {"Accept": "*/*", "User-Agent": "newsboat/2.21.0 (Linux x86_64)"},
    "rss-parser 3.13": {"Accept": "application/rss+xml", "User-Agent": "rss-parser"},
    "feed-extractor 7": {"accept": "*/*", "accept-language": "*", "sec-fetch-mode": "cors", "user-agent": "node"},
    "curl 7.88.1": {"Accept": "*/*", "User-Agent": "curl/7.88.1"},
    "a reader that runs in Chromium 156": {
        "Accept": "*/*",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Dest": "empty",
    },
    "a reader in a browser with the browser's Accept": {"Accept": BROWSER, "Sec-Fetch-Dest": "empty"},
    # From their sources, not recorded.
    "FreshRSS, by SimplePie": {"Accept": SIMPLEPIE, "User-Agent": "FreshRSS (Linux; https://freshrss.org)"},
    "Liferea": {"Accept": "application/atom+xml,application/xml;q=0.9,text/xml;q=0.8,*/*;q=0.7"},
    "QuiteRSS": {"Accept": "text/xml, text/html, */*"},
    "a reader without headers": {},
}
BROWSERS = {
    "Chromium 156, address typed": {
        "Accept": BROWSER,
        "Sec-Fetch-Site": "none",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    },
    "Chromium 156, link on another site": {
        "Accept": BROWSER,
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    },
    "a browser over plain http": {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
}


def environ(headers: dict[str, str]) -> dict[str, str]:
    """The headers as WSGI servers pass them on."""
    return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}


@pytest.mark.parametrize("headers", READERS.values(), ids=READERS.keys())
def test_every_reader_gets_the_feed(headers: dict[str, str]) -> None:
    assert not wants_page(environ(headers))


@pytest.mark.parametrize("headers", BROWSERS.values(), ids=BROWSERS.keys())
def test_a_browser_gets_the_page(headers: dict[str, str]) -> None:
    assert wants_page(environ(headers))


def test_a_link_on_a_page_of_this_site_gets_the_document() -> None:
    assert not wants_page(environ(BROWSERS["Chromium 156, address typed"] | {"Sec-Fetch-Site": "same-origin"}))


def test_types_are_case_insensitive() -> None:
    assert wants_page(environ({"Accept": "TEXT/HTML,APPLICATION/XML;Q=0.9"}))


def test_an_invalid_weight_counts_as_zero() -> None:
    assert not wants_page(environ({"Accept": "text/html;q=lots,application/xml;q=0.1"}))


@pytest.mark.parametrize(
    ("document", "page"),
    [
        ("/feeds/all.atom", "/all"),
        ("feeds/source/bbc.json", "/source/bbc"),
        ("topic/hong-kong.rss", "/topic/hong-kong"),
        ("/feeds/source/bbc/archive/2020-06-2.atom", "/source/bbc/2020-06"),
        ("/feeds/opml.xml", None),
        ("/feeds/source/../x.atom", None),
        ("/feeds/source/bbc.html", None),
    ],
)
def test_page_path_of_each_document(document: str, page: str | None) -> None:
    assert page_path(document) == page


@pytest.mark.parametrize("headers", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("format", ["atom", "rss", "json"])
def test_over_http_every_reader_gets_the_feed(site: PageSite, headers: dict[str, str], format: str) -> None:
    with request_document(site, f"/feeds/topic/climate.{format}", headers) as response:
        assert response.headers["Content-Type"].startswith(f"application/{'feed+json' if format == 'json' else format}")
        assert response.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest"


@pytest.mark.parametrize("headers", BROWSERS.values(), ids=BROWSERS.keys())
def test_over_http_a_browser_gets_the_page_uncached(site: PageSite, headers: dict[str, str]) -> None:
    with request_document(site, "/feeds/topic/climate.atom", headers) as response:
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Location"] == "/topic/climate"
        assert "Sec-Fetch-Dest" in response.headers["Vary"].split(", ")


def request_document(site: PageSite, path: str, headers: dict[str, str]) -> Any:
    return urllib.request.urlopen(urllib.request.Request(site.address + path, headers=headers), timeout=10)

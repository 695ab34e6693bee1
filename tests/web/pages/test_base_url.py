"""Addresses on pages are those of BASE_URL, and a visitor to whom they are useless is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.page_fixtures import PageSite
from refeed.web.app import create_app

NOTICE = "open only on the server itself"


@pytest.mark.parametrize(
    ("base_url", "headers", "is_told"),
    [
        ("http://127.0.0.1:8000", {"Host": "127.0.0.1:8000"}, False),
        ("http://127.0.0.1:8000", {"Host": "localhost"}, False),
        ("http://[::1]:8000", {"Host": "[::1]:8000"}, False),
        ("http://127.0.0.1:8000", {"Host": "192.0.2.7:8000"}, True),
        ("http://127.0.0.1:8000", {"Host": "nas.local"}, True),
        ("http://localhost:8000", {"Host": "feeds.example.org"}, True),
        ("http://127.0.0.1:8000", {"Host": "127.0.0.1:8000", "X-Forwarded-For": "192.0.2.9"}, True),
        ("http://127.0.0.1:8000", {"Host": "127.0.0.1:8000", "X-Forwarded-For": "127.0.0.1, ::1"}, False),
        ("http://127.0.0.1:8000", {"Host": "[odd"}, True),
        ("https://feeds.example.org", {"Host": "192.0.2.7:8000"}, False),
    ],
)
def test_a_visitor_from_elsewhere_sees_what_to_set_while_addresses_are_those_of_the_machine(
    site: PageSite, base_url: str, headers: dict[str, str], is_told: bool
) -> None:
    settings = replace(site.settings, site=replace(site.settings.site, base_url=base_url))
    client = create_app(settings).test_client()
    for path in ("/source/bbc", "/nothing"):
        text = client.get(path, headers={"Accept": "text/html", "Accept-Language": "en", **headers}).text
        assert (NOTICE in text) == is_told
        assert all(host not in text for host in ("192.0.2.", "nas.local"))
    page = client.get("/source/bbc", headers=headers).text
    assert f">{base_url}/feeds/source/bbc.atom</textarea>" in page
    assert client.get("/qr/source/bbc.svg", headers=headers).data == client.get("/qr/source/bbc.svg").data

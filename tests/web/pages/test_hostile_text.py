"""Titles, authors, names of files and topics that try to be more than text, on every page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser

from helpers.page_fixtures import SampleEntry, fill_store, make_entry, record_quarantined
from helpers.processes import free_port
from refeed.ingest.pipeline import Pipeline
from refeed.model import Label, Person, Removal, Source
from refeed.web.app import create_app
from web.pages.conftest import CONFIG, SOURCES, PageSite, serve_pages, settings_at
from web.pages.test_pages_in_browser import watch

OWN = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)' autofocus onfocus='alert(1)",
    "</title><script>alert(1)</script>",
    "</textarea><iframe src=javascript:alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "${alert(1)}`",
    "<!--><img src=1 onerror=alert(1)>-->",
    "javascript:alert(1)",
    "<style>@import 'https://evil.test/x.css'</style>",
    "<base href=https://evil.test/>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "a\u202eb\u2066c",
    "<meta http-equiv=refresh content='0;url=https://evil.test/'>",
)
SHARED = Path(__file__).parents[4] / "shared" / "attack" / "xss.json"
_EVENT = re.compile(r"on", re.IGNORECASE)
_ADDRESS = re.compile(r"https?:|feed:|mailto:|/|#|\?", re.IGNORECASE)
_EVERY = 60
"""How many fragments each one stands for; all of them take minutes."""


def hostile(number: int, text: str) -> SampleEntry:
    """An entry that says the same thing in every field there is."""
    entry = make_entry(
        number,
        source="hostile",
        title=text,
        summary=text,
        authors=(text,),
        contributors=(Person(name=text, role=text),),
        html=text,
        rights=text,
        tags=(text,),
        section=text,
    )
    return SampleEntry(
        entry=entry,
        labels=(Label(topic="hostile", score=4, reasons=(f"title: {text} (+4)", text)),),
        removed=(Removal(step=text, text=text),),
        flags=(text,),
    )


def config(texts: list[str]) -> str:
    """A site and topics that are called like that."""
    written: dict[str, Any] = yaml.safe_load(CONFIG)
    written["site"]["title"] = texts[0]
    plain = [text for text in texts if "$" not in text][:10]
    written["topics"] = [
        {"id": f"t-{n}", "title": {"zh": text, "en": text}, "description": text, "words": ["样例"]}
        for n, text in enumerate(plain)
    ]
    written["topics"].append({"id": "hostile", "title": texts[0], "words": ["样例"]})
    return yaml.safe_dump(written, allow_unicode=True)


def build(home: Path, texts: list[str], **environ: str) -> Any:
    settings = settings_at(home, config(texts), **environ)
    program = Pipeline.open(settings)
    source = Source(id="hostile", title=texts[1], configured=False)
    fill_store(program.store, [hostile(n, text) for n, text in enumerate(texts)], [*SOURCES, source])
    for n, text in enumerate(texts):
        record_quarantined(program.store, f"{n}/{text}".encode(errors="replace"), f"{n}/{text}", text)
    program.publisher.publish()
    program.close()
    return settings


def addresses(client: Any) -> Iterator[str]:
    """Every page there is, found by its links."""
    seen: set[str] = set()
    todo = ["/", "/status", "/all", "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/%3Cscript%3Ealert(1)%3C/script%3E"]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        yield path
        page = BeautifulSoup(client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True), "lxml")
        for link in page.select("main a[href^='/']"):
            address = str(link["href"])
            if not address.startswith(("/feeds/", "/qr/")) and "." not in address:
                todo.append(address)


def findings(text: str) -> list[str]:
    """What of a page is not ours: elements that load or run, handlers, addresses that are none of the web."""
    page = BeautifulSoup(text, "lxml")
    found = []
    for element in page.find_all(True):
        assert isinstance(element, Tag)
        if element.name in ("iframe", "object", "embed", "base", "style", "math", "foreignobject", "textarea"):
            found.append(element.name)
        if element.name == "script" and not re.fullmatch(r"/static/page\.[0-9a-f]{12}\.js", str(element.get("src"))):
            found.append(str(element))
        if element.name == "meta" and element.get("http-equiv"):
            found.append(str(element))
        for name, value in element.attrs.items():
            if _EVENT.match(name) or name in ("style", "srcdoc", "formaction", "ping"):
                found.append(f"{element.name} {name}")
            if name in ("href", "src", "action") and not _ADDRESS.match(str(value)):
                found.append(f"{element.name} {name}={value}")
    return found


def test_our_own_texts_stay_text_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    settings = build(tmp_path, list(OWN), PORT=str(free_port()))
    client = create_app(settings).test_client()
    site = PageSite(address=settings.site.base_url, settings=settings, rich="", bilingual="", withdrawn="")
    with serve_pages(settings):
        watched = watch(browser, site)
        paths = list(addresses(client))
        assert len(paths) > len(OWN)
        page = watched.open(f"{site.address}/status")
        entries = [path for path in paths if path.startswith("/entry/")]
        for path in [path for path in paths if path not in entries[5:]][:25]:
            page.goto(site.address + path)
            assert page.evaluate("document.scripts.length") == 1
        watched.context.close()
    assert watched.troubles == []
    assert {url for url in watched.asked if "evil.test" in url} == set()


def test_our_own_texts_are_shown_as_they_are(tmp_path: Path) -> None:
    settings = build(tmp_path, list(OWN))
    client = create_app(settings).test_client()
    page = BeautifulSoup(client.get("/all").get_data(as_text=True), "lxml")
    assert {title.get_text() for title in page.select(".rows h3 a")} == set(OWN)


def test_the_fragments_of_public_suites_leave_nothing_on_any_page(tmp_path: Path) -> None:
    if not SHARED.is_file():
        pytest.skip(f"{SHARED} is not here; it holds the fragments")
    fragments = [item["html"] for item in json.loads(SHARED.read_text("utf-8"))]
    # Characters that XML cannot carry are replaced long before; names of files and configuration cannot hold them.
    texts = [re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", html) for html in fragments]
    settings = build(tmp_path, texts[::_EVERY])
    client = create_app(settings).test_client()
    found = {path: findings(client.get(path).get_data(as_text=True)) for path in addresses(client)}
    assert len(found) > len(fragments) // _EVERY
    assert {path: what for path, what in found.items() if what} == {}

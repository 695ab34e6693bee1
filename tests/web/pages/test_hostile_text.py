"""Markup in titles, authors, file names and topics stays text on every page."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup, Tag

from helpers.page_fixtures import (
    CONFIG,
    NOW,
    SOURCES,
    PageSite,
    SampleEntry,
    fill_store,
    make_entry,
    record_quarantined,
    run_leader,
    serve_pages,
    settings_at,
)
from helpers.processes import free_port
from refeed.ingest.pipeline import Pipeline
from refeed.model import Label, Person, Removal, Source
from refeed.render.digest_html import PAGE_STYLE
from refeed.store.story_decisions import join_entries
from refeed.stories.story_updater import update_stories
from refeed.web.app import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE_TEXTS = (
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
_ADDRESS = re.compile(r"https?:|feed:|follow://add\?url=http|mailto:|/|#|\?", re.IGNORECASE)
_EVERY = 150
"""Each nth fragment is used; all of them take minutes."""


def make_hostile(number: int, text: str) -> SampleEntry:
    """An entry with the same text in every field."""
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


def write_config(texts: list[str]) -> str:
    """A configuration with these texts as titles of the site and its topics."""
    document: dict[str, Any] = yaml.safe_load(CONFIG)
    document["site"]["title"] = texts[0]
    plain = [text for text in texts if "$" not in text][:10]
    document["topics"] = [
        {"id": f"t-{n}", "title": {"zh": text, "en": text}, "description": text, "words": ["样例"]}
        for n, text in enumerate(plain)
    ]
    document["topics"].append({"id": "hostile", "title": texts[0], "words": ["样例"]})
    return yaml.safe_dump(document, allow_unicode=True)


def build_site(home: Path, texts: list[str], **environ: str) -> Any:
    settings = settings_at(home, write_config(texts), **environ)
    pipeline = Pipeline.open(settings)
    source = Source(id="hostile", title=texts[1], configured=False)
    fill_store(pipeline.store, [make_hostile(n, text) for n, text in enumerate(texts)], [*SOURCES, source])
    for n, text in enumerate(texts):
        record_quarantined(pipeline.store, f"{n}/{text}".encode(errors="replace"), f"{n}/{text}", text)
    pipeline.mark_complete()
    pipeline.publisher.publish()
    pipeline.close()
    return settings


def crawl(client: Any) -> Iterator[str]:
    """Every page, found by its links."""
    seen: set[str] = set()
    waiting = [
        "/",
        "/status",
        "/all",
        *(f"/search?q={quote(query)}" for query in ("alert", "样例", "onerror OR script", *HOSTILE_TEXTS)),
        "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
    ]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        yield path
        page = BeautifulSoup(client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True), "lxml")
        for link in page.select("main a[href^='/']"):
            address = str(link["href"])
            if not address.startswith(("/feeds/", "/qr/", "/search")) and "." not in address:
                waiting.append(address)


def find_active_content(text: str) -> list[str]:
    """Active content in a page: elements that load or run, event handlers, URLs with other schemes."""
    page = BeautifulSoup(text, "xml" if text.startswith("<?xml") else "lxml")
    active = []
    for element in page.find_all(True):
        assert isinstance(element, Tag)
        if element.name in ("iframe", "object", "embed", "base", "style", "math", "foreignobject"):
            active.append(element.name)
        if element.name == "textarea" and not re.fullmatch(r"https?://\S+", element.get_text()):  # an address to copy
            active.append(str(element))
        if element.name == "script" and not re.fullmatch(r"/static/page\.[0-9a-f]{12}\.js", str(element.get("src"))):
            active.append(str(element))
        # Of these, only the pages' own policy has no effect that a text could want.
        if element.name == "meta" and element.get("http-equiv") not in (None, "Content-Security-Policy"):
            active.append(str(element))
        for name, value in element.attrs.items():
            if _EVENT.match(name) or name in ("style", "srcdoc", "formaction", "ping"):
                active.append(f"{element.name} {name}")
            if name in ("href", "src", "action") and not _ADDRESS.match(str(value)):
                active.append(f"{element.name} {name}={value}")
    return active


@pytest.mark.slow
def test_hostile_text_stays_text_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    from helpers.browser_session import open_session

    settings = build_site(tmp_path, list(HOSTILE_TEXTS), PORT=str(free_port()))
    client = create_app(settings).test_client()
    site = PageSite(address=settings.site.base_url, settings=settings, rich="", bilingual="", withdrawn="")
    with serve_pages(settings):
        session = open_session(browser, site)
        paths = list(crawl(client))
        assert len(paths) > len(HOSTILE_TEXTS)
        page = session.open(f"{site.address}/status")
        entries = [path for path in paths if path.startswith("/entry/")]
        for path in [path for path in paths if path not in entries[5:]][:25]:
            page.goto(site.address + path)
            assert page.evaluate("document.scripts.length") == 1
        session.context.close()
    assert session.problems == []
    assert {host for url in session.requested if "evil.test" in (host := urlsplit(url).netloc)} == set()


def test_hostile_text_is_shown_unchanged(tmp_path: Path) -> None:
    settings = build_site(tmp_path, list(HOSTILE_TEXTS))
    client = create_app(settings).test_client()
    page = BeautifulSoup(client.get("/all").get_data(as_text=True), "lxml")
    assert {title.get_text() for title in page.select(".rows h3 a")} == set(HOSTILE_TEXTS)


def test_hostile_text_is_data_for_programs_that_search(tmp_path: Path) -> None:
    settings = build_site(tmp_path, list(HOSTILE_TEXTS))
    client = create_app(settings).test_client()
    for text in ("alert", *HOSTILE_TEXTS):
        answer = client.get("/search.json", query_string={"q": text})
        assert answer.mimetype == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.status_code == 400 or isinstance(json.loads(answer.data)["entries"], list)
    description = client.get("/opensearch.xml")
    names = [element.text for element in ET.fromstring(description.data)]
    assert any(HOSTILE_TEXTS[0][:16] in (name or "") for name in names)


@pytest.mark.slow
def test_hostile_text_is_text_in_stories_digests_books_and_catalogues(tmp_path: Path) -> None:
    settings = build_site(tmp_path, [*HOSTILE_TEXTS])
    pipeline = Pipeline.open(settings)
    join_entries(pipeline.store, sorted(pipeline.store.get_entry_ids())[:2])
    while update_stories(pipeline.store, NOW):
        pass
    pipeline.close()
    client, texts = create_app(settings).test_client(), {}
    with run_leader(settings, NOW):
        for feed in ("all/daily", "all/weekly", "all/stories", "topic/hostile/daily"):
            for item in json.loads(client.get(f"/feeds/{feed}.json").data)["items"]:
                texts[item["id"]] = item["content_html"]
                address = item["url"].removeprefix(settings.site.base_url)
                texts[address] = client.get(address).get_data(as_text=True)
                if address.endswith(".html"):
                    book = zipfile.ZipFile(io.BytesIO(client.get(address.replace(".html", ".epub")).data))
                    texts |= {f"{address} {name}": book.read(name).decode() for name in book.namelist()[1:]}
        catalogues = ("/opds", "/opds/all/daily", "/feeds/opml.xml")
        texts |= {path: client.get(path).get_data(as_text=True) for path in catalogues}
    assert len(texts) > 20
    for name, text in texts.items():
        if text.startswith("<?xml"):
            ET.fromstring(text)
        active = find_active_content(text.replace(f"<style>{PAGE_STYLE}</style>", ""))
        assert [
            each for each in active if not re.search(r" (?:href|src)=[a-z0-9-]+\.(?:xhtml|css|svg|ncx)$", each)
        ] == [], name


@pytest.mark.slow
def test_xss_fragments_of_public_suites_have_no_effect_on_any_page(tmp_path: Path) -> None:
    if not SHARED.is_file():
        pytest.skip(f"{SHARED} is missing; it has the fragments")
    fragments = [item["html"] for item in json.loads(SHARED.read_text("utf-8"))]
    # Characters that are invalid in XML are replaced at ingest; file names and configuration cannot contain them.
    texts = [re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", html) for html in fragments]
    settings = build_site(tmp_path, texts[::_EVERY])
    client = create_app(settings).test_client()
    contents = {path: find_active_content(client.get(path).get_data(as_text=True)) for path in crawl(client)}
    assert len(contents) > len(fragments) // _EVERY
    assert {path: active for path, active in contents.items() if active} == {}

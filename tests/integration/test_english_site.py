"""A server for English articles: no page, feed, list or line of the log has a Chinese character."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from helpers.processes import free_port, wait_until
from helpers.service_fixture import LocalService
from refeed.config.load import load_settings
from refeed.web.app import create_app

CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")
DUMP = """<!--{epoch}-->
[{title}](https://news.example.org/a/{number})
------

<p>{title}. This is a sample text about nothing in particular, long enough to be read as English.</p>
<p>Another paragraph of the sample, by nobody.</p>
"""
TITLES = ("Sample: climate change and carbon emissions", "Sample: Hong Kong", "Sample with no topic at all")


def english_service(tmp_path: Path, packs: str) -> LocalService:
    service = LocalService(tmp_path, f"packs: {packs}\n")
    for number, title in enumerate(TITLES):
        text = DUMP.format(epoch=1_700_000_000_000 + number, title=title, number=number)
        service.add_dump(f"example/{number}.md", text.encode())
    return service


@pytest.mark.slow
def test_english_server_has_no_chinese_character_in_its_log(tmp_path: Path) -> None:
    service, log = english_service(tmp_path, "[english-news]"), tmp_path / "log"
    service.add_dump("example/broken.md", b"---\ntitle: A sample\n---\nNo link.\n")
    server = service.start("serve", log=log, PORT=str(free_port()), HOST="127.0.0.1")
    try:
        wait_until(lambda: len(service.ids()) == 3 and "quarantined" in log.read_text())
        service.add_dump("example/late.md", DUMP.format(epoch=1_700_000_000_009, title="Late", number=9).encode())
        wait_until(lambda: len(service.ids()) == 4)
        (tmp_path / "config.yaml").write_text("packs: [english-nws]\n")
        wait_until(lambda: "english-nws" in log.read_text())
    finally:
        server.terminate()
        server.wait()
    assert "serving" in log.read_text()
    assert CJK.findall(log.read_text()) == []


@pytest.mark.parametrize("packs", ["[english-news]", "[]"])
def test_english_site_has_no_chinese_character_but_in_the_list_of_languages(tmp_path: Path, packs: str) -> None:
    service = english_service(tmp_path, packs)
    ran = service.run("ingest")
    assert ran.exit_code == 0, ran.stderr
    shown = {"log": ran.stdout + ran.stderr, "status": service.run("status").stdout}
    documents = (file for file in service.feeds.rglob("*.*") if not file.name.startswith("."))
    shown |= {str(file): file.read_text("utf-8") for file in documents}
    client = create_app(load_settings(service.environment())).test_client()
    waiting = ["/", "/search?q=sample", "/no-such-page"]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        page = client.get(path, headers={"Accept-Language": "en", "Accept": "text/html"})
        if page.mimetype != "text/html":
            continue
        tree = BeautifulSoup(page.get_data(as_text=True), "lxml")
        for switch in tree.select("nav.languages"):
            switch.decompose()
        shown[path] = str(tree)
        links = {str(a["href"]).partition("#")[0] for a in tree.select("a[href^='/']")}
        found = {link for link in links if "?" not in link and not link.startswith(("/qr/", "/feeds/"))} - seen
        waiting += found
        seen |= found
    assert {name: CJK.findall(text)[:9] for name, text in shown.items() if CJK.search(text)} == {}
    assert "Climate" in shown["/"] or packs == "[]"
    assert "Taiwan" not in shown["/"], "a topic without entries is not listed"
    opml, feeds_json = ((service.feeds / name).read_text("utf-8") for name in ("opml.xml", "feeds.json"))
    assert ("topic/taiwan" in feeds_json, "topic/taiwan" in opml) == (packs != "[]", False)
    assert '"language": "en"' in (service.feeds / "source" / "example.json").read_text("utf-8")

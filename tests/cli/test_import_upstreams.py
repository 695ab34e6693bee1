"""`refeed upstreams import`: OPML -> items for config.yaml."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from refeed.cli.main import main
from refeed.config.load import load_settings

OPML = """<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml version="2.0"><body>
<outline text="News"><outline type="rss" text="港口 Harbour" xmlUrl="https://harbour.example/feed?a=1&amp;b=2"/>
<outline text="Harbour" title="Known" xmlUrl="https://known.example/feed"/>
<outline text="Two" xmlUrl="https://two.example/"/><outline text="two" xmlUrl="https://other.example/"/>
<outline text="again" xmlUrl="https://two.example/"/>
<outline text="&x;" xmlUrl="javascript:1"/></outline></body></opml>"""


def test_subscriptions_become_items_of_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("upstreams:\n- {source: known, url: 'https://known.example/feed'}\n")
    (tmp_path / "a.opml").write_text(OPML)
    monkeypatch.setenv("REFEED_CONFIG", str(config))
    result = CliRunner().invoke(main, ["upstreams", "import", str(tmp_path / "a.opml")])
    assert result.exit_code == 0, result.output
    items = yaml.safe_load(result.stdout)["upstreams"]
    urls = ["https://harbour.example/feed?a=1&b=2", "https://two.example/", "https://other.example/"]
    assert [item["url"] for item in items] == urls
    assert items[1]["source"] == "two" and len({item["source"] for item in items}) == 3


FRESHRSS = """<?xml version="1.0" encoding="UTF-8"?>
<opml xmlns:frss="https://freshrss.org/opml" version="2.0"><head><title>FreshRSS</title></head><body>
<outline text="Blogs"><outline text="A blog" type="rss" xmlUrl="https://a.example/feed" htmlUrl="https://a.example/"
 description="A sample" frss:priority="important" frss:cssFullContent=".text"/></outline></body></opml>"""
MINIFLUX = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Miniflux</title></head><body>
<outline text="All"><outline title="A blog" text="A blog" xmlUrl="https://a.example/feed" htmlUrl="https://a.example/"
 type="rss" version="RSS"></outline></outline></body></opml>"""
RSSHUB_IN_A_READER = """<opml version="1.1"><body><outline text="A blog" title="A blog" type="rss"
 xmlUrl="https://a.example/feed"/></body></opml>"""


@pytest.mark.parametrize("opml", [FRESHRSS, MINIFLUX, RSSHUB_IN_A_READER])
def test_exports_of_freshrss_miniflux_and_readers_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opml: str
) -> None:
    (tmp_path / "config.yaml").write_text("packs: []\n")
    (tmp_path / "feeds.opml").write_text(opml)
    monkeypatch.setenv("REFEED_CONFIG", str(tmp_path / "config.yaml"))
    result = CliRunner().invoke(main, ["upstreams", "import", str(tmp_path / "feeds.opml")])
    assert yaml.safe_load(result.stdout)["upstreams"] == [{"source": "a-blog", "url": "https://a.example/feed"}]


def test_an_address_in_a_file_takes_nothing_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text("packs: []\n")
    addresses = ("https://a.example/${REFEED_PUSH_TOKEN}", "https://b.example/\u202e", "https://例子.example/图 1")
    outlines = "".join(f'<outline title="a" xmlUrl="{address}"/>' for address in addresses)
    (tmp_path / "feeds.opml").write_text(f"<opml><body>{outlines}</body></opml>", "utf-8")
    monkeypatch.setenv("REFEED_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("REFEED_PUSH_TOKEN", "a-token-of-the-tests")
    printed = CliRunner().invoke(main, ["upstreams", "import", str(tmp_path / "feeds.opml")]).stdout
    (tmp_path / "config.yaml").write_text(f"packs: []\n{printed}", "utf-8")
    assert [upstream.url for upstream in load_settings(os.environ).upstreams] == [
        "https://a.example/$%7BREFEED_PUSH_TOKEN%7D",
        "https://b.example/%E2%80%AE",
        "https://例子.example/图%201",
    ]


def test_a_file_that_is_no_opml_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text("packs: []\n")
    monkeypatch.setenv("REFEED_CONFIG", str(tmp_path / "config.yaml"))
    for data in (b"", b"\0\1\2", b"not XML", b"<a/>"):
        (tmp_path / "feeds.opml").write_bytes(data)
        result = CliRunner().invoke(main, ["upstreams", "import", str(tmp_path / "feeds.opml")])
        assert result.exit_code == 1
        assert "no OPML file with feeds" in result.stderr


UNUSUAL = """<opml version="2.0"><body>
<outline text="" xmlUrl="https://news.example.org/b.xml"/>
<outline text="A page" type="HTML+XPath" xmlUrl="https://page.example/"/>
<outline text="A scheme" xmlUrl="feed:https://scheme.example/a.xml"/>
<outline text="Paid" xmlUrl="https://ann:p%40ss@paid.example/a.xml"/>
<outline text="Odd" xmlUrl="https://ann:$%7BREFEED_PUSH_TOKEN%7D@odd.example/a.xml"/>
</body></opml>"""


def test_what_cannot_be_taken_is_named_and_a_login_becomes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text("packs: []\n")
    (tmp_path / "feeds.opml").write_text(UNUSUAL)
    monkeypatch.setenv("REFEED_CONFIG", str(tmp_path / "config.yaml"))
    result = CliRunner().invoke(main, ["upstreams", "import", str(tmp_path / "feeds.opml")])
    assert [line.split(": ", 1)[1] for line in result.stderr.splitlines()] == [
        "A page: left out, because https://page.example/ is a page and no feed",
        "A scheme: left out, because feed:https://scheme.example/a.xml is no http or https address",
        "Odd: its login is left out; write it as `login`",
    ]
    (tmp_path / "config.yaml").write_text(f"packs: []\n{result.stdout}")
    assert [(one.source, one.url, one.login) for one in load_settings({}, tmp_path / "config.yaml").upstreams] == [
        ("news-example-org", "https://news.example.org/b.xml", ""),
        ("paid", "https://paid.example/a.xml", "ann:p@ss"),
        ("odd", "https://odd.example/a.xml", ""),
    ]

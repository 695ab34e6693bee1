"""`refeed upstreams import`: OPML -> items for config.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from refeed.cli.main import main

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

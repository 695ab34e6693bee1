"""`refeed stories` and what says to which story an entry belongs: explain, entry.json, metrics, lists of feeds."""

from __future__ import annotations

import json
import os
import re

import pytest
from click.testing import Result
from werkzeug.test import Client, TestResponse

from helpers.service_fixture import LocalService
from refeed.config.load import load_settings
from refeed.web.app import create_app

TITLES = {
    "one/1": ("青岚河水位超过警戒线", "青岚河水位今天超过警戒线，松原县三千二百名居民撤离，学校停课三天。"),
    "two/2": ("青岚河超过警戒线 松原县撤离居民", "青岚河水位超过警戒线，松原县撤离三千二百名居民，学校停课。"),
    "one/3": ("雾凇湾渡轮停航", "雾凇湾渡轮因大风停航，码头滞留八百名旅客。"),
}


def dump(name: str) -> bytes:
    source, _, number = name.partition("/")
    title, text = TITLES[name]
    header = f"<!--{1_700_000_000 + 600 * int(number)}000-->\n[样本：{title}](https://{source}.example/{number})"
    return f"{header}\n------\n\n<p>（样本）{text}</p>\n".encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> LocalService:
    local = LocalService(tmp_path_factory.mktemp("stories"))
    for name in TITLES:
        local.add_dump(f"{name}.md", dump(name))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "cpu_count", lambda: 1)  # a process pool takes a second to start
        assert local.run("ingest").exit_code == 0
    return local


def link(name: str) -> str:
    return "https://{}.example/{}".format(*name.split("/"))


def ids(service: LocalService) -> dict[str, str]:
    """The ids of the entries, by the names of their dumps."""
    items = json.loads((service.feeds / "all.json").read_bytes())["items"]
    found = {item["url"]: item["id"].removeprefix("urn:uuid:") for item in items}
    return {name: found[link(name)] for name in TITLES}


def reports(result: Result) -> list[str]:
    """The ids of the reports that `stories show` lists."""
    assert result.exit_code == 0, result.stderr
    return re.findall(r"^    ([0-9a-f-]{36})$", result.stdout, re.MULTILINE)


def test_ingest_joins_stories_and_show_explain_and_entry_json_name_them(service: LocalService) -> None:
    first, second, other = ids(service).values()
    shown = service.run("stories", "show", link("two/2"))
    assert reports(shown) == [first, second]
    assert re.search(rf"story +{first}\n +joined to +样本：青岚河水位超过警戒线", shown.stdout)
    assert re.search(r"score \d\.\d\d, 0\.7 needed; both have: .*青岚", shown.stdout)
    explained = service.run("explain", second)
    assert f"story      {first}\n" in explained.stdout
    assert f"story      {other} (its first report)\n" in service.run("explain", other).stdout
    client = Client(create_app(load_settings(service.environment())).wsgi_app, TestResponse)
    stories = [json.loads(client.get(f"/entry/{id}.json").data)["story"] for id in (first, second, other)]
    assert stories == [f"urn:uuid:{id}" for id in (first, first, other)]


def test_corrections_hold_until_they_are_reset(service: LocalService) -> None:
    first, second, other = ids(service).values()
    assert service.run("stories", "split", link("two/2")).exit_code == 0
    assert reports(service.run("stories", "show", first)) == [first]
    assert service.run("stories", "join", first, link("one/3")).exit_code == 0
    assert reports(service.run("stories", "show", other)) == [first, other]
    assert reports(service.run("stories", "show", second)) == [second]
    assert service.run("stories", "reset", second, other).exit_code == 0
    assert reports(service.run("stories", "show", second)) == [first, second]
    assert reports(service.run("stories", "show", other)) == [other]


def test_an_unknown_entry_and_one_that_is_alone_are_errors_that_change_nothing(service: LocalService) -> None:
    before = service.query("SELECT * FROM story_members ORDER BY entry_id")
    unknown = service.run("stories", "split", link("one/1"), "https://one.example/99")
    assert unknown.exit_code == 1
    assert "'https://one.example/99': no stored entry has this id or link" in unknown.stderr
    alone = service.run("stories", "join", link("one/1"))
    assert alone.exit_code == 2
    assert "name two or more entries" in alone.stderr
    assert service.run("withdraw", link("one/3")).exit_code == 0
    withdrawn = service.run("stories", "show", link("one/3"))
    assert withdrawn.exit_code == 1
    assert "is in no story: it is private or withdrawn" in withdrawn.stderr
    assert service.run("restore", link("one/3")).exit_code == 0
    assert service.run("stories", "show", link("one/3")).exit_code == 0
    assert service.query("SELECT * FROM story_members ORDER BY entry_id") == before


def test_lists_of_feeds_name_no_stories_and_digests(service: LocalService) -> None:
    """A reader that imports OPML would get every entry several times."""
    for name in ("opml.xml", "feeds.json"):
        text = (service.feeds / name).read_text("utf-8")
        assert "/feeds/all" in text
        assert not re.search(r"/(stories|daily|weekly)\b", text)

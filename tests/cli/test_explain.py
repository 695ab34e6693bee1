"""`refeed explain` accepts a file, a name from `status`, an id, a page and a link."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.service_fixture import LocalService, sample_dump
from refeed.cli.main import main

TEXT = "".join(
    f"<p>这是样本的第{n}句，只为测试而写：第{n}座城市有{n * 7}条河、{n * 3}座桥和{n * 11}条街。</p>" for n in range(12)
)


def dated(link: str, hour: int, html: str = TEXT) -> bytes:
    return f"<!--{1_700_000_000 + 3600 * hour}000-->\n[样本标题{hour}]({link})\n------\n\n{html}\n".encode()


def run(service: LocalService, *arguments: str) -> Result:
    """A command in this process, which is quicker than one of its own."""
    return CliRunner().invoke(main, arguments, env=service.environment())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> LocalService:
    local = LocalService(tmp_path_factory.mktemp("explain"))
    local.add_dump("one/a.md", dated("https://one.example/10", 1))
    local.add_dump("two/b.md", dated("https://two.example/11", 2))
    local.add_dump("three/c.md", sample_dump(3))
    local.add_dump("three/broken.md", b"no dump")
    assert run(local, "ingest").exit_code == 1
    return local


def ids(service: LocalService) -> dict[str, str]:
    items = json.loads((service.feeds / "all.json").read_bytes())["items"]
    return {item["url"]: item["id"].removeprefix("urn:uuid:") for item in items}


def test_an_entry_is_found_by_any_spelling_of_its_id_page_or_link(service: LocalService) -> None:
    link = "https://sample.example.org/3"
    id = ids(service)[link]
    spellings = [
        id,
        f"urn:uuid:{id}",
        f"URN:UUID:{id.upper()}",
        f"http://127.0.0.1:8000/entry/{id}",
        f"https://feeds.example.org/entry/{id}.json?lang=en",
        link,
        f"{link}?utm_source=rss",
    ]
    ran = run(service, "explain", "--json", *spellings)
    assert ran.exit_code == 0, ran.stderr
    assert [json.loads(line)["link"] for line in ran.stdout.splitlines()] == [link] * len(spellings)


def test_a_file_is_found_by_its_name_in_status(service: LocalService) -> None:
    (issue,) = json.loads(run(service, "status", "--json").stdout)["issues"]
    ran = run(service, "explain", issue["file"])
    assert ran.stdout.startswith("three/broken.md: quarantined (")
    assert ran.exit_code == 1


@pytest.mark.parametrize("nothing", ["", "gone.md", "https://nowhere.example/1"])
def test_an_unknown_name_is_reported_and_the_others_are_explained(service: LocalService, nothing: str) -> None:
    ran = run(service, "explain", "--json", nothing, str(service.dumps / "three/c.md"))
    assert ran.exit_code == 1
    assert ran.stderr == f"{nothing!r}: no such file, and no stored entry has this id or link\n"
    assert json.loads(ran.stdout)["outcome"] == "accepted"


def test_explain_creates_no_store(tmp_path: Path) -> None:
    ran = run(LocalService(tmp_path), "explain", "gone.md")
    assert ran.exit_code == 1
    assert "'gone.md': no such file, and no stored entry has this id or link" in ran.stderr
    assert not (tmp_path / "var" / "refeed.db").exists()


@pytest.mark.parametrize("by", ["file", "id"])
def test_of_two_entries_with_the_same_text_the_one_in_feeds_is_named(service: LocalService, by: str) -> None:
    copy = str(service.dumps / "two/b.md") if by == "file" else "https://two.example/11"
    first = str(service.dumps / "one/a.md") if by == "file" else "https://one.example/10"
    said = run(service, "explain", copy).stdout
    assert "same text  100% in https://one.example/10" in said
    assert "feeds that could hold both show that one" in said
    assert "feeds that could hold both show this one" in run(service, "explain", first).stdout


@pytest.mark.parametrize("by", ["file", "id"])
def test_a_withdrawn_entry_is_marked_as_withdrawn(service: LocalService, by: str) -> None:
    link = "https://sample.example.org/3"
    name = str(service.dumps / "three/c.md") if by == "file" else link
    run(service, "withdraw", link + "?utm_source=rss")
    try:
        said = run(service, "explain", name).stdout
        assert "\n  withdrawn  20" in said
        assert "`refeed restore" in said
    finally:
        run(service, "restore", link)
    assert "withdrawn" not in run(service, "explain", name).stdout


def test_a_missing_date_is_explained_as_first_seen(tmp_path: Path) -> None:
    service = LocalService(tmp_path)
    file = service.add_dump("a.md", dated("https://one.example/10", 1).partition(b"\n")[2])
    (line,) = [line for line in run(service, "explain", str(file)).stdout.splitlines() if "published" in line]
    assert line.endswith("<- first seen")

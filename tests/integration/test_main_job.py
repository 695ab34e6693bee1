"""The main job from end to end, as a newcomer runs it: dumps in, clean feeds out, over HTTP."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import feedparser
import msgspec
import pytest

from helpers.processes import free_port
from refeed.ingest.status_file import STATUS_FILE_NAME

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NYT = "000_bd82e4e472b9ac0e.txt"
VOA = "001_d2b9a7bda4f07d80.txt"
LISTS_OF_FEEDS = {".marks", "feeds", "opml"}
"""Files that a new source and a new entry also change."""


@dataclass(frozen=True)
class Service:
    address: str
    dumps: Path
    feeds: Path

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{self.address}/{path}", headers=names)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()

    def wait(self, path: str, text: str = "", seconds: float = 60) -> bytes:
        """Wait until a document is served and contains a text; returns it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                status, _, body = self.get(path)
            except OSError:
                status, body = 0, b""
            if status == 200 and text in body.decode():
                return body
            time.sleep(0.1)
        raise AssertionError(f"{path} was not served within {seconds} s")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`refeed serve` over the two seeds, in its own folder."""
    home = tmp_path_factory.mktemp("home")
    dumps = home / "seeds"
    shutil.copytree(ROOT / "seeds", dumps)
    port = free_port()
    environ = os.environ | {
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "REFEED_CONFIG": str(ROOT / "config.yaml"),
        "REFEED_DUMPS": str(dumps),
        "REFEED_FEEDS": str(home / "feeds"),
        "REFEED_VAR": str(home / "var"),
        "PYTHONPATH": str(ROOT / "src"),
    }
    log = (home / "log").open("wb")
    command = [sys.executable, "-m", "refeed", "serve", "--host", "127.0.0.1"]
    process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=home)
    served = Service(f"http://127.0.0.1:{port}", dumps, home / "feeds")
    try:
        for feed in ("all", "source/nytimes", "topic/climate", "topic/us-china"):
            served.wait(f"feeds/{feed}.json", "美国气候特使克里将访问中国")
        for feed in ("all", "source/voachinese", "topic/climate", "topic/us-china"):
            served.wait(f"feeds/{feed}.json", "美中气候问题特使展开会谈")
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, (home / "log").read_text()
        log.close()


@pytest.mark.parametrize(
    "path", ["source/nytimes.atom", "source/voachinese.atom", "topic/climate.atom", "all.json", "all.rss", "opml.xml"]
)
def test_a_document_is_served_and_then_confirmed_by_its_etag(service: Service, path: str) -> None:
    status, headers, body = service.get(f"feeds/{path}")
    assert status == 200
    assert body
    second_status, _, second_body = service.get(f"feeds/{path}", If_None_Match=headers["etag"])
    assert (second_status, second_body) == (304, b"")


@pytest.mark.parametrize("format", ["atom", "rss"])
def test_feedparser_reads_the_same_from_atom_and_rss(service: Service, format: str) -> None:
    feed = feedparser.parse(service.wait(f"feeds/topic/climate.{format}"))
    assert not feed.bozo
    newer, older = feed.entries
    assert newer.title == "美中气候问题特使展开会谈 盼通过合作改善整体美中关系"
    assert older.title == "美国气候特使克里将访问中国，寻求重启中美气候谈判"
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", older.published_parsed) == "2023-07-07T04:32:10Z"
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", newer.published_parsed) == "2023-07-17T05:51:53Z"
    assert older.author == "Lisa Friedman"
    assert older.id == "urn:uuid:402af15e-1949-5deb-b592-0e78c7ef1272"
    assert newer.id == "urn:uuid:43927ae8-ddf0-57bb-aefd-c9039897d3ee"


@pytest.mark.parametrize("format", ["atom", "rss", "json"])
def test_the_seeds_are_clean_in_every_format(service: Service, format: str) -> None:
    text = service.wait(f"feeds/all.{format}").decode()
    for kept in (
        "https://static01.nyt.com/images/2023/07/07/multimedia/07cli-kerrychina-fpzm/",
        "https://gdb.voanews.com/65ad3331-07f4-4530-ad70-a2f9947a8a81_r1_s_w900.jpg",
        "拜登总统的气候特使约翰·克里上个月在布鲁塞尔的一次会议上。",
        "2023年7月17日于北京饭店举行会谈。（路透社）",
        "https://www.nytimes.com/2023/07/06/climate/john-kerry-china-climate.html",
    ):
        assert kept in text
    for gone in ("weserv", "feedx", "获取更多RSS", "<address", "&lt;address", "style="):
        assert gone not in text


def test_a_new_dump_is_in_its_feeds_at_once_and_in_no_others(service: Service) -> None:
    service.wait("feeds/topic/climate.atom")
    before = {
        path: path.read_bytes() for path in service.feeds.rglob("*.*") if path.suffix in (".atom", ".rss", ".json")
    }
    body = "<p>这是一篇用来测试的样稿，不是任何媒体的报道。联合国气候变化大会讨论了碳排放与可再生能源。</p>" * 3
    dump = f"<!--1700000000000-->\n[样稿：气候大会开幕](https://sample.example.net/2023/1)\n------\n\n{body}\n"
    target = service.dumps / "sample.txt"
    target.write_text(dump, "utf-8")
    written = time.monotonic()
    while "样稿：气候大会开幕" not in service.get("feeds/topic/climate.json")[2].decode():
        assert time.monotonic() - written < 60
        time.sleep(0.01)
    seconds = time.monotonic() - written
    after = {path: path.read_bytes() for path in before}
    changed = {str(path.relative_to(service.feeds).with_suffix("")) for path in before if before[path] != after[path]}
    assert changed - LISTS_OF_FEEDS == {"all", "topic/climate"}
    assert seconds < 10, "found by a file event and not by the next scan; bench/ measures how soon"


def test_a_broken_file_is_one_line_in_status_and_stops_no_other(service: Service) -> None:
    (service.dumps / "broken.txt").write_bytes(b"\xff\xfe\xfa broken")
    (service.dumps / "good.txt").write_text(
        "<!--1700000100000-->\n[样稿：之后的一篇](https://sample.example.net/2023/2)\n------\n\n<p>样稿正文。</p>\n",
        "utf-8",
    )
    end = time.monotonic() + 60
    while "样稿：之后的一篇" not in service.get("feeds/all.json")[2].decode():
        assert time.monotonic() < end
        time.sleep(0.05)
    environ = os.environ | {
        "REFEED_CONFIG": str(ROOT / "config.yaml"),
        "REFEED_VAR": str(service.feeds.parent / "var"),
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-m", "refeed", "status", "--json"]
    ran = subprocess.run(command, env=environ, capture_output=True, check=False, timeout=30)
    status = msgspec.json.decode(ran.stdout)
    issues = [issue for issue in status["issues"] if issue["file"].endswith("broken.txt")]
    assert [issue["outcome"] for issue in issues] == ["quarantined"]
    assert issues[0]["reason"]


def test_a_changed_configuration_is_loaded_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    text = "dumps: {folders: [dumps]}\ntopics:\n  - {id: tea, title: 茶, words: [茶馆]}\n"
    config.write_text(text, "utf-8")
    (tmp_path / "dumps").mkdir()
    dump = "<!--1700000000000-->\n[样稿：茶馆](https://sample.example.net/1)\n------\n\n<p>样稿：茶馆里来了客人。</p>\n"
    (tmp_path / "dumps" / "1.md").write_text(dump, "utf-8")
    port = free_port()
    environ = os.environ | {"PORT": str(port), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "refeed", "--config", str(config), "serve", "--host", "127.0.0.1"]
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=tmp_path)
    served = Service(f"http://127.0.0.1:{port}", tmp_path / "dumps", tmp_path / "feeds")
    try:
        served.wait("feeds/topic/tea.json", "样稿：茶馆")
        config.write_text(text + "topcis: []\n", "utf-8")
        time.sleep(3)
        assert served.get("feeds/topic/tea.json")[0] == 200
        config.write_text(text.replace("{id: tea,", "{id: teahouse, aliases: [tea],"), "utf-8")
        served.wait("feeds/topic/teahouse.json", "样稿：茶馆")
        end = time.monotonic() + 30
        while b"/feeds/topic/teahouse.json" not in served.get("feeds/topic/tea.json")[2]:  # redirected
            assert time.monotonic() < end
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, (tmp_path / "log").read_text()
        log.close()
    assert "topcis" in (tmp_path / "log").read_text()
    status_file = tmp_path / "var" / STATUS_FILE_NAME
    status = msgspec.json.decode(status_file.read_bytes())
    assert status["state"] == "stopped"
    status_file.write_bytes(msgspec.json.encode(status | {"at": "2024-01-01T00:00:00Z"}))
    os.utime(status_file, (1_704_067_200, 1_704_067_200))  # its time is the worker's last sign
    output = subprocess.run(
        [*command[:-3], "status"], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=30
    ).stdout
    assert "worker    stopped, last update 2024-01-01" in output  # not `silent`: it was asked to end

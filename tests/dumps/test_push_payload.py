"""The body of POST /dumps -> dump files, or what is wrong and where."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.upstream_server import NOON
from refeed.dumps.push_payload import parse_push_payload
from refeed.dumps.writer import write_dumps
from refeed.errors import PushError

ROOT = Path(__file__).parents[2]
DUMP = "<!--1772150400000-->\n[样本](https://news.example.org/1)\n------\n\n<p>文</p>\n"
ARTICLE = {
    "title": "样本",
    "link": "https://news.example.org/1",
    "published": "2026-02-27T08:00:00+08:00",
    "html": "<p>文\n</p>",
    "source": "bbc",
}


def lines(*objects: object) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in objects)


def test_a_dump_as_it_is_keeps_its_bytes() -> None:
    (file,) = parse_push_payload(b"\xef\xbb\xbf" + DUMP.encode(), "text/markdown", NOON)
    assert file.data == b"\xef\xbb\xbf" + DUMP.encode() and file.folder == ""


def test_an_article_becomes_a_dump_as_the_archive_has_them() -> None:
    (file,) = parse_push_payload(lines(ARTICLE), "application/x-ndjson", NOON)
    assert (file.folder, file.data.decode()) == ("bbc", DUMP)


def test_a_named_dump_keeps_its_name_folder_and_bytes() -> None:
    (file,) = parse_push_payload(lines({"name": "中国数字时代/1048_样本.md", "body": DUMP}), "application/json", NOON)
    assert file.folder == "中国数字时代" and file.name.endswith("_1048_样本.md") and file.data.decode() == DUMP


def test_one_object_over_several_lines_is_one_object() -> None:
    assert len(parse_push_payload(json.dumps(ARTICLE, indent=2).encode(), "application/json", NOON)) == 1


def test_the_same_push_again_has_the_same_names_and_others_never_share_one() -> None:
    body = lines(*({"name": "1.md", "body": f"{DUMP}{n}"} for n in range(50)), {**ARTICLE, "published": None})
    first = [file.name for file in parse_push_payload(body, "", NOON)]
    later = [file.name for file in parse_push_payload(body, "", NOON.replace(hour=15))]
    assert first == later and len(set(first)) == 51


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is empty"),
        (lines(ARTICLE) + b"{broken\n", "line 2: not JSON: "),
        (lines(ARTICLE, [1]), "line 2: an object is wanted"),
        (lines({**ARTICLE, "link": "/relative"}), "line 1: link: '/relative' is no absolute http(s) URL"),
        (lines({**ARTICLE, "link": "javascript:1"}), "line 1: link: "),
        (lines({**ARTICLE, "titel": "x"}), "line 1: titel: unknown; known here: html, link, published, source, title"),
        (lines({"title": "x", "link": "https://example.org/"}), "line 1: html: is missing"),
        (lines({**ARTICLE, "title": 3}), "line 1: title: text is wanted, not 3"),
        (lines({**ARTICLE, "published": "昨天"}), "line 1: published: '昨天' is no date"),
        (lines({**ARTICLE, "published": True}), "line 1: published: "),
        (lines({**ARTICLE, "source": "../etc"}), "line 1: source: "),
        (lines({**ARTICLE, "source": ".hidden"}), "line 1: source: "),
        (lines({"name": "a/b/c.md", "body": DUMP}), "line 1: name: "),
        (lines({"name": "../c.md", "body": DUMP}), "line 1: name: "),
        (lines({"name": "a.md", "body": " "}), "line 1: body: is empty"),
        (lines({"name": "a.md"}), "line 1: body: is missing"),
        (lines(ARTICLE) + '{"name": "样本"}'.encode("gb18030"), "line 2: byte "),
        (b'{"a": ' * 50_000, "line 1: not JSON"),
        (b'"text"', "line 1: an object is wanted"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_field(body: bytes, said: str) -> None:
    with pytest.raises(PushError) as caught:
        parse_push_payload(body, "application/json", NOON)
    assert str(caught.value).startswith(said)


def test_every_wrong_line_is_named_up_to_ten() -> None:
    with pytest.raises(PushError) as caught:
        parse_push_payload(lines(*({**ARTICLE, "link": ""} for _ in range(14))), "", NOON)
    said = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in said] == [*(f"line {n}" for n in range(1, 11)), "and 4 more lines"]


def test_a_form_is_answered_with_what_to_send_instead() -> None:
    with pytest.raises(PushError, match="--data-binary"):
        parse_push_payload(b"--x\r\n", "multipart/form-data; boundary=x", NOON)


@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_no_name_leads_out_of_the_folder_or_hides_the_file(name: str, body: str) -> None:
    try:
        files = parse_push_payload(json.dumps({"name": name, "body": body}).encode(), "application/json", NOON)
    except PushError:
        return
    (file,) = files
    assert "/" not in file.name and "\0" not in file.name and file.name[0].isdigit() and file.name.endswith(".md")
    assert len(file.name.encode()) < 200
    assert "/" not in file.folder and not file.folder.startswith(".") and file.folder.isprintable()


COUNT = 2500
"""Ten thousand were tried too: the same, but fsync makes a minute of it on a busy disk."""

KILLED = """
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from refeed.dumpfolder import write
from refeed.push import read_push
files = read_push(Path(sys.argv[1]).read_bytes(), "application/x-ndjson", datetime(2026, 3, 1, tzinfo=UTC))
print("read", flush=True)
print(len(write(Path(sys.argv[2]), files)))
"""


def test_a_push_of_thousands_killed_half_way_and_repeated_loses_and_doubles_none(tmp_path: Path) -> None:
    articles = [{**ARTICLE, "link": f"https://news.example.org/{n}", "source": f"s{n % 9}"} for n in range(COUNT)]
    (tmp_path / "body").write_bytes(lines(*articles))
    command = [sys.executable, "-c", KILLED, str(tmp_path / "body"), str(tmp_path / "dumps")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        while sum(1 for _ in tmp_path.glob("dumps/*/*.md")) < COUNT // 5 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    found = {path.name: path.read_bytes() for path in tmp_path.glob("dumps/*/*.md")}
    assert COUNT // 5 <= len(found) < COUNT, "it has to be killed on the way, or this shows nothing"
    assert all(data.endswith("<p>文</p>\n".encode()) for data in found.values()), "what bears a name is whole"
    files = parse_push_payload((tmp_path / "body").read_bytes(), "", NOON)
    assert len(write_dumps(tmp_path / "dumps", files)) == COUNT - len(found)
    everything = list(tmp_path.glob("dumps/*/*.md"))
    assert len({path.read_bytes() for path in everything}) == len(everything) == COUNT
    assert write_dumps(tmp_path / "dumps", files) == []

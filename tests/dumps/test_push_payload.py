"""The body of POST /dumps becomes dumps, or the request is refused with line and field."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from helpers.property_testing import given, st
from helpers.upstream_server import NOON
from refeed.dumps.origin import split_origin
from refeed.dumps.push_payload import parse_push_payload
from refeed.dumps.writer import write_dumps
from refeed.errors import PushError, QuarantineError
from refeed.model import Dump, Origin
from refeed.parse.parser import parse_dump

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
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in objects)


def test_dump_sent_as_the_body_keeps_its_bytes() -> None:
    (dump,) = parse_push_payload(b"\xef\xbb\xbf" + DUMP.encode(), "text/markdown", NOON)
    assert dump.data == b"\xef\xbb\xbf" + DUMP.encode() and dump.folder == ""


def test_article_becomes_a_dump_in_the_format_of_the_archive() -> None:
    (dump,) = parse_push_payload(lines(ARTICLE), "application/x-ndjson", NOON)
    assert (dump.folder, dump.data.decode()) == ("bbc", DUMP)


def test_named_dump_keeps_its_name_folder_and_bytes() -> None:
    (dump,) = parse_push_payload(lines({"name": "中国数字时代/1048_样本.md", "body": DUMP}), "application/json", NOON)
    assert dump.folder == "中国数字时代" and dump.name.endswith("_1048_样本.md") and dump.data.decode() == DUMP


def test_object_on_several_lines_is_one_object() -> None:
    assert len(parse_push_payload(json.dumps(ARTICLE, indent=2).encode(), "application/json", NOON)) == 1


def test_same_push_again_has_the_same_names_and_different_dumps_never_share_one() -> None:
    body = lines(*({"name": "1.md", "body": f"{DUMP}{n}"} for n in range(50)), {**ARTICLE, "published": None})
    first = [dump.name for dump in parse_push_payload(body, "", NOON)]
    later = [dump.name for dump in parse_push_payload(body, "", NOON.replace(hour=15))]
    assert first == later and len(set(first)) == 51


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty"),
        (lines(ARTICLE) + b"{broken\n", "line 2: not JSON: "),
        (lines(ARTICLE, [1]), "line 2: must be an object"),
        (lines({**ARTICLE, "link": "/relative"}), "line 1: link: must be an absolute http(s) URL, got '/relative'"),
        (lines({**ARTICLE, "link": "javascript:1"}), "line 1: link: "),
        (
            lines({**ARTICLE, "titel": "x"}),
            "line 1: titel: unknown; known here: authors, guid, html, language, link, published",
        ),
        (lines({"title": "x", "link": "https://example.org/"}), "line 1: html: is missing"),
        (lines({**ARTICLE, "title": 3}), "line 1: title: must be text, got 3"),
        (
            lines({**ARTICLE, "published": "昨天"}),
            "line 1: published: must be a date such as 2026-01-31T08:00:00Z, got '昨天'",
        ),
        (lines({**ARTICLE, "published": True}), "line 1: published: "),
        (lines({**ARTICLE, "source": "../etc"}), "line 1: source: "),
        (lines({**ARTICLE, "source": ".hidden"}), "line 1: source: "),
        (lines({"name": "a/b/c.md", "body": DUMP}), "line 1: name: "),
        (lines({"name": "../c.md", "body": DUMP}), "line 1: name: "),
        (lines({"name": "a.md", "body": " "}), "line 1: body: is empty"),
        (lines({"name": "a.md"}), "line 1: body: is missing"),
        (lines(ARTICLE) + '{"name": "样本"}'.encode("gb18030"), "line 2: byte "),
        (b'{"a": ' * 50_000, "line 1: not JSON"),
        (b'"text"', "line 1: must be an object"),
    ],
)
def test_error_names_line_and_field(body: bytes, message: str) -> None:
    with pytest.raises(PushError) as caught:
        parse_push_payload(body, "application/json", NOON)
    assert str(caught.value).startswith(message)


def test_error_lists_up_to_ten_wrong_lines() -> None:
    with pytest.raises(PushError) as caught:
        parse_push_payload(lines(*({**ARTICLE, "link": ""} for _ in range(14))), "", NOON)
    errors = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in errors] == [
        *(f"line {n}" for n in range(1, 11)),
        "the lines below were not read",
    ]


def test_form_is_refused_with_what_to_send_instead() -> None:
    with pytest.raises(PushError, match="--data-binary"):
        parse_push_payload(b"--x\r\n", "multipart/form-data; boundary=x", NOON)


@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_no_name_leaves_the_folder_or_hides_the_file(name: str, body: str) -> None:
    try:
        dumps = parse_push_payload(json.dumps({"name": name, "body": body}).encode(), "application/json", NOON)
    except PushError:
        return
    (dump,) = dumps
    assert "/" not in dump.name and "\0" not in dump.name and dump.name[0].isdigit() and dump.name.endswith(".md")
    assert len(dump.name.encode()) < 200
    assert "/" not in dump.folder and not dump.folder.startswith(".") and dump.folder.isprintable()


COUNT = 2500
"""Ten thousand pass too, but fsync makes that take a minute on a busy disk."""

PUSH_TO_KILL = """
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from refeed.dumps.push_payload import parse_push_payload
from refeed.dumps.writer import write_dumps
dumps = parse_push_payload(Path(sys.argv[1]).read_bytes(), "application/x-ndjson", datetime(2026, 3, 1, tzinfo=UTC))
print("read", flush=True)
print(len(write_dumps(Path(sys.argv[2]), dumps)))
"""


@pytest.mark.slow
def test_push_killed_half_way_and_repeated_loses_and_repeats_no_dump(tmp_path: Path) -> None:
    articles = [{**ARTICLE, "link": f"https://news.example.org/{n}", "source": f"s{n % 9}"} for n in range(COUNT)]
    (tmp_path / "body").write_bytes(lines(*articles))
    command = [sys.executable, "-c", PUSH_TO_KILL, str(tmp_path / "body"), str(tmp_path / "dumps")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        while sum(1 for _ in tmp_path.glob("dumps/*/*.md")) < COUNT // 5 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    written = {path.name: path.read_bytes() for path in tmp_path.glob("dumps/*/*.md")}
    assert COUNT // 5 <= len(written) < COUNT, "must be killed half way, or this proves nothing"
    assert all(data.endswith("<p>文</p>\n".encode()) for data in written.values()), "a file with a dump's name is whole"
    dumps = parse_push_payload((tmp_path / "body").read_bytes(), "", NOON)
    assert len(write_dumps(tmp_path / "dumps", dumps)) == COUNT - len(written)
    everything = list(tmp_path.glob("dumps/*/*.md"))
    assert len({path.read_bytes() for path in everything}) == len(everything) == COUNT
    assert write_dumps(tmp_path / "dumps", dumps) == []


def test_a_request_of_nothing_but_wrong_lines_is_refused_at_once() -> None:
    started = time.process_time()
    with pytest.raises(PushError, match=r"line 10: [^\n]*\nthe lines below were not read"):
        parse_push_payload(b"{}\n" * 1_600_000, "application/json", NOON)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("folder", ["~", "x~", "x.part", "x.TMP", "~$x", ".hidden", "x.swp"])
def test_a_folder_that_the_scan_ignores_is_refused(folder: str) -> None:
    for fields in ({"name": f"{folder}/a.md", "body": DUMP}, {"name": "a.md", "source": folder, "body": DUMP}):
        with pytest.raises(PushError, match="one short folder name"):
            parse_push_payload(json.dumps(fields).encode(), "", NOON)


def test_guid_authors_tags_and_language_stand_before_the_dump() -> None:
    fields = {"guid": "g", "authors": ["Ada"], "tags": ["a", "b"], "language": "en"}
    article = {"title": "t", "link": "https://e.org/1", "html": "x"}
    for sent in (
        article,
        {"name": "1", "body": '---\nrefeed: {"source": "bbc"}\n---\n[t](https://e.org/1)\n------\nx'},
    ):
        (dump,) = parse_push_payload(json.dumps(sent | fields).encode(), "application/json", NOON)
        origin, _ = split_origin(dump.data)
        assert origin == Origin(guid="g", authors=("Ada",), tags=("a", "b"), language="en")
        assert dump.data.count(b"refeed") == 1
    with pytest.raises(PushError, match="line 1: authors: must be a list of texts"):
        parse_push_payload(json.dumps(article | {"authors": "Ada"}).encode(), "application/json", NOON)


@pytest.mark.parametrize("front", ['---\nrefeed: {"source": "bbc"}\n---\n', " \r\n---\r\nrefeed : x\r\n---\r\n"])
def test_origin_in_a_received_dump_is_dropped(front: str) -> None:
    body = "[t](https://e.org/1)\n------\nx\n"
    (dump,) = parse_push_payload((front * 2 + body).encode(), "text/plain", NOON)
    assert dump.data.decode() == body


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\u2028", "\x85", "\f"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_no_encoding_and_no_line_end_brings_an_origin_in(line_end: str, encoding: str) -> None:
    for between in (line_end, "\n"):
        front = f'---{line_end}refeed: {{"source": "bbc", "guid": "g"}}{between}---{line_end}'
        text = f"{front}[样例测试的文章](https://e.org/1){line_end}------{line_end}这是样例。"
        (dump,) = parse_push_payload(text.encode(encoding), "text/plain", NOON)
        with suppress(QuarantineError):  # without a header that can be read there is no entry
            entry = parse_dump(Dump(path="1.md", folder="", data=dump.data, first_seen=NOON))
            assert entry.origin == Origin()

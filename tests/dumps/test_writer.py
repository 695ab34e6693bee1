"""A new dump has the archive's format, and is written whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.property_testing import given, st
from helpers.upstream_server import NOON
from refeed.dumps.writer import (
    NewDump,
    compose_dump,
    is_http_url,
    new_dump,
    remove_temporary_files,
    to_one_line,
    write_dumps,
)

SHARED = Path(__file__).parents[2].parent / "shared" / "samples"
HEADER = re.compile(rb"<!--(\d{13})-->\n\[(.*)\]\((.*?)\)\n------\n\n(.*)\n", re.DOTALL)


def dump(name: str = "1.md", data: bytes = b"x", folder: str = "bbc") -> NewDump:
    return NewDump(folder=folder, name=name, data=data)


def test_dump_of_the_archive_is_composed_byte_for_byte() -> None:
    if not SHARED.is_dir():
        pytest.skip("needs the archive's samples next to the checkout")
    tried = 0
    for path in sorted(SHARED.rglob("*.md")):
        match = HEADER.fullmatch(path.read_bytes())
        if not match or match[4].count(b"\n") or b"\n" in match[2] or match[2].strip() != match[2] or b"&" in match[2]:
            continue  # an odd one: no epoch, a line break, or a space around the title
        at = datetime.fromtimestamp(int(match[1]) / 1000, UTC)
        html = match[4].decode()
        composed = compose_dump(title=match[2].decode(), link=match[3].decode(), html=html, at=at)
        if html.strip() == html and not re.search("[\x00-\x08\r]", html):
            assert composed == path.read_bytes(), path.name
            tried += 1
    assert tried > 60


@given(st.text(max_size=80), st.text(max_size=200))
def test_any_title_and_text_keep_the_layout(title: str, html: str) -> None:
    composed = compose_dump(title=title, link="https://example.org/a b\n", html=html, at=NOON)
    lines = composed.decode().split("\n")
    assert len(lines) == 6 and lines[0] == f"<!--{int(NOON.timestamp())}000-->" and lines[5] == ""
    assert lines[1].startswith("[") and lines[1].endswith("](https://example.org/a%20b)")
    assert lines[2:4] == ["------", ""] and "\r" not in lines[4]


def test_tag_in_a_plain_title_is_text_in_the_dump() -> None:
    composed = compose_dump(title="The <b>bold</b> tag, a < b", link="https://example.org/1", html="<p>x</p>", at=NOON)
    assert composed.split(b"\n")[1] == b"[The &lt;b>bold&lt;/b> tag, a &lt; b](https://example.org/1)"


@given(st.text(alphabet=st.sampled_from("ab中文 <p>/\n\r"), max_size=60))
def test_removing_line_breaks_removes_nothing_else(html: str) -> None:
    assert re.sub(r"\s", "", to_one_line(html)) == re.sub(r"\s", "", html)
    assert to_one_line(to_one_line(html)) == to_one_line(html)


@pytest.mark.parametrize(
    ("html", "line"),
    [
        ("<p>一</p>\n<p>二</p>", "<p>一</p><p>二</p>"),
        ("<div\nclass='a'>\n文</div>", "<div class='a'>文</div>"),
        ("中\n文", "中文"),
        ("two\nwords", "two words"),
        ("<a>one</a>\n<a>two</a>", "<a>one</a> <a>two</a>"),
        ("中文\nlatin", "中文 latin"),
        ("一 \n\n 二", "一  二"),
        ("\r\n<p>一</p>\r\n", "<p>一</p>"),
        ("<img>\n<br>\n文", "<img><br>文"),
        ("<p>a\n</p><pre>b\r\n  c<i\nid=x>\n</i></pre>\nd", "<p>a</p><pre>b&#10;  c<i id=x>&#10;</i></pre>d"),
        ("</pre>a\nb<PRE>c\nd", "</pre>a b<PRE>c&#10;d"),
    ],
)
def test_line_break_becomes_a_space_only_where_a_browser_shows_one(html: str, line: str) -> None:
    assert to_one_line(html) == line


def test_title_that_looks_like_an_entity_survives_being_unescaped_once() -> None:
    assert b"[a & b &amp;lt; c]" in compose_dump(title="a & b &lt; c", link="https://e.org/", html="x", at=NOON)


def test_name_depends_on_the_content_and_not_on_the_time() -> None:
    first = new_dump(folder="a", title="t", link="https://e.org/", html="x", at=NOON)
    later = new_dump(folder="a", title="t", link="https://e.org/", html="x", at=NOON.replace(hour=13))
    other = new_dump(folder="a", title="t", link="https://e.org/", html="y", at=NOON)
    again = new_dump(folder="a", title="t", link="https://e.org/", html="x", at=NOON.replace(hour=13), is_update=True)
    assert first.name == later.name and len({first.name, other.name, again.name}) == 3
    moved = new_dump(folder="a", title="th", link="ttps://e.org/", html="x", at=NOON)
    assert moved.name != first.name, "the fields are separated"


def test_writing_returns_what_is_new_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    dumps = [dump("1.md"), dump("2.md", folder=""), dump("1.md")]
    assert write_dumps(tmp_path, dumps) == [dumps[0], dumps[1]]
    assert write_dumps(tmp_path, [*dumps, dump("3.md", folder="新")]) == [dump("3.md", folder="新")]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")) == ["2.md", "bbc/1.md", "新/3.md"]


def test_failed_write_leaves_nothing_and_the_next_one_completes_it(tmp_path: Path) -> None:
    if os.geteuid() or subprocess.run(["mount", "--version"], capture_output=True).returncode:
        pytest.skip("needs root, to mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        dumps = [dump(f"{n}.md", b"x" * 20_000) for n in range(20)]
        with pytest.raises(OSError, match="No space left"):
            write_dumps(disk, dumps)
        assert [path.name for path in disk.rglob("*.*")] == []
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        assert len(write_dumps(disk, dumps)) == 20
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_dump_is_synced_before_it_is_renamed_and_the_name_before_the_call_returns(tmp_path: Path) -> None:
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    code = (
        "import sys; from pathlib import Path; from refeed.dumps.writer import *; from refeed.dumps.writer import *; "
        "write_dumps(Path(sys.argv[1]), [NewDump(folder='bbc', name='1.md', data=b'x')]); print('returned')"
    )
    log = tmp_path / "log"
    trace = ["strace", "-f", "-y", "-o", str(log), "-e", "trace=fsync,rename,renameat,renameat2,write"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [*trace, sys.executable, "-c", code, str(tmp_path / "dumps")]
    if subprocess.run(command, env=environment, capture_output=True).returncode:
        pytest.skip("strace is not permitted here")
    calls = [
        line
        for line in log.read_text().splitlines()
        if "refeed-tmp" in line or "/dumps/bbc>" in line or "returned" in line
    ]
    kinds = [re.search(r"(fsync|rename|write)\w*\(", line)[1] for line in calls]  # type: ignore[index]
    assert kinds[-5:] == ["write", "fsync", "rename", "fsync", "write"]


def test_old_temporary_files_are_removed_and_new_ones_are_not(tmp_path: Path) -> None:
    write_dumps(tmp_path, [dump("1.md")])
    for name, at in (("old", 1000), ("young", 9000)):
        left = tmp_path / "bbc" / f".{name}.md.abcd.refeed-tmp"
        left.write_bytes(b"half")
        os.utime(left, (at, at))
    assert remove_temporary_files(tmp_path, before=5000) == 1
    assert sorted(path.name for path in (tmp_path / "bbc").iterdir()) == [".young.md.abcd.refeed-tmp", "1.md"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/中文?a=1#b", True),
        (" http://e.org ", True),
        ("//e.org/", False),
        ("http://", False),
        ("mailto:a@e.org", False),
        ("http://[::1", False),
        ("http://e.org:99999999/", False),
        ("", False),
    ],
)
def test_only_an_absolute_http_url_is_accepted(text: str, expected: bool) -> None:
    assert is_http_url(text) is expected

"""A scan finds exactly the files that may be dumps, and opens none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers import malformed_corpus
from refeed.dumps.reader import read_dump
from refeed.dumps.scanner import FoundFile, display_path, ignore_reason, inspect_file, is_stable, scan_folder
from refeed.errors import IgnoredError, QuarantineError
from refeed.model import Outcome

SAMPLE = malformed_corpus.dump_text("scan")

Corpus = tuple[Path, tuple[malformed_corpus.Case, ...]]


def _scanned(folder: Path) -> set[str]:
    return {file.relative_path for file in scan_folder(folder)}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("corpus")
    return folder, malformed_corpus.write_corpus(folder)


def test_scan_finds_every_malformed_dump_that_is_not_ignored(corpus: Corpus) -> None:
    folder, cases = corpus
    assert len(cases) >= 170
    assert _scanned(folder) == {case.name for case in cases if case.outcome is not Outcome.IGNORED}


def test_every_malformed_dump_is_read_or_refused_with_its_reason(corpus: Corpus) -> None:
    folder, cases = corpus
    for case in cases:
        path = folder / case.name
        if case.outcome is Outcome.IGNORED:
            with pytest.raises(IgnoredError, match=case.says):
                inspect_file(path, folder)
        elif case.stage == "dumps" and case.outcome is Outcome.QUARANTINED:
            with pytest.raises(QuarantineError, match=case.says):
                read_dump(path, root=folder)
        else:
            file = inspect_file(path, folder)
            assert file.relative_path == case.name
            if case.name.startswith("enc-utf8"):
                assert file in set(scan_folder(folder))
            assert len(read_dump(file.path, root=file.root)) == file.size


def test_root_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert _scanned(tmp_path / "later") == set()
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "a.md").write_text(SAMPLE)
    assert _scanned(tmp_path / "later") == {"a.md"}


def test_empty_folders_and_links_to_folders_contain_no_dumps(tmp_path: Path) -> None:
    (tmp_path / "dumps" / "empty" / "too").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.md").write_text(SAMPLE)
    (tmp_path / "dumps" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "dumps" / "loop").symlink_to(tmp_path / "dumps")
    assert _scanned(tmp_path / "dumps") == set()


def test_root_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.md").write_text(SAMPLE)
    (tmp_path / "root").symlink_to(tmp_path / "there")
    (file,) = scan_folder(tmp_path / "root")
    assert read_dump(file.path, root=file.root) == SAMPLE.encode()


def test_first_folder_under_the_root_is_the_folder_of_a_file(tmp_path: Path) -> None:
    for name in ("a.md", "路透/a.md", "路透/2020/06/b.md", "bad\n/c.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(SAMPLE)
    folders = {file.relative_path: file.folder for file in scan_folder(tmp_path)}
    assert folders == {"a.md": "", "路透/a.md": "路透", "路透/2020/06/b.md": "路透", "bad\n/c.md": "bad\\n"}


def test_folder_that_cannot_be_listed_is_reported(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file, not a folder")
    errors: list[OSError] = []
    assert list(scan_folder(tmp_path / "root", on_error=errors.append)) == []
    assert [error.filename for error in errors] == [f"{tmp_path}/root/"] or len(errors) == 1


def test_suffixes_are_a_setting(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(SAMPLE)
    (tmp_path / "b.DUMP").write_text(SAMPLE)
    assert [file.relative_path for file in scan_folder(tmp_path, (".dump",))] == ["b.DUMP"]


def test_file_outside_the_root_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "a.md").write_text(SAMPLE)
    with pytest.raises(IgnoredError, match="is not in"):
        inspect_file(tmp_path / "a.md", tmp_path / "root")


def test_permission_that_is_given_later_changes_the_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(SAMPLE)
    path.chmod(0)
    before = inspect_file(path, tmp_path)
    path.chmod(0o644)
    assert inspect_file(path, tmp_path).stamp != before.stamp


def _found(*, size: int = 10, mtime: float = 1000.0, ctime: float | None = None) -> FoundFile:
    changed = int((mtime if ctime is None else ctime) * 1e9)
    return FoundFile("/dumps", "a.md", size, int(mtime * 1e9), changed, 1)


def test_file_is_stable_when_it_was_not_written_for_the_settle_time() -> None:
    assert is_stable(_found(), now=1002.0, settle=2.0)
    assert not is_stable(_found(), now=1001.9, settle=2.0)


def test_file_copied_with_its_old_time_must_settle_too() -> None:
    assert not is_stable(_found(mtime=10.0, ctime=1000.0), now=1001.0, settle=2.0)


def test_file_dated_ahead_of_our_clock_is_stable_once_it_is_unchanged() -> None:
    ahead = _found(mtime=5000.0)
    assert not is_stable(ahead, now=1000.0, settle=2.0)
    assert not is_stable(ahead, now=1000.0, settle=2.0, previous=ahead, elapsed=1.9)
    assert is_stable(ahead, now=1000.0, settle=2.0, previous=ahead, elapsed=2.0)
    assert not is_stable(ahead, now=1000.0, settle=2.0, previous=_found(mtime=5000.0, size=9), elapsed=2.0)


def test_ignored_name_has_a_reason() -> None:
    assert ignore_reason("1048198_样本\n.md") is None
    assert ignore_reason("a.MD") is None
    assert "hidden" in (ignore_reason(".a.md") or "")
    assert "temporary" in (ignore_reason("a.md~") or "")
    assert ".md, .txt, .html" in (ignore_reason("a.pdf") or "")
    assert ignore_reason("2020.tmp", folder=True)
    assert ignore_reason("2020", folder=True) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("路透/一份样本　标题 a.md", "路透/一份样本　标题 a.md"),
        ("a\n\r\t\x1b[31m.md", "a\\n\\r\\t\\x1b[31m.md"),
        (os.fsdecode(b"\xc4\xe3.md"), "\\xc4\\xe3.md"),
        ("\u202egpj.md", "\\u202egpj.md"),
        ("a\\n.md", "a\\\\n.md"),
        ("👩\u200d👧.md", "👩\u200d👧.md"),
        ("a\u2028b\x85c", "a\\u2028b\\u0085c"),
    ],
)
def test_displayed_path_has_no_invisible_characters(path: str, expected: str) -> None:
    assert display_path(path) == expected

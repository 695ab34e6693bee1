"""A scan finds exactly the files that may be dumps, and opens none."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from helpers import malformed_corpus
from refeed.dumps.reader import read_dump
from refeed.dumps.scanner import FoundFile, display_path, ignore_reason, inspect_file, is_stable, scan_folder
from refeed.errors import FileChangingError, FileVanishedError, IgnoredError, QuarantineError
from refeed.model import Outcome

SAMPLE = malformed_corpus.dump_text("scan")


def _names(folder: Path) -> set[str]:
    return {found.relative_path for found in scan_folder(folder)}


@pytest.fixture(scope="module")
def heap(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[malformed_corpus.Case, ...]]:
    folder = tmp_path_factory.mktemp("heap")
    return folder, malformed_corpus.write_corpus(folder)


def test_every_malformed_dump_but_the_ignored_is_found(heap: tuple[Path, tuple[malformed_corpus.Case, ...]]) -> None:
    folder, cases = heap
    assert len(cases) >= 170
    assert _names(folder) == {case.name for case in cases if case.outcome is not Outcome.IGNORED}


def test_what_is_found_can_be_read_or_is_refused_with_its_reason(
    heap: tuple[Path, tuple[malformed_corpus.Case, ...]],
) -> None:
    folder, cases = heap
    for case in cases:
        path = folder / case.name
        if case.outcome is Outcome.IGNORED:
            with pytest.raises(IgnoredError, match=case.says):
                inspect_file(path, folder)
        elif case.stage == "dumps" and case.outcome is Outcome.QUARANTINED:
            with pytest.raises(QuarantineError, match=case.says):
                read_dump(path, root=folder)
        else:
            found = inspect_file(path, folder)
            assert (
                found in set(scan_folder(folder))
                if case.name.startswith("enc-utf8")
                else found.relative_path == case.name
            )
            assert len(read_dump(found.path, root=found.root)) == found.size


def test_a_root_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert _names(tmp_path / "later") == set()
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "a.md").write_text(SAMPLE)
    assert _names(tmp_path / "later") == {"a.md"}


def test_empty_folders_and_links_to_folders_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "dumps" / "empty" / "too").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.md").write_text(SAMPLE)
    (tmp_path / "dumps" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "dumps" / "loop").symlink_to(tmp_path / "dumps")
    assert _names(tmp_path / "dumps") == set()


def test_a_root_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.md").write_text(SAMPLE)
    (tmp_path / "root").symlink_to(tmp_path / "there")
    (found,) = scan_folder(tmp_path / "root")
    assert read_dump(found.path, root=found.root) == SAMPLE.encode()


def test_the_first_folder_under_the_root_is_the_folder(tmp_path: Path) -> None:
    for name in ("a.md", "路透/a.md", "路透/2020/06/b.md", "bad\n/c.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(SAMPLE)
    folders = {found.relative_path: found.folder for found in scan_folder(tmp_path)}
    assert folders == {"a.md": "", "路透/a.md": "路透", "路透/2020/06/b.md": "路透", "bad\n/c.md": "bad\\n"}


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file, not a folder")
    told: list[OSError] = []
    assert list(scan_folder(tmp_path / "root", on_error=told.append)) == []
    assert [error.filename for error in told] == [f"{tmp_path}/root/"] or len(told) == 1


def test_other_suffixes_are_a_setting(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(SAMPLE)
    (tmp_path / "b.DUMP").write_text(SAMPLE)
    assert [found.relative_path for found in scan_folder(tmp_path, (".dump",))] == ["b.DUMP"]


def test_a_file_outside_the_root_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "a.md").write_text(SAMPLE)
    with pytest.raises(IgnoredError, match="does not lie in"):
        inspect_file(tmp_path / "a.md", tmp_path / "root")


def test_a_file_under_a_linked_folder_is_neither_looked_at_nor_read(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.md").write_text(SAMPLE)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "sub").symlink_to(tmp_path / "secret")
    with pytest.raises(IgnoredError, match="symbolic link"):
        inspect_file(tmp_path / "root" / "sub" / "a.md", tmp_path / "root")
    with pytest.raises(IgnoredError):
        read_dump(tmp_path / "root" / "sub" / "a.md", root=tmp_path / "root")


def test_a_file_that_went_away_is_no_quarantine(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.md").write_text(SAMPLE)
    (found,) = scan_folder(tmp_path)
    shutil.rmtree(tmp_path / "sub")
    with pytest.raises(FileVanishedError):
        read_dump(found.path, root=found.root)
    with pytest.raises(FileVanishedError):
        inspect_file(found.path, found.root)


def test_a_file_that_became_a_link_after_the_scan_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(SAMPLE)
    (found,) = scan_folder(tmp_path)
    (tmp_path / "a.md").unlink()
    (tmp_path / "a.md").symlink_to("/etc/passwd")
    with pytest.raises(IgnoredError, match="symbolic link"):
        read_dump(found.path, root=found.root)


def test_the_limit_itself_is_allowed_and_one_byte_more_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"x" * 100)
    assert len(read_dump(tmp_path / "a.md", 100)) == 100
    with pytest.raises(QuarantineError, match="100 bytes and was not read; 99 are allowed"):
        read_dump(tmp_path / "a.md", 99)


def test_a_file_that_grows_under_our_eyes_is_read_later(tmp_path: Path) -> None:
    # /proc files have size 0 and contents all the same: what a file looks like that grew between stat and read.
    if not Path("/proc/self/status").exists():
        pytest.skip("there is no /proc here")
    with pytest.raises(FileChangingError):
        read_dump("/proc/self/status")


def test_reading_leaves_no_file_open(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("there is no /proc here")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "a.md").write_text(SAMPLE)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("a/b/a.md", "a/b/none.md", "a/none/a.md", "a/b"):
        try:
            read_dump(tmp_path / name, root=tmp_path)
        except (FileVanishedError, IgnoredError):
            continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_permission_to_read_that_comes_later_changes_the_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(SAMPLE)
    path.chmod(0)
    before = inspect_file(path, tmp_path)
    path.chmod(0o644)
    assert inspect_file(path, tmp_path).stamp != before.stamp


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A folder that somebody without rights works in; pytest's own are root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def _as_nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_may_not_be_read_is_told_and_the_others_go_on(nobodys: Path) -> None:
    (nobodys / "closed").mkdir()
    for name in ("closed/a.md", "b.md", "c.md"):
        (nobodys / name).write_text(SAMPLE)
    (nobodys / "b.md").chmod(0)
    (nobodys / "closed").chmod(0)
    told: list[OSError] = []
    with _as_nobody():
        names = {found.relative_path for found in scan_folder(nobodys, on_error=told.append)}
        with pytest.raises(QuarantineError, match="may not be read"):
            read_dump(nobodys / "b.md", root=nobodys)
        with pytest.raises(QuarantineError, match="may not be read"):
            read_dump(nobodys / "closed" / "a.md", root=nobodys)
        with pytest.raises(QuarantineError, match="cannot be looked at"):
            inspect_file(nobodys / "closed" / "a.md", nobodys)
    (nobodys / "closed").chmod(0o755)
    assert names == {"b.md", "c.md"}
    assert len(told) == 1 and "closed" in told[0].filename


def test_want_of_file_descriptors_is_no_fault_of_the_dump(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(SAMPLE)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OSError) as error:
            read_dump(tmp_path / "a.md")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert error.value.errno == errno.EMFILE


def test_a_file_swapped_for_a_link_while_it_is_opened_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    path = tmp_path / "dumps" / "a.md"
    path.parent.mkdir()
    path.write_bytes(b"a")
    done = threading.Event()

    def swap_it() -> None:
        while not done.is_set():
            (tmp_path / "link").symlink_to(tmp_path / "secret")
            (tmp_path / "link").replace(path)
            (tmp_path / "file").write_bytes(b"a")
            (tmp_path / "file").replace(path)

    writer = threading.Thread(target=swap_it)
    writer.start()
    try:
        for _ in range(1500):
            with suppress(IgnoredError):
                assert read_dump(path, root=tmp_path / "dumps") == b"a"
    finally:
        done.set()
        writer.join()


def test_a_file_replaced_while_it_is_read_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"a" * 300_000)
    done = threading.Event()

    def replace_it() -> None:
        for turn in range(100_000):
            if done.is_set():
                return
            (tmp_path / "new").write_bytes(b"ab"[turn % 2 : turn % 2 + 1] * (200_000 + turn % 7))
            (tmp_path / "new").replace(path)

    writer = threading.Thread(target=replace_it)
    writer.start()
    try:
        for _ in range(300):
            assert len(set(read_dump(path, root=tmp_path))) == 1
    finally:
        done.set()
        writer.join()


def _found(*, size: int = 10, mtime: float = 1000.0, ctime: float | None = None) -> FoundFile:
    changed = int((mtime if ctime is None else ctime) * 1e9)
    return FoundFile("/dumps", "a.md", size, int(mtime * 1e9), changed, 1)


def test_a_file_is_settled_when_nobody_wrote_for_the_settle_time() -> None:
    assert is_stable(_found(), now=1002.0, settle=2.0)
    assert not is_stable(_found(), now=1001.9, settle=2.0)


def test_a_file_copied_with_its_old_time_has_to_rest_too() -> None:
    assert not is_stable(_found(mtime=10.0, ctime=1000.0), now=1001.0, settle=2.0)


def test_a_file_from_a_clock_ahead_of_ours_settles_by_standing_still() -> None:
    ahead = _found(mtime=5000.0)
    assert not is_stable(ahead, now=1000.0, settle=2.0)
    assert not is_stable(ahead, now=1000.0, settle=2.0, previous=ahead, elapsed=1.9)
    assert is_stable(ahead, now=1000.0, settle=2.0, previous=ahead, elapsed=2.0)
    assert not is_stable(ahead, now=1000.0, settle=2.0, previous=_found(mtime=5000.0, size=9), elapsed=2.0)


def test_why_a_name_is_ignored_is_said() -> None:
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
def test_a_path_is_shown_without_what_cannot_be_seen(path: str, expected: str) -> None:
    assert display_path(path) == expected

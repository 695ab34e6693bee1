"""Reading gives a file's bytes of one moment, or the reason why there are none."""

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
from refeed.dumps.scanner import inspect_file, scan_folder
from refeed.errors import FileChangingError, FileVanishedError, IgnoredError, QuarantineError

SAMPLE = malformed_corpus.dump_text("read")


def test_file_of_the_limit_is_read_and_one_byte_more_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"x" * 100)
    assert len(read_dump(tmp_path / "a.md", 100)) == 100
    with pytest.raises(QuarantineError, match="100 bytes and was not read; 99 are allowed"):
        read_dump(tmp_path / "a.md", 99)


def test_file_that_became_a_link_after_the_scan_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(SAMPLE)
    (file,) = scan_folder(tmp_path)
    (tmp_path / "a.md").unlink()
    (tmp_path / "a.md").symlink_to("/etc/passwd")
    with pytest.raises(IgnoredError, match="symbolic link"):
        read_dump(file.path, root=file.root)


def test_file_in_a_linked_folder_is_neither_inspected_nor_read(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.md").write_text(SAMPLE)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "sub").symlink_to(tmp_path / "secret")
    with pytest.raises(IgnoredError, match="symbolic link"):
        inspect_file(tmp_path / "root" / "sub" / "a.md", tmp_path / "root")
    with pytest.raises(IgnoredError):
        read_dump(tmp_path / "root" / "sub" / "a.md", root=tmp_path / "root")


def test_file_that_vanished_is_not_quarantined(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.md").write_text(SAMPLE)
    (file,) = scan_folder(tmp_path)
    shutil.rmtree(tmp_path / "sub")
    with pytest.raises(FileVanishedError):
        read_dump(file.path, root=file.root)
    with pytest.raises(FileVanishedError):
        inspect_file(file.path, file.root)


def test_file_that_grows_while_it_is_read_is_left_for_later(tmp_path: Path) -> None:
    # /proc files have size 0 and contents all the same: like a file that grew between stat and read.
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    with pytest.raises(FileChangingError):
        read_dump("/proc/self/status")


def test_reading_leaves_no_file_open(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "a.md").write_text(SAMPLE)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("a/b/a.md", "a/b/none.md", "a/none/a.md", "a/b"):
        try:
            read_dump(tmp_path / name, root=tmp_path)
        except (FileVanishedError, IgnoredError):
            continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; the temporary folders of pytest are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def _as_unprivileged_user() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_file_without_permission_is_reported_and_the_others_are_found(open_folder: Path) -> None:
    (open_folder / "closed").mkdir()
    for name in ("closed/a.md", "b.md", "c.md"):
        (open_folder / name).write_text(SAMPLE)
    (open_folder / "b.md").chmod(0)
    (open_folder / "closed").chmod(0)
    errors: list[OSError] = []
    with _as_unprivileged_user():
        names = {file.relative_path for file in scan_folder(open_folder, on_error=errors.append)}
        with pytest.raises(QuarantineError, match="may not be read"):
            read_dump(open_folder / "b.md", root=open_folder)
        with pytest.raises(QuarantineError, match="may not be read"):
            read_dump(open_folder / "closed" / "a.md", root=open_folder)
        with pytest.raises(QuarantineError, match="not accessible"):
            inspect_file(open_folder / "closed" / "a.md", open_folder)
    (open_folder / "closed").chmod(0o755)
    assert names == {"b.md", "c.md"}
    assert len(errors) == 1 and "closed" in errors[0].filename


def test_lack_of_file_descriptors_does_not_quarantine_the_dump(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(SAMPLE)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OSError) as error:
            read_dump(tmp_path / "a.md")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert error.value.errno == errno.EMFILE


def test_file_swapped_for_a_link_while_it_is_opened_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    path = tmp_path / "dumps" / "a.md"
    path.parent.mkdir()
    path.write_bytes(b"a")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (tmp_path / "link").symlink_to(tmp_path / "secret")
            (tmp_path / "link").replace(path)
            (tmp_path / "file").write_bytes(b"a")
            (tmp_path / "file").replace(path)

    writer = threading.Thread(target=swap)
    writer.start()
    try:
        for _ in range(1500):
            with suppress(IgnoredError):
                assert read_dump(path, root=tmp_path / "dumps") == b"a"
    finally:
        done.set()
        writer.join()


def test_file_replaced_while_it_is_read_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"a" * 300_000)
    done = threading.Event()

    def replace() -> None:
        for number in range(100_000):
            if done.is_set():
                return
            (tmp_path / "new").write_bytes(b"ab"[number % 2 : number % 2 + 1] * (200_000 + number % 7))
            (tmp_path / "new").replace(path)

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        for _ in range(300):
            assert len(set(read_dump(path, root=tmp_path))) == 1
    finally:
        done.set()
        writer.join()

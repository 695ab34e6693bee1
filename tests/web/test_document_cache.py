"""Documents in memory: as new as their files, whole or not at all, and bounded in size."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from helpers.processes import wait_until
from refeed.render import checksum
from refeed.web.document_cache import DocumentCache, DocumentLocation

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a document as the publisher does: by renaming a complete file."""

    def put(name: str, text: str, *, checksum_added: bool = True) -> Path:
        data = b"<sample>" + text.encode() + b"</sample>\n"
        (tmp_path / ".new").write_bytes(checksum.add_checksum(data) if checksum_added else data)
        time.sleep(0.001)  # checks of a file are trusted for half a millisecond
        return (tmp_path / ".new").replace(tmp_path / name)

    return put


def make_cache(root: Path, budget: int = 1_000_000) -> DocumentCache:
    headers = [("Content-Type", "text/plain"), ("Cache-Control", "max-age=1"), ("Vary", "Accept-Encoding")]
    return DocumentCache(root, lambda path: DocumentLocation(path, "all", headers) if "/" not in path else None, budget)


def test_a_document_is_read_again_when_its_file_changes(tmp_path: Path, write: Write) -> None:
    write("a.atom", "one")
    cache = make_cache(tmp_path)
    first = cache.get("a.atom")
    assert first is not None
    assert cache.get("a.atom") is first
    path = write("a.atom", "two")
    os.utime(path, (first.modified.timestamp(), first.modified.timestamp()))  # same size and date, another inode
    second = cache.get("a.atom")
    assert second is not None
    assert b"two" in second.data
    assert second.etag("identity") != first.etag("identity")
    time.sleep(0.001)
    path.unlink()
    assert cache.get("a.atom") is None
    assert cache.size == 0


def test_last_modified_is_never_later_than_now_and_becomes_the_true_time(tmp_path: Path, write: Write) -> None:
    path = write("a.atom", "one")
    cache = make_cache(tmp_path)
    true_time = int(time.time()) + 2  # a second change in one second, or the clock of another machine
    os.utime(path, (true_time, true_time))

    def last_modified() -> float:
        document = cache.get("a.atom")
        assert document is not None
        return parsedate_to_datetime(document.last_modified).timestamp()

    before, now = last_modified(), time.time()
    assert before <= now
    wait_until(lambda: last_modified() == true_time)
    assert time.time() >= true_time


def test_an_overwritten_file_with_the_same_date_is_noticed(tmp_path: Path, write: Write) -> None:
    path = write("a.atom", "one")
    cache = make_cache(tmp_path)
    assert cache.get("a.atom") is not None
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_ino == before.st_ino
    assert cache.get("a.atom") is None


def test_a_check_of_a_file_is_trusted_for_half_a_millisecond(tmp_path: Path, write: Write) -> None:
    write("a.atom", "one")
    cache = make_cache(tmp_path)
    first = cache.get("a.atom")
    assert cache.get("a.atom") is first
    write("a.atom", "two")
    time.sleep(0.001)
    second = cache.get("a.atom")
    assert second is not None
    assert b"two" in second.data


@pytest.mark.parametrize(
    "damage", ["truncated", "garbage", "without checksum", "empty", "folder", "link", "pipe", "unreadable"]
)
def test_a_damaged_document_is_not_served(tmp_path: Path, write: Write, damage: str) -> None:
    path = write("a.atom", "one")
    data = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(data[:-30])
    elif damage == "garbage":
        path.write_bytes(data.replace(b"one", b"two"))
    elif damage == "without checksum":
        write("a.atom", "one", checksum_added=False)
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
        elsewhere = write("elsewhere", "one")
        {
            "folder": path.mkdir,
            "link": lambda: path.symlink_to(elsewhere),
            "pipe": lambda: os.mkfifo(path),
            "unreadable": lambda: path.symlink_to(path),
        }[damage]()
    assert make_cache(tmp_path).get("a.atom") is None


def test_a_document_damaged_later_is_no_longer_served(tmp_path: Path, write: Write) -> None:
    path = write("a.atom", "one")
    cache = make_cache(tmp_path)
    assert cache.get("a.atom") is not None
    path.write_bytes(path.read_bytes().replace(b"one", b"two!"))
    assert cache.get("a.atom") is None


def test_memory_is_bounded_with_all_codings_and_least_recently_used_first(tmp_path: Path, write: Write) -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))
    for number in range(6):
        write(f"{number}.atom", text)
    size = (tmp_path / "0.atom").stat().st_size
    cache = make_cache(tmp_path, budget=4 * size)
    loaded = {}
    for number in range(6):
        loaded[number] = document = cache.get(f"{number}.atom")
        loaded[0] = cache.get("0.atom")
        assert document is not None
        cache.encoded_body(f"{number}.atom", document, "gzip")
        assert cache.size <= 4 * size
    assert [cache.get(f"{number}.atom") is loaded[number] for number in (0, 5, 1)] == [True, True, False]


def test_unknown_paths_do_not_reach_the_disk(tmp_path: Path, write: Write) -> None:
    write("a.atom", "one")
    assert make_cache(tmp_path).get("../a.atom") is None
    assert make_cache(tmp_path).get("sub/a.atom") is None


def test_a_date_in_the_future_is_not_sent(tmp_path: Path, write: Write) -> None:
    path = write("a.atom", "one")
    os.utime(path, (time.time() + 9999, time.time() + 9999))
    document = make_cache(tmp_path).get("a.atom")
    assert document is not None
    assert parsedate_to_datetime(document.last_modified).timestamp() <= time.time()
    assert document.modified.timestamp() > time.time() + 9000  # by which If-Modified-Since is answered


def test_a_checksum_can_be_added_and_removed() -> None:
    for document in (b"<a>\n</a>\n", b'{"a": 1}', b'{"items": [\n]\n}\n'):
        data = checksum.add_checksum(document)
        assert checksum.add_checksum(checksum.strip_checksum(data)) == data

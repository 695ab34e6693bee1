"""Documents in memory: as new as their files, whole or not at all, and never more than they may be."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from refeed.render import checksum
from refeed.web.document_cache import DocumentCache, DocumentFile, DocumentLocation
from refeed.web.document_response import CachedDocument, HeaderPolicy

MANNER = HeaderPolicy(media_type="text/plain", cache_control="max-age=1", vary="Accept-Encoding")
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Put a document in place as the publisher does: by a rename."""

    def put(name: str, text: str, *, sealed: bool = True) -> Path:
        data = b"<sample>" + text.encode() + b"</sample>\n"
        (tmp_path / ".new").write_bytes(checksum.add_checksum(data) if sealed else data)
        return (tmp_path / ".new").replace(tmp_path / name)

    return put


def shelf_of(root: Path, budget: int = 1_000_000) -> DocumentCache:
    def prepare(found: DocumentFile) -> CachedDocument:
        return CachedDocument(
            feed="all", data=found.data, digest=found.digest, modified=found.modified, header_policy=MANNER
        )

    return DocumentCache(
        root, lambda address: DocumentLocation(address, prepare) if "/" not in address else None, budget
    )


def test_a_document_is_read_once_and_again_when_its_file_changes(tmp_path: Path, write: Write) -> None:
    write("a.atom", "one")
    shelf = shelf_of(tmp_path)
    first = shelf.get("a.atom")
    assert first is not None
    assert shelf.get("a.atom") is first
    path = write("a.atom", "two")
    os.utime(path, (first.modified.timestamp(), first.modified.timestamp()))  # same size, same date, another file
    second = shelf.get("a.atom")
    assert second is not None
    assert b"two" in second.data
    assert second.etag("identity") != first.etag("identity")
    path.unlink()
    assert shelf.get("a.atom") is None
    assert shelf.size == 0


def test_a_file_that_was_written_over_under_the_same_date_is_seen(tmp_path: Path, write: Write) -> None:
    path = write("a.atom", "one")
    shelf = shelf_of(tmp_path)
    assert shelf.get("a.atom") is not None
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_ino == before.st_ino
    assert shelf.get("a.atom") is None


def test_polls_trust_a_look_for_half_a_millisecond_and_no_longer(tmp_path: Path, write: Write) -> None:
    write("a.atom", "one")
    shelf = shelf_of(tmp_path)
    assert shelf.get_from_memory("a.atom") is None, "polls do not read files"
    first = shelf.get("a.atom")
    assert shelf.get_from_memory("a.atom") is first
    write("a.atom", "two")
    time.sleep(0.001)
    assert shelf.get_from_memory("a.atom") is None
    assert shelf.get_from_memory("a.atom") is None, "a look that found something else is not trusted"
    second = shelf.get("a.atom")
    assert second is not None
    assert b"two" in second.data


@pytest.mark.parametrize(
    "damage", ["truncated", "garbage", "unsealed", "empty", "folder", "link", "pipe", "unreadable"]
)
def test_what_is_not_whole_is_not_given_out(tmp_path: Path, write: Write, damage: str) -> None:
    path = write("a.atom", "one")
    whole = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(whole[:-30])
    elif damage == "garbage":
        path.write_bytes(whole.replace(b"one", b"two"))
    elif damage == "unsealed":
        write("a.atom", "one", sealed=False)
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
    assert shelf_of(tmp_path).get("a.atom") is None


def test_a_document_that_gets_damaged_later_is_no_longer_given_out(tmp_path: Path, write: Write) -> None:
    path = write("a.atom", "one")
    shelf = shelf_of(tmp_path)
    assert shelf.get("a.atom") is not None
    path.write_bytes(path.read_bytes().replace(b"one", b"two!"))
    assert shelf.get("a.atom") is None


def test_memory_is_bounded_codings_counted_and_the_least_asked_for_go_first(tmp_path: Path, write: Write) -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))
    for number in range(6):
        write(f"{number}.atom", text)
    size = (tmp_path / "0.atom").stat().st_size
    shelf = shelf_of(tmp_path, budget=4 * size)
    for number in range(6):
        ready = shelf.get(f"{number}.atom")
        shelf.get("0.atom")
        assert ready is not None
        shelf.encoded_body(f"{number}.atom", ready, "gzip")
        assert shelf.size <= 4 * size
    kept = [number for number in range(6) if f"{number}.atom" in shelf]
    assert 0 in kept
    assert 5 in kept
    assert 1 not in kept


def test_no_address_but_those_there_are_reaches_the_disk(tmp_path: Path, write: Write) -> None:
    write("a.atom", "one")
    assert shelf_of(tmp_path).get("../a.atom") is None
    assert shelf_of(tmp_path).get("sub/a.atom") is None


def test_a_date_ahead_of_the_clock_is_not_sent(tmp_path: Path, write: Write) -> None:
    path = write("a.atom", "one")
    os.utime(path, (time.time() + 9999, time.time() + 9999))
    ready = shelf_of(tmp_path).get("a.atom")
    assert ready is not None
    assert ready.modified.timestamp() <= time.time()


def test_a_sealed_document_comes_out_as_it_went_in() -> None:
    for document in (b"<a>\n</a>\n", b'{"a": 1}', b'{"items": [\n]\n}\n'):
        sealed = checksum.add_checksum(document)
        assert checksum.add_checksum(checksum.strip_checksum(sealed)) == sealed

"""A container -> its members: the messages of .eml and .mbox files, the items of saved RSS, Atom and JSON feeds.

The bytes of a member are a file of the same format with one article, so that `parse/` reads each alone. Splitting looks
only for the borders, in linear time, and understands nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from json import JSONDecoder
from typing import Any, NamedTuple, TypeVar

import msgspec

from ..config.settings import Limits
from ..errors import QuarantineError
from .reader import check_size, read_dump
from .scanner import FoundFile

_T = TypeVar("_T")

_FORMS = "mail (.eml, .mbox), RSS or Atom (.xml, .rss, .atom), JSON Feed (.json)"

_MAIL_HEADER = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{0,70}:|From )[^\n]*\n")
_MAIL_BORDER = re.compile(rb"(?:\A|(?<=\n)\r?\n)From [^\n]*\n")
# Tags in a CDATA section or a comment are text. A section without an end goes to the end of the file.
_ITEM_TAG = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    rb"|<(?:[A-Za-z][\w.-]{0,40}:)?(?P<start>item|entry)(?=[\s>])|</(?:[A-Za-z][\w.-]{0,40}:)?(?P<end>item|entry)\s{0,100}>",
    re.DOTALL,
)
_FEED_ROOT = re.compile(rb"<(?:[A-Za-z][\w.-]{0,40}:)?(?:rss|feed|RDF|channel)\b")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAX_HEAD = 100_000
_MAX_FIELD = 2_000
MAX_MEMBERS = 100_000
"""100 MB of the smallest items are 30 million members: gigabytes of memory in the worker, and as many rows."""
_MAX_GROWTH = 10
"""How many times the limit of a container its members may have together: each has a copy of the head."""
_BETWEEN_ITEMS = re.compile(r"[ \t\n\r]*,?[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Member(FoundFile):
    """One article of a container, as the file `name#number`. Its size and times are those of the container."""

    data: bytes = b""


def is_container(file: FoundFile, limits: Limits) -> bool:
    return file.relative_path.lower().endswith(limits.containers) and not isinstance(file, Member)


class _Parts(NamedTuple):
    """What a member's bytes are made of: the head, one of the items, the tail."""

    items: Sequence[bytes | memoryview]
    head: bytes = b""
    tail: bytes = b""


def read_members(file: FoundFile, limits: Limits) -> Iterator[Member]:
    """Read a container and split it. Raises the errors of `read_dump`; QuarantineError if it holds no article.

    The first member comes last. Whoever records members in this order has all of them once the first is recorded.
    """
    data = read_dump(file.path, limits.container_bytes, root=file.root)
    if not data:
        raise QuarantineError("the file is empty; it is read again when it changes")
    suffix = file.relative_path.lower().rpartition(".")[2]
    split = {"eml": _split_message, "mbox": _split_mbox, "json": _split_json_feed}.get(suffix, _split_feed)
    parts = split(data)
    if not parts.items:
        raise QuarantineError(f"the file holds no article; these are read: {_FORMS}")
    copied = len(parts.items) * (len(parts.head) + len(parts.tail))
    if copied > _MAX_GROWTH * limits.container_bytes:
        raise QuarantineError(
            f"the feed has {len(parts.head) + len(parts.tail):,} bytes around its {len(parts.items):,} articles, "
            "too much to be read with each of them. Split it"
        )
    return _make_members(file, parts)


def _collect(found: Iterable[_T]) -> list[_T]:
    """What stands for the members, as a list. Raises QuarantineError for too many."""
    members = list(islice(found, MAX_MEMBERS + 1))
    if len(members) > MAX_MEMBERS:
        raise QuarantineError(f"the file holds more than {MAX_MEMBERS:,} articles. Split it")
    return members


def _make_members(file: FoundFile, parts: _Parts) -> Iterator[Member]:
    for number in range(len(parts.items), 0, -1):
        data = b"".join((parts.head, parts.items[number - 1], parts.tail))
        path = f"{file.relative_path}#{number}"
        yield Member(file.root, path, file.size, file.mtime_ns, file.ctime_ns, file.inode, data)


def read_article(file: FoundFile, limits: Limits) -> bytes:
    """Read a dump or a member. Raises the errors of `read_dump`."""
    if not isinstance(file, Member):
        return read_dump(file.path, limits.bytes, root=file.root)
    check_size(len(file.data), limits.bytes)
    return file.data


def _split_message(data: bytes) -> _Parts:
    return _Parts([data] if _MAIL_HEADER.match(data) else [])


def _split_mbox(data: bytes) -> _Parts:
    borders = _collect(match.span() for match in _MAIL_BORDER.finditer(data))
    if not borders or borders[0][0] != 0:
        return _Parts([])
    starts, ends = [end for _, end in borders], [start for start, _ in borders[1:]]
    view = memoryview(data)
    return _Parts([view[start:end] for start, end in zip(starts, [*ends, len(data)], strict=True)])


def _split_feed(data: bytes) -> _Parts:
    """The head is everything above the first item, the tail everything below the last."""
    if data.startswith(_UTF16_MARKS):
        data = data.decode("utf-16", "replace").encode("utf-8-sig")
    spans = _collect(_find_items(data))
    if not spans or spans[0][0] > _MAX_HEAD or not _FEED_ROOT.search(data, 0, spans[0][0]):
        return _Parts([])
    view = memoryview(data)
    return _Parts([view[start:end] for start, end in spans], data[: spans[0][0]], data[spans[-1][1] :][:_MAX_HEAD])


def _find_items(data: bytes) -> Iterator[tuple[int, int]]:
    start = -1
    for match in _ITEM_TAG.finditer(data):
        if match["start"] and start < 0:
            start = match.start()
        elif match["end"] and start >= 0:
            yield start, match.end()
            start = -1


class _JsonFeed(msgspec.Struct):
    version: str
    items: msgspec.Raw
    home_page_url: Any = None


def _split_json_feed(data: bytes) -> _Parts:
    try:
        feed = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_JsonFeed)
        items = _collect(_find_json_items(memoryview(feed.items)))
    except (ValueError, RecursionError):  # those of msgspec and of json are ValueErrors
        return _Parts([])
    # Every member gets a copy of the head, so that a long one would make a million of them.
    known = {"version": feed.version, "home_page_url": feed.home_page_url}
    head = msgspec.json.encode({name: text for name, text in known.items() if len(str(text)) <= _MAX_FIELD})
    head = head[:-1] + (b"," if len(head) > 2 else b"") + b'"items":['
    return _Parts(items, head, b"]}")


def _find_json_items(array: memoryview) -> Iterator[memoryview]:
    """The items of a JSON array, one after the other: as a list they take twenty times the memory of the smallest."""
    text = str(array, "latin-1")  # a character for each byte; only the borders are looked for
    # What the values say is not needed, and a number of many digits would take long.
    decode = JSONDecoder(parse_int=len, parse_float=len, parse_constant=len).raw_decode
    end = 1 if text.startswith("[") else 0
    while end and text[start := _BETWEEN_ITEMS.match(text, end).end()] != "]":  # type: ignore[union-attr]
        _, end = decode(text, start)
        yield array[start:end]
